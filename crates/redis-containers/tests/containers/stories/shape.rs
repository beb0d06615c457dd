//! The cluster's shape: who knows whom, at which address, with which slots.

use crate::cluster::{Cluster, expected};

/// A new cluster, as the oracle, the check and the server itself see it.
pub(crate) async fn new_cluster(cluster: &Cluster) {
    let baseline = cluster.healthy(&expected(None)).await;
    assert_eq!(cluster.check(0).await, Vec::<String>::new());
    assert_eq!(cluster.check(5).await, Vec::<String>::new());

    let shards = baseline
        .shards()
        .iter()
        .map(|shard| shard.slots[0].to_string());
    assert_eq!(
        shards.collect::<Vec<_>>(),
        ["0-5460", "5461-10922", "10923-16383"]
    );
    let view = cluster.pods[3].look().await.expect("a view");
    assert_eq!(view.server.name, "redis");
    assert!(
        view.server.version.starts_with('7'),
        "{}",
        view.server.version
    );
    assert_eq!(
        cluster.ailments(Some(&baseline)).await,
        Vec::<String>::new()
    );
}

/// Each damage is undone before the next one, and health is seen in between.
pub(crate) async fn broken_slots_and_stale_address(cluster: &Cluster) {
    let baseline = cluster.healthy(&expected(None)).await;
    let ids: Vec<_> = baseline
        .pods()
        .map(|(_, pod)| pod.node_id.clone())
        .collect();

    cluster
        .redis(0, &format!("cluster setslot 100 migrating {}", ids[1]))
        .await;
    cluster
        .ails(
            Some(&baseline),
            "redis-0: expected no open slot, saw slot 100 migrating to redis-1",
        )
        .await;
    assert_eq!(cluster.check(0).await[0], "expected no open slots, saw 100");
    cluster.redis(0, "cluster setslot 100 stable").await;
    cluster.healthy(&expected(Some(&baseline))).await;

    cluster.redis(0, "cluster delslots 7").await;
    cluster
        .ails(
            Some(&baseline),
            "redis-1: expected slots 7 on no node as redis-0 says",
        )
        .await;
    let check = cluster.check(0).await;
    assert!(
        check.iter().any(|line| line.contains("don't agree")),
        "{check:?}"
    );
    cluster.redis(0, "cluster addslots 7").await;
    cluster.healthy(&expected(Some(&baseline))).await;

    stale_address(cluster, &ids[5]).await;
}

/// A server that finds an old address of its own in `nodes.conf` and is not
/// told the new one keeps the old one, while all others know better.
async fn stale_address(cluster: &Cluster, id: &str) {
    let pod = &cluster.pods[5];
    pod.shut_down().await;
    pod.run(&format!(
        "sed -i 's/^{id} [^:]*:/{id} 10.99.99.99:/' /data/nodes.conf"
    ))
    .await;
    pod.boot_with("").await;
    let stale = format!(
        "redis-5: expected redis-5 at {}, saw it at 10.99.99.99",
        pod.address
    );
    cluster.ails(None, &stale).await;

    // It stays when everything else has healed, and the check is content.
    let alone = |ailments: &[String]| ailments == [stale.clone()];
    cluster.settle(alone).await;
    assert_eq!(cluster.check(0).await, Vec::<String>::new());
}

/// A replica that comes back with an empty disk at its old address.
pub(crate) async fn wiped_replica(cluster: &Cluster) {
    let baseline = cluster.healthy(&expected(None)).await;
    let replica = cluster.number(&baseline.shards()[0].replicas[0]);
    let pod = &cluster.pods[replica];

    pod.shut_down().await;
    pod.run("rm -rf /data/*").await;
    pod.boot().await;

    let lost = format!("{}: expected node id", pod.name);
    cluster.ails(Some(&baseline), &lost).await;
    cluster.ails(Some(&baseline), "`noaddr`").await;
    let master = &cluster.pods[cluster.number(&baseline.shards()[0].master)];
    let check = cluster.check(cluster.number(&master.name)).await;
    let no_replica = format!("expected 1 replicas of {}:6379, saw 0", master.address);
    assert!(check.contains(&no_replica), "{check:?}");
}
