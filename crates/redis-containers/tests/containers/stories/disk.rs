//! The disks of stopped servers.

use futures::future::join_all;
use stayput_redis_probe::{
    Baseline,
    volume::{self, VolumeError},
};

use crate::cluster::{Cluster, Pod, expected};

/// All disks hold what their pods held; then a replica's append-only files
/// are replaced by another shard's, a master's are lost, and one is damaged.
pub(crate) async fn volumes(cluster: &Cluster) {
    let shards = cluster.healthy(&expected(None)).await;
    for shard in shards.shards() {
        let fill = "for i in $(seq 300); do echo \"set k$i v$i\"; done | redis-cli >/dev/null";
        cluster.pods[cluster.number(&shard.master)].run(fill).await;
    }
    let before = cluster.healthy(&expected(None)).await;
    assert!(before.pods().all(|(_, pod)| pod.dbsize > 50), "{before:?}");
    join_all(cluster.pods.iter().map(Pod::shut_down)).await;

    let original = cluster.pods[0]
        .run("cd /data; find . -type f | sort | xargs md5sum")
        .await
        .stdout;
    let found = join_all(cluster.pods.iter().map(|pod| problems(pod, &before))).await;
    assert_eq!(found, vec![Ok(Vec::new()); 6]);
    let afterwards = cluster.pods[0]
        .run("cd /data; find . -type f | sort | xargs md5sum")
        .await
        .stdout;
    assert_eq!(original, afterwards, "the original was touched");

    let replica = &cluster.pods[cluster.number(&before.shards()[0].replicas[0])];
    let stranger = &cluster.pods[cluster.number(&before.shards()[1].replicas[0])];
    let parcel = stranger
        .run("tar c -C /data appendonlydir | base64 -w 0")
        .await
        .stdout;
    replica
        .run(&format!(
            "rm -r /data/appendonlydir; echo {parcel} | base64 -d | tar x -C /data"
        ))
        .await;
    let swapped = problems(replica, &before).await.expect("a readable disk");
    assert_eq!(swapped.len(), 2, "{swapped:?}");
    assert!(
        swapped[1].contains("expected data with digest"),
        "{swapped:?}"
    );

    let wiped = &cluster.pods[cluster.number(&before.shards()[2].master)];
    wiped.run("rm -r /data/*").await;
    let lost = problems(wiped, &before).await.expect("a readable disk");
    assert_eq!(lost.len(), 3, "{lost:?}");
    assert!(lost[0].ends_with("in nodes.conf, saw none"), "{lost:?}");

    stranger
        .run("cd /data/appendonlydir && for f in *.base.rdb; do printf garbage > $f; done")
        .await;
    let damaged = problems(stranger, &before).await;
    assert!(
        matches!(damaged, Err(VolumeError::Failed { .. })),
        "{damaged:?}"
    );
}

/// Runs the volume oracle over a pod's own disk.
async fn problems(pod: &Pod, before: &Baseline) -> Result<Vec<String>, VolumeError> {
    let printed = pod.run(&volume::script("/data")).await;
    let contents = volume::parse(&printed.stdout)?;
    let was = before.pod(&pod.name).expect("a pod of the baseline");
    let problems = volume::compare(&pod.name, was, &contents);
    Ok(problems.iter().map(ToString::to_string).collect())
}
