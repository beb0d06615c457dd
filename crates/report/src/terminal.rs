//! What a person sees while a run goes on, and when it has ended.

use std::io;

use stayput_events::{Elapsed, Record};

use crate::{Error, Style, Summary};

/// Writes a run to a terminal, record by record.
#[derive(Debug)]
pub struct Terminal<W> {
    writer: W,
    style: Style,
    summary: Summary,
    closed: bool,
}

impl<W: io::Write> Terminal<W> {
    /// A terminal on which nothing is written yet.
    pub fn new(writer: W, style: Style) -> Self {
        Self {
            writer,
            style,
            summary: Summary::new(),
            closed: false,
        }
    }

    /// Takes one more record and writes what it adds.
    ///
    /// A reader that has gone away is no error: nothing more is written.
    pub fn record(&mut self, _record: &Record) -> Result<(), Error> {
        let _ = &mut self.writer;
        todo!()
    }

    /// Redraws the line that shows what is awaited; nothing on plain lines.
    ///
    /// Ten times a second is enough.
    pub fn tick(&mut self, _now: Elapsed) -> Result<(), Error> {
        todo!()
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, width: u16) {
        self.style.width = width;
    }

    /// Whether the reader has gone away.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What the run has come to.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}
