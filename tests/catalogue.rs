//! Every shipped scenario on every lane, as a test of its own.
//!
//! Invariants:
//! - A lane that cannot be played here is shown as ignored, with the reason;
//!   it never prints `ok`.

mod documentation;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use stayput_tests::{OnKind, stayput, why_no_kind, why_not_embedded};

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
            lane("embedded", name, forbidden.clone()),
            lane("kind", name, why_no_kind(on_kind(name))),
        ]
    });
    let examples = documentation::examples().into_iter().map(|example| {
        let title = format!("documentation::{}", example.name);
        match &forbidden {
            None => Trial::test(title, move || documentation::play(&example)),
            Some(why) => ignored(&title, why),
        }
    });
    let trials = trials.chain(examples).collect();
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
fn lane(cluster: &'static str, name: &'static str, why_not: Option<String>) -> Trial {
    let title = format!("{cluster}::{name}");
    match why_not {
        None => Trial::test(title, move || {
            exits_with_0(&["e2e", name, "--cluster", cluster])
        }),
        Some(why) => ignored(&title, &why),
    }
}

/// A test that cannot be done here: never `ok`.
fn ignored(title: &str, why: &str) -> Trial {
    Trial::test(format!("{title} ({why})"), || Ok(())).with_ignored_flag(true)
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
