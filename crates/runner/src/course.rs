//! The order of a play: the scenario's steps, or a control's.
//!
//! Invariants:
//! - Pure: a plan in, a list of beats out; outcomes in, a verdict out.
//! - A control stops at the step that has to fail, but for `finally`, and before it pays no
//!   window and no hold that the sabotage does not need.

use stayput_events::{ControlResult, Outcome, StepFacts, StepId};
use stayput_scenario::plan::{
    Action, Control, HealthyFor, LEAK_CHECK, Mode, Moment, Place, Plan, RedisWork, Stage, Step,
};

/// One thing that is done.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    pub(crate) name: String,
    pub(crate) does: Does,
    pub(crate) facts: StepFacts,
}

/// What is done.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// A step of the scenario.
    Step(Step),
    /// An act of a sabotage, by its index in the control.
    Act(usize),
    /// The leak check.
    LeakCheck,
}

/// All steps of a plan, and the leak check.
pub(crate) fn scenario(plan: &Plan) -> Vec<Beat> {
    let mut course = Course::default();
    for step in &plan.steps {
        course.step(step.clone());
    }
    course.leak_check(plan);
    course.beats
}

/// The steps that a control plays.
pub(crate) fn control(plan: &Plan, control: &Control) -> Vec<Beat> {
    let mut course = Course::default();
    let last_act = control.acts.iter().map(|act| position(plan, act.at)).max();
    let mut failed = false;
    for (index, step) in plan.steps.iter().enumerate() {
        if failed && step.stage == Stage::Course {
            continue;
        }
        let instead = course.acts_at(plan, control, index);
        if instead == Replaced::No && !control.skip.contains(&index) {
            let mut step = step.clone();
            if control.fails_at == Some(index) {
                step.within = control.within.or(step.within);
            } else if last_act.is_some_and(|act| index < act) {
                without_windows(&mut step);
            }
            course.step(step);
        }
        failed |= control.fails_at == Some(index);
    }
    if failed {
        return course.beats;
    }
    course.acts_at(plan, control, plan.steps.len());
    course.leak_check(plan);
    course.beats
}

/// What a control's play came to.
pub(crate) fn verdict(
    plan: &Plan,
    control: &Control,
    failed: Option<(String, Outcome)>,
) -> ControlResult {
    let fails_at = plan.name_of(control.fails_at).to_owned();
    match failed {
        None => ControlResult::Missed,
        Some((at, outcome)) if at == fails_at => ControlResult::Caught(outcome),
        Some((at, outcome)) => ControlResult::FailedElsewhere { at, outcome },
    }
}

/// Whether a step's place is taken by a sabotage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replaced {
    Yes,
    No,
}

#[derive(Default)]
struct Course {
    beats: Vec<Beat>,
}

impl Course {
    fn step(&mut self, step: Step) {
        let (name, shows) = (step.name.clone(), step.shows.clone());
        let place = placed(&step.place);
        self.push(name, shows, place, Does::Step(step));
    }

    fn leak_check(&mut self, plan: &Plan) {
        let place = plan.file.to_string();
        self.push(LEAK_CHECK.to_owned(), Vec::new(), place, Does::LeakCheck);
    }

    /// The acts just before this step, or in its place.
    fn acts_at(&mut self, plan: &Plan, control: &Control, index: usize) -> Replaced {
        let mut replaced = Replaced::No;
        for (number, act) in control.acts.iter().enumerate() {
            if position(plan, act.at) != index {
                continue;
            }
            if matches!(act.at, Moment::Instead(_)) {
                replaced = Replaced::Yes;
            }
            let name = format!("sabotage: {}", control.name);
            self.push(name, Vec::new(), placed(&control.place), Does::Act(number));
        }
        replaced
    }

    fn push(
        &mut self,
        name: String,
        shows: Vec<stayput_events::ClaimPart>,
        place: String,
        does: Does,
    ) {
        let id = StepId(self.beats.len());
        let facts = StepFacts {
            id,
            name: name.clone(),
            shows,
            place,
        };
        self.beats.push(Beat { name, does, facts });
    }
}

fn placed(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// The index before which an act happens; the leak check comes after the last step.
fn position(plan: &Plan, at: Moment) -> usize {
    match at {
        Moment::Before(step) => step.unwrap_or(plan.steps.len()),
        Moment::Instead(step) => step,
    }
}

/// The same step, without waiting for what is true to stay true.
fn without_windows(step: &mut Step) {
    for action in &mut step.body {
        match action {
            Action::Redis(RedisWork::Healthy(span)) => *span = HealthyFor::Once,
            Action::Expect {
                mode: mode @ Mode::Holds(_),
                ..
            } => *mode = Mode::Eventually,
            Action::Parallel(steps) => steps.iter_mut().for_each(without_windows),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
