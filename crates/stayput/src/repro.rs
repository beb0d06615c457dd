//! `repro`: a bug report, broken and fixed; or a bundle's run, played again.

mod bug;
mod bundle;
mod packed;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Parser};

use crate::{choice::ClusterChoice, cli::E2e, exit::UsageError};

/// Flags of `repro`.
#[derive(Debug, Args)]
pub(crate) struct Repro {
    /// A bug report: a shipped one by its name, a file or a folder. Or a bundle, as
    /// `e2e --bundle` writes it.
    #[arg(value_name = "ID|FILE")]
    what: String,
    /// Which cluster; without it the bundle's own, and for a bug report the one that `e2e` takes.
    #[arg(long, env = "STAYPUT_CLUSTER")]
    cluster: Option<ClusterChoice>,
    /// The version of Kubernetes; without it the bundle's own.
    #[arg(long, value_name = "X.Y")]
    kubernetes: Option<String>,
    /// Keep the cluster, for a look.
    #[arg(long)]
    keep: bool,
    /// Write index.html, report.json, junit.xml and logs into this folder: of a bug report into
    /// `broken` and `fixed` in it.
    #[arg(long, value_name = "DIR")]
    report: Option<Utf8PathBuf>,
    /// What images stand for on the embedded cluster, besides the built-in ones: a file. Without
    /// it the bundle's own.
    #[arg(long, value_name = "FILE")]
    images: Option<Utf8PathBuf>,
}

/// The flags of `e2e`, from words.
#[derive(Debug, Parser)]
struct Words {
    #[command(flatten)]
    e2e: E2e,
}

/// Plays a bug report or a bundle: 0 where it is as it says, 1 where it is not.
pub(crate) async fn repro(flags: Repro) -> Result<u8> {
    let path = Utf8PathBuf::from(&flags.what);
    let is_scenario = matches!(path.extension(), Some("yaml" | "yml"));
    if path.is_file() && !is_scenario {
        return Box::pin(bundle::again(&flags, &path)).await;
    }
    let is_there = path.is_file() || path.join("scenario.yaml").is_file();
    if is_there || stayput_fixtures::bugs().contains(&flags.what.as_str()) {
        return Box::pin(bug::show(&flags)).await;
    }
    Err(unknown(&flags.what, &path))
}

/// Nothing is called so: what is meant, and what there is.
fn unknown(what: &str, path: &Utf8Path) -> anyhow::Error {
    let known = stayput_fixtures::bugs();
    let nearest = stayput_scenario::nearest(what, known.iter().copied());
    let mean = nearest.map(|name| format!("did you mean `{name}`? "));
    let message = if path.is_dir() {
        format!("the folder `{what}` has no scenario.yaml")
    } else {
        format!("there is no bug report and no file `{what}`")
    };
    anyhow::Error::from(UsageError {
        message,
        hint: Some(format!(
            "{}name a bundle, a scenario with a `bug`, or a bug report that is shipped: {}",
            mean.unwrap_or_default(),
            known.join(", ")
        )),
    })
}
