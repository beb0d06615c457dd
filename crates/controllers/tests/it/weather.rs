//! Requests in any order, failures, late watches: the end is the same.
//!
//! Each run has a seed; a failure names it.

use std::collections::BTreeSet;

use serde_json::json;
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::plan::Propagation;

use crate::lab::Lab;
use crate::objects::{set, volume, waiting_class, with};

const RUNS: u64 = 12;

fn set_key() -> Key {
    Key::new(Kind::StatefulSet, "ns", "web")
}

fn lab(seed: u64) -> Lab {
    let mut lab = Lab::patient(&["a", "b"]);
    lab.apply([waiting_class()]);
    lab.apply((0..6).map(|index| volume(&format!("v{index}"), ["a", "b"][index % 2])));
    lab.worsen(seed);
    lab
}

/// Every pod runs beside its volume, and no volume has two claims.
#[track_caller]
fn sound(lab: &Lab, pods: usize, seed: u64) {
    let mut volumes = BTreeSet::new();
    assert_eq!(lab.api.keys(Kind::Pod).len(), pods, "seed {seed}: pods");
    for key in lab.api.keys(Kind::Pod) {
        let pod = lab.get(Kind::Pod, &key.name);
        let claim = lab.get(Kind::PersistentVolumeClaim, &format!("data-{}", key.name));
        let name = claim["spec"]["volumeName"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let volume = lab.get(Kind::PersistentVolume, &name);
        let at = "/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/values/0";
        assert_eq!(
            Some(&pod["spec"]["nodeName"]),
            volume.pointer(at),
            "seed {seed}: {key}"
        );
        assert_eq!(claim["status"]["phase"], "Bound", "seed {seed}: {key}");
        assert_eq!(
            volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"],
            "seed {seed}: {key}"
        );
        assert!(
            volumes.insert(name),
            "seed {seed}: two claims have one volume"
        );
    }
    let set = lab.get(Kind::StatefulSet, "web");
    assert_eq!(
        set["status"]["readyReplicas"],
        json!(pods),
        "seed {seed}: status"
    );
}

#[test]
fn a_set_comes_up_scales_and_rolls() {
    for seed in 1..=RUNS {
        let mut lab = lab(seed);
        let policy = if seed % 2 == 0 {
            "Parallel"
        } else {
            "OrderedReady"
        };
        lab.apply([with(set(4), "/spec/podManagementPolicy", json!(policy))]);
        lab.pass(60);
        sound(&lab, 4, seed);
        lab.patch(&set_key(), &json!({"spec": {"replicas": 2}}));
        let round = json!({"spec": {"replicas": 6, "template": {"metadata": {"annotations": {"round": "one"}}}}});
        lab.patch(&set_key(), &round);
        lab.pass(60);
        sound(&lab, 6, seed);
        let revisions: BTreeSet<String> = lab
            .table(Kind::Pod, &["/metadata/labels/controller-revision-hash"])
            .lines()
            .map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned())
            .collect();
        assert_eq!(revisions.len(), 1, "seed {seed}");
    }
}

#[test]
fn pods_that_are_deleted_at_any_moment_come_back() {
    for seed in 1..=RUNS {
        let mut lab = lab(seed);
        lab.apply([set(3)]);
        for round in 0..3 {
            for index in 0..3 {
                let key = Key::new(Kind::Pod, "ns", &format!("web-{index}"));
                if (seed + round + index) % 3 == 0 && lab.api.get(&key).is_some() {
                    lab.delete(&key);
                }
            }
        }
        lab.pass(60);
        sound(&lab, 3, seed);
    }
}

#[test]
fn a_deleted_set_leaves_no_pod_and_an_orphaning_one_all() {
    for seed in 1..=RUNS {
        let mut lab = lab(seed);
        lab.apply([set(3)]);
        lab.pass(60);
        let policies = [
            Propagation::Background,
            Propagation::Foreground,
            Propagation::Orphan,
        ];
        let propagation = policies[usize::try_from(seed % 3).unwrap()];
        lab.delete_with(&set_key(), propagation);
        lab.pass(60);
        let left = if propagation == Propagation::Orphan {
            3
        } else {
            0
        };
        assert_eq!(
            lab.api.keys(Kind::Pod).len(),
            left,
            "seed {seed} {propagation:?}"
        );
        assert_eq!(
            lab.api.keys(Kind::StatefulSet).len(),
            0,
            "seed {seed} {propagation:?}"
        );
        assert_eq!(
            lab.api.keys(Kind::PersistentVolumeClaim).len(),
            3,
            "seed {seed}"
        );
    }
}

#[test]
fn a_namespace_always_goes() {
    for seed in 1..=RUNS {
        let mut lab = lab(seed);
        lab.apply([set(2)]);
        lab.delete(&Key::new(Kind::Namespace, "", "ns"));
        lab.pass(60);
        assert_eq!(lab.table(Kind::Namespace, &[]), "", "seed {seed}");
        assert_eq!(lab.api.keys(Kind::Pod).len(), 0, "seed {seed}");
    }
}
