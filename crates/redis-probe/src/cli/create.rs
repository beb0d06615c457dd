//! `--cluster create`.

use serde::Serialize;

use super::check::CheckReport;

/// The arguments after the program's name.
///
/// Bound the call in time: it prints dots for ever when the bus is broken.
pub fn argv(addresses: &[String], replicas_per_master: usize) -> Vec<String> {
    let _ = (addresses, replicas_per_master);
    todo!()
}

/// What a creation printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateReport {
    /// The check that it ends with.
    pub check: CheckReport,
    /// It came as far as to wait for the nodes to join.
    pub joining: bool,
}

/// Reads what a creation printed on its two outputs.
pub fn parse(stdout: &str, stderr: &str) -> CreateReport {
    let _ = (stdout, stderr);
    todo!()
}

/// Lists why this is not a cluster of this shape; an empty list is one.
pub fn judge(report: &CreateReport, masters: usize, replicas_per_master: usize) -> Vec<String> {
    let _ = (report, masters, replicas_per_master);
    todo!()
}
