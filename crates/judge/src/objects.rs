//! Judges objects of a selection: how many, and what each looks like.
//!
//! Invariants:
//! - A field that an expression needs and that is not there yet is a mismatch;
//!   any other error of an expression is an error of the scenario.
//! - The closest candidate's mismatches come first.

mod beside;

use std::sync::Arc;

use serde_json::Value;
use stayput_events::Mismatch;
use stayput_expr::{ExprError, Location, Scope, Template};

pub use beside::{Beside, instead};

use crate::{count::Count, hold::Observed, matching, served};

/// What objects are asked to be.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What they are called in a summary, as `Pods in redis`: see [`heading`].
    pub heading: &'a str,
    /// How many there have to be; at least one where it is not said.
    pub count: Option<Count>,
    /// A partial object that each has to match.
    pub matches: Option<&'a Template>,
    /// A condition for each.
    pub that: Option<&'a Template>,
    /// A condition over all of them, `objects`.
    pub together: Option<&'a Template>,
}

impl<'a> Asked<'a> {
    /// What is asked where no expression has to be evaluated for it.
    fn constant(&self) -> Option<&'a Value> {
        match self.that {
            None => self.matches?.as_constant(),
            Some(_) => None,
        }
    }
}

/// What objects were judged to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All that was asked holds.
    Met {
        /// As `Pods in redis: 6 of 6 match`.
        summary: String,
    },
    /// Not all of it does.
    NotYet {
        /// As `Pods in redis: 4 of 6 match; redis-cluster-4: .status.phase:
        /// expected Running, seen Pending`.
        summary: String,
        /// Every difference, the closest candidate's first.
        mismatches: Vec<Mismatch>,
        /// What was asked of the closest candidate, and what it is.
        beside: Option<Beside>,
    },
}

impl Verdict {
    /// Whether all that was asked holds.
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met { .. })
    }

    /// The same, as a [`Hold`](crate::hold::Hold) observes it.
    pub fn observed(&self) -> Observed {
        match self {
            Self::Met { .. } => Observed::Met,
            Self::NotYet { .. } => Observed::NotMet,
        }
    }

    /// What was seen, in one line.
    pub fn summary(&self) -> &str {
        match self {
            Self::Met { summary } | Self::NotYet { summary, .. } => summary,
        }
    }
}

/// Judges all objects that a selection found.
///
/// Expressions are evaluated in `scope` with each object as `object`.
pub fn judge(
    asked: &Asked<'_>,
    candidates: &[Arc<Value>],
    scope: &Scope,
) -> Result<Verdict, ExprError> {
    let mut failed = Vec::new();
    for object in candidates {
        let mismatches = judge_one(asked, object, scope)?;
        if !mismatches.is_empty() {
            failed.push((mismatches.len(), served::title(object), mismatches, object));
        }
    }
    failed.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));

    let there = candidates.len();
    let wrong_count = !asked.count.unwrap_or(Count::SOME).admits(there);
    let mut summary = summary(asked, there, there - failed.len());
    let together = judge_together(asked, candidates, scope)?;
    if failed.is_empty() && !wrong_count && together.is_none() {
        return Ok(Verdict::Met { summary });
    }
    if wrong_count && asked.count.is_some_and(Count::is_none) {
        summary = format!("{summary}: {}", names(candidates));
    } else if let Some(first) = failed.first().and_then(|(_, _, all, _)| all.first()) {
        summary = format!("{summary}; {}", line_of(first, candidates));
    } else if let Some(together) = &together {
        summary = format!("{summary}; {} is {}", together.expected, together.seen);
    }
    let beside = failed
        .first()
        .and_then(|(_, _, _, object)| beside::of(asked, object, scope));
    let count = wrong_count.then(|| count_mismatch(asked, there));
    let mismatches = count
        .into_iter()
        .chain(together)
        .chain(
            failed
                .into_iter()
                .flat_map(|(_, _, mismatches, _)| mismatches),
        )
        .collect();
    Ok(Verdict::NotYet {
        summary,
        mismatches,
        beside,
    })
}

/// Judges what is asked of all objects together.
fn judge_together(
    asked: &Asked<'_>,
    candidates: &[Arc<Value>],
    scope: &Scope,
) -> Result<Option<Mismatch>, ExprError> {
    let Some(together) = asked.together else {
        return Ok(None);
    };
    let objects = candidates.iter().map(|it| Value::clone(it)).collect();
    let scope = scope.clone().with("objects", Value::Array(objects));
    let seen = match together.render(&scope) {
        Ok(Value::Bool(true)) => return Ok(None),
        Ok(Value::Bool(false)) => "false".to_owned(),
        Ok(_) => return Err(failed(together, "it is neither true nor false")),
        // What is only missing may come.
        Err(ExprError::Missing { what, .. }) => format!("no `{what}`"),
        Err(error) => return Err(error),
    };
    Ok(Some(Mismatch {
        object: asked.heading.to_owned(),
        path: String::new(),
        expected: expression(together),
        seen,
    }))
}

/// Judges one object: every difference, none where it matches.
pub fn judge_one(
    asked: &Asked<'_>,
    object: &Arc<Value>,
    scope: &Scope,
) -> Result<Vec<Mismatch>, ExprError> {
    if asked.matches.is_none() && asked.that.is_none() {
        return Ok(Vec::new());
    }
    if let Some(expected) = asked.constant() {
        return Ok(matching::compare_object(expected, object));
    }
    let scope = with_object(scope, object);
    let mut mismatches = match asked.matches.map(|matches| matches.render(&scope)) {
        None => Vec::new(),
        Some(Ok(expected)) => matching::compare_object(&expected, object),
        Some(Err(error)) => vec![missing(object, error)?],
    };
    if let Some(that) = asked.that {
        match that.render(&scope) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => mismatches.push(Mismatch {
                object: served::title(object),
                path: String::new(),
                expected: expression(that),
                seen: "false".to_owned(),
            }),
            Ok(_) => return Err(failed(that, "it is neither true nor false")),
            Err(error) => mismatches.push(missing(object, error)?),
        }
    }
    Ok(mismatches)
}

/// What a selection is called in a summary, as `Pods in redis` or
/// `PersistentVolume redis-0-data`.
pub fn heading(kind: &str, namespace: Option<&str>, name: Option<&str>) -> String {
    let kind = kind.rsplit('/').next().unwrap_or(kind);
    match (name, namespace) {
        (Some(name), namespace) => format!("{kind} {}", served::full_name(namespace, name)),
        (None, Some(namespace)) => format!("{} in {namespace}", plural(kind)),
        (None, None) => plural(kind),
    }
}

/// The scope in which one object is judged.
pub(crate) fn with_object(scope: &Scope, object: &Arc<Value>) -> Scope {
    scope.clone().with("object", Value::clone(object))
}

/// A bare expression as it was written.
pub(crate) fn expression(template: &Template) -> String {
    let text = match template.source() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let inner = text
        .strip_prefix("${{")
        .and_then(|text| text.strip_suffix("}}"));
    inner.map_or(text.as_str(), str::trim).to_owned()
}

/// An expression that came to something of no use. Not to what: it may be secret.
pub(crate) fn failed(template: &Template, reason: &str) -> ExprError {
    ExprError::Failed {
        reason: reason.to_owned(),
        expression: expression(template),
        at: Location::default(),
    }
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('s') {
        // `Endpoints` is its own plural; a class has its classes.
        Some(stem) if !stem.ends_with('s') => kind.to_owned(),
        Some(_) => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// What is only missing may come: a mismatch. Anything else stays an error.
fn missing(object: &Value, error: ExprError) -> Result<Mismatch, ExprError> {
    match error {
        ExprError::Missing {
            what, expression, ..
        } => Ok(Mismatch {
            object: served::title(object),
            path: String::new(),
            expected: expression,
            seen: format!("no `{what}`"),
        }),
        other => Err(other),
    }
}

fn summary(asked: &Asked<'_>, there: usize, matching: usize) -> String {
    let heading = asked.heading;
    let nothing_asked = asked.matches.is_none() && asked.that.is_none();
    let wrong = asked.count.filter(|count| !count.admits(there));
    match asked.count {
        Some(count) if count.is_none() && there == 0 => {
            format!("{heading}: none there, as expected")
        }
        Some(count) if count.is_none() => format!("{heading}: {there} there, none expected"),
        Some(count) if wrong.is_some() => format!("{heading}: {there} there, {count} expected"),
        None if there == 0 => format!("{heading}: none there"),
        Some(_) | None if nothing_asked => format!("{heading}: {there} there"),
        Some(_) | None => format!("{heading}: {matching} of {there} match"),
    }
}

fn count_mismatch(asked: &Asked<'_>, there: usize) -> Mismatch {
    let expected = asked.count.unwrap_or(Count::SOME).to_string();
    Mismatch {
        object: asked.heading.to_owned(),
        path: "count".to_owned(),
        expected,
        seen: there.to_string(),
    }
}

/// As `redis-cluster-4: .status.phase: expected Running, seen Pending`; the
/// name alone says which where it is one of several.
fn line_of(mismatch: &Mismatch, candidates: &[Arc<Value>]) -> String {
    let name = candidates
        .iter()
        .find(|object| served::title(object) == mismatch.object)
        .map_or(mismatch.object.as_str(), |object| served::name(object));
    let path = match mismatch.path.as_str() {
        "" => String::new(),
        path => format!("{path}: "),
    };
    let (expected, seen) = (&mismatch.expected, &mismatch.seen);
    format!("{name}: {path}expected {expected}, seen {seen}")
}

/// The first names, and which of them are on their way out.
fn names(candidates: &[Arc<Value>]) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = candidates
        .iter()
        .map(|object| {
            let leaving = if served::is_terminating(object) {
                " (terminating)"
            } else {
                ""
            };
            format!("{}{leaving}", served::name(object))
        })
        .collect();
    names.sort();
    if let Some(more @ 1..) = names.len().checked_sub(SHOWN) {
        names.truncate(SHOWN);
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    use insta::assert_snapshot;
    use serde_json::json;

    struct Check<'a> {
        kind: &'a str,
        at: f64,
        count: Option<usize>,
        matches: Option<&'a str>,
        that: Option<&'a str>,
        together: Option<&'a str>,
    }

    /// Judges the golden flagship's objects of a kind at a moment.
    fn check(check: &Check<'_>) -> String {
        let objects = golden::of_kind(&golden::objects_at("flagship", check.at), check.kind);
        let matches = check
            .matches
            .map(|yaml| Template::parse(serde_yaml::from_str(yaml).unwrap()).unwrap());
        let expression = |text| Template::expression(text).unwrap();
        let that = check.that.map(expression);
        let together = check.together.map(expression);
        let asked = Asked {
            heading: &heading(check.kind, Some("redis"), None),
            count: check.count.map(Count::exactly),
            matches: matches.as_ref(),
            that: that.as_ref(),
            together: together.as_ref(),
        };
        let scope = Scope::new().with("nodes", json!(["two-worker", "two-worker3"]));
        match judge(&asked, &objects, &scope) {
            Ok(Verdict::Met { summary }) => format!("met: {summary}"),
            Ok(Verdict::NotYet {
                summary,
                mismatches,
                ..
            }) => {
                let line = |m: &Mismatch| {
                    let (object, path) = (&m.object, &m.path);
                    format!("\n- {object} {path}: {} / {}", m.expected, m.seen)
                };
                let lines: String = mismatches.iter().map(line).collect();
                format!("not yet: {summary}{lines}")
            }
            Err(error) => format!("error: {error}"),
        }
    }

    const NOTHING: Check<'_> = Check {
        kind: "Pod",
        at: 0.0,
        count: None,
        matches: None,
        that: None,
        together: None,
    };

    const READY: Option<&str> = Some("{status: {conditions: [{type: Ready, status: 'True'}]}}");

    #[test]
    fn claims_wait_for_a_consumer() {
        assert_snapshot!(check(&Check {
            kind: "PersistentVolumeClaim", at: 5.0, count: Some(2),
            matches: Some("{status: {phase: Pending}}"), ..NOTHING
        }), @"met: PersistentVolumeClaims in redis: 2 of 2 match");
    }

    #[test]
    fn the_closest_candidate_comes_first() {
        assert_snapshot!(check(&Check {
            at: 10.7, count: Some(2), matches: READY, ..NOTHING
        }), @r"
        not yet: Pods in redis: 1 of 2 match; redis-cluster-1: .status.conditions[type=Ready].status: expected True, seen False
        - Pod redis/redis-cluster-1 .status.conditions[type=Ready].status: True / False
        ");
    }

    #[test]
    fn a_wrong_count_is_a_mismatch_of_its_own() {
        assert_snapshot!(check(&Check {
            at: 7.5, count: Some(6), matches: READY, ..NOTHING
        }), @r#"
        not yet: Pods in redis: 1 there, 6 expected; redis-cluster-0: .status.conditions: expected [{"status":"True","type":"Ready"}], seen not there
        - Pods in redis count: 6 / 1
        - Pod redis/redis-cluster-0 .status.conditions: [{"status":"True","type":"Ready"}] / not there
        "#);
    }

    #[test]
    fn at_least_one_is_asked_for() {
        assert_snapshot!(check(&Check { at: 1.0, ..NOTHING }), @r"
        not yet: Pods in redis: none there
        - Pods in redis count: at least 1 / 0
        ");
    }

    #[test]
    fn none_may_be_asked_for() {
        assert_snapshot!(check(&Check { at: 1.0, count: Some(0), ..NOTHING }), @"met: Pods in redis: none there, as expected");
        assert_snapshot!(check(&Check { at: 37.5, count: Some(0), ..NOTHING }), @"
        not yet: Pods in redis: 2 there, none expected: redis-cluster-0 (terminating), redis-cluster-1
        - Pods in redis count: 0 / 2
        ");
    }

    #[test]
    fn a_condition_sees_the_object_and_the_run() {
        let that = Some("object.spec.nodeName in nodes");
        assert_snapshot!(check(&Check { at: 20.0, count: Some(2), that, ..NOTHING }), @r"
        not yet: Pods in redis: 1 of 2 match; redis-cluster-1: expected object.spec.nodeName in nodes, seen false
        - Pod redis/redis-cluster-1 : object.spec.nodeName in nodes / false
        ");
    }

    #[test]
    fn all_are_looked_at_together() {
        let together = Some("objects.exists(o, o.metadata.name == 'redis-cluster-1')");
        assert_snapshot!(check(&Check { at: 20.0, together, ..NOTHING }), @"met: Pods in redis: 2 there");
        assert_snapshot!(check(&Check { at: 7.5, together, ..NOTHING }), @r"
        not yet: Pods in redis: 1 there; objects.exists(o, o.metadata.name == 'redis-cluster-1') is false
        - Pods in redis : objects.exists(o, o.metadata.name == 'redis-cluster-1') / false
        ");
    }

    #[test]
    fn what_is_missing_may_come() {
        let that = Some("object.spec.nodeName in nodes");
        assert_snapshot!(check(&Check { at: 7.5, that, ..NOTHING }), @r"
        not yet: Pods in redis: 0 of 1 match; redis-cluster-0: expected object.spec.nodeName in nodes, seen no `object.spec.nodeName`
        - Pod redis/redis-cluster-0 : object.spec.nodeName in nodes / no `object.spec.nodeName`
        ");
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        let that = Some("object.metadata.name + 1 > 0");
        assert!(
            check(&Check {
                at: 7.5,
                that,
                ..NOTHING
            })
            .starts_with("error: ")
        );
    }

    #[test]
    fn a_condition_is_true_or_false() {
        assert_snapshot!(check(&Check { at: 7.5, that: Some("object.metadata.name"), ..NOTHING }), @"error: `object.metadata.name`: it is neither true nor false");
    }

    #[test]
    fn an_expectation_may_speak_of_the_object() {
        let message = "{status: {message: 'for volume \"${{ object.metadata.name }}\"'}}";
        assert_snapshot!(check(&Check {
            kind: "PersistentVolume", at: 41.0, matches: Some(message), ..NOTHING
        }), @r#"
        not yet: PersistentVolumes in redis: 0 of 2 match; redis-0-data: .status.message: expected for volume "redis-0-data", seen error getting deleter volume plugin for volume "redis-0-data": no volume plugin matched
        - PersistentVolume redis-0-data .status.message: for volume "redis-0-data" / error getting deleter volume plugin for volume "redis-0-data": no volume plugin matched
        - PersistentVolume redis-1-data .status.message: for volume "redis-1-data" / error getting deleter volume plugin for volume "redis-1-data": no volume plugin matched
        "#);
    }

    #[test]
    fn what_was_asked_stands_beside_what_is() {
        let objects = golden::of_kind(&golden::objects_at("flagship", 10.7), "Pod");
        let yaml =
            "{spec: {nodeName: two-worker}, status: {conditions: [{type: Ready, status: 'True'}]}}";
        let matches = Template::parse(serde_yaml::from_str(yaml).unwrap()).unwrap();
        let asked = Asked {
            heading: "Pods",
            count: None,
            matches: Some(&matches),
            that: None,
            together: None,
        };
        let verdict = judge(&asked, &objects, &Scope::new()).unwrap();
        let Verdict::NotYet { beside, .. } = verdict else {
            panic!("it is not so");
        };
        let beside = beside.unwrap();
        assert_snapshot!(beside.expected, @"
        # Pod redis/redis-cluster-1
        spec:
          nodeName: two-worker
        status:
          conditions:
          - status: 'True'
            type: Ready
        ");
        assert_snapshot!(beside.seen, @"
        # Pod redis/redis-cluster-1
        spec:
          nodeName: two-worker2
        status:
          conditions:
          - status: 'False'
            type: Ready
        ");
    }

    #[test]
    fn what_is_there_instead_is_told_the_most_similar_first() {
        let pod = |name: &str| Arc::new(json!({"kind": "Pod", "metadata": {"name": name}}));
        let pods = [pod("db-0"), pod("web-1"), pod("web-10")];
        assert_snapshot!(instead(Some("web-0"), &pods).unwrap(), @"there is web-10, web-1, db-0");
        assert_eq!(instead(Some("web-0"), &[]), None);
    }

    #[test]
    fn headings_read_well() {
        assert_snapshot!(heading("PersistentVolume", None, Some("redis-0-data")), @"PersistentVolume redis-0-data");
        assert_snapshot!(heading("apps/v1/StatefulSet", Some("redis"), None), @"StatefulSets in redis");
        assert_snapshot!(heading("StorageClass", None, None), @"StorageClasses");
        assert_snapshot!(heading("Endpoints", Some("redis"), None), @"Endpoints in redis");
    }
}
