//! Judges the order in which objects appeared, from what a watch saw.
//!
//! Invariants:
//! - Sightings of one moment are one list: no order is read into them.
//! - An object is a uid: one that comes back under its name appears anew.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use stayput_events::{Elapsed, Mismatch};
use stayput_expr::{ExprError, Scope, Template};

use crate::objects::{Asked, failed, judge_one, with_object};

/// One change that a watch saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// When.
    pub at: Elapsed,
    /// The object's uid.
    pub uid: String,
    /// The object's name.
    pub name: String,
    /// The object; none where it is gone.
    pub object: Option<Arc<Value>>,
}

/// Whether objects appeared in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// As `redis-cluster-1 appeared at 5.20s, redis-cluster-0 was Ready at
    /// 5.10s`, one line for each appearance.
    pub evidence: Vec<String>,
    /// Appearances that came too early; none where all is in order.
    pub violations: Vec<Mismatch>,
}

/// Judges a history, oldest first, which begins before the first object.
///
/// An object may appear only after all objects of a lower number, each that
/// the history ever shows, were there and matched at that moment.
pub fn in_order(
    history: &[Sighting],
    asked: &Asked<'_>,
    number: &Template,
    scope: &Scope,
) -> Result<Verdict, ExprError> {
    let numbers = numbers(history, number, scope)?;
    let mut verdict = Verdict {
        evidence: Vec::new(),
        violations: Vec::new(),
    };
    let mut there = BTreeMap::new();
    for moment in history.chunk_by(|one, next| one.at == next.at) {
        let appeared = take_in(moment, &mut there, asked, scope)?;
        for new in appeared {
            judge_appearance(new, &numbers, &there, asked, &mut verdict);
        }
    }
    Ok(verdict)
}

/// An object that is there.
struct There {
    uid: String,
    /// Since when it has matched; none while it does not.
    matched: Option<Elapsed>,
    /// What it lacks now.
    lacks: Vec<Mismatch>,
}

/// The number of each name. The numbers of one name never differ: they say
/// which place in the order is its own.
fn numbers<'a>(
    history: &'a [Sighting],
    number: &Template,
    scope: &Scope,
) -> Result<BTreeMap<&'a str, i64>, ExprError> {
    let mut numbers = BTreeMap::new();
    for sighting in history {
        let Some(object) = &sighting.object else {
            continue;
        };
        if numbers.contains_key(sighting.name.as_str()) {
            continue;
        }
        let value = number.render(&with_object(scope, object))?;
        let value = value
            .as_i64()
            .ok_or_else(|| failed(number, "it is no whole number"))?;
        numbers.insert(sighting.name.as_str(), value);
    }
    Ok(numbers)
}

/// Takes in the sightings of one moment; gives those that were not there before.
fn take_in<'a>(
    moment: &'a [Sighting],
    there: &mut BTreeMap<&'a str, There>,
    asked: &Asked<'_>,
    scope: &Scope,
) -> Result<Vec<&'a Sighting>, ExprError> {
    let mut appeared = Vec::new();
    for sighting in moment {
        let name = sighting.name.as_str();
        let before = there.get(name).filter(|there| there.uid == sighting.uid);
        let Some(object) = &sighting.object else {
            if before.is_some() {
                there.remove(name);
            }
            continue;
        };
        if before.is_none() {
            appeared.push(sighting);
        }
        let since = before.and_then(|before| before.matched);
        let lacks = judge_one(asked, object, scope)?;
        let now = There {
            uid: sighting.uid.clone(),
            matched: lacks.is_empty().then(|| since.unwrap_or(sighting.at)),
            lacks,
        };
        there.insert(name, now);
    }
    Ok(appeared)
}

fn judge_appearance(
    new: &Sighting,
    numbers: &BTreeMap<&str, i64>,
    there: &BTreeMap<&str, There>,
    asked: &Asked<'_>,
    verdict: &mut Verdict,
) {
    let (name, at) = (new.name.as_str(), new.at);
    let matched = if asks_for_ready(asked) {
        "was Ready"
    } else {
        "matched"
    };
    let own = numbers.get(name);
    let lower = numbers.iter().filter(|(_, number)| Some(*number) < own);
    let mut last = None;
    for (lower, _) in lower {
        let seen = match there.get(lower) {
            Some(There {
                matched: Some(since),
                ..
            }) => {
                last = last.max(Some((*since, *lower)));
                continue;
            }
            Some(There { lacks, .. }) => lacks.first().map_or(String::new(), |lack| {
                format!("{lower} {}: {}", lack.path, lack.seen)
            }),
            None => format!("{lower} was not there"),
        };
        verdict.violations.push(Mismatch {
            object: name.to_owned(),
            path: "order".to_owned(),
            expected: format!("{lower} {matched} before"),
            seen: format!("appeared at {at}, when {seen}"),
        });
    }
    verdict.evidence.push(match last {
        Some((since, lower)) => format!("{name} appeared at {at}, {lower} {matched} at {since}"),
        None => format!("{name} appeared at {at}"),
    });
}

/// Whether what is asked is that the condition `Ready` is true.
fn asks_for_ready(asked: &Asked<'_>) -> bool {
    let conditions = asked
        .matches
        .and_then(|matches| matches.source().pointer("/status/conditions")?.as_array());
    conditions.is_some_and(|conditions| {
        conditions
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{golden, served};

    use insta::assert_snapshot;
    use serde_json::json;

    fn check(history: &[Sighting]) -> String {
        let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        let ready = Template::parse(ready).unwrap();
        let asked = Asked {
            heading: "Pods in redis",
            count: None,
            matches: Some(&ready),
            that: None,
            together: None,
        };
        let number = "int(object.metadata.labels['apps.kubernetes.io/pod-index'])";
        let number = Template::expression(number).unwrap();
        let verdict = in_order(history, &asked, &number, &Scope::new()).unwrap();
        let violation = |m: &Mismatch| format!("! {}: {}, {}", m.object, m.expected, m.seen);
        let violations = verdict.violations.iter().map(violation);
        let lines: Vec<String> = verdict.evidence.into_iter().chain(violations).collect();
        lines.join("\n")
    }

    /// A pod at so many milliseconds, by number and uid; ready, not ready or gone.
    fn pod(millis: u64, number: u64, uid: &str, ready: Option<&str>) -> Sighting {
        let name = format!("web-{number}");
        let object = ready.map(|ready| {
            Arc::new(json!({
                "kind": "Pod",
                "metadata": {"name": name, "labels": {"apps.kubernetes.io/pod-index": number.to_string()}},
                "status": {"conditions": [{"type": "Ready", "status": ready}]},
            }))
        });
        Sighting {
            at: Elapsed::from_millis(millis),
            uid: uid.to_owned(),
            name,
            object,
        }
    }

    const READY: Option<&str> = Some("True");
    const NOT_READY: Option<&str> = Some("False");

    #[test]
    fn the_flagship_came_up_in_order() {
        let history: Vec<Sighting> = golden::lines("flagship")
            .into_iter()
            .filter(|line| served::kind(&line.object) == "Pod")
            .map(|line| Sighting {
                at: line.at,
                uid: served::uid(&line.object).unwrap().to_owned(),
                name: served::name(&line.object).to_owned(),
                object: (!line.gone).then_some(line.object),
            })
            .collect();
        assert_snapshot!(check(&history), @r"
        redis-cluster-0 appeared at 7.00s
        redis-cluster-1 appeared at 9.60s, redis-cluster-0 was Ready at 9.59s
        redis-cluster-0 appeared at 31.70s
        ");
    }

    #[test]
    fn one_that_comes_too_early_is_told() {
        let history = [
            pod(1000, 0, "a", NOT_READY),
            pod(2000, 1, "b", NOT_READY),
            pod(3000, 0, "a", READY),
        ];
        assert_snapshot!(check(&history), @r"
        web-0 appeared at 1.00s
        web-1 appeared at 2.00s
        ! web-1: web-0 was Ready before, appeared at 2.00s, when web-0 .status.conditions[type=Ready].status: False
        ");
    }

    #[test]
    fn a_lower_number_has_to_have_been_there() {
        assert_snapshot!(check(&[pod(1000, 1, "b", READY), pod(2000, 0, "a", READY)]), @r"
        web-1 appeared at 1.00s
        web-0 appeared at 2.00s
        ! web-1: web-0 was Ready before, appeared at 1.00s, when web-0 was not there
        ");
    }

    #[test]
    fn no_order_is_read_into_a_list() {
        assert_snapshot!(check(&[pod(1000, 1, "b", READY), pod(1000, 0, "a", READY)]), @r"
        web-1 appeared at 1.00s, web-0 was Ready at 1.00s
        web-0 appeared at 1.00s
        ");
    }

    #[test]
    fn one_that_was_ready_and_is_gone_does_not_count() {
        let history = [
            pod(1000, 0, "a", READY),
            pod(2000, 0, "a", None),
            pod(3000, 1, "b", READY),
        ];
        assert_snapshot!(check(&history), @r"
        web-0 appeared at 1.00s
        web-1 appeared at 3.00s
        ! web-1: web-0 was Ready before, appeared at 3.00s, when web-0 was not there
        ");
    }

    #[test]
    fn a_number_is_whole() {
        let number = Template::expression("object.metadata.name").unwrap();
        let asked = Asked {
            heading: "Pods",
            count: None,
            matches: None,
            that: None,
            together: None,
        };
        let error = in_order(&[pod(1000, 0, "a", READY)], &asked, &number, &Scope::new());
        assert_snapshot!(error.unwrap_err(), @"`object.metadata.name`: it is no whole number");
    }
}
