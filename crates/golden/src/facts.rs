//! Boils a recording down to facts.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use crate::{Change, Recording, normal::Normal};

/// Kinds of which no facts are told: nodes beat, and endpoints are addresses.
const UNTOLD: [&str; 3] = ["endpointslices", "endpoints", "nodes"];

/// What a probe says of a container that is just being stopped is a race, on a real cluster too.
static RACE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::unwrap_used, reason = "written here, and used by every test")]
    Regex::new("^Readiness probe (errored and resulted in unknown state|failed: $)").unwrap()
});

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// `KIND/NAMESPACE/NAME`, with `#N` behind it for the Nth object of that name.
    pub object: String,
    /// `life` (how many there were), `phases`, `first`, `last`, `status`, or `event …`.
    pub what: String,
}

impl Fact {
    pub(crate) fn new(object: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            object: object.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object, self.what)
    }
}

/// What a fact says: each leaf of a value by its path; the path of a lone value is empty.
pub(crate) type Leaves = BTreeMap<String, Value>;

/// All facts of one recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(pub(crate) BTreeMap<Fact, Leaves>);

impl Facts {
    /// The facts of what was recorded on the cluster of this name.
    pub fn of(recording: &Recording, cluster: &str) -> Self {
        let normal = Normal::of_cluster(cluster);
        let mut facts = Self::default();
        let mut lives = Lives::default();
        for seen in &recording.seen {
            if UNTOLD.contains(&seen.kind.as_str()) {
                continue;
            }
            if seen.kind == "events" {
                if seen.change != Change::Deleted {
                    facts.add_event(&seen.object, &normal);
                }
                continue;
            }
            let of = &seen.object["metadata"];
            let name = normal.name(text(&of["name"]));
            let name = format!("{}/{}/{name}", seen.kind, text(&of["namespace"]));
            lives.add(name, text(&of["uid"]), &seen.object);
        }
        for (name, by_uid) in lives.0 {
            let count = lone(by_uid.len().into());
            facts.0.insert(Fact::new(name.clone(), "life"), count);
            for (number, (_, states)) in by_uid.iter().enumerate() {
                facts.add_life(&format!("{name}#{}", number + 1), states, &normal);
            }
        }
        facts
    }

    fn add_event(&mut self, event: &Value, normal: &Normal) {
        let message = text(&event["message"]);
        if RACE.is_match(message) {
            return;
        }
        let about = &event["involvedObject"];
        let about = [&about["kind"], &about["namespace"], &about["name"]].map(text);
        let source = match text(&event["source"]["component"]) {
            "" => text(&event["reportingComponent"]),
            component => component,
        };
        let what = format!(
            "event {} {} from {source}: {}",
            text(&event["type"]),
            text(&event["reason"]),
            normal.text(message)
        );
        let object = normal.text(&about.join("/"));
        self.0.insert(Fact::new(object, what), lone("seen".into()));
    }

    fn add_life(&mut self, name: &str, states: &[&Value], normal: &Normal) {
        let (Some(first), Some(last)) = (states.first(), states.last()) else {
            return;
        };
        let mut phases: Vec<&str> = Vec::new();
        for state in states {
            let phase = text(&state["status"]["phase"]);
            if !phase.is_empty() && phases.last() != Some(&phase) {
                phases.push(phase);
            }
        }
        let ended = last.get("status").cloned();
        let ended = ended.unwrap_or_else(|| Value::Object(Map::new()));
        let told = [
            ("phases", lone(phases.join(" ").into())),
            ("first", leaves(&shape(first, normal))),
            ("last", leaves(&shape(last, normal))),
            ("status", leaves(&normal.value(&ended))),
        ];
        for (what, leaves) in told {
            self.0.insert(Fact::new(name, what), leaves);
        }
    }
}

/// Every state of every object: those of one name are told apart by uid, in order.
#[derive(Default)]
struct Lives<'a>(BTreeMap<String, Vec<(&'a str, Vec<&'a Value>)>>);

impl<'a> Lives<'a> {
    fn add(&mut self, name: String, uid: &'a str, state: &'a Value) {
        let by_uid = self.0.entry(name).or_default();
        match by_uid.iter_mut().find(|(known, _)| *known == uid) {
            Some((_, states)) => states.push(state),
            None => by_uid.push((uid, vec![state])),
        }
    }
}

/// An object without its status: what was wanted of it.
fn shape(object: &Value, normal: &Normal) -> Value {
    let mut object = object.clone();
    if let Value::Object(fields) = &mut object {
        for field in ["status", "apiVersion", "kind"] {
            fields.remove(field);
        }
    }
    normal.value(&object)
}

fn lone(value: Value) -> Leaves {
    BTreeMap::from([(String::new(), value)])
}

fn leaves(value: &Value) -> Leaves {
    let mut found = BTreeMap::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut Leaves) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, child) in fields {
                collect(child, format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, child) in items.iter().enumerate() {
                collect(child, format!("{path}[{index}]"), found);
            }
        }
        _ => {
            found.insert(path, value.clone());
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
