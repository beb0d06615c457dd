//! Every shipped scenario and bug report on every lane, as a test of its own.
//!
//! Invariants:
//! - A lane that cannot be played here is shown as ignored, with the reason;
//!   it never prints `ok`.

mod documentation;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use stayput_tests::{OnKind, stayput, trial, why_no_kind, why_not_embedded};

/// The scenario that every kind of cluster plays in every run of the tests.
const FLAGSHIP: &str = "local-pv-redis";

fn main() -> ExitCode {
    if let Some(code) = stayput_tests::as_stayput() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // Scenarios mostly wait; too many at once would slow each other's timers down.
    arguments.test_threads.get_or_insert(3);
    let forbidden = why_not_embedded(env!("CARGO_TARGET_TMPDIR"));
    let trials = stayput_fixtures::names().into_iter().flat_map(|name| {
        [
            Trial::test(format!("lint::{name}"), move || {
                exits_with_0(&["lint", name])
            }),
            lane("embedded", name, forbidden.as_deref()),
            lane("kind", name, why_no_kind(on_kind(name)).as_deref()),
        ]
    });
    let bugs = stayput_fixtures::bugs().into_iter().flat_map(|name| {
        let played = |cluster, why_not: Option<&str>| {
            trial(&format!("repro::{cluster}::{name}"), why_not, move || {
                exits_with_0(&["repro", name, "--cluster", cluster])
            })
        };
        [
            played("embedded", forbidden.as_deref()),
            played("kind", why_no_kind(OnKind::Everything).as_deref()),
        ]
    });
    let examples = documentation::examples().into_iter().map(|example| {
        let title = format!("documentation::{}", example.name);
        trial(&title, forbidden.as_deref(), move || {
            documentation::play(&example)
        })
    });
    let trials = trials.chain(bugs).chain(examples).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// With which others a scenario is played on real clusters.
fn on_kind(name: &str) -> OnKind {
    if name == FLAGSHIP {
        OnKind::Flagship
    } else {
        OnKind::Everything
    }
}

/// A scenario on one kind of cluster, or why it is not played there.
fn lane(cluster: &'static str, name: &'static str, why_not: Option<&str>) -> Trial {
    trial(&format!("{cluster}::{name}"), why_not, move || {
        exits_with_0(&["e2e", name, "--cluster", cluster])
    })
}

fn exits_with_0(arguments: &[&str]) -> Result<(), Failed> {
    let ended = stayput(arguments.iter().copied())?;
    match ended.code {
        Some(0) => Ok(()),
        code => Err(Failed::from(format!(
            "it exited with {code:?}\n{}",
            ended.said
        ))),
    }
}
