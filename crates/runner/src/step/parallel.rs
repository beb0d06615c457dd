//! `parallel`: several steps at once.
//!
//! Invariants:
//! - Each comes to its end, also where another has failed: a fault that is half
//!   done would be worse than one more failure.

use futures::future::join_all;
use stayput_events::{Event, Failure, Mismatch};
use stayput_expr::Scope;
use stayput_scenario::plan::Step;

use super::Played;
use crate::{
    halt::Halt,
    session::{Session, ended_in},
};

/// Does all steps at once, and tells how each ended.
pub(crate) async fn parallel(
    session: &mut Session,
    scope: &Scope,
    steps: &[Step],
) -> Result<(), Halt> {
    session.branches = steps.iter().map(|_| session.fork(scope)).collect();
    let from = session.now();
    let branches = session.branches.iter_mut().zip(steps);
    // They stay in the session while they run: who is stopped has still made something.
    let ended = join_all(branches.map(|(branch, step)| async move {
        let played = super::play(branch, step).await;
        (played, branch.now() - from)
    }));
    let ended = ended.await;
    session.join();
    let mut failed = Vec::new();
    for ((played, took), step) in ended.into_iter().zip(steps) {
        let text = match &played {
            Ok(Played::Done) => ended_in("passed", took),
            Ok(Played::Skipped(condition)) => format!("skipped: not `{condition}`"),
            Err(halt) => format!("{}: {halt}", ended_in("failed", took)),
        };
        session.events.emit(Event::Logged {
            step: session.step,
            text: format!("{}: {text}", step.name),
        });
        if let Err(halt) = played {
            failed.push((step.name.as_str(), halt));
        }
    }
    match failed.len() {
        0 => Ok(()),
        count => Err(together(failed, count, steps.len())),
    }
}

/// One halt that shows all.
fn together(failed: Vec<(&str, Halt)>, count: usize, of: usize) -> Halt {
    let timed_out = failed
        .iter()
        .all(|(_, halt)| matches!(halt, Halt::TimedOut(_)));
    let mut all = Failure::default();
    let mut summaries = Vec::new();
    for (name, halt) in failed {
        let failure = match halt {
            // A sabotage that changed nothing tests nothing, whatever else happened.
            Halt::ChangedNothing(what) => {
                return Halt::ChangedNothing(format!("{name}: {what}"));
            }
            Halt::Failed(failure) | Halt::TimedOut(failure) => *failure,
            Halt::Broken(error) => Failure {
                summary: error.to_string(),
                ..Failure::default()
            },
        };
        summaries.push(format!("{name}: {}", failure.summary));
        for (all, one) in [
            (&mut all.expected, failure.expected),
            (&mut all.seen, failure.seen),
        ] {
            if !one.is_empty() {
                all.push_str(name);
                all.push_str(": ");
                all.push_str(&one);
                all.push('\n');
            }
        }
        let named = failure.mismatches.into_iter().map(|it| Mismatch {
            object: match it.object.as_str() {
                "" => name.to_owned(),
                object => object.to_owned(),
            },
            ..it
        });
        all.mismatches.extend(named);
        all.hint = all.hint.or(failure.hint);
    }
    all.summary = format!("{count} of {of} steps at once: {}", summaries.join("; "));
    let all = Box::new(all);
    if timed_out {
        Halt::TimedOut(all)
    } else {
        Halt::Failed(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(summary: &str) -> Box<Failure> {
        Box::new(Failure {
            summary: summary.to_owned(),
            seen: "Pending".to_owned(),
            ..Failure::default()
        })
    }

    #[test]
    fn every_failure_is_shown() {
        let failed = vec![
            ("a", Halt::TimedOut(failure("not within 3s"))),
            ("b", Halt::Failed(failure("exit code 1"))),
        ];
        let Halt::Failed(all) = together(failed, 2, 3) else {
            panic!("one that failed makes it a failure");
        };
        insta::assert_snapshot!(all.summary, @"2 of 3 steps at once: a: not within 3s; b: exit code 1");
        insta::assert_snapshot!(all.seen, @r"
        a: Pending
        b: Pending
        ");
    }

    #[test]
    fn time_outs_alone_are_a_time_out() {
        let failed = vec![("a", Halt::TimedOut(failure("late")))];
        assert!(matches!(together(failed, 1, 2), Halt::TimedOut(_)));
    }

    #[test]
    fn a_sabotage_that_changed_nothing_is_told_first() {
        let failed = vec![
            ("a", Halt::Failed(failure("late"))),
            ("b", Halt::ChangedNothing("still 3".to_owned())),
        ];
        assert!(matches!(together(failed, 2, 2), Halt::ChangedNothing(_)));
    }
}
