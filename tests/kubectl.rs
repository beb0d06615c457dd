//! What kubectl prints, as accepted by somebody who read it: groups of commands, each typed as a
//! user would, on an embedded cluster. Every version of kubectl that is found is held against
//! the same texts.
//!
//! `kubectl/groups` has the commands, `kubectl/world` the manifests, `kubectl/snapshots` the
//! texts. Where older versions say something else, there is a snapshot `GROUP up to 1.29` beside the
//! `GROUP` of the others.
//!
//! Invariants:
//! - A test that cannot be done here is shown as ignored, with the reason.

#[path = "kubectl/cluster.rs"]
mod cluster;
#[path = "kubectl/normal.rs"]
mod normal;
#[path = "kubectl/player.rs"]
mod player;
#[path = "kubectl/programs.rs"]
mod programs;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use stayput_tests::{trial, why_not_embedded};

/// The variable with the kubeconfig of a real cluster, to hold the texts against that one. It
/// has one worker and is called `shop`.
pub(crate) const REAL: &str = "STAYPUT_KUBECTL_REAL";

fn main() -> ExitCode {
    if let Some(code) = stayput_tests::as_stayput() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    let real = std::env::var_os(REAL);
    if real.is_some() {
        arguments.test_threads = Some(1);
    }
    let forbidden = match real {
        Some(_) => None,
        None => why_not_embedded(env!("CARGO_TARGET_TMPDIR")),
    };
    let found = programs::found();
    let trials = if found.is_empty() {
        let why = "there is none in PATH, and STAYPUT_KUBECTLS names none";
        vec![trial("kubectl", Some(why), || Ok(()))]
    } else {
        let trials = found.into_iter().map(|program| {
            let title = format!("kubectl_1.{}", program.minor);
            let why_not = program.why_not.clone().or_else(|| forbidden.clone());
            trial(&title, why_not.as_deref(), move || player::play(&program))
        });
        trials.collect()
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
