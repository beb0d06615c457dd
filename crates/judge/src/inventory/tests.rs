use super::*;
use crate::{golden, snapshot};

use insta::assert_snapshot;
use serde_json::json;
use stayput_scenario::plan::FileShown;

fn nodes() -> BTreeMap<String, String> {
    let names = ["two-worker", "two-worker2", "two-worker3", "two-worker4"];
    let scenario = ["master-1", "master-2", "master-3", "node-1"];
    let pair = |(real, scenario): (&str, &str)| (real.to_owned(), scenario.to_owned());
    names.into_iter().zip(scenario).map(pair).collect()
}

/// As in the flagship.
fn roles() -> Vec<FileRole> {
    let role = |glob: &str, shown: FileShown| FileRole {
        glob: glob.to_owned(),
        shown,
    };
    vec![
        role("nodes.conf", FileShown::Role("nodes.conf".to_owned())),
        role(
            "appendonlydir/*.base.*",
            FileShown::Role("append-only base".to_owned()),
        ),
        role(
            "appendonlydir/*.incr.aof",
            FileShown::RoleAlone("append-only increment".to_owned()),
        ),
        role("dump.rdb", FileShown::Omitted("not always".to_owned())),
    ]
}

fn check(objects: &[Arc<Value>], listings: &[Listing]) -> String {
    let seen = Seen {
        objects,
        listings,
        roles: &roles(),
        nodes: &nodes(),
    };
    let text = text(&seen).unwrap();
    let reversed: Vec<_> = objects.iter().rev().cloned().collect();
    let listings: Vec<_> = listings.iter().rev().cloned().collect();
    let again = super::text(&Seen {
        objects: &reversed,
        listings: &listings,
        ..seen
    });
    assert_eq!(again.unwrap(), text, "the order of the input matters");
    text
}

/// The objects of some kinds, or of all where none is named.
fn check_at(seconds: f64, kinds: &[&str]) -> String {
    let objects = golden::objects_at("flagship", seconds);
    let wanted = |object: &Arc<Value>| {
        let kind = served::kind(object);
        kind != "Event" && (kinds.is_empty() || kinds.contains(&kind))
    };
    let objects: Vec<_> = objects.into_iter().filter(wanted).collect();
    check(&objects, &[])
}

/// What differs between two moments.
fn check_between(before: f64, after: f64) -> String {
    match snapshot::compare(&check_at(before, &[]), &check_at(after, &[])) {
        snapshot::Comparison::Same => "same".to_owned(),
        snapshot::Comparison::Differs { diff } => diff,
    }
}

/// Paths with sizes; a path that ends with `/` is a directory.
fn check_files(files: Option<&[(&str, u64)]>) -> String {
    let found = |(path, size): &(&str, u64)| FoundFile {
        path: path.trim_end_matches('/').to_owned(),
        kind: if path.ends_with('/') {
            FileKind::Directory
        } else {
            FileKind::File
        },
        size: *size,
    };
    let listing = Listing {
        node: "two-worker3".to_owned(),
        directory: "/disk1/redis-2-data".to_owned(),
        files: files.map(|files| files.iter().map(found).collect()),
    };
    check(&[], &[listing])
}

#[test]
fn storage_of_the_running_flagship() {
    let kinds = ["StorageClass", "PersistentVolume", "PersistentVolumeClaim"];
    assert_snapshot!(check_at(20.0, &kinds), @"
    objects:
      PersistentVolume:
        redis-0-data:
          phase: Bound
          claim: redis/redis-cluster-data-redis-cluster-0
          class: local-volume
          capacity: 2Gi
          access modes: ReadWriteOnce
          reclaim policy: Delete
          nodes: master-1
          path: /disk1/redis-0-data
          finalizers: kubernetes.io/pv-protection
        redis-1-data:
          phase: Bound
          claim: redis/redis-cluster-data-redis-cluster-1
          class: local-volume
          capacity: 2Gi
          access modes: ReadWriteOnce
          reclaim policy: Delete
          nodes: master-2
          path: /disk1/redis-1-data
          finalizers: kubernetes.io/pv-protection
      PersistentVolumeClaim:
        redis/redis-cluster-data-redis-cluster-0:
          phase: Bound
          volume: redis-0-data
          class: local-volume
          capacity: 2Gi
          access modes: ReadWriteOnce
          finalizers: kubernetes.io/pvc-protection
        redis/redis-cluster-data-redis-cluster-1:
          phase: Bound
          volume: redis-1-data
          class: local-volume
          capacity: 2Gi
          access modes: ReadWriteOnce
          finalizers: kubernetes.io/pvc-protection
      StorageClass:
        local-volume:
          provisioner: kubernetes.io/no-provisioner
          binding: WaitForFirstConsumer
          reclaim policy: Delete
    files: {}
    ");
}

#[test]
fn workload_of_the_running_flagship() {
    let kinds = ["Pod", "StatefulSet", "ControllerRevision", "Namespace"];
    assert_snapshot!(check_at(20.0, &kinds), @"
    objects:
      ControllerRevision:
        redis/redis-cluster-<hash>:
          owner: StatefulSet redis-cluster
      Namespace:
        redis:
          phase: Active
      Pod:
        redis/redis-cluster-0:
          phase: Running
          ready: true
          node: master-1
          claims: redis-cluster-data-redis-cluster-0
          owner: StatefulSet redis-cluster
        redis/redis-cluster-1:
          phase: Running
          ready: true
          node: master-2
          claims: redis-cluster-data-redis-cluster-1
          owner: StatefulSet redis-cluster
      StatefulSet:
        redis/redis-cluster:
          wanted: 6
          there: 6
          ready: 5
          service: redis-cluster
          claim templates: redis-cluster-data
    files: {}
    ");
}

#[test]
fn network_of_the_running_flagship() {
    let kinds = ["Service", "Endpoints", "EndpointSlice", "ConfigMap"];
    assert_snapshot!(check_at(20.0, &kinds), @"
    objects:
      ConfigMap:
        redis/kube-root-ca.crt:
          keys: ca.crt
        redis/redis-cluster:
          keys: redis.conf
      EndpointSlice:
        redis/redis-cluster-<random>:
          addresses: 1 ready
          owner: Service redis-cluster
      Endpoints:
        redis/redis-cluster:
          addresses: 1 ready
      Service:
        redis/redis-cluster:
          type: ClusterIP
          address: 'none: headless'
          ports: client 6379/TCP, gossip 16379/TCP
    files: {}
    ");
}

#[test]
fn pods_that_go_say_so() {
    assert_snapshot!(check_between(37.45, 37.5), @"
    --- golden
    +++ new
    @@ line 5, objects @@
         redis/kube-root-ca.crt:
           keys: ca.crt
    -  ControllerRevision:
    -    redis/redis-cluster-<hash>:
    -      owner: StatefulSet redis-cluster
       Namespace:
         redis:
    @@ line 49, objects › Pod › redis/redis-cluster-0 @@
       Pod:
         redis/redis-cluster-0:
    +      terminating: true
           phase: Running
           ready: true
    ");
}

#[test]
fn claims_that_are_deleted_leave_failed_volumes() {
    assert_snapshot!(check_between(39.0, 40.6), @r#"
    --- golden
    +++ new
    @@ line 10, objects › PersistentVolume › redis-0-data @@
       PersistentVolume:
         redis-0-data:
    -      phase: Bound
    +      phase: Failed
    +      message: 'error getting deleter volume plugin for volume "redis-0-data": no volume plugin matched'
           claim: redis/redis-cluster-data-redis-cluster-0
           class: local-volume
    @@ line 30, objects › PersistentVolumeClaim @@
           finalizers: kubernetes.io/pv-protection
       PersistentVolumeClaim:
    -    redis/redis-cluster-data-redis-cluster-0:
    -      phase: Bound
    -      volume: redis-0-data
    -      class: local-volume
    -      capacity: 2Gi
    -      access modes: ReadWriteOnce
    -      finalizers: kubernetes.io/pvc-protection
         redis/redis-cluster-data-redis-cluster-1:
           phase: Bound
    "#);
}

#[test]
fn in_the_end_nothing_is_left() {
    assert_snapshot!(check_at(60.0, &[]), @"
    objects: {}
    files: {}
    ");
}

#[test]
fn files_are_shown_by_role() {
    assert_snapshot!(check_files(Some(&[
        ("nodes.conf", 800),
        ("appendonlydir/", 4096),
        ("appendonlydir/appendonly.aof.1.base.rdb", 88),
        ("appendonlydir/appendonly.aof.2.base.rdb", 0),
        ("appendonlydir/appendonly.aof.1.incr.aof", 0),
        ("appendonlydir/deeper/x.base.rdb", 1),
        ("dump.rdb", 88),
        ("lost+found/", 4096),
        ("core", 0),
    ])), @"
    objects: {}
    files:
      master-3:
        /disk1/redis-2-data:
          append-only base: 2 there, 1 of them empty
          append-only increment: there
          appendonlydir/deeper/x.base.rdb: there, not empty
          core: there, empty
          lost+found/: there, empty
          nodes.conf: there, not empty
    ");
}

#[test]
fn an_empty_directory_is_not_one_that_is_not_there() {
    assert_snapshot!(check_files(Some(&[])), @"
    objects: {}
    files:
      master-3:
        /disk1/redis-2-data: empty
    ");
    assert_snapshot!(check_files(None), @"
    objects: {}
    files:
      master-3:
        /disk1/redis-2-data: not there
    ");
    assert_snapshot!(check_files(Some(&[("dump.rdb", 88)])), @"
    objects: {}
    files:
      master-3:
        /disk1/redis-2-data: only 1 that are left out
    ");
}

#[test]
fn a_pattern_that_is_none_is_an_error() {
    let roles = [FileRole {
        glob: "[".to_owned(),
        shown: FileShown::Role("x".to_owned()),
    }];
    let seen = Seen {
        objects: &[],
        listings: &[],
        roles: &roles,
        nodes: &nodes(),
    };
    assert_snapshot!(text(&seen).unwrap_err(), @"cannot read the pattern `[`");
}

#[test]
fn hashes_and_random_suffixes_are_gone() {
    let pod = |suffix: &str, phase: &str| {
        Arc::new(json!({
            "kind": "Pod",
            "metadata": {
                "name": format!("web-7d4b9c-{suffix}"), "generateName": "web-7d4b9c-", "namespace": "a",
                "labels": {"pod-template-hash": "7d4b9c"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d4b9c"}],
            },
            "status": {"phase": phase},
        }))
    };
    let set = Arc::new(json!({
        "kind": "ReplicaSet",
        "metadata": {"name": "web-7d4b9c", "namespace": "a", "labels": {"pod-template-hash": "7d4b9c"}},
    }));
    assert_snapshot!(check(&[pod("x2x2x", "Running"), pod("abcde", "Pending"), set], &[]), @"
    objects:
      Pod:
        a/web-<hash>-<random>:
          phase: Pending
          ready: false
          owner: ReplicaSet web-<hash>
        'a/web-<hash>-<random> #2':
          phase: Running
          ready: false
          owner: ReplicaSet web-<hash>
      ReplicaSet:
        a/web-<hash>: {}
    files: {}
    ");
}

#[test]
fn no_value_of_a_secret_is_told() {
    let secret = json!({
        "kind": "Secret", "type": "Opaque", "metadata": {"name": "s", "namespace": "a"},
        "data": {"password": "c2VjcmV0", "user": "c2VjcmV0"},
    });
    assert_snapshot!(check(&[Arc::new(secret)], &[]), @"
    objects:
      Secret:
        a/s:
          type: Opaque
          keys: password, user
    files: {}
    ");
}

#[test]
fn texts_are_as_on_any_cluster() {
    let volume = |message: &str| {
        Arc::new(json!({
            "kind": "PersistentVolume", "metadata": {"name": "v"}, "status": {"message": message},
        }))
    };
    let message = "two-worker and two-worker2, not two-worker9 or my-two-worker; on two-worker3. \
        At 2026-11-24T04:38:46Z from 10.244.1.2:6379 and fd00::1: uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2";
    assert_snapshot!(check(&[volume(message)], &[]), @"
    objects:
      PersistentVolume:
        v:
          message: 'master-1 and master-2, not two-worker9 or my-two-worker; on master-3. At <time> from <address>:6379 and <address>: uid <uid>'
    files: {}
    ");
}
