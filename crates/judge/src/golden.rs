//! Tests only: what a real Kubernetes 1.34.4 served, trimmed, under `testdata`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use stayput_events::Elapsed;

use crate::served;

/// A line of a trace that a watch wrote.
pub(crate) struct Line {
    pub(crate) at: Elapsed,
    pub(crate) gone: bool,
    pub(crate) object: Arc<Value>,
}

/// All that was watched, oldest first.
pub(crate) fn lines(trace: &str) -> Vec<Line> {
    let path = format!("{}/testdata/{trace}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let seconds = line["t"].as_f64().unwrap();
            Line {
                at: Elapsed::new(Duration::from_secs_f64(seconds)),
                gone: line["type"] == "DELETED",
                object: Arc::new(line["object"].clone()),
            }
        })
        .collect()
}

/// What was there so many seconds after the start of the trace.
pub(crate) fn objects_at(trace: &str, seconds: f64) -> Vec<Arc<Value>> {
    let until = Elapsed::new(Duration::from_secs_f64(seconds));
    let mut there = BTreeMap::new();
    for line in lines(trace).into_iter().filter(|line| line.at <= until) {
        let title = served::title(&line.object);
        if line.gone {
            there.remove(&title);
        } else {
            there.insert(title, line.object);
        }
    }
    there.into_values().collect()
}

/// The objects of one kind.
pub(crate) fn of_kind(objects: &[Arc<Value>], kind: &str) -> Vec<Arc<Value>> {
    let of_kind = |object: &&Arc<Value>| served::kind(object) == kind;
    objects.iter().filter(of_kind).cloned().collect()
}

/// One object.
pub(crate) fn find(objects: &[Arc<Value>], kind: &str, name: &str) -> Arc<Value> {
    of_kind(objects, kind)
        .into_iter()
        .find(|object| served::name(object) == name)
        .unwrap()
}
