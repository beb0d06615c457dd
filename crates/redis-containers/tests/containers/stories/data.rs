//! The data: what was acknowledged, and what is there afterwards.

use std::time::Duration;

use futures::future::join_all;
use stayput_redis_probe::{
    Baseline, Ledger, Recovery, cold,
    ledger::{self, Reads, Verdict, WriteOutcome},
    recovery,
};

use crate::cluster::{Cluster, PATIENCE, Pod, expected};

const WAIT: Duration = Duration::from_secs(5);

/// Writes a ledger of so many keys a shard, and sees each acknowledged by the
/// master and its replica.
async fn written(cluster: &Cluster, baseline: &Baseline, per_shard: usize) -> Ledger {
    let mut ledger = Ledger::plan(7, per_shard, baseline.shards());
    for (number, shard) in baseline.shards().iter().enumerate() {
        let master = &cluster.pods[cluster.number(&shard.master)];
        let mut dialled = master.dial(PATIENCE).await.expect("a connection");
        let records = ledger::write(&mut dialled.connection, &ledger.shard(number), 1, WAIT).await;
        ledger.record(records);
    }
    let told = ledger.written();
    assert!(told.all_acknowledged(), "{told}");
    ledger
}

/// Reads a ledger back from the masters of a baseline.
async fn read(cluster: &Cluster, baseline: &Baseline, ledger: &Ledger) -> Reads {
    let mut reads = Reads::default();
    for (number, shard) in baseline.shards().iter().enumerate() {
        let master = &cluster.pods[cluster.number(&shard.master)];
        let mut dialled = master.dial(PATIENCE).await.expect("a connection");
        reads.extend(ledger::read(&mut dialled.connection, number, &ledger.shard(number)).await);
    }
    reads
}

/// All six are stopped and started: the disks alone give the data back. Then
/// one shard is emptied, which neither oracle nor check would tell.
pub(crate) async fn cold_start(cluster: &Cluster) {
    let formed = cluster.healthy(&expected(None)).await;
    let ledger = written(cluster, &formed, 100).await;
    let before = cluster.healthy(&expected(Some(&formed))).await;
    assert_eq!(
        cold::judge(&before, &before).len(),
        6,
        "nothing was restarted yet"
    );

    join_all(cluster.pods.iter().map(Pod::shut_down)).await;
    join_all(cluster.pods.iter().map(Pod::boot)).await;
    let after = cluster.healthy(&expected(Some(&before))).await;
    assert_eq!(cold::judge(&before, &after), []);
    assert_eq!(recovery::classify(&before, &after), Recovery::FastRestart);
    let comparison = ledger.compare(&read(cluster, &after, &ledger).await);
    assert_eq!(comparison.verdict(), Verdict::Kept, "{comparison}");

    let emptied = cluster.number(&after.shards()[1].master);
    cluster.redis(emptied, "flushall").await;
    let damaged = cluster.healthy(&expected(Some(&after))).await;
    assert_eq!(cluster.check(0).await, Vec::<String>::new());
    let comparison = ledger.compare(&read(cluster, &damaged, &ledger).await);
    assert_eq!(comparison.verdict(), Verdict::Broken);
    assert_eq!(comparison.shards[1].lost.len(), 100, "{comparison}");
    assert_eq!(comparison.shards[0].lost.len(), 0, "{comparison}");
    let damage = cold::judge(&before, &damaged);
    assert_eq!(damage.len(), 1, "{damage:?}");

    let key = &ledger.shard(0)[0].key;
    let holder = cluster.number(&damaged.shards()[0].master);
    cluster.redis(holder, &format!("set {key} other")).await;
    cluster.redis(holder, "set {265b}:risen 1").await;
    let comparison = ledger.compare(&read(cluster, &damaged, &ledger).await);
    assert_eq!(comparison.shards[0].changed, std::slice::from_ref(key));
    assert_eq!(comparison.shards[0].foreign, 1);
}

/// A write to the wrong pod, to a replica, and to a cluster that is down.
pub(crate) async fn refused_writes(cluster: &Cluster) {
    let baseline = cluster.healthy(&expected(None)).await;
    let shards = baseline.shards();
    let mut ledger = Ledger::plan(9, 3, shards);
    let second = cluster.number(&shards[1].master);

    refused(cluster, second, &ledger, 0, "MOVED ").await;
    refused(
        cluster,
        cluster.number(&shards[1].replicas[0]),
        &ledger,
        1,
        "MOVED ",
    )
    .await;

    cluster.pods[cluster.number(&shards[0].master)]
        .shut_down()
        .await;
    let down = format!("{}: expected cluster_state ok, saw fail", shards[1].master);
    cluster.ails(None, &down).await;
    let records = refused(cluster, second, &ledger, 1, "CLUSTERDOWN ").await;
    ledger.record(records);
    assert_eq!(ledger.written().refused, 3);

    let mut dialled = cluster.pods[second]
        .dial(PATIENCE)
        .await
        .expect("a connection");
    let reads = ledger::read(&mut dialled.connection, 1, &ledger.shard(1)).await;
    let comparison = ledger.compare(&reads);
    assert_eq!(comparison.verdict(), Verdict::Unknown, "{comparison}");
    assert_eq!(comparison.shards[1].unknown.len(), 3, "{comparison}");
}

/// Sends one shard's entries to a pod, and sees each refused in these words.
async fn refused(
    cluster: &Cluster,
    pod: usize,
    ledger: &Ledger,
    shard: usize,
    words: &str,
) -> Vec<ledger::Record> {
    let mut dialled = cluster.pods[pod]
        .dial(PATIENCE)
        .await
        .expect("a connection");
    let records = ledger::write(&mut dialled.connection, &ledger.shard(shard), 0, WAIT).await;
    assert_eq!(records.len(), 3);
    for record in &records {
        let WriteOutcome::Refused { error } = &record.outcome else {
            panic!("expected {words}, saw {record:?}");
        };
        assert!(error.starts_with(words), "{error}");
    }
    records
}

/// A fail-over keeps the data and discards a disk: it is told from a restart.
pub(crate) async fn fail_over(cluster: &Cluster) {
    let before = cluster.healthy(&expected(None)).await;
    let ledger = written(cluster, &before, 20).await;
    let replica = cluster.number(&before.shards()[2].replicas[0]);

    assert_eq!(cluster.redis(replica, "cluster failover").await, "OK");
    let took_over = format!(
        "{}: expected role replica as before, saw master",
        cluster.pods[replica].name
    );
    cluster.ails(Some(&before), &took_over).await;
    let after = cluster.healthy(&expected(None)).await;
    let Recovery::FailOver { shards } = recovery::classify(&before, &after) else {
        panic!("a fail-over was taken for a fast restart");
    };
    assert_eq!(shards.len(), 1);
    assert_eq!(shards[0].after.as_ref(), Some(&cluster.pods[replica].name));
    let comparison = ledger.compare(&read(cluster, &after, &ledger).await);
    assert_eq!(comparison.verdict(), Verdict::Kept, "{comparison}");
}
