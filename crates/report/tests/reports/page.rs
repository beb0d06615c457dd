//! The page as a text: what no browser has to be asked.

use stayput_events::{ClaimPart, Event, Moment, Outcome, Record, Sight, StepId, Subject};
use stayput_report::page;

use crate::records;

/// Closes whatever it may stand in, and then wants to run.
const HOSTILE: &str = "</script></style></title>\"'><img src=x onerror=alert(1)><script>alert(1)</script>&amp;${{ }}]]>";

#[test]
fn every_run_has_a_page() {
    for name in crate::recorded::NAMES {
        let page = page::write(&records(name)).unwrap();
        assert!(page.len() < 200_000, "{name}: {} bytes", page.len());
        assert!(page.starts_with("<!DOCTYPE html>"), "{name}");
    }
    // A record that is cut short, or names nothing that is known, has one too.
    let all = records("failed");
    for count in 0..all.len() {
        page::write(&all[..count]).unwrap();
        page::write(&all[count..]).unwrap();
    }
}

#[test]
fn it_names_no_server_and_has_one_script() {
    for name in crate::recorded::NAMES {
        let page = page::write(&records(name)).unwrap();
        for reaching in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(reaching), "{name}: {reaching}");
        }
        assert_eq!(page.matches("<script").count(), 1, "{name}");
    }
}

/// A second class attribute would be passed over without a word.
#[test]
fn no_tag_has_two_classes() {
    for name in crate::recorded::NAMES {
        let page = page::write(&records(name)).unwrap();
        let twice = page.split('<').find(|tag| {
            let tag = tag.split('>').next().unwrap_or_default();
            tag.matches(" class=\"").count() > 1
        });
        assert_eq!(twice, None, "{name}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let plain = page::write(&records("failed")).unwrap();
    let hostile = page::write(&poisoned(records("failed"))).unwrap();
    assert!(hostile.contains("&lt;/script&gt;"), "it is shown");
    assert!(!hostile.contains("<img"));
    let tags = |page: &str, tag: &str| page.matches(tag).count();
    for tag in [
        "<script", "</script", "<style", "</style", "<title", "</title",
    ] {
        assert_eq!(tags(&plain, tag), tags(&hostile, tag), "{tag}");
    }
}

/// The same records, with every text in them a hostile one as well.
fn poisoned(records: Vec<Record>) -> Vec<Record> {
    let plain = serde_json::to_value(records).unwrap();
    let mut records: Vec<Record> = serde_json::from_value(poison(plain)).unwrap();
    let at = records.last().unwrap().at;
    let more = [
        Event::Told {
            what: HOSTILE.to_owned(),
        },
        Event::Acted {
            step: StepId(0),
            what: HOSTILE.to_owned(),
            on: vec![
                Subject::Object(format!("Node {HOSTILE}")),
                Subject::Path {
                    node: HOSTILE.to_owned(),
                    path: HOSTILE.to_owned(),
                },
            ],
        },
        Event::Changed {
            object: format!("PersistentVolume {HOSTILE}"),
            uid: HOSTILE.to_owned(),
            change: Moment {
                at,
                what: HOSTILE.to_owned(),
            },
            sight: Some(Sight::Volume {
                nodes: vec![HOSTILE.to_owned()],
                path: Some(HOSTILE.to_owned()),
                claim: Some(HOSTILE.to_owned()),
                phase: HOSTILE.to_owned(),
            }),
        },
        Event::Withheld {
            step: StepId(0),
            part: ClaimPart(HOSTILE.to_owned()),
            reason: HOSTILE.to_owned(),
        },
    ];
    let end = records.len() - 1;
    let more = more.into_iter().map(|event| Record { at, event });
    records.splice(end..end, more);
    assert!(matches!(
        &records.last().unwrap().event,
        Event::RunFinished {
            outcome: Outcome::Failed(_)
        }
    ));
    records
}

/// Words that mean something to the reader of a record are left.
fn poison(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) if text.contains([' ', '/', '-', '.']) && text != "more-exactly" => {
            Value::String(format!("{text}{HOSTILE}"))
        }
        Value::Array(items) => items.into_iter().map(poison).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(key, field)| (key, poison(field))).collect())
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Each fault has a sign that is told in the legend, and what a node is meanwhile stands in
/// its lane.
#[test]
fn what_is_done_to_a_node_is_told() {
    let mut records = records("passed");
    let end = records.pop().unwrap();
    let node = "Node stayput-7f3a-worker";
    let sight = |cordoned, taints: &[&str]| Sight::Node {
        ready: true,
        cordoned,
        taints: taints.iter().map(|it| (*it).to_owned()).collect(),
    };
    let acted = |what: &str| Event::Acted {
        step: StepId(0),
        what: what.to_owned(),
        on: vec![Subject::Object(node.to_owned())],
    };
    let changed = |sight| Event::Changed {
        object: node.to_owned(),
        uid: "worker".to_owned(),
        change: Moment {
            at: end.at,
            what: String::new(),
        },
        sight: Some(sight),
    };
    let events = [
        acted("draining"),
        changed(sight(true, &[])),
        acted("tainted disk=broken:NoExecute"),
        changed(sight(true, &["disk=broken:NoExecute"])),
        acted("deleted"),
        changed(Sight::Gone),
    ];
    records.extend(events.map(|event| Record { at: end.at, event }));
    records.push(end);
    let page = page::write(&records).unwrap();
    for told in [
        "↧</span>draining",
        "▲</span>tainted",
        "✕</span>deleted",
        "tainted disk=broken:NoExecute (Node",
        ">cordoned<",
        ">cordoned, tainted disk=broken:NoExecute<",
        ">no Node object<",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("untainted"), "what was not done is not told");
}
