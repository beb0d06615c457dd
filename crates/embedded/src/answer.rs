//! What the cluster's process tells its launcher, once: that it is there, or why not.

use std::io::{self, BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

/// The one message.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It takes pods.
    Ready,
    /// It does not, for this reason.
    Failed(String),
}

impl Answer {
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)
    }

    /// Waits for it. A process that ended without a word is an error.
    pub(crate) fn read(from: impl Read) -> io::Result<Self> {
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}
