//! Steps: their names, what they show, and the actions under each.

use std::collections::{HashMap, HashSet};

use super::{
    Around, Each, Resolver,
    suite::{Part, Suite},
};
use crate::{
    plan::{Action, LEAK_CHECK, Need, Stage, Step},
    problem::Problem,
    raw,
    source::NodeId,
    spanned::Spanned,
};
use stayput_events::ClaimPart;

/// How many steps a scenario may have, with those under `steps` and in controls.
const MAX_ACTIONS: usize = 2000;

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
    /// The steps of the scenario, those of `finally` last, and around them its suite's.
    pub(super) fn steps(&mut self, suite: Option<&Suite>, spec: &raw::Spec) -> Vec<Step> {
        let parts = [
            (
                Part::SetUp,
                suite.and_then(|suite| suite.spec.setup.as_ref()),
            ),
            (Part::Steps, Some(&spec.steps)),
            (Part::Finally, spec.finally.as_ref()),
            (
                Part::TearDown,
                suite.and_then(|suite| suite.spec.finally.as_ref()),
            ),
        ];
        let (mut raw, mut steps): (Vec<_>, Vec<Step>) = (Vec::new(), Vec::new());
        let mut shared = 0;
        for (part, written) in parts {
            let all = (part == Part::TearDown).then(|| self.only_saved_before(shared));
            self.stage = part.stage();
            for step in written.into_iter().flatten() {
                self.saves.step = Some(steps.len());
                let resolved = self.step(step, Setting::Scenario);
                steps.push(Step {
                    name: part.called(&resolved.name),
                    ..resolved
                });
                raw.push(step);
            }
            if part == Part::SetUp {
                shared = steps.len();
            }
            self.saves.all.extend(all.into_iter().flatten());
        }
        self.stage = Stage::Course;
        number(&raw, &mut steps);
        self.names(&raw, &steps);
        self.repeated(&raw, &steps);
        steps
    }

    /// Leaves what was saved before a step, and gives the rest: a tear-down is everybody's, and
    /// knows nothing of a scenario.
    fn only_saved_before(&mut self, step: usize) -> Vec<super::names::Saved> {
        let early = |saved: &super::names::Saved| saved.step.is_some_and(|by| by < step);
        let all = std::mem::take(&mut self.saves.all);
        let (kept, rest) = all.into_iter().partition(early);
        self.saves.all = kept;
        rest
    }

    /// Names that are said twice, or are not for steps.
    fn names(&mut self, raw: &[&Spanned<raw::Step>], steps: &[Step]) {
        let names: Vec<(NodeId, String)> = raw
            .iter()
            .zip(steps)
            .map(|(raw, step)| (self.name_node(raw), step.name.clone()))
            .collect();
        self.unique("steps", &names, Some("give each a `name` of its own"));
        let snapshots: Vec<(NodeId, String)> = raw
            .iter()
            .flat_map(|step| step.steps.iter().flatten().chain([*step]))
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
    }

    /// One step of the scenario or of a control.
    pub(super) fn step(&mut self, raw: &Spanned<raw::Step>, setting: Setting) -> Step {
        self.step_within(raw, Around::step(Each::No), setting)
    }

    /// One step, inside of another or not.
    fn step_within(&mut self, raw: &Spanned<raw::Step>, around: Around, setting: Setting) -> Step {
        let each = raw
            .for_each
            .map(|list| self.computed(list.0, "a list", around));
        let around = if each.is_some() {
            Around::step(Each::Yes)
        } else {
            around
        };
        let name = match &raw.name {
            Some(name) => {
                self.plain_text("name", name);
                name.value.clone()
            }
            None => self.called(raw),
        };
        let when = raw.when.as_ref().map(|when| self.expression(when, around));
        self.unbounded(raw);
        let mut shows = self.shows(raw.shows.as_deref().unwrap_or_default());
        let body = self.body(raw, around, setting, &mut shows);
        if body.is_empty() && raw.steps.as_ref().is_some_and(Vec::is_empty) {
            self.problem(raw.node, "a step without a verb");
        }
        Step {
            name,
            shows,
            within: raw.within.as_ref().map(|within| self.duration(within)),
            when,
            each,
            body,
            place: self.sources.place_of(raw.node),
            need: if raw.optional == Some(true) {
                Need::Optional
            } else {
                Need::Required
            },
            stage: self.stage,
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

    /// Steps that are done at once: none knows what another saves.
    pub(super) fn parallel(
        &mut self,
        raw: &[Spanned<raw::Step>],
        around: Around,
        setting: Setting,
    ) -> Action {
        let known = self.saves.all.len();
        let mut saved = Vec::new();
        let mut steps = Vec::new();
        for step in raw {
            self.not_at_once(step);
            let each = step.for_each.map_or(around.each, |_| Each::No);
            let own = self.step_within(step, Around { each, ..around }, setting);
            for save in self.saves.all.drain(known..) {
                if saved
                    .iter()
                    .any(|other: &super::names::Saved| other.name == save.name)
                {
                    let name = &save.name;
                    let message = format!("`{name}` is saved by two steps at once");
                    self.problems
                        .push(Problem::new(self.sources.span(step.node), message));
                }
                saved.push(save);
            }
            steps.push(own);
        }
        self.saves.all.extend(saved);
        let raw: Vec<_> = raw.iter().collect();
        number(&raw, &mut steps);
        Action::Parallel(steps)
    }

    /// What belongs to a whole run, or to one step at a time.
    fn not_at_once(&mut self, step: &Spanned<raw::Step>) {
        let inner = step.steps.iter().flatten();
        for step in inner.chain([step]) {
            let fields = [
                ("redis", step.redis.as_ref().map(|redis| redis.node)),
                ("snapshot", step.snapshot.as_ref().map(|name| name.node)),
                (
                    "parallel",
                    step.parallel
                        .as_ref()
                        .and_then(|steps| steps.first())
                        .map(|first| first.node),
                ),
                ("optional", step.optional.map(|_| step.node)),
            ];
            for (field, node) in fields {
                let Some(node) = node else { continue };
                let key = self
                    .sources
                    .entry(step.node, field)
                    .map_or(node, |(key, _)| key);
                self.problem(key, format!("`{field}` inside of `parallel`"));
            }
        }
    }

    /// What is said of a whole step, and not of one under `steps`.
    fn only_outside(&mut self, step: &Spanned<raw::Step>, around: Around) {
        let fields = [
            ("forEach", step.for_each.map(|list| list.0)),
            ("name", step.name.as_ref().map(|text| text.node)),
            ("within", step.within.as_ref().map(|text| text.node)),
            ("when", step.when.as_ref().map(|text| text.node)),
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
fn number(raw: &[&Spanned<raw::Step>], steps: &mut [Step]) {
    let named = |raw: &raw::Step| raw.name.is_some() || raw.snapshot.is_some();
    let mut taken: HashSet<String> = raw
        .iter()
        .zip(steps.iter())
        .filter(|(raw, _)| named(raw))
        .map(|(_, step)| step.name.clone())
        .collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (raw, step) in raw.iter().zip(steps) {
        if named(raw) {
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
