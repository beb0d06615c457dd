//! Holds what a cluster did against what is expected.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use crate::{Expected, Fact, Facts, expected::Wanted, facts::Leaves};

/// How like a real cluster another one was.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How many facts were compared.
    pub total: usize,
    /// How many of them are the same.
    pub agree: usize,
    /// What is not.
    pub differences: Vec<Difference>,
}

/// One thing that is not as on a real cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What it is about.
    pub fact: Fact,
    /// The field; empty where the whole fact differs.
    pub path: String,
    /// What the real cluster had; none where it had nothing.
    pub real: Option<Value>,
    /// What this one has.
    pub here: Option<Value>,
}

impl Difference {
    /// The fact with its field: what a declaration speaks of.
    pub fn about(&self) -> String {
        format!("{}{}", self.fact, self.path)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| {
            let value = value.as_ref().map(Value::to_string);
            value.unwrap_or_else(|| "nothing".to_owned())
        };
        let (real, here) = (show(&self.real), show(&self.here));
        write!(f, "{}: real {real}, here {here}", self.about())
    }
}

impl Expected {
    /// Compares the facts of a recording with what is expected.
    pub fn compare(&self, facts: &Facts) -> Comparison {
        let all: BTreeSet<&Fact> = self.facts.keys().chain(facts.0.keys()).collect();
        let mut comparison = Comparison {
            total: 0,
            agree: 0,
            differences: Vec::new(),
        };
        for fact in all {
            let differences = match (self.facts.get(fact), facts.0.get(fact)) {
                (None, Some(_)) if self.is_loose(fact) => continue,
                (Some(wanted), Some(leaves)) => unlike(fact, wanted, leaves),
                (wanted, leaves) => vec![Difference {
                    fact: fact.clone(),
                    path: String::new(),
                    real: wanted.map(|_| "seen".into()),
                    here: leaves.map(|_| "seen".into()),
                }],
            };
            comparison.total += 1;
            comparison.agree += usize::from(differences.is_empty());
            comparison.differences.extend(differences);
        }
        comparison
    }
}

/// The leaves that differ.
fn unlike(fact: &Fact, wanted: &Wanted, leaves: &Leaves) -> Vec<Difference> {
    let paths: BTreeSet<&String> = wanted.keys().chain(leaves.keys()).collect();
    let differing = paths.into_iter().filter_map(|path| {
        let real = match wanted.get(path) {
            Some(None) => return None,
            Some(Some(real)) => Some(real),
            None => None,
        };
        let here = leaves.get(path);
        (real != here).then(|| Difference {
            fact: fact.clone(),
            path: path.clone(),
            real: real.cloned(),
            here: here.cloned(),
        })
    });
    differing.collect()
}

#[cfg(test)]
mod tests;
