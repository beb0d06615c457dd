//! The raw types to the plan: names to indices, files to objects, texts to
//! templates, and every check that the schema cannot make.

mod action;
mod bug;
mod called;
mod claims;
mod command;
mod control;
mod expect;
mod manifest;
mod names;
mod object;
mod save;
mod spec;
mod step;
mod suite;
mod template;
mod vain;
mod value;

use std::collections::{BTreeSet, HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;
use serde_json::Value;
use stayput_events::Statement;

use crate::{
    decode::decode,
    files::{Files, reason, relative_to},
    plan::{Manifest, Plan, Stage, Timeouts, Variant},
    problem::{ENOUGH, Problem, Problems},
    raw::Scenario,
    scalar::Dialect,
    schema::SCENARIO,
    source::{FileId, NodeId, Sources},
    spanned::Text,
    validate::validate,
    yaml,
};
use names::{Around, Each, Saves};

/// Reads a scenario and all files that it names, and checks them.
///
/// `files` hands in the texts; a path in a file is relative to that file.
pub fn load(files: &dyn Files, path: &Utf8Path) -> Result<Plan, Problems> {
    check(files, path).map(|checked| checked.plan)
}

/// A scenario without mistakes.
#[derive(Debug)]
pub struct Checked {
    /// What a run of it does.
    pub plan: Plan,
    /// The same with what is broken, of a bug report.
    pub broken: Option<Plan>,
    /// What it says in vain, if anything.
    pub warnings: Option<Problems>,
}

/// Reads a scenario as [`load`] does, and looks for what cannot be meant.
pub fn check(files: &dyn Files, path: &Utf8Path) -> Result<Checked, Problems> {
    let (plan, warnings) = read(files, path, Variant::Fixed)?;
    let broken = match plan.bug {
        None => None,
        // What fits the one variant need not fit the other.
        Some(_) => Some(read(files, path, Variant::Broken)?.0),
    };
    Ok(Checked {
        plan,
        broken,
        warnings,
    })
}

/// One variant, and what it says in vain.
fn read(
    files: &dyn Files,
    path: &Utf8Path,
    variant: Variant,
) -> Result<(Plan, Option<Problems>), Problems> {
    let mut resolver = Resolver::new(files, path, variant);
    match resolver.scenario() {
        Some(plan) if resolver.problems.is_empty() => {
            let warnings = (!resolver.warnings.is_empty())
                .then(|| Problems::new(resolver.sources, resolver.warnings));
            Ok((plan, warnings))
        }
        _ => Err(Problems::new(resolver.sources, resolver.problems)),
    }
}

/// The files read so far, what is wrong with them, and the names that expressions may use.
struct Resolver<'a> {
    files: &'a dyn Files,
    path: &'a Utf8Path,
    /// Which values are taken.
    variant: Variant,
    sources: Sources,
    problems: Vec<Problem>,
    /// What stands there in vain.
    warnings: Vec<Problem>,
    /// The scenario's nodes.
    nodes: Vec<String>,
    /// The scenario's constants, and those that something uses.
    values: Value,
    used: BTreeSet<String>,
    has_redis: bool,
    timeouts: Timeouts,
    /// Where the scenario and its suite say times by verb.
    times: Vec<NodeId>,
    /// Whether the step that is being read is one of `finally`.
    stage: Stage,
    claims: Claims,
    saves: Saves,
    /// How many steps were read so far.
    actions: usize,
    /// Something was left out: what seems unused or missing may only be hidden.
    incomplete: bool,
    /// The suite, or what is needed of the cluster, has mistakes: nobody knows which names it
    /// was meant to give.
    half_known: bool,
    documents: HashMap<Utf8PathBuf, Vec<NodeId>>,
    manifests: HashMap<(String, Each), Vec<Manifest>>,
}

/// The statements whose parts steps may show.
enum Claims {
    /// The scenario names none.
    None,
    /// The file cannot be read.
    Unreadable,
    Known(Vec<Statement>),
}

impl<'a> Resolver<'a> {
    fn new(files: &'a dyn Files, path: &'a Utf8Path, variant: Variant) -> Self {
        Self {
            files,
            path,
            variant,
            sources: Sources::default(),
            problems: Vec::new(),
            warnings: Vec::new(),
            nodes: Vec::new(),
            values: Value::Null,
            used: BTreeSet::new(),
            has_redis: false,
            timeouts: spec::TIMEOUTS,
            times: Vec::new(),
            stage: Stage::Course,
            claims: Claims::None,
            saves: Saves::default(),
            actions: 0,
            incomplete: false,
            half_known: false,
            documents: HashMap::new(),
            manifests: HashMap::new(),
        }
    }

    fn scenario(&mut self) -> Option<Plan> {
        let text = match self.files.read(self.path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read `{}`: {}", self.path, reason(&error));
                self.problems.push(Problem::without_place(message));
                return None;
            }
        };
        let file = self.sources.add(self.path, text);
        self.problems
            .extend(yaml::read(&mut self.sources, file, Dialect::Scenario));
        let root = self.only_document(file)?;
        let raw: Scenario = self.decode(root, &SCENARIO)?;
        Some(self.spec(raw, root))
    }

    /// The one document of one of our own files.
    fn only_document(&mut self, file: FileId) -> Option<NodeId> {
        let documents = self.sources.file(file).documents.clone();
        if let [_, second, ..] = documents.as_slice() {
            let span = self.sources.span(*second);
            self.problems
                .push(Problem::new(span, "a second document").hint("one file is one document"));
        }
        if documents.is_empty() && self.problems.iter().all(|problem| problem.at.is_none()) {
            let message = format!("`{}` is empty", self.sources.file(file).path);
            self.problems.push(Problem::without_place(message));
        }
        documents.first().copied()
    }

    /// Checks a document against its schema and reads what is left of it.
    fn decode<T: DeserializeOwned>(&mut self, root: NodeId, schema: &Value) -> Option<T> {
        let validation = validate(&self.sources, root, schema);
        self.incomplete |= !validation.problems.is_empty();
        self.problems.extend(validation.problems);
        if !validation.usable {
            return None;
        }
        match decode(&self.sources, &validation.refused, root) {
            Ok(value) => Some(value),
            Err(error) => {
                // The schema and the types come from one source: only a bug leads here.
                self.problem(root, error.to_string());
                None
            }
        }
    }

    /// The tree of a file that another one names; once only.
    fn documents(&mut self, named: &Text, dialect: Dialect) -> Option<Vec<NodeId>> {
        let path = self.meant(named);
        if let Some(documents) = self.documents.get(&path) {
            return Some(documents.clone());
        }
        let text = match self.files.read(&path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read `{path}`: {}", reason(&error));
                self.problem(named.node, message);
                return None;
            }
        };
        let file = self.sources.add(&path, text);
        self.problems
            .extend(yaml::read(&mut self.sources, file, dialect));
        let documents = self.sources.file(file).documents.clone();
        self.documents.insert(path, documents.clone());
        Some(documents)
    }

    /// The path that a text means: relative to the file in which it stands.
    fn meant(&self, path: &Text) -> Utf8PathBuf {
        relative_to(&self.sources.file(path.node.file).path, path)
    }

    fn problem(&mut self, node: NodeId, message: impl Into<String>) {
        self.problems
            .push(Problem::new(self.sources.span(node), message));
    }

    fn problem_with_hint(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.problems
            .push(Problem::new(self.sources.span(node), message).hint(hint));
    }

    /// `unknown …`, with the nearest of the names that there are.
    fn unknown<'n>(
        &mut self,
        node: NodeId,
        message: impl Into<String>,
        written: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        let problem = Problem::new(self.sources.span(node), message);
        // Whoever has so many mistakes does not read the hints; looking for them takes time.
        let problem = if self.problems.len() < ENOUGH {
            problem.nearest(written, names)
        } else {
            problem
        };
        self.problems.push(problem);
    }

    /// Names that occur twice are mistakes at the second place.
    fn unique(&mut self, what: &str, names: &[(NodeId, String)], hint: Option<&str>) {
        let mut seen = HashSet::new();
        for (node, name) in names {
            if !seen.insert(name.as_str()) {
                let mut problem = Problem::new(
                    self.sources.span(*node),
                    format!("two {what} are named `{name}`"),
                );
                problem.hint = hint.map(str::to_owned);
                self.problems.push(problem);
            }
        }
    }
}
