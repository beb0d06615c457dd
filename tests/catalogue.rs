//! Every shipped scenario on every lane, as a test of its own.
//!
//! Invariants:
//! - A lane that cannot be played here is shown as ignored, with the reason;
//!   it never prints `ok`.

use libtest_mimic::{Arguments, Failed, Trial};

/// The variable that turns the lane of real clusters on.
const LANES: &str = "STAYPUT_LANES";

fn main() {
    let arguments = Arguments::from_args();
    let trials = stayput_fixtures::names().into_iter().flat_map(|name| {
        [
            Trial::test(format!("lint::{name}"), move || {
                exits_with_0(&["lint", name])
            }),
            on_kind(name),
        ]
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn on_kind(name: &'static str) -> Trial {
    let title = format!("kind::{name}");
    match why_no_kind() {
        None => Trial::test(title, move || {
            exits_with_0(&["e2e", name, "--cluster", "kind"])
        }),
        Some(why) => Trial::test(format!("{title} ({why})"), || Ok(())).with_ignored_flag(true),
    }
}

/// Why the lane of real clusters is not played; none where it is.
fn why_no_kind() -> Option<String> {
    let lanes = std::env::var(LANES).unwrap_or_default();
    if !lanes.split(',').any(|lane| lane == "kind") {
        return Some(format!("{LANES}=kind plays it, with kind and an engine"));
    }
    None
}

fn exits_with_0(arguments: &[&str]) -> Result<(), Failed> {
    let arguments = std::iter::once("stayput").chain(arguments.iter().copied());
    match stayput::run(arguments) {
        0 => Ok(()),
        code => Err(Failed::from(format!("it exited with {code}"))),
    }
}
