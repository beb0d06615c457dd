//! Events as client-go's recorder writes them: counted, combined, and at last dropped.
//!
//! Invariants:
//! - The same event again raises `count` of the one written before.
//! - The tenth different message of one reason about one object within 600 s, and
//!   those after it, become one event `(combined from similar events): …`.
//! - One source may write 25 times about one object, and once more every 300 s.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::object::{Key, Kind};
use crate::plan::Announcement;
use crate::times::stamp;

const SIMILAR: usize = 10;
const SIMILAR_FOR: SignedDuration = SignedDuration::from_secs(600);
const BURST: f64 = 25.0;
const PER_SECOND: f64 = 1.0 / 300.0;
const REMEMBERED: usize = 4096;

/// An event to write.
#[derive(Clone, Debug, PartialEq)]
pub struct EventWrite {
    /// Its name.
    pub key: Key,
    /// The whole event.
    pub body: Value,
    /// What to merge into the event of that name, if it was written before.
    pub update: Option<Value>,
}

#[derive(Debug)]
struct Observed {
    name: String,
    first: Timestamp,
    count: u32,
    seen: Timestamp,
}

#[derive(Debug)]
struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

/// Remembers what was written about which object.
#[derive(Debug, Default)]
pub struct Recorder {
    observed: BTreeMap<String, Observed>,
    similar: BTreeMap<String, Similar>,
    buckets: BTreeMap<String, Bucket>,
    /// The number in the newest name: no two are equal.
    named: i128,
}

impl Recorder {
    /// The event to write for what `source` has to say, unless it talks too much.
    pub fn record(
        &mut self,
        source: &str,
        said: &Announcement,
        now: Timestamp,
    ) -> Option<EventWrite> {
        self.tidy();
        let about = object_key(&said.about);
        let group = [source, &about, said.severity.word(), said.reason].join("/");
        let (message, key) = if self.combine(&group, &said.message, now) {
            let message = format!("(combined from similar events): {}", said.message);
            (message, group)
        } else {
            let key = [group.as_str(), &said.message].join("/");
            (said.message.clone(), key)
        };
        let write = self.observe(key, source, said, &message, now);
        self.allowed(&[source, &about].join("/"), now)
            .then_some(write)
    }

    /// Whether this message is one too many of its kind.
    fn combine(&mut self, group: &str, message: &str, now: Timestamp) -> bool {
        let similar = self
            .similar
            .entry(group.to_owned())
            .or_insert_with(|| Similar {
                messages: BTreeSet::new(),
                last: now,
            });
        if now.duration_since(similar.last) > SIMILAR_FOR {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.to_owned());
        if similar.messages.len() < SIMILAR {
            return false;
        }
        similar.messages.pop_first();
        true
    }

    fn observe(
        &mut self,
        key: String,
        source: &str,
        said: &Announcement,
        message: &str,
        now: Timestamp,
    ) -> EventWrite {
        let object = said.about["name"].as_str().unwrap_or_default();
        let number = now.as_nanosecond().max(self.named + 1);
        let observed = self.observed.entry(key).or_insert_with(|| Observed {
            name: format!("{object}.{number:x}"),
            first: now,
            count: 0,
            seen: now,
        });
        self.named = number;
        observed.count += 1;
        observed.seen = now;
        let update = (observed.count > 1).then(
            || json!({"count": observed.count, "lastTimestamp": stamp(now), "message": message}),
        );
        EventWrite {
            key: Key::new(Kind::Event, &said.namespace, &observed.name),
            body: json!({
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": observed.name, "namespace": said.namespace},
                "involvedObject": said.about,
                "reason": said.reason,
                "message": message,
                "source": {"component": source},
                "firstTimestamp": stamp(observed.first),
                "lastTimestamp": stamp(now),
                "count": observed.count,
                "type": said.severity.word(),
                "eventTime": null,
                "reportingComponent": source,
                "reportingInstance": "",
            }),
            update,
        }
    }

    fn allowed(&mut self, key: &str, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(key.to_owned()).or_insert(Bucket {
            tokens: BURST,
            filled: now,
        });
        let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed * PER_SECOND).min(BURST);
        bucket.filled = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }

    /// Forgets the older half when too much is remembered.
    fn tidy(&mut self) {
        halve(&mut self.observed, |observed| observed.seen);
        halve(&mut self.similar, |similar| similar.last);
        halve(&mut self.buckets, |bucket| bucket.filled);
    }
}

fn halve<V>(entries: &mut BTreeMap<String, V>, seen: impl Fn(&V) -> Timestamp) {
    if entries.len() < REMEMBERED {
        return;
    }
    let mut times: Vec<Timestamp> = entries.values().map(&seen).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    entries.retain(|_, entry| seen(entry) > middle);
}

fn object_key(about: &Value) -> String {
    [
        "kind",
        "namespace",
        "name",
        "uid",
        "apiVersion",
        "fieldPath",
    ]
    .map(|field| about[field].as_str().unwrap_or_default())
    .join(",")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::plan::Severity;

    fn said(message: &str) -> Announcement {
        Announcement {
            about: json!({"kind": "StatefulSet", "namespace": "ns", "name": "web", "uid": "u", "apiVersion": "apps/v1"}),
            namespace: "ns".to_owned(),
            severity: Severity::Normal,
            reason: "SuccessfulCreate",
            message: message.to_owned(),
        }
    }

    /// Says each message one second after the other; what is written.
    fn check(messages: &[String]) -> String {
        let mut recorder = Recorder::default();
        let mut lines = String::new();
        for (second, message) in (0_i64..).zip(messages) {
            let now = Timestamp::from_second(second).unwrap();
            let line = match recorder.record("statefulset-controller", &said(message), now) {
                None => "dropped".to_owned(),
                Some(EventWrite {
                    update: Some(update),
                    ..
                }) => format!("update {update}"),
                Some(write) => format!("create x{} {}", write.body["count"], write.body["message"]),
            };
            lines.push_str(&line);
            lines.push('\n');
        }
        lines
    }

    #[test]
    fn a_repeated_event_is_counted() {
        assert_snapshot!(check(&["a".into(), "b".into(), "a".into()]), @r#"
        create x1 "a"
        create x1 "b"
        update {"count":2,"lastTimestamp":"1970-01-01T00:00:02Z","message":"a"}
        "#);
    }

    #[test]
    fn the_tenth_similar_event_is_combined_as_with_six_pods_and_claims_at_once() {
        let messages: Vec<String> = (0..12).map(|n| format!("create {n}")).collect();
        assert_snapshot!(check(&messages[7..].iter().chain(&messages[..7]).cloned().collect::<Vec<_>>()), @r#"
        create x1 "create 7"
        create x1 "create 8"
        create x1 "create 9"
        create x1 "create 10"
        create x1 "create 11"
        create x1 "create 0"
        create x1 "create 1"
        create x1 "create 2"
        create x1 "create 3"
        create x1 "(combined from similar events): create 4"
        update {"count":2,"lastTimestamp":"1970-01-01T00:00:10Z","message":"(combined from similar events): create 5"}
        update {"count":3,"lastTimestamp":"1970-01-01T00:00:11Z","message":"(combined from similar events): create 6"}
        "#);
    }

    #[test]
    fn after_twenty_five_the_rest_is_dropped() {
        let written = check(&vec!["again".to_owned(); 30]);
        assert_eq!(written.lines().filter(|line| *line == "dropped").count(), 5);
    }
}
