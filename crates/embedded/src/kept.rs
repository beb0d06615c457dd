//! Takes a kept cluster when it is exactly what would be made.
//!
//! Invariants:
//! - A kept cluster is used again only when configuration, version, programs, the build
//!   that it runs, its health and its emptiness agree; one of the same configuration with
//!   which it does not is said why not, and is deleted to be made anew.
//! - What another run uses is left alone.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use stayput_cluster::{ClusterError, Progress};
use stayput_node::images::Images;
use tokio::time::timeout;

use crate::clusters::end;
use crate::home::{Home, failed, homes};
use crate::nodes::planned;
use crate::ready::takes_pods;
use crate::running::connect;

/// How long a kept cluster may take to show that its nodes are Ready.
const HEALTH_LIMIT: Duration = Duration::from_secs(15);

/// Everything that decides what a cluster is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipe {
    pub(crate) workers: usize,
    pub(crate) release: String,
    pub(crate) images: Images,
    /// Which build of the program it is: a cluster goes on with the code that made it.
    pub(crate) build: String,
}

/// A kept cluster that nobody else uses now.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) home: Home,
    pub(crate) held: File,
    pub(crate) using: File,
}

impl Recipe {
    /// This very program, as far as the system tells builds apart.
    pub(crate) fn this_build() -> String {
        let file = std::fs::metadata("/proc/self/exe");
        let told = file.map(|it| format!("{}-{}-{}", it.len(), it.mtime(), it.mtime_nsec()));
        told.unwrap_or_default()
    }
}

/// The first kept cluster that fits and is free.
pub(crate) async fn take(
    state: &Utf8Path,
    recipe: &Recipe,
    progress: &Progress,
) -> Result<Option<Taken>, ClusterError> {
    for home in homes(state) {
        let kept = home.described().kept;
        let same =
            |kept: &Recipe| (kept.workers, &kept.release) == (recipe.workers, &recipe.release);
        let Some(kept) = kept.filter(same) else {
            continue;
        };
        let Some(using) = home.take().map_err(failed("lock", &home.directory))? else {
            continue;
        };
        let name = &home.name;
        match fitting(&home, &kept, recipe).await {
            Ok(held) => {
                progress.tell(&format!("using the kept cluster `{name}`"));
                return Ok(Some(Taken { home, held, using }));
            }
            Err(why) => {
                progress.tell(&format!("not using the kept cluster `{name}`: {why}"));
                end(&home).await?;
            }
        }
    }
    Ok(None)
}

/// What holds its directory, or why it does not fit.
async fn fitting(home: &Home, kept: &Recipe, recipe: &Recipe) -> Result<File, String> {
    if kept.build != recipe.build {
        return Err("another build of this program made it".to_owned());
    }
    if kept.images != recipe.images {
        return Err("what images stand for has changed since".to_owned());
    }
    let held = home.hold().map_err(|error| error.to_string())?;
    let client = connect(&home.kubeconfig()).await;
    let client = client.map_err(|error| error.to_string())?;
    let nodes = planned(&home.name, kept.workers);
    let names = nodes.into_iter().map(|node| node.name).collect::<Vec<_>>();
    timeout(HEALTH_LIMIT, takes_pods(&client, &names))
        .await
        .map_err(|_| "not all of its nodes are Ready".to_owned())?
        .map_err(|error| error.to_string())?;
    let rests = stayput_cluster::rests_of(&client).await;
    match rests.map_err(|error| error.to_string())?.as_slice() {
        [] => Ok(held),
        rests => Err(format!("it is not empty: {}", rests.join(", "))),
    }
}
