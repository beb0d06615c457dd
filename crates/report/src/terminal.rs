//! What a person sees while a run goes on, and when it has ended.
//!
//! Invariants:
//! - The writer has one owner; nothing else is written to.
//! - A reader that goes away ends the output, not the run.

use std::{io, mem, time::Duration};

use stayput_events::{Elapsed, Event, Outcome, Record, SkipReason, StepId};

use crate::{
    Display, Error, StepSummary, Style, Summary, closing, closing::Part, lines, live::Live, redact,
};

/// On plain lines, what waits says so each time that it has waited so long.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// Writes a run to a terminal, record by record.
#[derive(Debug)]
pub struct Terminal<W> {
    writer: W,
    style: Style,
    summary: Summary,
    live: Option<Live>,
    /// Steps that were skipped one after the other, not yet written.
    held: Vec<StepId>,
    last_sign: Elapsed,
    closed: bool,
    part: Part,
}

impl<W: io::Write> Terminal<W> {
    /// A terminal on which nothing is written yet.
    pub fn new(writer: W, style: Style) -> Self {
        let live = match style.display {
            Display::Live => Some(Live::new(style.width)),
            Display::Lines => None,
        };
        Self {
            writer,
            style,
            summary: Summary::new(),
            live,
            held: Vec::new(),
            last_sign: Elapsed::ZERO,
            closed: false,
            part: Part::Whole,
        }
    }

    /// This run is one of several: claims and time are the summary's to tell.
    #[must_use]
    pub fn of_suite(mut self) -> Self {
        self.part = Part::OfSuite;
        self
    }

    /// Takes one more record and writes what it adds.
    ///
    /// A reader that has gone away is no error: nothing more is written.
    pub fn record(&mut self, record: &Record) -> Result<(), Error> {
        let record = redact::whole(record)?;
        self.summary = mem::take(&mut self.summary).after(&record);
        let lines = self.added_by(&record.event);
        if self.summary.outcome.is_some() {
            // What follows is for reading, and no line is redrawn below it.
            self.finish()?;
        }
        self.write_lines(&lines)?;
        self.tick(record.at)
    }

    /// Redraws the line that shows what is awaited; on plain lines, says once
    /// a minute what is still waited for.
    ///
    /// Ten times a second is enough.
    pub fn tick(&mut self, now: Elapsed) -> Result<(), Error> {
        if self.summary.outcome.is_some() {
            return Ok(());
        }
        if let Some(live) = &mut self.live {
            let drawn = live.draw(now, &self.summary, self.style);
            return self.write(&drawn);
        }
        let lines = self.sign_of_life(now);
        self.write_lines(&lines)
    }

    /// Takes the live line away: for whoever has something else to print, or
    /// ends before the run did.
    pub fn finish(&mut self) -> Result<(), Error> {
        let cleared = self.live.take().map(|mut live| live.clear());
        self.write(&cleared.unwrap_or_default())
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, width: u16) {
        self.style.width = width;
        if let Some(live) = &self.live {
            live.resize(width);
        }
    }

    /// Whether the reader has gone away.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.writer
    }

    /// What the run has come to, redacted.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    fn added_by(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::ClusterReady(_) => lines::headline(&self.summary, self.style),
            Event::Told { what } => lines::told(what, self.style),
            Event::Logged { text, .. } => lines::logged(text, self.style),
            Event::StepFinished { step, outcome } => self.step_ended(*step, outcome),
            Event::ControlStarted { .. } => {
                let mut lines = self.release();
                if self.summary.controls.len() == 1 {
                    lines.push(String::new());
                }
                lines
            }
            Event::ControlFinished { .. } => {
                let last = self.summary.controls.last();
                let line = |control| lines::control(control, &self.summary, self.style);
                last.map(line).unwrap_or_default()
            }
            Event::RunFinished { .. } => {
                let mut lines = self.release();
                if self.summary.cluster.is_none() {
                    lines.extend(lines::headline(&self.summary, self.style));
                    // A blank line follows in any case.
                    lines.pop();
                }
                lines.extend(closing::all(&self.summary, self.style, self.part));
                lines
            }
            Event::RunStarted(_)
            | Event::ClusterProgress { .. }
            | Event::StepStarted { .. }
            | Event::Awaiting { .. }
            | Event::Spent { .. }
            | Event::Found { .. }
            | Event::Acted { .. }
            | Event::Withheld { .. }
            | Event::Changed { .. }
            | Event::FilesWritten { .. } => Vec::new(),
        }
    }

    /// A control's own steps get no line: the control has one.
    fn step_ended(&mut self, id: StepId, outcome: &Outcome) -> Vec<String> {
        if self.summary.control().is_some() {
            return Vec::new();
        }
        if let Outcome::Skipped(reason) = outcome {
            match reason {
                SkipReason::EarlierFailure
                | SkipReason::Interrupted
                | SkipReason::LeftOutByControl => {
                    let other = self
                        .held
                        .first()
                        .is_some_and(|held| !self.is_skipped(*held, reason));
                    let lines = if other { self.release() } else { Vec::new() };
                    self.held.push(id);
                    return lines;
                }
                // Each has a reason of its own.
                SkipReason::NotPossibleHere(_) | SkipReason::Condition(_) => {}
            }
        }
        let mut lines = self.release();
        if let Some(step) = self.step(id) {
            lines.extend(lines::step(step, &self.summary, self.style));
        }
        lines
    }

    /// The line for the steps that were held back.
    fn release(&mut self) -> Vec<String> {
        let held = mem::take(&mut self.held);
        let steps: Vec<&StepSummary> = held.iter().filter_map(|id| self.step(*id)).collect();
        lines::skipped(&steps, &self.summary, self.style)
    }

    fn is_skipped(&self, id: StepId, reason: &SkipReason) -> bool {
        let outcome = self.step(id).and_then(|step| step.outcome.as_ref());
        matches!(outcome, Some(Outcome::Skipped(other)) if other == reason)
    }

    fn step(&self, id: StepId) -> Option<&StepSummary> {
        self.summary.steps.iter().find(|step| step.facts.id == id)
    }

    fn sign_of_life(&mut self, now: Elapsed) -> Vec<String> {
        let since = match self.summary.current() {
            Some((step, _)) => step.begun.unwrap_or(now),
            None if self.summary.cluster.is_none() => Elapsed::ZERO,
            None => return Vec::new(),
        };
        if now - since.max(self.last_sign) < SIGN_OF_LIFE {
            return Vec::new();
        }
        self.last_sign = now;
        lines::still_waiting(&self.summary, now - since, self.style)
    }

    fn write_lines(&mut self, lines: &[String]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = lines.join("\n");
        text.push('\n');
        let text = match &self.live {
            Some(live) => live.above(&text),
            None => text,
        };
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        if self.closed || text.is_empty() {
            return Ok(());
        }
        let written = self.writer.write_all(text.as_bytes());
        match written.and_then(|()| self.writer.flush()) {
            Err(source) if source.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(source) => Err(Error::Terminal { source }),
            Ok(()) => Ok(()),
        }
    }
}
