//! Folds events into a terminal, a page, JSON and XML.
//!
//! A run is a list of [`Record`](stayput_events::Record)s. [`Summary`] is the
//! one fold over them, live or read back from a file; every report here is
//! written from it.
//!
//! Invariants:
//! - A report is a function of records: the same records, the same report.
//! - No clock and no environment: time comes from the records, the look of a
//!   terminal from a [`Style`].
//! - Nothing is printed: a report goes to the writer that is handed in.
//! - No secret passes: every report is written from redacted text.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod json;
pub mod junit;
pub mod page;
pub mod redact;
pub mod suite;

mod claims;
mod closing;
mod error;
mod exit;
mod failure;
mod layout;
mod ledger;
mod lines;
mod live;
mod style;
mod summary;
mod terminal;
mod time;
mod words;

pub use claims::{LedgerPart, LedgerRow, Tally};
pub use error::Error;
pub use style::{Colour, Display, Style};
pub use summary::{Awaited, ControlSummary, StepSummary, Summary};
pub use terminal::Terminal;
pub use time::{Spans, TimeSplit};
