//! What failed in the last run from a folder, for `--rerun-failed`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use serde_json::{Value, json};

use crate::place;

/// Takes down which scenarios of the run did not pass, by what the user called them.
pub(crate) fn remember(failed: &[&str]) -> Result<()> {
    let file = file()?;
    let folder = file.parent().context("a file without a folder")?;
    let text = json!({ "failed": failed }).to_string();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{folder}`"))?;
    std::fs::write(&file, text).with_context(|| format!("cannot write `{file}`"))
}

/// Which scenarios did not pass in the last run; none where there was no run.
pub(crate) fn failed() -> Result<Option<Vec<String>>> {
    let file = file()?;
    let Ok(text) = std::fs::read_to_string(&file) else {
        return Ok(None);
    };
    let read: Value =
        serde_json::from_str(&text).with_context(|| format!("cannot read `{file}`"))?;
    let failed = read["failed"].as_array().into_iter().flatten();
    let names = failed.filter_map(|name| name.as_str().map(str::to_owned));
    Ok(Some(names.collect()))
}

/// One file a folder: arguments of a run are relative to it.
fn file() -> Result<Utf8PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let mut hasher = DefaultHasher::new();
    here.hash(&mut hasher);
    let name = format!("{:016x}.json", hasher.finish());
    Ok(place::state()?.join("last-runs").join(name))
}
