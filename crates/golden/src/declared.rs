//! Differences that are known, each with its reason.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use regex::Regex;
use serde::Deserialize;

use crate::{
    Difference, Expected, GoldenError,
    scenarios::{file, home},
};

/// One difference that may be, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The scenario, `*` standing for any text.
    pub scenario: String,
    /// The fact with its field, `*` standing for any text.
    pub fact: String,
    /// Why it differs.
    pub why: String,
    /// How often it differs.
    pub when: When,
}

/// How often something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Every time: if it does not, the declaration is stale.
    Always,
    /// Now and then: a race, on the real cluster too.
    Sometimes,
}

/// All declarations.
#[derive(Debug)]
pub struct Declared {
    declarations: Vec<(Declaration, Pattern)>,
    /// Those that something fitted.
    used: BTreeSet<usize>,
}

/// What a declaration speaks of.
#[derive(Debug)]
struct Pattern {
    scenario: Regex,
    fact: Regex,
}

impl Declared {
    /// Reads the workspace's declarations.
    pub fn load() -> Result<Self, GoldenError> {
        let path = path();
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, GoldenError> {
        let format = |line, what| GoldenError::Format {
            path: path(),
            line,
            what,
        };
        let read: Result<Vec<Declaration>, _> = serde_yaml::from_str(text);
        let read = read.map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            format(line, error.to_string())
        })?;
        let patterns = read.into_iter().map(|declaration| {
            let scenario = glob(&declaration.scenario)?;
            let fact = glob(&declaration.fact)?;
            Ok((declaration, Pattern { scenario, fact }))
        });
        let patterns: Result<_, regex::Error> = patterns.collect();
        Ok(Self {
            declarations: patterns.map_err(|error| format(1, error.to_string()))?,
            used: BTreeSet::new(),
        })
    }

    /// The declaration that a difference fits.
    pub fn fits(&mut self, scenario: &str, difference: &Difference) -> Option<&Declaration> {
        let about = difference.about();
        let fits = |pattern: &Pattern| {
            pattern.scenario.is_match(scenario) && pattern.fact.is_match(&about)
        };
        let found = self.declarations.iter().position(|(_, it)| fits(it))?;
        self.used.insert(found);
        Some(&self.declarations[found].0)
    }

    /// The declarations of what was played that fitted nothing. One of a race is stale
    /// only if no scenario knows such a fact.
    pub fn stale(&self, played: &[&str], all: &[(String, Expected)]) -> Vec<&Declaration> {
        let stale = |index: &usize| {
            let (declaration, pattern) = &self.declarations[*index];
            let known = || {
                let mut meant = all
                    .iter()
                    .filter(|(name, _)| pattern.scenario.is_match(name));
                meant.any(|(_, expected)| expected.knows(&pattern.fact))
            };
            match declaration.when {
                _ if self.used.contains(index) => false,
                When::Always => played.iter().any(|name| pattern.scenario.is_match(name)),
                When::Sometimes => !known(),
            }
        };
        let all = (0..self.declarations.len()).filter(stale);
        all.map(|index| &self.declarations[index].0).collect()
    }
}

impl Expected {
    /// Whether there is a fact of this name, field or not.
    fn knows(&self, name: &Regex) -> bool {
        let lasting = self.facts.iter().any(|(fact, wanted)| {
            let fact = fact.to_string();
            wanted
                .keys()
                .any(|path| name.is_match(&format!("{fact}{path}")))
        });
        lasting
            || self
                .loose
                .iter()
                .any(|fact| name.is_match(&fact.to_string()))
    }
}

fn path() -> Utf8PathBuf {
    home().join("declared.yaml")
}

/// A pattern of the whole text, in which `*` is any text.
fn glob(text: &str) -> Result<Regex, regex::Error> {
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", parts.join(".*")))
}
