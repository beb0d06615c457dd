//! What a real cluster did every time, and its file.
//!
//! The file is text: a line `fact OBJECT WHAT`, then a line ` PATH VALUE` for each leaf.
//! `?` stands for a value that differed from time to time. `last` tells only what differs
//! from `first`, with `-` where a leaf is gone. An event has no leaves: it was seen.
//! `loose OBJECT WHAT` was seen in some recordings only.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

use crate::{Fact, Facts, facts::Leaves, normal::weak};

/// What is expected of a leaf; without a value, anything or nothing.
pub(crate) type Wanted = BTreeMap<String, Option<Value>>;

/// What several recordings of a real cluster agree about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// How many recordings.
    pub recordings: usize,
    pub(crate) facts: BTreeMap<Fact, Wanted>,
    /// What was not repeated, whichever node it was about.
    pub(crate) loose: BTreeSet<Fact>,
}

impl Expected {
    /// What was expected before, as far as another recording of a real cluster repeats it.
    #[must_use]
    pub fn and(mut self, again: &Facts) -> Self {
        if self.recordings > 0 {
            let gone = self.facts.keys().filter(|fact| !again.0.contains_key(fact));
            let new = again.0.keys().filter(|fact| !self.facts.contains_key(fact));
            self.loose.extend(gone.chain(new).map(any_node));
            self.facts.retain(|fact, _| again.0.contains_key(fact));
            for (fact, wanted) in &mut self.facts {
                relax(wanted, &again.0[fact]);
            }
        } else {
            let told = |(fact, leaves): (&Fact, &Leaves)| {
                let wanted = leaves
                    .iter()
                    .map(|(path, it)| (path.clone(), Some(it.clone())));
                (fact.clone(), wanted.collect())
            };
            self.facts = again.0.iter().map(told).collect();
        }
        self.recordings += 1;
        self
    }

    /// Whether the real cluster did it sometimes.
    pub(crate) fn is_loose(&self, fact: &Fact) -> bool {
        self.loose.contains(&any_node(fact))
    }

    /// Reads the file; a mistake comes with its line.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut read = Self::default();
        let mut current: Option<Fact> = None;
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| (number + 1, format!("{what}: `{line}`"));
            let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
            match head {
                "recordings" => {
                    read.recordings = rest.parse().map_err(|_| wrong("no number"))?;
                }
                "loose" => {
                    let fact = fact(rest).ok_or_else(|| wrong("no fact"))?;
                    read.loose.insert(fact);
                }
                "fact" => {
                    let fact = fact(rest).ok_or_else(|| wrong("no fact"))?;
                    let wanted = read.beginning(&fact);
                    read.facts.insert(fact.clone(), wanted);
                    current = Some(fact);
                }
                "" => {
                    let wanted = current.as_ref().and_then(|it| read.facts.get_mut(it));
                    let wanted = wanted.ok_or_else(|| wrong("a leaf without a fact"))?;
                    leaf(rest, wanted).ok_or_else(|| wrong("no leaf"))?;
                }
                _ => return Err(wrong("no line of this file")),
            }
        }
        Ok(read)
    }

    /// What a fact says before any of its lines is read.
    fn beginning(&self, fact: &Fact) -> Wanted {
        if fact.what.starts_with("event ") {
            return BTreeMap::from([(String::new(), Some("seen".into()))]);
        }
        self.before(fact).cloned().unwrap_or_default()
    }

    /// What a fact is told as a difference to.
    fn before(&self, fact: &Fact) -> Option<&Wanted> {
        let first = (fact.what == "last").then(|| Fact::new(fact.object.clone(), "first"))?;
        self.facts.get(&first)
    }
}

/// Whatever differs this time is not expected.
fn relax(wanted: &mut Wanted, again: &Leaves) {
    for (path, value) in wanted.iter_mut() {
        if value.as_ref() != again.get(path) {
            *value = None;
        }
    }
    for path in again.keys() {
        wanted.entry(path.clone()).or_insert(None);
    }
}

fn any_node(fact: &Fact) -> Fact {
    Fact::new(weak(&fact.object), weak(&fact.what))
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "recordings {}", self.recordings)?;
        for fact in &self.loose {
            writeln!(f, "loose {} {}", fact.object, escaped(&fact.what))?;
        }
        for (fact, wanted) in &self.facts {
            writeln!(f, "fact {} {}", fact.object, escaped(&fact.what))?;
            if fact.what.starts_with("event ") {
                continue;
            }
            let before = self.before(fact);
            for (path, value) in wanted {
                if before.and_then(|it| it.get(path)) != Some(value) {
                    let value = value.as_ref().map_or("?".to_owned(), Value::to_string);
                    writeln!(f, " {path} {value}")?;
                }
            }
            let gone = before.into_iter().flat_map(BTreeMap::keys);
            for path in gone.filter(|path| !wanted.contains_key(*path)) {
                writeln!(f, " {path} -")?;
            }
        }
        Ok(())
    }
}

/// A text on one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next() == Some('n') => plain.push('\n'),
            letter => plain.push(letter),
        }
    }
    plain
}

fn fact(text: &str) -> Option<Fact> {
    let (object, what) = text.split_once(' ')?;
    Some(Fact::new(object, unescaped(what)))
}

fn leaf(text: &str, wanted: &mut Wanted) -> Option<()> {
    let (path, value) = text.split_once(' ')?;
    match value {
        "-" => {
            wanted.remove(path)?;
        }
        "?" => {
            wanted.insert(path.to_owned(), None);
        }
        value => {
            let value = serde_json::from_str(value).ok()?;
            wanted.insert(path.to_owned(), Some(value));
        }
    }
    Some(())
}
