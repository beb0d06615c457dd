//! The flagship scenario as it is shipped.

use std::fmt::Write;

use camino::Utf8Path;
use insta::assert_snapshot;
use serde_json::json;
use stayput_expr::Scope;

use super::on_disk;
use crate::{
    load,
    plan::{Action, Control, Plan, Step},
};

fn flagship() -> Plan {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/local-pv-redis/scenario.yaml");
    load(&on_disk, &path).unwrap_or_else(|problems| panic!("{problems}"))
}

/// One line a step: its name, what it does, and what it shows.
fn outline(steps: &[Step]) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        let verbs: Vec<String> = step.body.iter().map(verb).collect();
        let each = if step.each.is_some() { " for each" } else { "" };
        let shows: Vec<&str> = step.shows.iter().map(|part| part.0.as_str()).collect();
        let shows = if shows.is_empty() {
            String::new()
        } else {
            format!(" [{}]", shows.join(" "))
        };
        let line = step.place.line;
        let within = step.within.map_or(60, |within| within.as_secs());
        writeln!(
            text,
            "{index} {line}: {}: {}{each} {within}s{shows}",
            step.name,
            verbs.join(", ")
        )
        .unwrap();
    }
    text
}

/// The verb of an action, without its arguments.
fn verb(action: &Action) -> String {
    let debug = format!("{action:?}");
    let mut name = debug
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap()
        .to_owned();
    match action {
        Action::Apply(objects) => write!(name, " {}", objects.len()).unwrap(),
        Action::Redis(work) => write!(name, " {work:?}").unwrap(),
        Action::Expect { mode, .. } => write!(name, " {mode:?}").unwrap(),
        _ => {}
    }
    name
}

fn acts(control: &Control) -> String {
    let mut text = format!(
        "{}: fails at {:?} within {:?}, skips {:?}\n",
        control.name, control.fails_at, control.within, control.skip
    );
    for act in &control.acts {
        for (what, steps) in [("do", &act.body), ("undo", &act.undo)] {
            for step in outline(steps).lines() {
                writeln!(text, "  {:?} {what}: {step}", act.at).unwrap();
            }
        }
    }
    text
}

#[test]
fn its_steps() {
    assert_snapshot!(outline(&flagship().steps), @r"
    0 34: directories are made by hand: Host for each 60s
    1 38: a namespace and a class: Apply 2 60s
    2 41: six volumes and six claims: Apply 2 for each 60s
    3 45: nothing binds before a consumer: Expect Holds(2s) 60s [5.delays]
    4 54: the set is applied: Apply 3 60s
    5 57: pods come up in order: Expect Eventually 180s [7.order]
    6 68: each pod is on its volume's node: Expect Eventually 60s [2.place 7.place]
    7 77: each claim has the volume that its selector names: Expect Eventually 60s [13.selector]
    8 87: the cluster is formed: Redis Create { replicas: 1 } 60s
    9 90: redis-cli finds nothing to complain of: Redis Check 60s
    10 93: all six pods agree that it is healthy: Redis Healthy(Window) 60s
    11 96: keys are written to every shard: Redis Write { per_shard: 200 } 60s
    12 99: running: Snapshot 60s
    13 101: redis-cluster-0 comes back to its node: Restart 60s [2.place 8.place 8.address]
    14 105: it is healthy again, and stays so: Redis Healthy(Window) 60s
    15 108: nothing was lost: Redis Verify 60s [8.data]
    16 112: every other pod in turn: Restart, Redis Healthy(Once), Redis Verify for each 60s
    17 119: all six at once: Restart 180s
    18 123: they find each other again, and stay healthy: Redis Healthy(Window) 60s
    19 126: still nothing was lost: Redis Verify 60s
    20 129: who the pods are: Save 60s
    21 132: no pod is left: Scale 60s
    22 135: the data is on the disks: Redis ProveDisks 60s [8.data]
    23 139: six pods again: Scale 180s
    24 143: with the same nodes, claims and volumes: Expect Eventually 60s
    25 150: healthy from a cold start: Redis Healthy(Window) 60s
    26 153: nothing was in memory only: Redis Verify 60s
    27 156: teardown: the ConfigMap: Delete 60s
    28 158: without-configmap: Snapshot 60s
    29 160: teardown: the StatefulSet: Delete, Expect Eventually 60s
    30 165: what the directories hold: Save for each 60s
    31 169: the claims stay Bound: Expect Eventually 60s [9]
    32 176: claims-outlive-the-set: Snapshot 60s
    33 178: teardown: the claims: Delete for each 60s
    34 182: the volumes stay, and are Failed: Expect Eventually 60s [10.volume-stays 10.failed]
    35 192: an event says so: Expect Eventually for each 60s [10.failed]
    36 200: volumes-are-failed: Snapshot 60s
    37 202: teardown: the volumes: Delete for each 60s
    38 206: the directories keep their data: Expect Eventually for each 60s [11]
    39 211: data-outlives-the-volumes: Snapshot 60s
    40 213: teardown: the data, by hand: Host for each 60s [11]
    41 218: teardown: class and namespace: Delete 60s
    42 220: nothing-is-left: Snapshot 60s
    ");
}

#[test]
fn its_controls() {
    let controls: String = flagship().controls.iter().map(acts).collect();
    assert_snapshot!(controls, @r"
    refused writes are noticed: fails at Some(11) within None, skips []
      Before(Some(11)) do: 0 227: exec in redis/redis-cluster-0: Exec 60s
    the old pod does not pass for the new one: fails at Some(13) within Some(10s), skips [8, 9, 10, 11, 12]
      Instead(4) do: 0 237: apply manifests/configmap.yaml, manifests/service.yaml, controls/stubborn-statefulset.yaml: Apply 3 60s
      Instead(4) undo: 0 240: exec in redis/redis-cluster-0: Exec 60s
    a wiped shard is noticed: fails at Some(25) within None, skips [12, 13, 14, 15, 16, 17, 18, 19]
      Before(Some(23)) do: 0 254: empty /disk1/redis-${{ item }}-data: Host for each 60s
    a pod on another node is noticed: fails at Some(13) within None, skips [6, 8, 9, 10, 11, 12]
      Instead(2) do: 0 271: apply controls/hostpath-volume.yaml, manifests/claim.yaml: Apply 2 for each 60s
      Before(Some(13)) do: 0 276: save home: Save 60s
      Before(Some(13)) do: 1 277: cordon ${{ saved.home }}: Node 60s
      Before(Some(13)) undo: 0 279: uncordon ${{ saved.home }}: Node 60s
    the lost keys of one shard are noticed: fails at Some(15) within None, skips [12, 13, 14]
      Before(Some(15)) do: 0 286: exec in redis/redis-cluster-${{ redis.shards[1].master }}: Exec 60s
    a claim made anew under its name is noticed: fails at Some(24) within None, skips [12, 13, 14, 15, 16, 17, 18, 19, 22]
      Before(Some(23)) do: 0 297: delete PersistentVolumeClaim redis-cluster-data-redis-cluster-0: Delete 60s
      Before(Some(23)) do: 1 298: delete PersistentVolume redis-0-data: Delete 60s
      Before(Some(23)) do: 2 299: apply manifests/volume.yaml, manifests/claim.yaml: Apply 2 for each 60s
    a volume and a directory left behind are noticed: fails at None within None, skips [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42]
      Before(None) do: 0 307: make /disk1/redis-0-data: Host 60s
      Before(None) do: 1 308: apply manifests/volume.yaml: Apply 1 for each 60s
    a replica's replaced data is noticed: fails at Some(22) within None, skips [12, 13, 14, 15, 16, 17, 18, 19]
      Before(Some(22)) do: 0 317: run on ${{ values.place[4] }}: Host 60s
    ");
}

#[test]
fn the_rest_of_it() {
    let plan = flagship();
    assert_eq!(plan.statements.len(), 13);
    assert_snapshot!(format!("{:?} {:?} {:?}", plan.name, plan.nodes, plan.images), @r#""local-pv-redis" ["master-1", "master-2", "master-3", "node-1"] ["redis:7"]"#);
    assert_snapshot!(format!("{:#?}", plan.redis.unwrap()), @r#"
    RedisCluster {
        statefulset: ObjectName {
            namespace: Some(
                Template("redis"),
            ),
            name: Template("redis-cluster"),
        },
        port: 6379,
        node_timeout: 2s,
        image: "redis:7",
        claim: "redis-cluster-data",
    }
    "#);
    assert_snapshot!(format!("{:#?}", plan.files), @r#"
    [
        FileRole {
            glob: "nodes.conf",
            shown: Role(
                "nodes.conf",
            ),
        },
        FileRole {
            glob: "appendonlydir/*.base.*",
            shown: Role(
                "append-only base",
            ),
        },
        FileRole {
            glob: "appendonlydir/*.incr.aof",
            shown: RoleAlone(
                "append-only increment",
            ),
        },
        FileRole {
            glob: "appendonlydir/*.manifest",
            shown: Role(
                "append-only manifest",
            ),
        },
        FileRole {
            glob: "dump.rdb",
            shown: Omitted(
                "a replica writes it only if its resync went over the disk",
            ),
        },
    ]
    "#);
    assert_snapshot!(plan.values, @r#"{"nodeTimeout":2000,"place":["master-1","master-2","master-3","node-1","node-1","master-3"]}"#);
}

#[test]
fn its_manifests_render() {
    let plan = flagship();
    let scope = Scope::new()
        .with("values", plan.values.clone())
        .with("nodes", json!({"master-1": "kind-worker"}))
        .with("item", "master-1")
        .with("index", 0);
    let Action::Apply(manifests) = &plan.steps[2].body[0] else {
        panic!()
    };
    assert_snapshot!(manifests[0].object.render(&scope).unwrap(), @r#"{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"labels":{"alicloud-pvname":"redis-0-data"},"name":"redis-0-data"},"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"2Gi"},"local":{"path":"/disk1/redis-0-data"},"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["kind-worker"]}]}]}},"persistentVolumeReclaimPolicy":"Delete","storageClassName":"local-volume"}}"#);
    assert_snapshot!(manifests[1].object.render(&scope).unwrap(), @r#"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"redis-cluster-data-redis-cluster-0","namespace":"redis"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"2Gi"}},"selector":{"matchLabels":{"alicloud-pvname":"redis-0-data"}},"storageClassName":"local-volume"}}"#);
    let Action::Apply(manifests) = &plan.steps[4].body[0] else {
        panic!()
    };
    let config = manifests[0].object.render(&scope).unwrap();
    assert_snapshot!(config["data"]["redis.conf"].as_str().unwrap(), @r"
    dir /data
    appendonly yes
    appendfsync everysec
    protected-mode no
    enable-debug-command local
    cluster-enabled yes
    cluster-config-file /data/nodes.conf
    cluster-node-timeout 2000
    cluster-replica-no-failover yes
    cluster-require-full-coverage yes
    cluster-allow-replica-migration no
    repl-diskless-sync-delay 0
    ");
}
