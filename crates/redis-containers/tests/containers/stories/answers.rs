//! Servers that do not answer as usual.

use std::time::Duration;

use libtest_mimic::Failed;
use stayput_redis_probe::{ProbeError, look};
use tokio::runtime::Runtime;

use crate::cluster::{PATIENCE, Pod};

/// A server that loads its data says so; one that hangs says nothing.
pub(crate) fn loading_and_hanging() -> Result<(), Failed> {
    Runtime::new()?.block_on(tell());
    Ok(())
}

async fn tell() {
    let pod = Pod::start(0).await;
    pod.boot().await;
    let fill = "redis-cli config set rdbcompression no; redis-cli debug populate 200 key 500; \
        redis-cli bgrewriteaof; for i in $(seq 200); do \
        redis-cli info persistence | grep -q 'aof_rewrite_in_progress:0' && break; sleep 0.02; done";
    pod.run(fill).await;
    pod.shut_down().await;

    // 30 ms for each key; between keys it answers once a kilobyte is read.
    let slowly = "--key-load-delay 30000 --loading-process-events-interval-bytes 1024";
    pod.boot_with(slowly).await;
    let mut dialled = pod.dial(PATIENCE).await.expect("a connection");
    let loading = look(&mut dialled.connection).await;
    assert!(
        matches!(loading, Err(ProbeError::Loading { .. })),
        "{loading:?}"
    );
    pod.run("kill -9 $(pidof redis-server)").await;
    let broken = look(&mut dialled.connection).await;
    assert!(
        matches!(broken, Err(ProbeError::NoReply { .. })),
        "{broken:?}"
    );

    pod.boot().await;
    let mut dialled = pod
        .dial(Duration::from_millis(300))
        .await
        .expect("a connection");
    look(&mut dialled.connection).await.expect("a view");
    pod.freeze().await;
    let hung = look(&mut dialled.connection).await;
    assert!(matches!(hung, Err(ProbeError::NoReply { .. })), "{hung:?}");
}
