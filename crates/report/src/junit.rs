//! junit.xml: the run for a CI server.

use crate::{Error, Summary};

/// The report of a run as XML, redacted.
///
/// One suite for the run, a case a step and one for the cluster; one suite
/// for its controls, a case each.
pub fn write(_summary: &Summary) -> Result<String, Error> {
    todo!()
}
