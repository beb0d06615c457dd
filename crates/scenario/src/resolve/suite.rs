//! The suite of a scenario: the set-up, tear-down and defaults that it shares with others.
//!
//! What the scenario says itself is stronger.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::Resolver;
use crate::{
    plan::{RedisCluster, Stage},
    raw,
    scalar::Dialect,
    schema::SUITE,
    source::{NodeId, Sources},
    spanned::{Spanned, Text},
};

/// Where a step was written, and so when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// In the suite's `setup`.
    SetUp,
    /// In the scenario's `steps`.
    Steps,
    /// In the scenario's `finally`.
    Finally,
    /// In the suite's `finally`.
    TearDown,
}

impl Part {
    /// When its steps are done.
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::SetUp | Self::Steps => Stage::Course,
            Self::Finally | Self::TearDown => Stage::Finally,
        }
    }

    /// How its steps are called: a report says which of them are the suite's.
    pub(super) fn called(self, name: &str) -> String {
        match self {
            Self::SetUp => format!("set-up: {name}"),
            Self::TearDown => format!("tear-down: {name}"),
            Self::Steps | Self::Finally => name.to_owned(),
        }
    }
}

/// A suite that was read.
pub(super) struct Suite {
    pub(super) file: Utf8PathBuf,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) spec: raw::SuiteSpec,
    /// Where its `spec` is written.
    pub(super) written: Option<NodeId>,
}

impl Resolver<'_> {
    /// Reads the suite that a scenario names.
    pub(super) fn suite(&mut self, named: &Text) -> Option<Suite> {
        let before = self.problems.len();
        let suite = self.read_suite(named);
        self.half_known |= self.problems.len() > before;
        self.incomplete |= self.half_known;
        suite
    }

    fn read_suite(&mut self, named: &Text) -> Option<Suite> {
        if self.holds_expression(named) {
            return None;
        }
        let documents = self.documents(named, Dialect::Scenario)?;
        let Some(root) = documents.first().copied() else {
            self.problem(named.node, format!("`{}` is empty", named.value));
            return None;
        };
        if let Some(second) = documents.get(1) {
            self.problem_with_hint(*second, "a second document", "one file is one document");
        }
        let raw: raw::Suite = self.decode(root, &SUITE)?;
        self.plain_name("suite", &raw.metadata.name);
        self.plain_text("about", &raw.spec.about);
        let labels = raw.metadata.labels.map(|labels| self.labels(labels.0));
        let steps = [&raw.spec.setup, &raw.spec.finally];
        for step in steps.into_iter().flatten().flatten() {
            self.only_in_scenarios(step);
        }
        Some(Suite {
            file: self.meant(named),
            labels: labels.unwrap_or_default(),
            written: self.sources.get(root, "spec"),
            spec: raw.spec,
        })
    }

    /// What a scenario proves is the scenario's own.
    fn only_in_scenarios(&mut self, step: &Spanned<raw::Step>) {
        let shown = step.shows.as_ref().and_then(|shows| shows.first());
        let snapshot = step.snapshot.as_ref();
        for (field, text) in [("shows", shown), ("snapshot", snapshot)] {
            if let Some(text) = text {
                let message = format!("`{field}` has no place in a suite");
                self.problem_with_hint(text.node, message, "it belongs to a scenario");
            }
        }
        let inner = [&step.steps, &step.parallel];
        for step in inner.into_iter().flatten().flatten() {
            self.only_in_scenarios(step);
        }
    }

    /// Takes down the names that the suite and the scenario give, and their times; returns the
    /// images that they need. `own` is where the scenario's `spec` is written.
    pub(super) fn names_of(
        &mut self,
        suite: Option<&Suite>,
        spec: &raw::Spec,
        own: Option<NodeId>,
    ) -> Vec<String> {
        let shared = suite.map(|suite| &suite.spec);
        let written = suite.and_then(|suite| suite.written).into_iter().chain(own);
        let written: Vec<NodeId> = written.collect();
        let field = |sources: &Sources, name: &str| -> Vec<NodeId> {
            let all = written.iter();
            all.filter_map(|spec| sources.get(*spec, name)).collect()
        };
        // What was refused is there all the same: names that speak of it are not wrong.
        self.has_redis = !field(&self.sources, "redis").is_empty();
        self.times = field(&self.sources, "timeouts");
        let cluster = own.and_then(|own| self.sources.get(own, "cluster"));
        self.half_known |= cluster.is_some() && spec.cluster.is_none();
        self.some_cluster(suite, spec);
        let of_suite = shared.and_then(|shared| shared.cluster.as_ref());
        let (nodes, images) = self.cluster(of_suite, spec.cluster.as_ref());
        self.nodes = nodes;
        let values = shared.and_then(|shared| shared.values);
        for values in values.into_iter().chain(spec.values) {
            self.constants(values.0);
        }
        let timeouts = shared.and_then(|shared| shared.timeouts.as_ref());
        for timeouts in timeouts.into_iter().chain(&spec.timeouts) {
            self.timeouts = self.timeouts(timeouts);
        }
        images
    }

    /// The nodes of the suite, then those that only the scenario speaks of, and all images.
    fn cluster(
        &mut self,
        suite: Option<&raw::Cluster>,
        own: Option<&raw::Cluster>,
    ) -> (Vec<String>, Vec<String>) {
        let (mut nodes, mut images) = (Vec::new(), Vec::new());
        for cluster in [suite, own].into_iter().flatten() {
            for node in self.node_names(&cluster.nodes) {
                if !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
            let named = cluster.images.iter().flatten();
            for image in named.map(|image| &image.value) {
                if !images.contains(image) {
                    images.push(image.clone());
                }
            }
        }
        (nodes, images)
    }

    /// Whoever names a suite may leave it to that to say what cluster is needed.
    fn some_cluster(&mut self, suite: Option<&Suite>, spec: &raw::Spec) {
        let here = spec.cluster.is_some() || suite.is_some_and(|it| it.spec.cluster.is_some());
        if let (false, false, Some(named)) = (here, self.incomplete, &spec.suite) {
            let message = "neither the suite nor the scenario has a `cluster`";
            self.problem(named.node, message);
        }
    }

    /// The Redis Cluster that the scenario names, or that of its suite.
    pub(super) fn redis_of(
        &mut self,
        suite: Option<&Suite>,
        own: Option<&raw::RedisCluster>,
    ) -> Option<RedisCluster> {
        let of_suite = suite.and_then(|suite| suite.spec.redis.as_ref());
        let of_suite = of_suite.map(|redis| self.redis_cluster(redis));
        own.map(|redis| self.redis_cluster(redis)).or(of_suite)
    }
}
