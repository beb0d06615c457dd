//! Following a question through time: what was seen, and what is said of it.

use std::time::Duration;

use stayput_events::{Cost, Elapsed, Event, Failure, Mismatch, Subject};
use stayput_judge::{
    hold::{Hold, State, Why},
    objects::Beside,
};
use stayput_scenario::plan::Mode;
use tokio::time::MissedTickBehavior;

use crate::{error::RunError, halt::Halt, session::Session};

/// How often is looked at what sends no events.
const EVERY: Duration = Duration::from_millis(250);

/// What was seen, and whether it is what was asked.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) met: bool,
    pub(crate) summary: String,
    pub(crate) mismatches: Vec<Mismatch>,
    pub(crate) evidence: Vec<String>,
    /// What the evidence is about.
    pub(crate) on: Vec<Subject>,
    /// What was asked of the closest candidate, and what it is.
    pub(crate) beside: Option<Beside>,
    /// It cannot become what was asked any more.
    pub(crate) broken: bool,
}

/// How long a question can take at most.
pub(crate) fn longest(session: &Session, mode: Mode) -> Duration {
    match mode {
        Mode::Eventually => session.within,
        Mode::Holds(span) => session.within + span,
        Mode::Never(span) => span,
    }
}

/// Looks again and again at something that sends no events.
///
/// An error of the API is something that was seen, not the end: the pod may
/// not be there yet. But who never saw anything has not seen that it never is.
pub(crate) async fn poll(
    session: &Session,
    mode: Mode,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Seen, Halt>,
) -> Result<(), Halt> {
    let started = session.now();
    let mut hold = Hold::new(mode, started, session.within);
    let last_moment = started.after(longest(session, mode) + Duration::from_secs(1));
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = Looked::Never;
    let mut last = String::new();
    session.awaiting(what);
    loop {
        ticks.tick().await;
        let patience = last_moment - session.now();
        let seen = match tokio::time::timeout(patience, look()).await {
            Ok(Ok(seen)) => {
                looked = Looked::Once;
                seen
            }
            Ok(Err(Halt::Broken(error @ RunError::Api { .. }))) => not_seen(error.to_string()),
            Ok(Err(halt)) => return Err(halt),
            Err(_) => return Err(session.timed_out(what, format!("no answer; before: {last}"))),
        };
        let now = session.now();
        if seen.summary != last {
            last.clone_from(&seen.summary);
            session.events.emit(Event::Awaiting {
                step: session.step,
                what: what.to_owned(),
                seen: last.clone(),
            });
        }
        match hold.observe(now, seen.met.into()) {
            State::Wait { .. } => {}
            State::Met if looked == Looked::Never => {
                return Err(Halt::failed(format!(
                    "nobody could look whether it never is: {what}: {last}"
                )));
            }
            State::Met => {
                spent(session, &hold, now);
                for line in seen.evidence {
                    session.found_of(line, seen.on.clone());
                }
                return Ok(());
            }
            State::Broken(why) => {
                spent(session, &hold, now);
                return Err(failure(what, why, seen));
            }
        }
    }
}

/// Whether anything was seen besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    Never,
    Once,
}

fn not_seen(error: String) -> Seen {
    Seen {
        summary: error,
        ..Seen::default()
    }
}

/// Tells waiting and holding apart.
fn spent(session: &Session, hold: &Hold, now: Elapsed) {
    let spent = hold.spent(now);
    let (step, events) = (session.step, &session.events);
    events.spent(step, Cost::Kubernetes, spent.waiting.0, spent.waiting.1);
    if let Some((from, until)) = spent.holding {
        events.spent(step, Cost::Window, from, until);
    }
}

/// What a person is shown of a question that was not met.
pub(crate) fn failure(what: &str, why: Why, seen: Seen) -> Halt {
    // What was seen stands in the sentence where its place is taken.
    let what = match &seen.beside {
        Some(_) => seen.summary.as_str(),
        None => what,
    };
    let (summary, timed_out) = match why {
        Why::TimedOut if seen.broken => (format!("cannot hold any more: {what}"), false),
        Why::TimedOut => (format!("did not come to hold in time: {what}"), true),
        Why::Ceased { held } => {
            let held = held.as_secs_f64();
            (format!("held for {held:.1}s only: {what}"), false)
        }
        Why::Happened { after } => {
            let after = after.as_secs_f64();
            (
                format!("happened after {after:.1}s, and never should: {what}"),
                false,
            )
        }
    };
    let (expected, seen_of_it) = match seen.beside {
        Some(Beside { expected, seen }) => (expected, seen),
        None => (what.to_owned(), seen.summary),
    };
    let failure = Box::new(Failure {
        summary,
        expected,
        seen: seen_of_it,
        mismatches: seen.mismatches,
        ..Failure::default()
    });
    if timed_out {
        Halt::TimedOut(failure)
    } else {
        Halt::Failed(failure)
    }
}
