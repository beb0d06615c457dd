use super::*;
use crate::golden;

use insta::{assert_json_snapshot, assert_snapshot};

/// `redis-cluster-0` of the golden flagship at a moment.
fn pod_at(seconds: f64) -> PodIdentity {
    let objects = golden::objects_at("flagship", seconds);
    PodIdentity::of(
        &golden::find(&objects, "Pod", "redis-cluster-0"),
        &golden::of_kind(&objects, "PersistentVolumeClaim"),
        &golden::of_kind(&objects, "PersistentVolume"),
    )
    .unwrap()
}

fn restarted() -> Identity {
    Identity {
        same: vec![Trait::Node, Trait::Claim, Trait::Volume],
        new: vec![Trait::Uid, Trait::Address],
    }
}

fn check(comparison: &Comparison) -> String {
    let line = |m: &Mismatch| format!("{} {}: {} / {}", m.object, m.path, m.expected, m.seen);
    let mismatches = comparison.mismatches.iter().map(line);
    let table = std::iter::once(comparison.table.clone());
    table.chain(mismatches).collect::<Vec<_>>().join("\n")
}

/// Compares with the pod after its restart, changed a little.
fn check_after(change: impl Fn(&mut PodIdentity)) -> String {
    let mut after = pod_at(33.0);
    change(&mut after);
    check(&compare(&pod_at(29.0), &after, &restarted()))
}

#[test]
fn a_pod_is_read_with_its_storage() {
    assert_json_snapshot!(pod_at(29.0), @r#"
    {
      "namespace": "redis",
      "name": "redis-cluster-0",
      "uid": "8f4a74c8-6745-48e1-9477-6bd0ab9fedd2",
      "address": "10.244.1.2",
      "node": "two-worker",
      "claims": [
        {
          "name": "redis-cluster-data-redis-cluster-0",
          "uid": "831d80c0-1f71-4a44-ac6b-9666a583eeca"
        }
      ],
      "volumes": [
        {
          "name": "redis-0-data",
          "uid": "91b44602-c789-4776-bd69-35d2a431aab5",
          "path": "/disk1/redis-0-data",
          "nodes": [
            "two-worker"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn it_is_read_back_as_it_was_written() {
    let before = pod_at(29.0);
    let text = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<PodIdentity>(&text).unwrap(), before);
}

#[test]
fn what_is_no_pod_is_an_error() {
    let error = PodIdentity::of(&Value::Null, &[], &[]).unwrap_err();
    assert_snapshot!(error, @"a pod without `metadata.namespace`");
}

#[test]
fn a_restarted_pod_came_back() {
    assert_snapshot!(check_after(|_| {}), @"uid: changed, address: 10.244.1.2 → 10.244.1.3, node: same (two-worker), claim: same (redis-cluster-data-redis-cluster-0), volume: same (redis-0-data at /disk1/redis-0-data on two-worker)");
}

#[test]
fn the_old_pod_is_no_new_one() {
    assert_snapshot!(check(&compare(&pod_at(29.0), &pod_at(29.0), &restarted())), @r"
    uid: same, address: same (10.244.1.2), node: same (two-worker), claim: same (redis-cluster-data-redis-cluster-0), volume: same (redis-0-data at /disk1/redis-0-data on two-worker)
    Pod redis/redis-cluster-0 uid: other than 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2 / 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2
    Pod redis/redis-cluster-0 address: other than 10.244.1.2 / 10.244.1.2
    ");
}

#[test]
fn another_node_is_noticed() {
    assert_snapshot!(check_after(|pod| pod.node = Some("two-worker2".to_owned())), @r"
    uid: changed, address: 10.244.1.2 → 10.244.1.3, node: two-worker → two-worker2, claim: same (redis-cluster-data-redis-cluster-0), volume: same (redis-0-data at /disk1/redis-0-data on two-worker)
    Pod redis/redis-cluster-0 node: the same: two-worker / two-worker2
    ");
}

#[test]
fn a_claim_made_anew_under_its_name_is_noticed() {
    assert_snapshot!(check_after(|pod| pod.claims[0].uid = Some("new".to_owned())), @r"
    uid: changed, address: 10.244.1.2 → 10.244.1.3, node: same (two-worker), claim: made anew (redis-cluster-data-redis-cluster-0), volume: same (redis-0-data at /disk1/redis-0-data on two-worker)
    Pod redis/redis-cluster-0 claim: the same: redis-cluster-data-redis-cluster-0 (uid 831d80c0-1f71-4a44-ac6b-9666a583eeca) / redis-cluster-data-redis-cluster-0 (uid new)
    ");
}

#[test]
fn another_path_is_another_volume() {
    assert_snapshot!(check_after(|pod| pod.volumes[0].path = Some("/disk1/other".to_owned())), @r"
    uid: changed, address: 10.244.1.2 → 10.244.1.3, node: same (two-worker), claim: same (redis-cluster-data-redis-cluster-0), volume: redis-0-data at /disk1/redis-0-data on two-worker → redis-0-data at /disk1/other on two-worker
    Pod redis/redis-cluster-0 volume: the same: redis-0-data at /disk1/redis-0-data on two-worker (uid 91b44602-c789-4776-bd69-35d2a431aab5) / redis-0-data at /disk1/other on two-worker (uid 91b44602-c789-4776-bd69-35d2a431aab5)
    ");
}

#[test]
fn nothing_is_not_the_same_as_nothing() {
    let mut before = pod_at(29.0);
    before.claims.clear();
    before.volumes.clear();
    assert_snapshot!(check(&compare(&before, &before, &Identity { same: vec![Trait::Claim], new: vec![] })), @r"
    uid: same, address: same (10.244.1.2), node: same (two-worker), claim: same (none), volume: same (none)
    Pod redis/redis-cluster-0 claim: the same: none / none
    ");
}

#[test]
fn pods_that_came_or_went_are_mismatches() {
    let mut other = pod_at(29.0);
    other.name = "redis-cluster-9".to_owned();
    assert_snapshot!(check(&compare_all(&[pod_at(29.0)], &[other], &restarted())), @r"
    redis-cluster-0: not there any more
    redis-cluster-9: was not there before
    Pod redis/redis-cluster-0 : there, as before / not there
    Pod redis/redis-cluster-9 : not there, as before / there
    ");
}
