//! Controls: names of steps to indices, and whether each can be reached.

use std::collections::{HashMap, HashSet};

use super::{
    Resolver,
    names::Saves,
    step::Setting,
    suite::{Part, Suite},
};
use crate::{
    plan::{Act, Action, Control, HostWork, LEAK_CHECK, Moment, NodeFault, RedisWork, Step},
    problem::Problem,
    raw,
    source::{Kind, NodeId},
    spanned::{Spanned, Text},
};

/// How many controls a scenario may have.
const MAX_CONTROLS: usize = 200;

/// What the name of a step stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Step(usize),
    LeakCheck,
    /// It is wrong, or its step is.
    Nothing,
}

impl Named {
    /// The index of a step; none for the leak check, or where nothing is named.
    pub(super) fn index(self) -> Option<usize> {
        match self {
            Self::Step(index) => Some(index),
            Self::LeakCheck | Self::Nothing => None,
        }
    }
}

/// The steps that can be named.
pub(super) struct Nameable<'a> {
    steps: &'a [Step],
    indices: HashMap<&'a str, usize>,
    /// Names of steps that were left out as wrong.
    hidden: HashSet<String>,
}

impl<'a> Nameable<'a> {
    /// These steps; `hidden` are the names of all, also of those that were left out as wrong.
    pub(super) fn of(steps: &'a [Step], hidden: HashSet<String>) -> Self {
        let indices = steps.iter().enumerate();
        Self {
            steps,
            indices: indices
                .map(|(index, step)| (step.name.as_str(), index))
                .collect(),
            hidden,
        }
    }
}

/// An act as it is written, whichever of the two ways.
struct Written<'a> {
    before: Option<&'a Text>,
    instead: Option<&'a Text>,
    r#do: &'a [Spanned<raw::Step>],
    undo: &'a [Spanned<raw::Step>],
}

impl Resolver<'_> {
    /// The controls of the scenario; `spec` is where they and its own steps are written.
    pub(super) fn controls(
        &mut self,
        raw: &[Spanned<raw::Control>],
        steps: &[Step],
        spec: Option<NodeId>,
        suite: Option<&Suite>,
    ) -> Vec<Control> {
        let names: Vec<(NodeId, String)> = raw
            .iter()
            .map(|control| (control.name.node, control.name.value.clone()))
            .collect();
        self.unique("controls", &names, None);
        let suite = suite.and_then(|suite| suite.written);
        let steps = Nameable::of(steps, self.written_names(spec, suite));
        if let Some(excess) = raw.get(MAX_CONTROLS) {
            self.problem(excess.node, format!("more than {MAX_CONTROLS} controls"));
        }
        let saves = self.saves.clone();
        let controls = raw
            .iter()
            .take(MAX_CONTROLS)
            .map(|control| self.control(control, &steps, &saves))
            .collect();
        self.saves = saves;
        controls
    }

    /// The names of all steps as they are written, wrong ones included.
    pub(super) fn written_names(
        &self,
        spec: Option<NodeId>,
        suite: Option<NodeId>,
    ) -> HashSet<String> {
        let lists = [
            (spec, "steps", Part::Steps),
            (spec, "finally", Part::Finally),
            (suite, "setup", Part::SetUp),
            (suite, "finally", Part::TearDown),
        ];
        let mut names = HashSet::new();
        for (of, list, part) in lists {
            let steps = of.and_then(|spec| self.sources.get(spec, list));
            for step in steps.into_iter().flat_map(|it| self.sources.items(it)) {
                let name = self.sources.get(*step, "name");
                let name = name.or_else(|| self.sources.get(*step, "snapshot"));
                let name = name.and_then(|name| self.sources.text(name));
                names.extend(name.map(|name| part.called(name)));
            }
        }
        names
    }

    fn control(
        &mut self,
        raw: &Spanned<raw::Control>,
        steps: &Nameable<'_>,
        saves: &Saves,
    ) -> Control {
        let fails_at = self.named(&raw.fails_at, steps);
        let skip = raw
            .skip
            .as_ref()
            .map_or_else(Vec::new, |skip| self.skipped(skip, steps));
        let mut acts: Vec<Act> = Vec::new();
        let mut own = Vec::new();
        let written_acts = written_acts(raw);
        for written in &written_acts {
            let Some((moment, at)) = self.moment(written, steps) else {
                continue;
            };
            self.reachable(moment, at, fails_at, raw, &skip);
            self.saves = saves_at(saves, moment, &skip);
            self.saves.all.append(&mut own);
            let body = self.sabotage(written.r#do, Setting::Sabotage);
            let undo = self.sabotage(written.undo, Setting::Undoing);
            own = self
                .saves
                .all
                .iter()
                .filter(|saved| saved.step.is_none())
                .cloned()
                .collect();
            acts.push(Act {
                at: moment,
                body,
                undo,
            });
        }
        let actions: Vec<&Action> = acts
            .iter()
            .flat_map(|act| &act.body)
            .flat_map(|step| &step.body)
            .collect();
        let complete = acts.len() == written_acts.len() && !self.incomplete;
        if complete && !actions.iter().any(|action| changes(action)) {
            let message = format!("the control `{}` changes nothing", raw.name.value);
            self.problem(raw.name.node, message);
        }
        acts.sort_by_key(|act| position(act.at));
        Control {
            name: raw.name.value.clone(),
            about: raw
                .about
                .as_ref()
                .map(|about| about.value.clone())
                .unwrap_or_default(),
            acts,
            fails_at: fails_at.index(),
            within: self.control_within(raw, fails_at, steps),
            skip,
            place: self.sources.place_of(raw.node),
        }
    }

    fn sabotage(&mut self, steps: &[Spanned<raw::Step>], setting: Setting) -> Vec<Step> {
        for step in steps {
            let fields = [
                (
                    "shows",
                    step.shows
                        .as_ref()
                        .and_then(|shows| shows.first())
                        .map(|part| part.node),
                ),
                (
                    "snapshot",
                    step.snapshot.as_ref().map(|snapshot| snapshot.node),
                ),
            ];
            for (field, node) in fields {
                if let Some(node) = node {
                    self.problem(node, format!("`{field}` has no place in a control"));
                }
            }
        }
        steps.iter().map(|step| self.step(step, setting)).collect()
    }

    /// When an act happens, and where that is written.
    fn moment(&mut self, act: &Written<'_>, steps: &Nameable<'_>) -> Option<(Moment, NodeId)> {
        if let Some(name) = act.before {
            return match self.named(name, steps) {
                Named::Step(index) => Some((Moment::Before(Some(index)), name.node)),
                Named::LeakCheck => Some((Moment::Before(None), name.node)),
                Named::Nothing => None,
            };
        }
        let name = act.instead?;
        match self.named(name, steps) {
            Named::Step(index) => Some((Moment::Instead(index), name.node)),
            Named::LeakCheck => {
                self.problem(name.node, "nothing can stand in place of the leak check");
                None
            }
            Named::Nothing => None,
        }
    }

    pub(super) fn named(&mut self, name: &Text, steps: &Nameable<'_>) -> Named {
        if name.value == LEAK_CHECK {
            return Named::LeakCheck;
        }
        if let Some(index) = steps.indices.get(name.as_str()) {
            return Named::Step(*index);
        }
        if !self.half_known && !steps.hidden.contains(name.as_str()) {
            let names = steps
                .steps
                .iter()
                .map(|step| step.name.as_str())
                .chain([LEAK_CHECK]);
            self.unknown(
                name.node,
                format!("there is no step `{}`", name.value),
                name,
                names,
            );
        }
        Named::Nothing
    }

    /// The indices of the steps that are left out, ascending.
    fn skipped(&mut self, skip: &raw::Skip, steps: &Nameable<'_>) -> Vec<usize> {
        let list = match skip {
            raw::Skip::All => return (0..steps.steps.len()).collect(),
            raw::Skip::Some(list) => list,
        };
        let mut indices = Vec::new();
        for entry in list {
            let names = match self.sources.kind(entry.0) {
                Kind::List(names) => names.clone(),
                _ => vec![entry.0],
            };
            for node in names {
                let Some(name) = self.sources.text(node).map(str::to_owned) else {
                    continue;
                };
                match self.named(&Spanned { node, value: name }, steps) {
                    Named::Step(index) => indices.push(index),
                    Named::LeakCheck => self.problem(node, "the leak check cannot be skipped"),
                    Named::Nothing => {}
                }
            }
        }
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// Whether the step that has to fail comes after the act, and neither is skipped.
    fn reachable(
        &mut self,
        moment: Moment,
        at: NodeId,
        fails_at: Named,
        raw: &Spanned<raw::Control>,
        skip: &[usize],
    ) {
        if self.incomplete {
            return;
        }
        let written = &raw.fails_at;
        let fails = match fails_at {
            Named::Step(index) => index,
            Named::LeakCheck => usize::MAX,
            Named::Nothing => return,
        };
        if skip.contains(&fails) {
            self.problem(
                written.node,
                format!("`{}` is skipped: it cannot fail", written.value),
            );
        }
        let (acts, name) = match moment {
            Moment::Before(index) => (index.unwrap_or(usize::MAX), "before"),
            Moment::Instead(index) => (index, "instead of"),
        };
        let moment_name = self.sources.text(at).unwrap_or_default().to_owned();
        if skip.contains(&acts) {
            self.problem(
                at,
                format!("`{moment_name}` is skipped: nothing happens {name} it"),
            );
        }
        if moment == Moment::Instead(fails) {
            self.problem(
                written.node,
                format!("`{}` is replaced: it cannot fail", written.value),
            );
        } else if fails < acts {
            let message = format!(
                "`{}` comes before the sabotage: it cannot notice it",
                written.value
            );
            let hint = format!("the sabotage happens {name} `{moment_name}`");
            self.problems
                .push(Problem::new(self.sources.span(written.node), message).hint(hint));
        }
    }

    fn control_within(
        &mut self,
        raw: &raw::Control,
        fails_at: Named,
        steps: &Nameable<'_>,
    ) -> Option<std::time::Duration> {
        let text = raw.within.as_ref()?;
        let within = self.duration(text);
        let own = match fails_at {
            Named::Step(index) => steps.steps.get(index).map(|step| self.time_of(step)),
            Named::LeakCheck | Named::Nothing => None,
        };
        if own.is_some_and(|own| own <= within) {
            let message = format!(
                "`{}` has no more time than this by itself",
                raw.fails_at.value
            );
            self.problem(text.node, message);
        }
        Some(within)
    }

    /// How long a step may take: its own time, or the longest of its verbs.
    fn time_of(&self, step: &Step) -> std::time::Duration {
        let of_verbs = step.body.iter().map(|action| self.timeouts.of(action));
        step.within.or_else(|| of_verbs.max()).unwrap_or_default()
    }
}

fn written_acts(raw: &raw::Control) -> Vec<Written<'_>> {
    let first = Written {
        before: raw.before.as_ref(),
        instead: raw.instead.as_ref(),
        r#do: &raw.r#do,
        undo: raw.undo.as_deref().unwrap_or_default(),
    };
    let more = raw.also.iter().flatten().map(|act| Written {
        before: act.before.as_ref(),
        instead: act.instead.as_ref(),
        r#do: &act.r#do,
        undo: act.undo.as_deref().unwrap_or_default(),
    });
    [first].into_iter().chain(more).collect()
}

/// What is saved when an act happens.
fn saves_at(saves: &Saves, moment: Moment, skip: &[usize]) -> Saves {
    let before = match moment {
        Moment::Before(index) => index.unwrap_or(usize::MAX),
        Moment::Instead(index) => index,
    };
    let done = |step: usize| step < before && !skip.contains(&step);
    let all = saves
        .all
        .iter()
        .filter(|saved| saved.step.is_some_and(done))
        .cloned()
        .collect();
    Saves { step: None, all }
}

fn position(moment: Moment) -> usize {
    match moment {
        Moment::Before(index) => index.unwrap_or(usize::MAX),
        Moment::Instead(index) => index,
    }
}

/// Whether an action changes something.
fn changes(action: &Action) -> bool {
    match action {
        Action::Apply(_)
        | Action::Create(_)
        | Action::Patch { .. }
        | Action::Delete { .. }
        | Action::Scale { .. }
        | Action::Restart { .. }
        | Action::Exec(_)
        | Action::Script(_)
        | Action::Redis(RedisWork::Create { .. } | RedisWork::Write { .. }) => true,
        Action::Host { work, .. } => match work {
            HostWork::Make(_) | HostWork::Remove(_) | HostWork::Empty(_) | HostWork::Run { .. } => {
                true
            }
        },
        Action::Node { fault, .. } => match fault {
            NodeFault::Cordon
            | NodeFault::Uncordon
            | NodeFault::Drain
            | NodeFault::Taint { .. }
            | NodeFault::Untaint { .. }
            | NodeFault::Stop
            | NodeFault::Start
            | NodeFault::Delete => true,
        },
        Action::Redis(
            RedisWork::Check | RedisWork::Healthy(_) | RedisWork::Verify | RedisWork::ProveDisks,
        )
        | Action::Expect { .. }
        | Action::Snapshot(_)
        | Action::Log(_)
        | Action::Save { .. } => false,
        Action::Parallel(steps) => steps.iter().flat_map(|step| &step.body).any(changes),
    }
}
