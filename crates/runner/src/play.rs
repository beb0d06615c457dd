//! Plays a course, beat by beat, and tells what happens.
//!
//! Invariants:
//! - After the first beat that does not pass, nothing more of the course is done
//!   but `finally`.
//! - What a play made is removed after a failure, unless the whole cluster goes.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use stayput_cluster::Cluster;
use stayput_events::{ControlResult, Elapsed, Event, Failure, Outcome, SkipReason, StepId};
use stayput_judge::change;
use stayput_scenario::plan::{Control, Need, Plan, Stage, Step};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Revision,
    capability::impossible,
    cleanup::clean_up,
    course::{self, Beat, Does},
    diagnose,
    emit::Emitter,
    halt::Halt,
    leak::{self, Before},
    lookout::{Lookout, Open},
    session::{self, Intent, Session, Settings},
    start::{Started, constants, start},
    step::{self, Played},
    watch::Watched,
};

/// How long `finally` may go on, all in all, once the run was stopped.
const GRACE: Duration = Duration::from_secs(30);

/// What is played, where, and who is told.
pub struct Run {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The cluster; it outlives the run.
    pub cluster: Arc<dyn Cluster>,
    /// How to play.
    pub settings: Settings,
    /// Where events go.
    pub events: Emitter,
    /// Stops the run when it is cancelled.
    pub cancel: CancellationToken,
    /// What becomes of what a failed play made.
    pub after_failure: AfterFailure,
    /// What the play before on the same cluster has left to this one.
    pub lookout: Lookout,
}

/// What becomes of what a failed play made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is removed: the cluster stays.
    CleanUp,
    /// It is left: somebody wants to look at it, or the cluster goes with it.
    Leave,
}

/// Plays the scenario itself. `RunFinished` is the caller's to tell.
pub async fn play_scenario(run: &Run) -> Outcome {
    let course = course::scenario(&run.plan);
    match skipped(run) {
        Ok(None) => {}
        Ok(Some(reason)) => return skip_all(run, &course, &reason),
        Err(halt) => return halt.into_outcome(),
    }
    let mut play = match Play::start(run, None).await {
        Ok(play) => play,
        Err(outcome) => return outcome,
    };
    let failed = play.all(&course).await;
    let Some((_, outcome)) = failed else {
        play.leave();
        return Outcome::Passed;
    };
    if run.after_failure == AfterFailure::CleanUp {
        for problem in clean_up(&mut play.session).await {
            play.session.found(format!("not cleaned up: {problem}"));
        }
    }
    outcome
}

/// Why the whole scenario is not played on this cluster.
fn skipped(run: &Run) -> Result<Option<SkipReason>, Halt> {
    let Some(when) = &run.plan.when else {
        return Ok(None);
    };
    let holds = session::holds(when, &constants(run))?;
    Ok((!holds).then(|| SkipReason::Condition(session::expression_text(when))))
}

fn skip_all(run: &Run, course: &[Beat], reason: &SkipReason) -> Outcome {
    for beat in course {
        run.events.emit(Event::StepFinished {
            step: beat.facts.id,
            outcome: Outcome::Skipped(reason.clone()),
        });
    }
    Outcome::Skipped(reason.clone())
}

/// Plays every control on the same cluster: each has to fail where it should.
pub async fn play_controls(run: &Run) -> Outcome {
    match skipped(run) {
        Ok(None) => {}
        Ok(Some(reason)) => return Outcome::Skipped(reason),
        Err(halt) => return halt.into_outcome(),
    }
    let mut missed = Vec::new();
    for control in &run.plan.controls {
        if run.cancel.is_cancelled() {
            return Outcome::Interrupted;
        }
        let course = course::control(&run.plan, control);
        run.events.emit(Event::ControlStarted {
            control: control.name.clone(),
            fails_at: run.plan.name_of(control.fails_at).to_owned(),
            steps: course.iter().map(|beat| beat.facts.clone()).collect(),
        });
        let result = play_control(run, control, &course).await;
        let caught = matches!(result, ControlResult::Caught(_));
        let interrupted = matches!(result, ControlResult::Interrupted);
        run.events.emit(Event::ControlFinished {
            control: control.name.clone(),
            result,
        });
        if interrupted {
            return Outcome::Interrupted;
        }
        if !caught {
            missed.push(control.name.clone());
        }
    }
    if missed.is_empty() {
        return Outcome::Passed;
    }
    Outcome::Failed(Box::new(Failure {
        summary: format!("not caught: {}", missed.join("; ")),
        ..Failure::default()
    }))
}

async fn play_control(run: &Run, control: &Control, course: &[Beat]) -> ControlResult {
    let acts = control.acts.iter().flat_map(|act| act.body.iter());
    let capabilities = run.cluster.capabilities();
    if let Some(why) = acts.clone().find_map(|step| impossible(step, capabilities)) {
        return ControlResult::NotTried(format!("this cluster cannot do what it needs: it {why}"));
    }
    let mut play = match Play::start(run, Some(control)).await {
        Ok(play) => play,
        Err(Outcome::Interrupted) => return ControlResult::Interrupted,
        Err(outcome) => return ControlResult::Broken(outcome),
    };
    let failed = play.all(course).await;
    play.undo(control).await;
    clean_up(&mut play.session).await;
    if run.cancel.is_cancelled() {
        return ControlResult::Interrupted;
    }
    if let Some(what) = play.changed_nothing.take() {
        return ControlResult::ChangedNothing { what };
    }
    if let Some(outcome) = play.broken_act.take() {
        return ControlResult::Broken(outcome);
    }
    // What one control leaves behind would be held against the next.
    match leak::check(&play.session, &play.before).await {
        Ok(seen_until) => play.seen_until = seen_until,
        Err(halt) => return ControlResult::Broken(halt.into_outcome()),
    }
    play.leave();
    course::verdict(&run.plan, control, failed)
}

/// A play that has begun.
struct Play<'a> {
    run: &'a Run,
    control: Option<&'a Control>,
    session: Session,
    before: Arc<Before>,
    reports: mpsc::UnboundedReceiver<Watched>,
    acts_begun: Vec<usize>,
    /// Until when `finally` may go on after the run was stopped.
    grace: Option<Elapsed>,
    changed_nothing: Option<String>,
    broken_act: Option<Outcome>,
    /// Up to which revision every write was seen, once the leak check has passed.
    seen_until: Option<Revision>,
    owner: tokio::task::JoinSet<()>,
    _tasks: tokio::task::JoinSet<()>,
}

impl<'a> Play<'a> {
    async fn start(run: &'a Run, control: Option<&'a Control>) -> Result<Self, Outcome> {
        let started = tokio::select! {
            started = start(run) => started.map_err(Halt::into_outcome)?,
            () = run.cancel.cancelled() => return Err(Outcome::Interrupted),
        };
        let Started {
            session,
            before,
            reports,
            owner,
            tasks,
        } = started;
        Ok(Self {
            run,
            control,
            session,
            before,
            reports,
            acts_begun: Vec::new(),
            grace: None,
            changed_nothing: None,
            broken_act: None,
            seen_until: None,
            owner,
            _tasks: tasks,
        })
    }

    /// Leaves what the next play on this cluster can go on with.
    fn leave(self) {
        if let Some(until) = self.seen_until {
            self.run.lookout.leave(Open {
                api: self.session.api,
                watches: self.session.watches,
                owner: self.owner,
                until,
            });
        }
    }

    /// Plays all beats until one does not pass, then those of `finally`; returns
    /// that one and how it ended.
    async fn all(&mut self, course: &[Beat]) -> Option<(String, Outcome)> {
        let mut failed: Option<(String, Outcome)> = None;
        for beat in course {
            let last = matches!(&beat.does, Does::Step(step) if step.stage == Stage::Finally);
            let outcome = match &failed {
                None => self.beat(beat).await,
                Some(_) if last => self.beat(beat).await,
                Some((_, Outcome::Interrupted)) => Outcome::Skipped(SkipReason::Interrupted),
                Some(_) => Outcome::Skipped(SkipReason::EarlierFailure),
            };
            self.run.events.emit(Event::StepFinished {
                step: beat.facts.id,
                outcome: outcome.clone(),
            });
            let passed = match &outcome {
                Outcome::Passed | Outcome::Flaky { .. } | Outcome::Skipped(_) => true,
                Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Interrupted => false,
            };
            if !passed && failed.is_none() {
                self.session.failed = true;
                if outcome == Outcome::Interrupted {
                    self.grace = Some(self.session.now().after(GRACE));
                }
                failed = Some((beat.name.clone(), outcome));
            }
        }
        failed
    }

    async fn beat(&mut self, beat: &Beat) -> Outcome {
        let capabilities = self.run.cluster.capabilities();
        if let Does::Step(step) = &beat.does
            && step.need == Need::Optional
            && let Some(why) = impossible(step, capabilities)
        {
            return Outcome::Skipped(SkipReason::NotPossibleHere(format!("it {why}")));
        }
        self.session.step = beat.facts.id;
        self.session.shows.clone_from(&beat.facts.shows);
        self.run.events.emit(Event::StepStarted {
            step: beat.facts.id,
        });
        let done = match &beat.does {
            Does::Step(step) => self.play(Intent::Play, std::slice::from_ref(step)).await,
            Does::Act(act) => return self.act(*act).await,
            Does::LeakCheck => self.leak_check().await,
        };
        match done {
            None => Outcome::Interrupted,
            Some(Ok(Played::Done)) => Outcome::Passed,
            Some(Ok(Played::Skipped(condition))) => {
                Outcome::Skipped(SkipReason::Condition(condition))
            }
            Some(Err(halt)) => self.explained(halt).await,
        }
    }

    /// Plays an act of the sabotage; what goes wrong in it is not the scenario's.
    async fn act(&mut self, number: usize) -> Outcome {
        let Some(act) = self.control.and_then(|control| control.acts.get(number)) else {
            return Outcome::Passed;
        };
        self.acts_begun.push(number);
        let done = self.play(Intent::Sabotage, &act.body).await;
        match done {
            None => Outcome::Interrupted,
            Some(Ok(_)) => Outcome::Passed,
            Some(Err(Halt::ChangedNothing(what))) => {
                self.changed_nothing = Some(what.clone());
                Halt::ChangedNothing(what).into_outcome()
            }
            Some(Err(halt)) => {
                let outcome = self.explained(halt).await;
                self.broken_act = Some(outcome.clone());
                outcome
            }
        }
    }

    /// Undoes the acts that were begun, the last one first.
    async fn undo(&mut self, control: &Control) {
        for number in std::mem::take(&mut self.acts_begun).into_iter().rev() {
            let undo = control.acts.get(number).map(|act| &act.undo);
            for step in undo.into_iter().flatten() {
                self.session.intent = Intent::Play;
                // What cannot be undone shows in the leak check of this control.
                let _ = step::play(&mut self.session, step).await;
            }
        }
    }

    /// Plays steps while the watches' reports go out; `None` where it was stopped.
    async fn play(&mut self, intent: Intent, steps: &[Step]) -> Option<Result<Played, Halt>> {
        self.session.intent = intent;
        let (events, step) = (self.run.events.clone(), self.session.step);
        let stopped = stopped(self.run, self.grace);
        let session = &mut self.session;
        let work = async {
            let mut played = Played::Done;
            for step in steps {
                played = step::play(session, step).await?;
            }
            Ok(played)
        };
        let done = attended(work, &mut self.reports, &events, step, stopped).await;
        // Steps at once that were stopped have made something, too.
        self.session.join();
        done
    }

    async fn leak_check(&mut self) -> Option<Result<Played, Halt>> {
        let (events, step) = (self.run.events.clone(), self.session.step);
        let stopped = stopped(self.run, self.grace);
        let work = async { leak::check(&self.session, &self.before).await };
        let done = attended(work, &mut self.reports, &events, step, stopped).await?;
        Some(done.map(|seen_until| {
            self.seen_until = seen_until;
            Played::Done
        }))
    }

    async fn explained(&self, halt: Halt) -> Outcome {
        let mut outcome = halt.into_outcome();
        match &mut outcome {
            Outcome::Failed(failure) | Outcome::TimedOut(failure) => {
                diagnose::explain(&self.session, failure).await;
            }
            Outcome::Passed
            | Outcome::Flaky { .. }
            | Outcome::Skipped(_)
            | Outcome::Interrupted => {}
        }
        outcome
    }
}

/// Ends when the run is stopped; once it is, when the grace for `finally` is over.
async fn stopped(run: &Run, grace: Option<Elapsed>) {
    match grace {
        None => run.cancel.cancelled().await,
        Some(until) => tokio::time::sleep_until(run.events.clock().instant(until)).await,
    }
}

/// Does some work while what the watches see is told; `None` where it was stopped.
async fn attended<T>(
    work: impl Future<Output = T>,
    reports: &mut mpsc::UnboundedReceiver<Watched>,
    events: &Emitter,
    step: StepId,
    stopped: impl Future<Output = ()>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => return None,
            done = &mut work => {
                while let Ok(watched) = reports.try_recv() {
                    tell(events, step, watched);
                }
                return Some(done);
            }
            Some(watched) = reports.recv() => tell(events, step, watched),
        }
    }
}

fn tell(events: &Emitter, step: StepId, watched: Watched) {
    match watched {
        Watched::Seen { what, seen } => events.emit(Event::Awaiting { step, what, seen }),
        Watched::Changed(change) => {
            let mut sight = change::sight(change.before.as_deref(), change.now.as_deref());
            for moment in diagnose::transitions(&change) {
                events.emit(Event::Changed {
                    object: change.key.to_string(),
                    uid: change.uid.clone(),
                    change: moment,
                    sight: sight.take(),
                });
            }
        }
    }
}
