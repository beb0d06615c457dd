//! Which names an expression may use, and where.

use stayput_expr::{Call, FUNCTIONS, Reference};

use super::Resolver;
use crate::{
    offset::written,
    plan::Stage,
    problem::Problem,
    source::{NodeId, Span},
};

/// What is known of the cluster.
const CLUSTER: [&str; 3] = ["provider", "kubernetes", "minor"];

/// Whether an expression is evaluated for each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Each {
    No,
    Yes,
}

/// What an expression looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looking {
    Nowhere,
    /// At an object.
    AtObject,
    /// At all objects of a selection.
    AtObjects,
    /// At what a command printed.
    AtOutcome,
    /// At a container's log.
    AtLog,
}

/// What is around an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) each: Each,
    pub(super) looking: Looking,
}

impl Around {
    pub(super) const fn step(each: Each) -> Self {
        Self {
            each,
            looking: Looking::Nowhere,
        }
    }

    pub(super) const fn looking(self, looking: Looking) -> Self {
        Self { looking, ..self }
    }
}

/// How something was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SavedAs {
    Value,
    Pods,
}

/// What is saved up to here, and by which step.
#[derive(Debug, Clone, Default)]
pub(super) struct Saves {
    /// The step that is being read; none in a control.
    pub(super) step: Option<usize>,
    pub(super) all: Vec<Saved>,
}

/// One saved name.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) name: String,
    pub(super) how: SavedAs,
    pub(super) step: Option<usize>,
}

impl Saves {
    pub(super) fn add(&mut self, name: &str, how: SavedAs) {
        self.all.push(Saved {
            name: name.to_owned(),
            how,
            step: self.step,
        });
    }

    pub(super) fn how(&self, name: &str) -> Option<SavedAs> {
        self.all
            .iter()
            .find(|saved| saved.name == name)
            .map(|saved| saved.how)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|saved| saved.name.as_str())
    }
}

impl Resolver<'_> {
    /// Checks a name; `node` is the text that it stands in, `shift` where its template begins there.
    pub(super) fn reference(
        &mut self,
        name: &Reference,
        node: NodeId,
        shift: usize,
        around: Around,
    ) {
        let range = name.at.range.start + shift..name.at.range.end + shift;
        let place = written(&self.sources, node, &range);
        let span = || place.clone();
        let first = name.path.first().map(String::as_str);
        let problem = match (name.root.as_str(), first) {
            ("values", None) => {
                self.use_all();
                return;
            }
            ("values", Some(key)) => {
                self.used.insert(key.to_owned());
                self.value(&name.path, span())
            }
            ("nodes", Some(key)) if !self.half_known && !self.nodes.iter().any(|node| node == key) => Some(
                Problem::new(span(), format!("the scenario has no node `{key}`"))
                    .nearest(key, self.nodes.iter().map(String::as_str)),
            ),
            ("saved", Some(key)) if self.saves.how(key).is_none() && !self.incomplete => Some(
                Problem::new(span(), format!("nothing is saved as `{key}` before this"))
                    .nearest(key, self.saves.names()),
            ),
            ("redis", _) if !self.has_redis && !self.incomplete => Some(
                Problem::new(span(), "there is no `redis` here").hint("name the cluster in `spec.redis`"),
            ),
            ("redis", Some(key)) if key != "shards" => Some(
                Problem::new(span(), format!("`redis` has no `{key}`")).nearest(key, ["shards"]),
            ),
            ("cluster", Some(key)) if !CLUSTER.contains(&key) => Some(
                Problem::new(span(), format!("`cluster` has no `{key}`")).nearest(key, CLUSTER),
            ),
            ("nodes" | "saved" | "redis" | "cluster", _) => None,
            ("item" | "index", _) if around.each == Each::Yes => None,
            ("item" | "index", _) => Some(
                Problem::new(span(), format!("there is no `{}` here", name.root))
                    .hint("it is there in a step with `forEach`"),
            ),
            ("object", _) if around.looking == Looking::AtObject => None,
            ("object", _) => Some(
                Problem::new(span(), "there is no `object` here")
                    .hint("it is there in `match`, `that` and `inOrder` beside `all`, and in a `save` of an object"),
            ),
            ("objects", _) if around.looking == Looking::AtObjects => None,
            ("log", _) if around.looking == Looking::AtLog => None,
            ("failed", _) if self.stage == Stage::Finally => None,
            ("failed", _) => Some(
                Problem::new(span(), "there is no `failed` here").hint("it is there in `finally`"),
            ),
            ("stdout" | "stderr" | "exitCode", _) if around.looking == Looking::AtOutcome => None,
            (root, _) => Some(
                Problem::new(span(), format!("unknown name `{root}`")).nearest(root, roots(around)),
            ),
        };
        self.problems.extend(problem);
    }

    /// Checks that a function is one of the language.
    pub(super) fn call(&mut self, call: &Call, node: NodeId, shift: usize) {
        if FUNCTIONS.contains(&call.function.as_str()) {
            return;
        }
        let range = call.at.range.start + shift..call.at.range.end + shift;
        let span = written(&self.sources, node, &range);
        let message = format!("unknown function `{}`", call.function);
        self.problems
            .push(Problem::new(span, message).nearest(&call.function, FUNCTIONS.iter().copied()));
    }

    /// Walks the way to a value, as far as the text alone gives it.
    fn value(&self, path: &[String], span: Span) -> Option<Problem> {
        if self.half_known {
            return None;
        }
        let mut here = &self.values;
        for (depth, key) in path.iter().enumerate() {
            let map = here.as_object()?;
            let Some(next) = map.get(key) else {
                let way = ["values".to_owned()]
                    .iter()
                    .chain(&path[..depth])
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(".");
                return Some(
                    Problem::new(span, format!("`{way}` has no `{key}`"))
                        .nearest(key, map.keys().map(String::as_str)),
                );
            };
            here = next;
        }
        None
    }

    fn use_all(&mut self) {
        let all = self
            .values
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone());
        self.used.extend(all);
    }
}

fn roots(around: Around) -> Vec<&'static str> {
    let mut names = vec!["values", "nodes", "saved", "redis", "cluster"];
    if around.each == Each::Yes {
        names.extend(["item", "index"]);
    }
    match around.looking {
        Looking::Nowhere => {}
        Looking::AtObject => names.push("object"),
        Looking::AtObjects => names.push("objects"),
        Looking::AtLog => names.push("log"),
        Looking::AtOutcome => names.extend(["stdout", "stderr", "exitCode"]),
    }
    names
}
