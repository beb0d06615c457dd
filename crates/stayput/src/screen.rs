//! The one place that prints, and that knows the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use stayput_report::{Colour, Display, Style};
use tracing_subscriber::EnvFilter;

use crate::cli::Arguments;

/// Prints data on standard output; a reader that went away is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints on standard error, as far as that goes.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// How reports look on standard error.
pub(crate) fn style() -> Style {
    let terminal = io::stderr().is_terminal();
    let variable = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let live = terminal && !variable("CI") && std::env::var("TERM").as_deref() != Ok("dumb");
    Style {
        display: if live { Display::Live } else { Display::Lines },
        colour: if terminal && !variable("NO_COLOR") {
            Colour::Always
        } else {
            Colour::Never
        },
        width: width().unwrap_or(100),
    }
}

/// The columns of the terminal on standard error.
pub(crate) fn width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    Some(size.ws_col).filter(|columns| *columns > 0)
}

/// Sends what the libraries say to standard error, when asked.
pub(crate) fn log_to_stderr(arguments: &Arguments) {
    let default = if arguments.verbose {
        "stayput=debug,info"
    } else {
        "off"
    };
    let filter = EnvFilter::try_from_env("STAYPUT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // A second run in one process has it already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}
