//! Events of the core API: which one is asked for, and how one reads.
//!
//! Invariants:
//! - Nothing asked is nothing looked at; what is asked for has to be there.
//! - `events.k8s.io/v1` says the same under other names: both are read.

use serde_json::Value;

use crate::served::{self, full_name, number, text};

/// What an event is asked to be. Nothing asked is nothing looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The kind of what it is about.
    pub kind: Option<&'a str>,
    /// The namespace of what it is about.
    pub namespace: Option<&'a str>,
    /// The name of what it is about.
    pub name: Option<&'a str>,
    /// The uid of what it is about.
    pub uid: Option<&'a str>,
    /// Its reason.
    pub reason: Option<&'a str>,
    /// Text that its message contains.
    pub message: Option<&'a str>,
}

/// Whether an event is the one asked for.
pub fn matches(asked: &Asked<'_>, event: &Value) -> bool {
    let about = about(event);
    let is = |asked: Option<&str>, seen: Option<&str>| asked.is_none() || asked == seen;
    let contains = |asked: &str| message(event).is_some_and(|message| message.contains(asked));
    is(asked.kind, about.and_then(|about| text(about, "/kind")))
        && is(
            asked.namespace,
            about.and_then(|about| text(about, "/namespace")),
        )
        && is(asked.name, about.and_then(|about| text(about, "/name")))
        && is(asked.uid, about.and_then(|about| text(about, "/uid")))
        && is(asked.reason, text(event, "/reason"))
        && asked.message.is_none_or(contains)
}

/// One line, as `Warning VolumeFailedDelete PersistentVolume redis-0-data: error …`.
pub fn line(event: &Value) -> String {
    let about = about(event).map_or(String::new(), |about| {
        let name = text(about, "/name").unwrap_or_default();
        let name = full_name(text(about, "/namespace"), name);
        format!(" {} {name}", served::kind(about))
    });
    let times = match times(event) {
        Some(times @ 2..) => format!(" (×{times})"),
        Some(_) | None => String::new(),
    };
    let kind = text(event, "/type").unwrap_or("Normal");
    let reason = text(event, "/reason").unwrap_or("without a reason");
    let message = message(event).unwrap_or("no message").trim_end();
    format!("{kind} {reason}{about}: {message}{times}")
}

/// The uid of what an event is about.
pub fn about_uid(event: &Value) -> Option<&str> {
    text(about(event)?, "/uid")
}

fn about(event: &Value) -> Option<&Value> {
    event
        .get("involvedObject")
        .or_else(|| event.get("regarding"))
}

fn message(event: &Value) -> Option<&str> {
    text(event, "/message").or_else(|| text(event, "/note"))
}

fn times(event: &Value) -> Option<i64> {
    number(event, "/series/count")
        .or_else(|| number(event, "/count"))
        .or_else(|| number(event, "/deprecatedCount"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    use insta::assert_snapshot;
    use serde_json::json;

    /// The golden flagship's events that are as asked.
    fn check(asked: Asked<'_>) -> String {
        let events = golden::lines("flagship")
            .into_iter()
            .filter(|line| served::kind(&line.object) == "Event" && matches(&asked, &line.object));
        let lines: Vec<String> = events.map(|event| line(&event.object)).collect();
        lines.join("\n")
    }

    #[test]
    fn an_event_is_found_by_what_it_is_about() {
        let asked = Asked {
            kind: Some("PersistentVolume"),
            name: Some("redis-0-data"),
            ..Asked::default()
        };
        assert_snapshot!(check(asked), @r#"Warning VolumeFailedDelete PersistentVolume redis-0-data: error getting deleter volume plugin for volume "redis-0-data": no volume plugin matched"#);
    }

    #[test]
    fn an_event_is_found_by_reason_and_message() {
        let asked = Asked {
            reason: Some("SuccessfulCreate"),
            message: Some("redis-cluster-3"),
            ..Asked::default()
        };
        assert_snapshot!(check(asked), @"Normal SuccessfulCreate StatefulSet redis/redis-cluster: create Pod redis-cluster-3 in StatefulSet redis-cluster successful");
    }

    #[test]
    fn an_event_about_an_older_pod_of_the_name_is_another() {
        let asked = Asked {
            name: Some("redis-cluster-0"),
            uid: Some("of another"),
            ..Asked::default()
        };
        assert_snapshot!(check(asked), @"");
    }

    #[test]
    fn the_newer_api_reads_the_same() {
        let event = json!({
            "type": "Warning", "reason": "FailedScheduling", "note": "0/5 nodes are available",
            "regarding": {"kind": "Pod", "namespace": "redis", "name": "web-0"},
            "series": {"count": 3},
        });
        assert_snapshot!(line(&event), @"Warning FailedScheduling Pod redis/web-0: 0/5 nodes are available (×3)");
    }
}
