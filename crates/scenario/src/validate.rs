//! Checks a tree against the schema, and says what to leave out.
//!
//! It knows the part of JSON Schema that our own types give, no more: what it
//! does not know, a test would find, because it lists every keyword in use.

mod keywords;
mod words;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    problem::{ENOUGH, Problem, nearest},
    raw::DURATION,
    source::{Kind, NodeId, Sources},
};

use keywords::{
    branch_types, choices, choices_alone, either, fields, is_required, names_of, strings, takes,
    types_of, union_branches,
};
use words::{fits, form, found, in_words, is_plain, listed};

/// What a tree looks like to its schema.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    pub(crate) problems: Vec<Problem>,
    /// Keys and values to leave out.
    pub(crate) refused: HashSet<NodeId>,
    /// Whether anything of it can be read.
    pub(crate) usable: bool,
}

/// Checks `node` against `schema`.
pub(crate) fn validate(sources: &Sources, node: NodeId, schema: &Value) -> Validation {
    let mut validator = Validator {
        sources,
        root: schema,
        found: Validation::default(),
    };
    validator.found.usable = validator.check(node, schema);
    validator.found
}

/// A text that is repeated in a message has at most so many bytes.
const SHORT: usize = 40;

struct Validator<'a> {
    sources: &'a Sources,
    root: &'a Value,
    found: Validation,
}

impl<'a> Validator<'a> {
    /// Whether the node can be read, maybe without some of its parts.
    fn check(&mut self, node: NodeId, schema: &'a Value) -> bool {
        if *self.sources.kind(node) == Kind::Unreadable {
            return false;
        }
        let schema = self.resolve(schema);
        let Value::Object(keywords) = schema else {
            return true;
        };
        if let Some(branches) = union_branches(keywords) {
            return self.union(node, branches);
        }
        if let Some(names) = names_of(keywords) {
            return self.name(node, &names);
        }
        let expected = types_of(keywords);
        if !expected.is_empty()
            && !expected
                .iter()
                .any(|name| fits(self.sources.kind(node), name))
        {
            let cure = self.cure(node, keywords, &expected);
            self.wrong_type(node, &expected, cure);
            return false;
        }
        match self.sources.kind(node) {
            Kind::Map(_) => self.map(node, keywords),
            Kind::List(items) => self.list(node, items, keywords),
            Kind::Number(_) => self.number(node, keywords),
            Kind::Unreadable | Kind::Null | Kind::Bool(_) | Kind::Text(_) => true,
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.root
                    .pointer(pointer)
                    .map_or(schema, |schema| self.resolve(schema))
            }
            None => schema,
        }
    }

    fn list(
        &mut self,
        node: NodeId,
        items: &'a [NodeId],
        keywords: &'a Map<String, Value>,
    ) -> bool {
        let least = keywords
            .get("minItems")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        if (items.len() as u64) < least {
            self.problem(node, "an empty list");
            return false;
        }
        let Some(schema) = keywords.get("items") else {
            return true;
        };
        for item in items {
            if !self.check(*item, schema) {
                self.found.refused.insert(*item);
            }
        }
        true
    }

    fn number(&mut self, node: NodeId, keywords: &Map<String, Value>) -> bool {
        let Kind::Number(number) = self.sources.kind(node) else {
            return true;
        };
        let value = number.as_f64().unwrap_or(f64::NAN);
        let bound = |name| keywords.get(name).and_then(Value::as_f64);
        let message = match (bound("minimum"), bound("maximum")) {
            (Some(least), _) if value < least => format!("{number} is too small: at least {least}"),
            (_, Some(most)) if value > most => format!("{number} is too large: at most {most}"),
            _ => return true,
        };
        self.problem(node, message);
        false
    }

    fn map(&mut self, node: NodeId, keywords: &'a Map<String, Value>) -> bool {
        let Some(Value::Object(fields)) = keywords.get("properties") else {
            return true;
        };
        let before = self.found.problems.len();
        let mut usable = true;
        for (key, value) in self.sources.entries(node) {
            let name = self.sources.text(*key).unwrap_or_default();
            match fields.get(name) {
                Some(schema) => {
                    if !self.check(*value, schema) {
                        self.found.refused.insert(*key);
                        usable &= !is_required(keywords, name);
                    }
                }
                None => self.unknown_field(*key, name, fields, keywords),
            }
        }
        let either = either(keywords);
        let none_of = either
            .iter()
            .all(|name| self.sources.get(node, name).is_none());
        let either = either.first().copied().filter(|_| none_of);
        for name in strings(keywords.get("required")).chain(either) {
            if self.sources.get(node, name).is_none() {
                self.missing(node, format!("the field `{name}` is missing"));
                usable = false;
            }
        }
        let wrong = self.found.problems.len() > before;
        let given = self.choices_given(node, keywords);
        // What is missing may be what was misspelt.
        let chosen = if given.is_empty() && wrong {
            choices(keywords).is_empty()
        } else {
            self.choice(node, keywords, &given)
        };
        usable & chosen & self.companions(node, keywords)
    }

    fn unknown_field(
        &mut self,
        key: NodeId,
        name: &str,
        fields: &'a Map<String, Value>,
        keywords: &Map<String, Value>,
    ) {
        self.found.refused.insert(key);
        let verbs = choices(keywords);
        let near = if self.found.problems.len() < ENOUGH {
            nearest(name, fields.keys().map(String::as_str))
        } else {
            None
        };
        let is_step = verbs.contains(&"steps");
        let noun = match near {
            Some(near) if is_step && verbs.contains(&near) => "step",
            None if is_step => "step",
            _ => "field",
        };
        let problem = Problem::new(self.sources.span(key), format!("unknown {noun} `{name}`"));
        let problem = match near {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None if is_step => problem.hint(format!("verbs are {}", listed(&verbs, "and"))),
            None => {
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                problem.hint(format!("fields here are {}", listed(&known, "and")))
            }
        };
        self.found.problems.push(problem);
    }

    /// Which of the fields that exclude each other are there.
    fn choices_given(&self, node: NodeId, keywords: &Map<String, Value>) -> Vec<(NodeId, &'a str)> {
        let all = choices(keywords);
        let mut given: Vec<(NodeId, &str)> = self
            .sources
            .entries(node)
            .iter()
            .filter_map(|(key, _)| Some((*key, self.sources.text(*key)?)))
            .filter(|(_, name)| all.contains(name))
            .collect();
        if given.len() > 1 {
            // What is a choice only by itself does not count beside another.
            let alone = choices_alone(keywords);
            given.retain(|(_, name)| !alone.contains(name));
        }
        given
    }

    /// Exactly one of several fields.
    fn choice(
        &mut self,
        node: NodeId,
        keywords: &Map<String, Value>,
        given: &[(NodeId, &str)],
    ) -> bool {
        let all = choices(keywords);
        if all.is_empty() {
            return true;
        }
        let is_step = all.contains(&"steps");
        match given {
            [_] => true,
            [] if is_step => {
                self.missing(node, "a step without a verb");
                false
            }
            [] => {
                self.missing(node, format!("{} is missing", listed(&all, "or")));
                false
            }
            [(_, first), (second, name), ..] => {
                let message = if is_step {
                    format!("two verbs in one step: `{first}` and `{name}`")
                } else {
                    format!("`{first}` and `{name}` exclude each other")
                };
                let mut problem = Problem::new(self.sources.span(*second), message);
                if is_step {
                    problem =
                        problem.hint("several verbs under one name stand in a list under `steps`");
                }
                self.found.problems.push(problem);
                false
            }
        }
    }

    /// Fields that need another one, and fields that exclude each other.
    fn companions(&mut self, node: NodeId, keywords: &Map<String, Value>) -> bool {
        if let Some(Value::Object(needs)) = keywords.get("dependentRequired") {
            for (key, _) in self.sources.entries(node) {
                let name = self.sources.text(*key).unwrap_or_default();
                for other in strings(needs.get(name)) {
                    if self.sources.get(node, other).is_none() {
                        self.problem(*key, format!("`{name}` goes with `{other}` only"));
                        self.found.refused.insert(*key);
                    }
                }
            }
        }
        let excluded: Vec<&str> =
            strings(keywords.get("not").and_then(|not| not.get("required"))).collect();
        let given: Vec<NodeId> = excluded
            .iter()
            .filter_map(|name| self.sources.entry(node, name).map(|(key, _)| key))
            .collect();
        if let ([one, other], [_, second]) = (excluded.as_slice(), given.as_slice()) {
            self.problem(*second, format!("`{one}` and `{other}` exclude each other"));
            return false;
        }
        true
    }

    /// One of several shapes: the first one that the node's own shape fits.
    fn union(&mut self, node: NodeId, branches: &'a [Value]) -> bool {
        let branches: Vec<&'a Value> = branches.iter().flat_map(|it| self.shapes(it)).collect();
        let kind = self.sources.kind(node);
        let names: Vec<&str> = branches
            .iter()
            .filter_map(|branch| names_of(branch.as_object()?))
            .flatten()
            .collect();
        let maps: Vec<&'a Value> = branches
            .iter()
            .copied()
            .filter(|branch| takes(branch, "object"))
            .collect();
        if let (Kind::Map(_), [_, _, ..]) = (kind, maps.as_slice()) {
            return self.variant(node, &maps, &names);
        }
        let shaped = branches.iter().copied().find(|branch| {
            let is_name = branch.as_object().and_then(names_of).is_some();
            !is_name && branch_types(branch).iter().any(|name| fits(kind, name))
        });
        if let Some(branch) = shaped {
            return self.check(node, branch);
        }
        let variants: Vec<&str> = maps.iter().flat_map(|branch| fields(branch)).collect();
        let is_variant = self
            .sources
            .text(node)
            .is_some_and(|it| variants.contains(&it));
        if matches!(kind, Kind::Text(_)) && (!names.is_empty() || is_variant) {
            return self.name_or_variant(node, &names, &variants);
        }
        let expected: Vec<&str> = branches
            .iter()
            .flat_map(|branch| branch_types(branch))
            .collect();
        let maps = maps.iter().find_map(|branch| branch.as_object());
        let cure = self.cure(node, maps.unwrap_or(&Map::new()), &expected);
        self.wrong_type(node, &expected, cure);
        false
    }

    /// A branch, or those that it is made of itself.
    fn shapes(&self, branch: &'a Value) -> Vec<&'a Value> {
        let branch = self.resolve(branch);
        let inner = branch
            .as_object()
            .filter(|keywords| names_of(keywords).is_none())
            .and_then(union_branches);
        match inner {
            Some(inner) => inner.iter().map(|it| self.resolve(it)).collect(),
            None => vec![branch],
        }
    }

    /// A map of one field that is a choice.
    fn variant(&mut self, node: NodeId, maps: &[&'a Value], names: &[&str]) -> bool {
        let variants: Vec<&str> = maps.iter().flat_map(|branch| fields(branch)).collect();
        let entries = self.sources.entries(node);
        let [(key, value), rest @ ..] = entries else {
            self.problem(node, format!("{} is missing", listed(&variants, "or")));
            return false;
        };
        if let [(second, _), ..] = rest {
            self.problem(*second, "only one of these fits here");
            return false;
        }
        let name = self.sources.text(*key).unwrap_or_default();
        let schema = maps
            .iter()
            .find_map(|branch| branch.pointer("/properties")?.get(name));
        if let Some(schema) = schema {
            return self.check(*value, schema);
        }
        let problem = Problem::new(self.sources.span(*key), format!("unknown field `{name}`"));
        let problem = if names.contains(&name) {
            problem.hint(format!("`{name}` stands alone, without braces"))
        } else {
            let all: Vec<&str> = variants.iter().chain(names).copied().collect();
            match nearest(name, all.iter().copied()) {
                Some(_) => problem.nearest(name, all.iter().copied()),
                None => problem.hint(format!("it is one of {}", listed(&all, "or"))),
            }
        };
        self.found.problems.push(problem);
        false
    }

    fn name(&mut self, node: NodeId, names: &[&str]) -> bool {
        if matches!(self.sources.kind(node), Kind::Text(_)) {
            self.name_or_variant(node, names, &[])
        } else {
            self.labelled(
                node,
                format!(
                    "expected {}, found {}",
                    listed(names, "or"),
                    found(self.sources.kind(node))
                ),
                None,
            );
            false
        }
    }

    fn name_or_variant(&mut self, node: NodeId, names: &[&str], variants: &[&str]) -> bool {
        let written = self.sources.text(node).unwrap_or_default();
        if names.contains(&written) {
            return true;
        }
        let problem = Problem::new(
            self.sources.span(node),
            format!("`{written}` does not fit here"),
        );
        let problem = if variants.contains(&written) {
            problem.hint(format!("`{written}` takes an argument: `{{{written}: …}}`"))
        } else if nearest(written, names.iter().chain(variants).copied()).is_some() {
            problem.nearest(written, names.iter().chain(variants).copied())
        } else {
            let all: Vec<&str> = names.iter().chain(variants).copied().collect();
            problem.label(format!("expected {}", listed(&all, "or")))
        };
        self.found.problems.push(problem);
        false
    }

    /// How a value of another type would have to be written.
    fn cure(
        &self,
        node: NodeId,
        keywords: &Map<String, Value>,
        expected: &[&str],
    ) -> Option<String> {
        let kind = self.sources.kind(node);
        let is_word = matches!(kind, Kind::Bool(_) | Kind::Number(_));
        let is_time = || keywords.get("pattern").is_some_and(|it| it == DURATION);
        match (expected, kind) {
            (_, _) if is_word && expected.contains(&"string") => Some(if is_time() {
                "a time has a unit: `3s`".to_owned()
            } else {
                "put it in quotes".to_owned()
            }),
            (["object", ..], Kind::Text(text)) if choices(keywords).contains(&text.as_str()) => {
                Some(format!("`{text}` takes an argument: `{text}: …`"))
            }
            (["object", ..], _) => form(keywords).map(|form| format!("as `{form}`")),
            (["array", ..], Kind::Text(text)) if text.len() <= SHORT && is_plain(text) => {
                Some(format!("as `[{text}]`"))
            }
            _ => None,
        }
    }

    fn wrong_type(&mut self, node: NodeId, expected: &[&str], cure: Option<String>) {
        let kind = self.sources.kind(node);
        let mut words: Vec<&str> = Vec::new();
        for name in expected.iter().map(|name| in_words(name)) {
            if !words.contains(&name) {
                words.push(name);
            }
        }
        let message = format!("expected {}, found {}", words.join(" or "), found(kind));
        self.labelled(node, message, cure);
    }

    fn problem(&mut self, node: NodeId, message: impl Into<String>) {
        self.labelled(node, message, None);
    }

    fn labelled(&mut self, node: NodeId, message: impl Into<String>, label: Option<String>) {
        let mut problem = Problem::new(self.sources.span(node), message);
        problem.label = label;
        self.found.problems.push(problem);
    }

    /// Something is missing in a map: shown at the map's own key, and where it has none at its
    /// first one.
    fn missing(&mut self, node: NodeId, message: impl Into<String>) {
        let own = if self.found.problems.len() < ENOUGH {
            self.sources.key_of(node)
        } else {
            None
        };
        let first = || self.sources.entries(node).first().map(|(key, _)| *key);
        self.problem(own.or_else(first).unwrap_or(node), message);
    }
}
