//! Where the program keeps what outlives a run.

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;

/// Lock files and kubeconfigs of clusters: `$XDG_STATE_HOME/stayput`, or
/// `~/.local/state/stayput` (XDG Base Directory Specification 0.8).
pub(crate) fn state() -> Result<Utf8PathBuf> {
    below("XDG_STATE_HOME", ".local/state")
}

/// What can be made again: `$XDG_CACHE_HOME/stayput`, or `~/.cache/stayput`.
pub(crate) fn cache() -> Result<Utf8PathBuf> {
    below("XDG_CACHE_HOME", ".cache")
}

fn below(variable: &str, of_home: &str) -> Result<Utf8PathBuf> {
    let given = std::env::var(variable).ok().filter(|path| !path.is_empty());
    let base = if let Some(path) = given {
        Utf8PathBuf::from(path)
    } else {
        let home = std::env::var("HOME").context("neither HOME nor an XDG folder is set")?;
        Utf8PathBuf::from(home).join(of_home)
    };
    Ok(base.join("stayput"))
}
