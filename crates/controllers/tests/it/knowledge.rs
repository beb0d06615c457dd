//! What the control plane believes when news comes late, twice, or in pieces.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use stayput_controllers::controller::{Controller, Ending};
use stayput_controllers::object::{Key, Kind, Object};
use stayput_controllers::plan::{Plan, Write};
use stayput_controllers::run::manager::{Finished, Input, Manager, Work};
use stayput_controllers::world::{Change, World};

fn map(name: &str, uid: &str, version: u64) -> Object {
    let json = json!({"metadata": {"name": name, "namespace": "ns", "uid": uid, "resourceVersion": version.to_string()}});
    Object::read(Kind::ConfigMap, json).unwrap().unwrap()
}

fn shown(world: &World) -> String {
    let versions = world.objects(Kind::ConfigMap).into_iter().map(|object| {
        let meta = object.meta();
        format!(
            "{} {} {}",
            object.key().name,
            meta.uid.as_ref().unwrap(),
            meta.resource_version.as_ref().unwrap()
        )
    });
    versions.collect::<Vec<_>>().join(", ")
}

#[test]
fn an_older_version_or_one_known_already_changes_nothing() {
    let mut world = World::default();
    assert!(world.apply(map("m", "u", 5)).is_some());
    assert!(world.apply(map("m", "u", 4)).is_none());
    assert!(world.apply(map("m", "u", 5)).is_none());
    assert_snapshot!(shown(&world), @"m u 5");
}

#[test]
fn what_is_gone_stays_gone_and_its_successor_is_another() {
    let mut world = World::default();
    world.apply(map("m", "old", 5));
    assert!(world.delete(&map("m", "old", 6)).is_some());
    assert!(world.apply(map("m", "old", 5)).is_none());
    assert!(world.is_gone("old"));
    world.apply(map("m", "new", 7));
    assert!(world.delete(&map("m", "old", 6)).is_none());
    assert_snapshot!(shown(&world), @"m new 7");
}

#[test]
fn a_list_ends_what_it_does_not_hold() {
    let mut world = World::default();
    world.apply(map("a", "a", 1));
    world.apply(map("b", "b", 2));
    let news = world.replace(Kind::ConfigMap, vec![map("b", "b", 2), map("c", "c", 3)]);
    let changed: Vec<String> = news
        .iter()
        .map(|change| {
            format!(
                "{} {}",
                change.latest().unwrap().key().name,
                change.after.is_some()
            )
        })
        .collect();
    assert_snapshot!(format!("{changed:?} {}", shown(&world)), @r#"["a false", "c true"] b b 2, c c 3"#);
}

/// Wants every configmap to be labelled `seen`.
struct Labeller;

impl Controller for Labeller {
    fn name(&self) -> &'static str {
        "labeller"
    }

    fn follow(&mut self, change: &Change, _world: &World, wake: &mut Vec<Key>) {
        wake.extend(
            change
                .after
                .as_ref()
                .map(Object::key)
                .filter(|key| key.kind == Kind::ConfigMap),
        );
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        let object = world.object(key).unwrap();
        if object.meta().labels.is_some() {
            return Plan::nothing();
        }
        let patch = json!({"metadata": {"labels": {"seen": "yes"}}});
        Plan::one(Write::patch_key(key.clone(), object.meta(), None, patch))
    }
}

fn listed(manager: &mut Manager, kinds: &[Kind], now: Timestamp) {
    for kind in kinds {
        let objects = if *kind == Kind::ConfigMap {
            vec![map("m", "m", 1)]
        } else {
            Vec::new()
        };
        manager.on(Input::Listed(*kind, objects), now);
    }
}

#[test]
fn nobody_acts_before_everything_is_listed_and_an_answer_counts_at_once() {
    let now = Timestamp::UNIX_EPOCH;
    let mut manager = Manager::new(vec![Box::new(Labeller)]);
    let (last, kinds) = Kind::WATCHED.split_last().unwrap();
    listed(&mut manager, kinds, now);
    assert!(manager.jobs(now).is_empty());
    listed(&mut manager, &[*last], now);
    let mut jobs = manager.jobs(now);
    assert_eq!(jobs.len(), 1);
    let job = jobs.remove(0);
    assert!(matches!(job.work, Work::Steps(..)));
    // A change meanwhile makes no second job for the key.
    manager.on(Input::Applied(map("m", "m", 2)), now);
    assert!(manager.jobs(now).is_empty());
    let mut answer: Value =
        json!({"metadata": {"name": "m", "namespace": "ns", "uid": "m", "resourceVersion": "3"}});
    answer["metadata"]["labels"] = json!({"seen": "yes"});
    manager.on(
        Input::Finished(Finished {
            id: job.id,
            objects: vec![Object::read(Kind::ConfigMap, answer).unwrap().unwrap()],
            gone: Vec::new(),
            said: Vec::new(),
            ending: Ending::Written,
        }),
        now,
    );
    assert!(manager.jobs(now).is_empty());
    assert_snapshot!(shown(manager.world()), @"m m 3");
}
