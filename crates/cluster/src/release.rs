//! How a run ends its use of a cluster.

use camino::Utf8PathBuf;

/// What to do with a cluster at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Leave it running, to be looked at or used again.
    Keep,
    /// Delete it, if it is ours.
    Delete,
}

/// What was done with a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// It was deleted; nothing of it is left.
    Deleted,
    /// It runs on; this kubeconfig file reaches it.
    Kept {
        /// Where the kubeconfig file is.
        kubeconfig: Utf8PathBuf,
    },
    /// It is somebody else's and was left as it is.
    NotOurs,
}
