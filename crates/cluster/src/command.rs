//! What a script on a node gave back.

use std::borrow::Cow;
use std::fmt;

/// The whole result of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// What was written to standard output, byte for byte.
    pub stdout: Vec<u8>,
    /// What was written to standard error, byte for byte.
    pub stderr: Vec<u8>,
    /// How the script ended.
    pub exit: ExitCode,
}

/// The exit code of a script; 128 + N when signal N ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExitCode(pub i32);

impl CommandOutput {
    /// Standard output as text; bytes that are no UTF-8 are replaced.
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Standard error as text; bytes that are no UTF-8 are replaced.
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}

impl ExitCode {
    /// Whether the script ended well.
    pub fn is_success(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
