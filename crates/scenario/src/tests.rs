//! Whole scenarios, good and bad.

mod dialect;
mod editors;
mod flagship;
mod good;
mod hostile;
mod suite;
mod vain;
mod wrong;

use std::io;

use camino::Utf8Path;

/// Files of the disk, for tests only.
fn on_disk(path: &Utf8Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}
