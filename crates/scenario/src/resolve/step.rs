//! Steps: their names, what they show, and the actions under each.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{Around, Each, Resolver};
use crate::{
    plan::{Action, Need, Step},
    problem::Problem,
    raw,
    source::NodeId,
    spanned::{Spanned, Text},
};
use stayput_events::ClaimPart;

/// How long a condition may take where it is not said.
const WITHIN: Duration = Duration::from_mins(1);
/// How many steps a scenario may have, with those under `steps` and in controls.
const MAX_ACTIONS: usize = 2000;
/// The last step of every run, which no scenario writes.
pub(super) const LEAK_CHECK: &str = "leak check";

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// In the scenario.
    Scenario,
    /// In what a control does: it has to change something.
    Sabotage,
    /// In what undoes it.
    Undoing,
}

impl Resolver<'_> {
    /// The steps of the scenario.
    pub(super) fn steps(&mut self, raw: &[Spanned<raw::Step>]) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, step) in raw.iter().enumerate() {
            self.saves.step = Some(index);
            steps.push(self.step(step, Setting::Scenario));
        }
        number(raw, &mut steps);
        let names: Vec<(NodeId, String)> = raw
            .iter()
            .zip(&steps)
            .map(|(raw, step)| (self.name_node(raw), step.name.clone()))
            .collect();
        self.unique("steps", &names, Some("give each a `name` of its own"));
        let snapshots: Vec<(NodeId, String)> = raw
            .iter()
            .flat_map(|step| step.steps.iter().flatten().chain([step]))
            .filter_map(|step| step.snapshot.as_ref())
            .filter(|snapshot| names.iter().all(|(node, _)| *node != snapshot.node))
            .map(|snapshot| (snapshot.node, snapshot.value.clone()))
            .collect();
        self.unique("snapshots", &snapshots, None);
        for (node, name) in names {
            if [LEAK_CHECK, "all"].contains(&name.as_str()) {
                self.problem(node, format!("no step can be named `{name}`"));
            }
        }
        steps
    }

    /// One step of the scenario or of a control.
    pub(super) fn step(&mut self, raw: &Spanned<raw::Step>, setting: Setting) -> Step {
        let each = raw
            .for_each
            .map(|list| self.computed(list.0, "a list", Around::step(Each::No)));
        let around = Around::step(if each.is_some() { Each::Yes } else { Each::No });
        let name = match &raw.name {
            Some(name) => {
                self.plain_text("name", name);
                name.value.clone()
            }
            None => called(raw),
        };
        let mut shows = self.shows(raw.shows.as_deref().unwrap_or_default());
        let body = self.body(raw, around, setting, &mut shows);
        if body.is_empty() && raw.steps.as_ref().is_some_and(Vec::is_empty) {
            self.problem(raw.node, "a step without a verb");
        }
        Step {
            name,
            shows,
            within: raw
                .within
                .as_ref()
                .map_or(WITHIN, |within| self.duration(within)),
            each,
            body,
            place: self.sources.place_of(raw.node),
            need: if raw.optional == Some(true) {
                Need::Optional
            } else {
                Need::Required
            },
        }
    }

    /// What a step does: its own verb, or those of the steps under it.
    fn body(
        &mut self,
        raw: &Spanned<raw::Step>,
        around: Around,
        setting: Setting,
        shows: &mut Vec<ClaimPart>,
    ) -> Vec<Action> {
        self.actions += 1;
        if self.actions == MAX_ACTIONS {
            self.problem(raw.node, format!("more than {MAX_ACTIONS} steps"));
        }
        if self.actions >= MAX_ACTIONS {
            return Vec::new();
        }
        let Some(steps) = &raw.steps else {
            return self.action(raw, around, setting).into_iter().collect();
        };
        let mut body = Vec::new();
        for step in steps {
            self.only_outside(step, around);
            for part in self.shows(step.shows.as_deref().unwrap_or_default()) {
                if !shows.contains(&part) {
                    shows.push(part);
                }
            }
            body.extend(self.body(step, around, setting, shows));
        }
        body
    }

    /// What is said of a whole step, and not of one under `steps`.
    fn only_outside(&mut self, step: &Spanned<raw::Step>, around: Around) {
        let fields = [
            ("forEach", step.for_each.map(|list| list.0)),
            ("name", step.name.as_ref().map(|text| text.node)),
            ("within", step.within.as_ref().map(|text| text.node)),
        ];
        for (field, node) in fields {
            let Some(node) = node else { continue };
            let key = self
                .sources
                .entry(step.node, field)
                .map_or(node, |(key, _)| key);
            let message = format!("`{field}` inside of `steps`");
            let hint = match (field, around.each) {
                ("forEach", Each::Yes) => {
                    "the step around it has a `forEach` already: split it in two"
                }
                ("forEach", Each::No) => {
                    "put it on the step around it, or make this a step of its own"
                }
                _ => "it belongs to the step around it",
            };
            self.problems
                .push(Problem::new(self.sources.span(key), message).hint(hint));
        }
    }

    /// Where the name of a step is written.
    fn name_node(&self, raw: &Spanned<raw::Step>) -> NodeId {
        let written = raw
            .name
            .as_ref()
            .or(raw.snapshot.as_ref())
            .map(|text| text.node);
        let first = || self.sources.entries(raw.node).first().map(|(key, _)| *key);
        written.or_else(first).unwrap_or(raw.node)
    }
}

/// Steps that nobody named, and that come out alike, are numbered from the second on.
fn number(raw: &[Spanned<raw::Step>], steps: &mut [Step]) {
    let mut taken: HashSet<String> = raw
        .iter()
        .filter_map(|step| step.name.as_ref().or(step.snapshot.as_ref()))
        .map(|name| name.value.clone())
        .collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (raw, step) in raw.iter().zip(steps) {
        if raw.name.is_some() || raw.snapshot.is_some() {
            continue;
        }
        let plain = step.name.clone();
        let count = counts.entry(plain.clone()).or_default();
        loop {
            *count += 1;
            if *count > 1 {
                step.name = format!("{plain} {count}");
            }
            if taken.insert(step.name.clone()) {
                break;
            }
        }
    }
}

/// What a step without a name is called: its verb, and what it is about.
fn called(raw: &raw::Step) -> String {
    let files = |verb: &str, files: &[Text]| {
        let names: Vec<&str> = files.iter().map(|file| file.value.as_str()).collect();
        format!("{verb} {}", names.join(", "))
    };
    if let Some(snapshot) = &raw.snapshot {
        return snapshot.value.clone();
    }
    if let Some(apply) = &raw.apply {
        return files("apply", &apply.0);
    }
    if let Some(create) = &raw.create {
        return files("create", &create.0);
    }
    if let Some(patch) = &raw.patch {
        return format!("patch {} {}", patch.kind.value, patch.name.value);
    }
    if let Some(delete) = &raw.delete {
        let list: Vec<Text> = delete
            .file
            .iter()
            .chain(delete.files.iter().flatten())
            .cloned()
            .collect();
        return match &delete.kind {
            Some(kind) => {
                let name = delete
                    .name
                    .as_ref()
                    .map_or("of a selection", |name| &name.value);
                format!("delete {} {name}", kind.value)
            }
            None => files("delete", &list),
        };
    }
    if let Some(scale) = &raw.scale {
        return format!("scale {}", scale.statefulset.value);
    }
    if let Some(restart) = &raw.restart {
        return format!(
            "restart {}",
            restart.pod.as_ref().map_or("pods", |pod| &pod.value)
        );
    }
    if let Some(exec) = &raw.exec {
        return format!("exec in {}", exec.pod.value);
    }
    called_otherwise(raw)
}

fn called_otherwise(raw: &raw::Step) -> String {
    if let Some(host) = &raw.host {
        let paths = [
            ("make", &host.make),
            ("remove", &host.remove),
            ("empty", &host.empty),
        ];
        let path = paths
            .into_iter()
            .find_map(|(verb, path)| Some((verb, path.as_ref()?)));
        return match path {
            Some((verb, path)) => format!("{verb} {}", path.value),
            None => format!("run on {}", host.on_node.value),
        };
    }
    if let Some(node) = &raw.on_node {
        let (verb, node) = match node {
            raw::NodeVerb::Cordon(node) => ("cordon", node),
            raw::NodeVerb::Uncordon(node) => ("uncordon", node),
            raw::NodeVerb::Drain(node) => ("drain", node),
            raw::NodeVerb::Taint(taint) => ("taint", &taint.on_node),
            raw::NodeVerb::Untaint(taint) => ("untaint", &taint.on_node),
            raw::NodeVerb::Stop(node) => ("stop", node),
            raw::NodeVerb::Start(node) => ("start", node),
            raw::NodeVerb::Delete(node) => ("delete node", node),
        };
        return format!("{verb} {}", node.value);
    }
    if let Some(redis) = &raw.redis {
        let verb = match redis.value {
            raw::Redis::Create(_) => "create",
            raw::Redis::Check => "check",
            raw::Redis::Healthy(_) => "healthy",
            raw::Redis::Write(_) => "write",
            raw::Redis::Verify => "verify",
            raw::Redis::Prove => "prove",
        };
        return format!("redis {verb}");
    }
    if let Some(expect) = &raw.expect {
        let what = match &expect.all {
            Some(kind) => kind.value.as_str(),
            None if expect.event.is_some() => "an event",
            None if expect.files.is_some() => "files",
            None if expect.pods.is_some() => "pods",
            None => "a condition",
        };
        return format!("expect {what}");
    }
    match &raw.save {
        Some(save) => format!("save {}", save.r#as.value),
        None => "several steps".to_owned(),
    }
}
