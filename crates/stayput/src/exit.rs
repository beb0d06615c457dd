//! Exit codes, and how an error is shown.

use stayput_cluster::{ClusterError, ErrorKind};

/// Everything asked was seen to hold.
pub(crate) const PASSED: u8 = 0;
/// Something asked for does not hold.
pub(crate) const FAILED: u8 = 1;
/// Wrong flags, or a scenario with mistakes.
pub(crate) const USAGE: u8 = 2;
/// The cluster could not be had.
pub(crate) const CLUSTER: u8 = 3;
/// A bug of ours.
pub(crate) const BUG: u8 = 4;
/// Stopped by a person or a signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// A mistake of the user's, shown as it is.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Something was tried, and did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failed {
    pub(crate) message: String,
}

/// The cluster cannot do what the scenario needs.
#[derive(Debug, thiserror::Error)]
#[error("this cluster cannot do what the scenario needs:\n{}", .needs.join("\n"))]
pub(crate) struct NotCapable {
    pub(crate) needs: Vec<String>,
}

/// Shows an error with its causes and its cure; the kind gives the exit code.
pub fn show(error: &anyhow::Error) -> u8 {
    let mut lines = vec![format!("error: {error}")];
    lines.extend(
        error
            .chain()
            .skip(1)
            .map(|cause| format!("  caused by: {}", stayput_cluster::said(cause))),
    );
    lines.extend(hint(error).map(|hint| format!("\nhint: {hint}")));
    crate::screen::complain(&format!("{}\n", lines.join("\n")));
    code(error)
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(cluster) = error.downcast_ref::<ClusterError>() {
        return cluster.hint();
    }
    if error.is::<NotCapable>() {
        let hint = "play it with `--cluster kind`: nodes of kind have disks that can be seen";
        return Some(hint.to_owned());
    }
    error.downcast_ref::<UsageError>()?.hint.clone()
}

fn code(error: &anyhow::Error) -> u8 {
    if let Some(cluster) = error.downcast_ref::<ClusterError>() {
        return match cluster.kind() {
            ErrorKind::Usage => USAGE,
            ErrorKind::Cluster => CLUSTER,
            ErrorKind::Interrupted => INTERRUPTED,
        };
    }
    if error.is::<NotCapable>() {
        return CLUSTER;
    }
    if error.is::<Failed>() {
        return FAILED;
    }
    if error.is::<UsageError>() || error.is::<std::io::Error>() {
        return USAGE;
    }
    BUG
}
