//! A recorded run: what changed, in the order of versions.
//!
//! Invariants:
//! - Objects are as served, but for what no controller reads (see `testdata/README.md`).

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stayput_controllers::object::{Key, Kind, Object};
use stayput_controllers::plan::Announcement;
use stayput_controllers::world::World;

/// What happened at one moment.
pub(crate) enum Step {
    Change {
        object: Value,
        before: Option<Value>,
        gone: bool,
    },
    /// `source kind name type reason: message`
    Event(String),
}

pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) key: Key,
    pub(crate) step: Step,
}

impl Moment {
    /// The controllers hear of it.
    pub(crate) fn enter(&self, world: &mut World) {
        if let Step::Change { object, gone, .. } = &self.step {
            let read = Object::read(self.key.kind, object.clone())
                .unwrap()
                .unwrap();
            if *gone {
                world.delete(&read);
            } else {
                world.apply(read);
            }
        }
    }
}

pub(crate) fn load(name: &str) -> Vec<Moment> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/{name}.jsonl"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let start = start(&lines);
    let mut known: BTreeMap<Key, Value> = BTreeMap::new();
    let mut moments = Vec::new();
    for line in &lines {
        let object = &line["object"];
        let milliseconds = line["t"].as_f64().unwrap_or_default() * 1000.0;
        #[expect(clippy::cast_possible_truncation, reason = "a run lasts minutes")]
        let now = start + SignedDuration::from_millis(milliseconds as i64);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &object["metadata"];
        let kind = match object["kind"].as_str() {
            Some("Event") => Kind::Event,
            _ => Kind::named(&text(&object["apiVersion"]), &text(&object["kind"])).unwrap(),
        };
        let key = Key::new(kind, &text(&meta["namespace"]), &text(&meta["name"]));
        let step = if kind == Kind::Event {
            Step::Event(event_line(object))
        } else {
            let gone = line["type"] == "DELETED";
            let before = if gone {
                known.remove(&key)
            } else {
                known.insert(key.clone(), object.clone())
            };
            Step::Change {
                object: object.clone(),
                before,
                gone,
            }
        };
        moments.push(Moment { now, key, step });
    }
    moments
}

/// When `t` was 0, from an object that was made as it was seen.
fn start(lines: &[Value]) -> Timestamp {
    let added = lines
        .iter()
        .find(|line| line["type"] == "ADDED" && line["object"]["kind"] != "Event")
        .unwrap();
    let made: Timestamp = added["object"]["metadata"]["creationTimestamp"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let seconds = added["t"].as_f64().unwrap();
    made - SignedDuration::from_secs_f64(seconds)
}

fn event_line(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let message = text(&event["message"]);
    let message = message.trim_start_matches("(combined from similar events): ");
    let about = &event["involvedObject"];
    [
        &event["source"]["component"],
        &about["kind"],
        &about["name"],
        &event["type"],
        &event["reason"],
    ]
    .map(text)
    .join(" ")
        + ": "
        + message
}

/// What a controller says, as [`Step::Event`] has it.
pub(crate) fn line(source: &str, told: &Announcement) -> String {
    event_line(&json!({
        "source": {"component": source},
        "involvedObject": told.about,
        "type": told.severity.word(),
        "reason": told.reason,
        "message": told.message,
    }))
}

/// The nodes of the recorded cluster, which no trace lists.
pub(crate) fn nodes() -> World {
    let mut world = World::default();
    for name in [
        "two-control-plane",
        "two-worker",
        "two-worker2",
        "two-worker3",
        "two-worker4",
    ] {
        let mut node = crate::objects::node(name);
        node["metadata"]["uid"] = json!(name);
        node["metadata"]["resourceVersion"] = json!("1");
        if name == "two-control-plane" {
            let taint =
                json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
            node["spec"]["taints"] = json!([taint]);
        }
        world.apply(Object::read(Kind::Node, node).unwrap().unwrap());
    }
    world
}
