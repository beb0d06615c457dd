//! A run in one file: what was played, on what, and how it ended.
//!
//! A bundle is a zip archive: `bundle.json`, the scenario's own files below
//! `scenario/`, the cluster's configuration, what programs rendered, and the run's reports below
//! `report/`.
//!
//! Invariants:
//! - Bytes in, bytes out: no file is opened here, and no clock is asked; the
//!   same contents give the same bytes.
//! - Every text in it is redacted, and says nothing of the machine it is from.
//! - What is read is bounded, every file is what its digest says, and no name
//!   leads outside the folder that it is unpacked into.

mod collect;
mod contents;
mod ending;
mod error;
mod pack;
mod scrub;
mod unpack;

pub use collect::Played;
pub use contents::{
    About, Bundle, CONFIG, IMAGES, RENDERED, REPORT, Rendered, SCENARIO, SCHEMA_VERSION, Selection,
};
pub use ending::{Ended, Ending};
pub use error::BundleError;
pub use pack::pack;
pub use scrub::Scrub;
pub use unpack::unpack;
