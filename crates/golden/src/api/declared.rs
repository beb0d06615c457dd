//! What is known to differ from a real server, each with its reason, and how much has to be
//! equal.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::compare::Unlike;

/// The workspace's declarations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Percent of each group's answers that have to be equal.
    shares: BTreeMap<String, usize>,
    /// Kinds that are not served at all.
    unserved: Unserved,
    /// Differences that may be.
    differences: Vec<Declaration>,
}

/// Kinds that a real server has besides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unserved {
    /// Why.
    #[serde(rename = "why")]
    _why: String,
    /// The beginnings of their paths after a namespace, as `apps/v1/deployments`.
    resources: BTreeSet<String>,
}

/// A difference that may be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The group.
    pub group: String,
    /// The answers of it.
    pub answers: BTreeSet<String>,
    /// The fields that differ, and those below them.
    pub at: Vec<String>,
    /// Why.
    pub why: String,
}

impl Declared {
    /// Reads declarations; a mistake with its line, from 1.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            (line, error.to_string())
        })
    }

    /// How many percent of a group have to be equal.
    pub fn share(&self, group: &str) -> usize {
        self.shares.get(group).copied().unwrap_or(100)
    }

    /// Whether the kind that a path is about is served.
    pub(super) fn serves(&self, path: &str) -> bool {
        resource(path).is_none_or(|it| !self.unserved.resources.contains(&it))
    }

    /// The declaration that all differences of an answer fit.
    pub(super) fn fits(
        &self,
        group: &str,
        answer: &str,
        unlike: &[Unlike],
    ) -> Option<&Declaration> {
        self.differences.iter().find(|declaration| {
            declaration.group == group
                && declaration.answers.contains(answer)
                && unlike.iter().all(|it| declaration.covers(&it.path))
        })
    }

    /// The answers of a group that are declared to differ.
    pub(super) fn of<'d>(&'d self, group: &'d str) -> impl Iterator<Item = &'d str> {
        let declarations = self.differences.iter().filter(move |it| it.group == group);
        declarations.flat_map(|it| it.answers.iter().map(String::as_str))
    }
}

impl Declaration {
    fn covers(&self, path: &str) -> bool {
        self.at.iter().any(|at| {
            let below = path.strip_prefix(at.as_str());
            below.is_some_and(|it| it.is_empty() || it.starts_with('.'))
        })
    }
}

/// The group, version and resource in a path, as `apps/v1/deployments`.
fn resource(path: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let mut parts = path.trim_start_matches('/').split('/');
    let mut found = match parts.next()? {
        "api" => vec![parts.next()?],
        "apis" => vec![parts.next()?, parts.next()?],
        _ => return None,
    };
    let rest: Vec<_> = parts.collect();
    match rest.as_slice() {
        [] => {}
        ["namespaces", _, resource, ..] | [resource, ..] => found.push(resource),
    }
    Some(found.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Declared {
        let text = "
shares: {g: 90}
unserved: {why: few are needed, resources: [apps/v1/deployments, batch/v1]}
differences:
- {group: g, answers: [a], at: [body.x], why: so it is}
";
        Declared::parse(text).unwrap()
    }

    fn unlike(path: &str) -> Vec<Unlike> {
        vec![Unlike {
            path: path.to_owned(),
            real: None,
            here: None,
        }]
    }

    #[test]
    fn a_declaration_covers_its_fields_and_no_others() {
        let fits = |path| declared().fits("g", "a", &unlike(path)).is_some();
        assert!(fits("body.x") && fits("body.x.0.y"));
        assert!(!fits("body") && !fits("body.xy") && !fits("status"));
        assert!(declared().fits("g", "b", &unlike("body.x")).is_none());
    }

    #[test]
    fn a_kind_that_is_not_served_is_known_by_its_path() {
        let serves = |path| declared().serves(path);
        assert!(!serves("/apis/apps/v1/namespaces/g-x/deployments/d/scale"));
        assert!(!serves("/apis/apps/v1/deployments?limit=1"));
        assert!(!serves("/apis/batch/v1"));
        assert!(serves("/apis/apps/v1/namespaces/g-x/statefulsets"));
        assert!(serves("/api/v1/namespaces/g-x") && serves("/version"));
    }
}
