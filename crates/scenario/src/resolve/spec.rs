//! The scenario as a whole.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use stayput_expr::Scope;

use super::{Around, Claims, Each, Resolver};
use crate::{
    plan::{FileRole, FileShown, Plan, RedisCluster, Timeouts},
    raw,
    source::{Kind, NodeId},
    spanned::{Anything, Spanned, Text},
};

/// How long conditions may take where nothing is said.
pub(super) const TIMEOUTS: Timeouts = {
    let time = Duration::from_mins(1);
    Timeouts {
        apply: time,
        delete: time,
        scale: time,
        restart: time,
        exec: time,
        script: time,
        host: time,
        node: time,
        redis: time,
        expect: time,
    }
};
/// The port that Redis listens on where nothing else is said.
const REDIS_PORT: u16 = 6379;

impl Resolver<'_> {
    pub(super) fn spec(&mut self, raw: raw::Scenario, root: NodeId) -> Plan {
        let name = self.plain_name("scenario", &raw.metadata.name);
        let own_labels = raw.metadata.labels.map(|labels| self.labels(labels.0));
        let spec = raw.spec;
        self.plain_text("about", &spec.about);
        let suite = spec.suite.as_ref().and_then(|named| self.suite(named));
        let suite = suite.as_ref();
        let own = self.sources.get(root, "spec");
        let images = self.names_of(suite, &spec, own);
        if let Some(bug) = &spec.bug {
            self.variant(bug);
        }
        if let Some(file) = &spec.claims {
            self.claims = self.claims(file).map_or(Claims::Unreadable, Claims::Known);
        }
        let redis = self.redis_of(suite, spec.redis.as_ref());
        let files = spec.snapshots.as_ref().map_or_else(Vec::new, |snapshots| {
            snapshots.files.iter().map(|role| file_role(role)).collect()
        });
        let when = spec
            .when
            .as_ref()
            .map(|when| self.expression(when, Around::step(Each::No)));
        let mut steps = self.steps(suite, &spec);
        let raw_controls = spec.controls.as_deref().unwrap_or_default();
        let controls = self.controls(raw_controls, &steps, own, suite);
        let bug = spec.bug.as_ref();
        let bug = bug.map(|bug| self.bug(bug, &mut steps, own, suite));
        self.unused_values(spec.values);
        let mut labels = suite.map_or_else(BTreeMap::new, |suite| suite.labels.clone());
        labels.extend(own_labels.unwrap_or_default());
        Plan {
            name,
            labels,
            about: spec.about.value,
            file: self.path.to_owned(),
            suite: suite.map(|suite| suite.file.clone()),
            nodes: self.nodes.clone(),
            images,
            when,
            timeouts: self.timeouts,
            values: self.values.clone(),
            redis,
            statements: match std::mem::replace(&mut self.claims, Claims::None) {
                Claims::Known(statements) => statements,
                Claims::None | Claims::Unreadable => Vec::new(),
            },
            files,
            steps,
            controls,
            bug,
        }
    }

    /// Labels are texts; `5` or `true` would not be what is written after `--label`.
    pub(super) fn labels(&mut self, node: NodeId) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (key, value) in self.sources.entries(node).to_vec() {
            let Some(name) = self.sources.text(key).map(str::to_owned) else {
                continue;
            };
            match self.sources.kind(value).clone() {
                Kind::Text(text) if text.contains("${{") => {
                    self.problem(value, "a label holds no expression");
                }
                Kind::Text(text) => {
                    labels.insert(name, text);
                }
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                    self.problem_with_hint(value, "a label is a text", "put it in quotes");
                }
                Kind::Unreadable => {}
            }
        }
        labels
    }

    pub(super) fn timeouts(&mut self, raw: &raw::Timeouts) -> Timeouts {
        let usual = self.timeouts;
        let mut time = |text: &Option<Text>, usual: Duration| {
            text.as_ref().map_or(usual, |text| self.duration(text))
        };
        Timeouts {
            apply: time(&raw.apply, usual.apply),
            delete: time(&raw.delete, usual.delete),
            scale: time(&raw.scale, usual.scale),
            restart: time(&raw.restart, usual.restart),
            exec: time(&raw.exec, usual.exec),
            script: time(&raw.script, usual.script),
            host: time(&raw.host, usual.host),
            node: time(&raw.node, usual.node),
            redis: time(&raw.redis, usual.redis),
            expect: time(&raw.expect, usual.expect),
        }
    }

    pub(super) fn node_names(&mut self, nodes: &[Text]) -> Vec<String> {
        let names: Vec<(NodeId, String)> = nodes
            .iter()
            .map(|node| (node.node, self.plain_name("node", node)))
            .collect();
        self.unique("nodes", &names, None);
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Values are constants: expressions speak of them, they do not speak. Later ones are
    /// stronger, each as a whole.
    pub(super) fn constants(&mut self, node: NodeId) {
        match (&mut self.values, self.sources.json(node)) {
            (Value::Object(values), Value::Object(more)) => values.extend(more),
            (values, more) => *values = more,
        }
        self.no_expressions(node);
    }

    pub(super) fn no_expressions(&mut self, node: NodeId) {
        match self.sources.kind(node).clone() {
            Kind::Text(text) if text.contains("${{") => {
                self.problem(node, "a value is a constant: it holds no expression");
            }
            Kind::List(items) => items.into_iter().for_each(|item| self.no_expressions(item)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.no_expressions(key);
                    self.no_expressions(value);
                }
            }
            Kind::Unreadable | Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {}
        }
    }

    fn unused_values(&mut self, values: Option<Anything>) {
        let Some(Anything(values)) = values else {
            return;
        };
        if self.incomplete {
            return;
        }
        for (key, _) in self.sources.entries(values).to_vec() {
            let name = self.sources.text(key).unwrap_or_default().to_owned();
            if !self.used.contains(&name) {
                self.problem(key, format!("nothing uses the value `{name}`"));
            }
        }
    }

    pub(super) fn redis_cluster(&mut self, raw: &raw::RedisCluster) -> RedisCluster {
        let around = Around::step(Each::No);
        RedisCluster {
            statefulset: self.namespaced(&raw.statefulset, around),
            port: raw.port.unwrap_or(REDIS_PORT),
            node_timeout: self.node_timeout(raw.node_timeout.0),
            image: raw.image.value.clone(),
            claim: raw.claim.value.clone(),
        }
    }

    /// Milliseconds, as Redis counts, or a time with a unit.
    fn node_timeout(&mut self, node: NodeId) -> Duration {
        const STAND_IN: Duration = Duration::from_secs(1);
        let template = self.json(node, Around::step(Each::No));
        let scope = Scope::new().with("values", self.values.clone());
        if template.has_loops()
            || template
                .references()
                .iter()
                .any(|name| name.root != "values")
        {
            self.problem(node, "the node timeout has to be known before the run");
            return STAND_IN;
        }
        match template.render(&scope) {
            Ok(Value::Number(millis)) => match millis.as_u64() {
                Some(millis) if millis > 0 => Duration::from_millis(millis),
                _ => {
                    self.problem(node, format!("{millis} is not a number of milliseconds"));
                    STAND_IN
                }
            },
            Ok(Value::String(text)) => self.duration(&Spanned { node, value: text }),
            // A stand-in for what is wrong already.
            Ok(Value::Null) => STAND_IN,
            Ok(_) => {
                self.problem(node, "the node timeout is neither a number nor a time");
                STAND_IN
            }
            Err(error) => {
                if self
                    .problems
                    .iter()
                    .all(|problem| problem.at.as_ref().is_none_or(|at| !self.within(node, at)))
                {
                    self.problem(node, error.to_string());
                }
                STAND_IN
            }
        }
    }

    fn within(&self, node: NodeId, at: &crate::source::Span) -> bool {
        let whole = self.sources.span(node);
        at.file == whole.file && whole.range.contains(&at.range.start)
    }

    /// A text for people: an expression in it would stay as it is.
    pub(super) fn plain_text(&mut self, what: &str, text: &Text) {
        if text.contains("${{") {
            self.problem(text.node, format!("`{what}` holds no expression"));
        } else if text.trim().is_empty() {
            self.problem(text.node, format!("`{what}` is empty"));
        }
    }
}

fn file_role(raw: &raw::FileRole) -> FileRole {
    let shown = match (&raw.role, &raw.role_alone, &raw.omit) {
        (Some(role), _, _) => FileShown::Role(role.value.clone()),
        (_, Some(role), _) => FileShown::RoleAlone(role.value.clone()),
        (_, _, reason) => FileShown::Omitted(
            reason
                .as_ref()
                .map(|text| text.value.clone())
                .unwrap_or_default(),
        ),
    };
    FileRole {
        glob: raw.glob.value.clone(),
        shown,
    }
}
