//! What kind and the engine say when they fail, told apart by cause.
//!
//! Invariants:
//! - Pure: the words they print in, the typed error out. Words that are not
//!   known keep their text in [`ClusterError::CreateFailed`].

use stayput_cluster::ClusterError;

use crate::engine::Engine;
use stayput_program::tail;

/// Why `kind create cluster` failed, from all that it printed.
pub(crate) fn of_create(
    printed: &str,
    cluster: &str,
    image: Option<&str>,
    engine: &Engine,
) -> ClusterError {
    let said = essence(printed);
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["cannot connect to the", "is the docker daemon running"])
        || has(&["permission denied while trying to connect"])
    {
        return engine.not_running(said);
    }
    if has(&[
        "already exist for a cluster",
        "is already in use by container",
    ]) {
        let name = cluster.to_owned();
        return ClusterError::NameTaken { name, said };
    }
    if has(&["port is already allocated", "address already in use"]) {
        return ClusterError::PortTaken { said };
    }
    if has(&["failed to pull image", "pull access denied"]) {
        let image = image.unwrap_or("of kind's own default").to_owned();
        let here = Vec::new();
        return ClusterError::NodeImageNotFound { image, said, here };
    }
    if has(&["decode config", "unmarshal", "invalid configuration"])
        || has(&["unknown apiversion", "is not a valid"])
    {
        return ClusterError::BadConfig { said };
    }
    ClusterError::CreateFailed {
        name: cluster.to_owned(),
        said,
    }
}

/// What kind says, before it makes anything, when a cluster has the name.
const FOREIGN: &str = "already exist for a cluster";

/// Whether a cluster that is not ours has the name: it must not be deleted.
pub(crate) fn is_of_a_foreign_cluster(error: &ClusterError) -> bool {
    matches!(error, ClusterError::NameTaken { said, .. } if said.contains(FOREIGN))
}

/// Whether an engine says that an image does not exist, as against being out of reach.
pub(crate) fn says_unknown(said: &str) -> bool {
    let said = said.to_lowercase();
    let words = [
        "manifest unknown",
        "not found",
        "does not exist",
        "repository does not",
    ];
    words.iter().any(|word| said.contains(word))
}

/// What matters of kind's output: its error, and the last of the output of the
/// command that failed; without either, the end of all.
fn essence(printed: &str) -> String {
    let Some(start) = printed.find("ERROR: ") else {
        return tail(printed.as_bytes());
    };
    let error = &printed[start + "ERROR: ".len()..];
    let Some((error, output)) = error.split_once("Command Output: ") else {
        return tail(error.as_bytes());
    };
    let error = error.trim();
    // The command line itself is long and says nothing that its output does not.
    let error = match error.split_once(": command \"") {
        Some((error, _)) => error,
        None => error,
    };
    let last: Vec<_> = output.lines().rev().take(4).collect();
    let last: Vec<_> = last.into_iter().rev().collect();
    tail(format!("{error}\n{}", last.join("\n")).as_bytes())
}
