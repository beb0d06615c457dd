//! Tests of the whole: see `catalogue.rs` and `causes.rs`. Here is what both ask:
//! which lanes can be played, and a `stayput` in a process of its own.

use std::{
    io,
    path::Path,
    process::{Command, ExitCode},
};

use libtest_mimic::{Failed, Trial};
use rustix::process::{Signal, set_parent_process_death_signal};

/// The variable that turns lanes of real clusters on.
const LANES: &str = "STAYPUT_LANES";

/// What this machine forbids, and how to allow it; none where the embedded cluster works.
///
/// `state` is a folder to try it in.
pub fn why_not_embedded(state: &str) -> Option<String> {
    let error = stayput_embedded::preflight(state.into()).err()?;
    let cure = error.hint().unwrap_or_default();
    Some(format!("{error}: {cure}"))
}

/// A test, or why it is not played: then it is shown as ignored, and never as `ok`.
pub fn trial(
    title: &str,
    why_not: Option<&str>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match why_not {
        None => Trial::test(title, test),
        Some(why) => Trial::test(format!("{title} ({why})"), || Ok(())).with_ignored_flag(true),
    }
}

/// How much is played on real clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnKind {
    /// The flagship: a few minutes.
    Flagship,
    /// Everything: half an hour.
    Everything,
}

/// Why a lane of real clusters is not played; none where it is.
pub fn why_no_kind(what: OnKind) -> Option<String> {
    let lane = match what {
        OnKind::Flagship => "kind",
        OnKind::Everything => "kind-everything",
    };
    let lanes = std::env::var(LANES).unwrap_or_default();
    let played = lanes.split(',').any(|it| it == lane);
    (!played).then(|| format!("{LANES}={lane} plays it, with kind and an engine"))
}

/// The word by which a test's own program plays the part of `stayput`.
const PART: &str = "play-stayput";

/// Plays `stayput` where this process was started to do so, and says how it ended.
pub fn as_stayput() -> Option<ExitCode> {
    let mut words = std::env::args().skip(1);
    if words.next()? != PART {
        return None;
    }
    // Whoever ends a test, however, ends what it plays.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    let words = std::iter::once("stayput".to_owned()).chain(words);
    Some(ExitCode::from(stayput::run(words)))
}

/// How `stayput` ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// All that it printed.
    pub said: String,
}

/// Runs `stayput` in a process of its own: two at once do not print into each other.
pub fn stayput<'a>(words: impl IntoIterator<Item = &'a str>) -> io::Result<Ended> {
    ended(command()?.args(words))
}

/// Runs `stayput` in a folder, which is also where it keeps what it remembers of runs there.
/// Whoever accepts the test's own snapshots does not accept those of its scenarios.
pub fn stayput_in<'a>(
    folder: &Path,
    words: impl IntoIterator<Item = &'a str>,
) -> io::Result<Ended> {
    let mut command = command()?;
    let state = folder.join(".state");
    ended(
        command
            .current_dir(folder)
            .env("XDG_STATE_HOME", state)
            .env_remove("INSTA_UPDATE")
            .args(words),
    )
}

/// A `stayput` in a process of its own, to be run as its caller likes.
pub fn command() -> io::Result<Command> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is this program, and ends by itself"
    )]
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(PART);
    Ok(command)
}

fn ended(command: &mut Command) -> io::Result<Ended> {
    let output = command.output()?;
    let texts = [output.stdout, output.stderr];
    let texts = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Ended {
        code: output.status.code(),
        said: texts.concat(),
    })
}
