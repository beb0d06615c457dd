//! Makes a cluster, or takes a kept one.
//!
//! Invariants:
//! - Whatever ends the making, Ctrl-C included, what was made is deleted; if
//!   even this process is killed, the lock file lets the next run do it.
//! - What can be known to fail is found before anything is made.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use stayput_cluster::{Cluster, ClusterError, NodeMap, Origin};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;

use crate::Kind;
use crate::config::{Config, Images};
use crate::failure;
use crate::images::pull_node_image;
use crate::kept;
use crate::leftovers;
use crate::node_image::NodeImage;
use crate::options::{KeepCluster, Options};
use crate::remove::remove;
use crate::running::{self, KindCluster};
use crate::state::{Claim, Kept, PREFIX, Record, failed, random_word};
use crate::tools::Tools;
use stayput_cluster::Progress;
use stayput_program::{Call, pid_of, tail};

/// How long `kind create cluster` may take.
const CREATION_LIMIT: Duration = Duration::from_mins(10);

/// How long nodes may take to be Ready after that.
const READY_LIMIT: Duration = Duration::from_mins(4);

/// Everything that is settled before a cluster is made.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) options: Options,
    pub(crate) config: Config,
    pub(crate) tools: Tools,
    pub(crate) node_image: NodeImage,
    pub(crate) node_image_id: Option<String>,
}

impl Kind {
    /// Makes a cluster as asked for, or takes a kept one, and waits until it takes pods.
    pub async fn create(&self, options: Options) -> Result<Arc<dyn Cluster>, ClusterError> {
        let config = Config::parse(&options.config)?;
        let (usable, _) = config.names("stayput");
        NodeMap::assign(&options.scenario_nodes, usable, Vec::new())?;

        let cancel = options.cancel.clone();
        let preparing = self.prepare(options, config);
        let order = cancel
            .run_until_cancelled(preparing)
            .await
            .unwrap_or_else(|| Err(interrupted("looking for kind, images and leftovers")))?;
        if order.options.keep == KeepCluster::Always
            && let Some(cluster) = self.take_kept(&order).await?
        {
            return Ok(cluster);
        }
        self.make(order).await
    }

    /// Finds the programs and the node image, and clears leftovers away.
    async fn prepare(&self, options: Options, config: Config) -> Result<Order, ClusterError> {
        let tools = Tools::find(&self.environment).await?;
        let asked = options.kubernetes.as_deref();
        let here = node_images(&tools).await?;
        let node_image = match (asked, config.images) {
            (None, Images::Pinned) => NodeImage::Unnamed,
            _ => NodeImage::choose(asked, &here)?,
        };
        leftovers::remove_all(&self.state, &tools, &options.progress).await?;
        if let NodeImage::Pull(image) = &node_image {
            let line = format!("pulling the node image `{image}`");
            options.progress.say(&line);
            pull_node_image(&tools, image, asked, &here).await?;
        }
        let node_image_id = match node_image.name() {
            Some(name) => Some(image_id(&tools, name).await?),
            None => None,
        };
        Ok(Order {
            options,
            config,
            tools,
            node_image,
            node_image_id,
        })
    }

    /// A kept cluster that fits, or none.
    async fn take_kept(&self, order: &Order) -> Result<Option<Arc<dyn Cluster>>, ClusterError> {
        let cancel = order.options.cancel.clone();
        // A kept cluster is not ours to delete when the user interrupts.
        cancel
            .run_until_cancelled(kept::take(&self.state, order))
            .await
            .unwrap_or_else(|| Err(interrupted("looking at a kept cluster")))
            .map(|cluster| cluster.map(|cluster| -> Arc<dyn Cluster> { Arc::new(cluster) }))
    }

    async fn make(&self, order: Order) -> Result<Arc<dyn Cluster>, ClusterError> {
        let mut claim = self.claim(&order).await?;
        let cancel = order.options.cancel.clone();
        let making = async {
            let name = claim.cluster().to_owned();
            order.options.progress.say(&format!("creating `{name}`"));
            run_kind(&order, &mut claim).await?;
            // Boxed: a future of this size is better not moved about.
            Box::pin(running::assemble(
                &order,
                &claim,
                Origin::Created,
                READY_LIMIT,
            ))
            .await
        };
        let made = cancel.run_until_cancelled(making).await;
        match made {
            Some(Ok(parts)) => {
                if order.options.keep == KeepCluster::Always {
                    claim.record.kept = Kept::ForReuse;
                }
                claim.record.creator = None;
                claim.write()?;
                Ok(Arc::new(KindCluster::new(parts, order.tools, claim)))
            }
            Some(Err(error)) => Err(clear_away(&order, &claim, error).await),
            None => {
                let progress = &order.options.progress;
                progress.tell(&format!("interrupted: deleting `{}`", claim.cluster()));
                match remove(&order.tools, &claim).await {
                    Ok(()) => Err(interrupted("creating the cluster")),
                    Err(error) => Err(ClusterError::InterruptedUncleanly {
                        doing: "creating the cluster".to_owned(),
                        name: claim.cluster().to_owned(),
                        said: error.to_string(),
                    }),
                }
            }
        }
    }

    /// Takes a name that nobody has: no lock file, and no cluster of somebody else.
    async fn claim(&self, order: &Order) -> Result<Claim, ClusterError> {
        let existing = order.tools.clusters().await?;
        let names: Vec<String> = match order.options.keep {
            KeepCluster::Always => kept::names(&self.state, order),
            KeepCluster::Never | KeepCluster::OnFailure => {
                vec![format!("{PREFIX}{}", random_word())]
            }
        };
        for name in names.iter().filter(|name| !existing.contains(name)) {
            let record = Record {
                cluster: name.clone(),
                engine: order.tools.engine_facts.identity.clone(),
                kept: Kept::No,
                node_image: order.node_image.name().map(str::to_owned),
                node_image_id: order.node_image_id.clone(),
                creator: None,
            };
            if let Some(claim) = self.state.claim_new(record)? {
                return Ok(claim);
            }
        }
        Err(ClusterError::NameTaken {
            name: names.into_iter().next().unwrap_or_default(),
            said: "other clusters have it, and all that could stand for it".to_owned(),
        })
    }
}

/// Saves the logs of a cluster that failed, deletes it, and passes the error on.
async fn clear_away(order: &Order, claim: &Claim, error: ClusterError) -> ClusterError {
    if failure::is_of_a_foreign_cluster(&error) {
        // kind made nothing: what has the name is somebody else's.
        return claim.forget().err().unwrap_or(error);
    }
    let progress = &order.options.progress;
    if let Some(directory) = &order.options.failure_logs {
        let exported = order.tools.export_logs(claim.cluster(), directory).await;
        match exported {
            Ok(()) => progress.tell(&format!("logs of its nodes are in {directory}")),
            Err(error) => tracing::warn!(%error, "cannot export logs"),
        }
    }
    if let Err(error) = remove(&order.tools, claim).await {
        progress.tell(&format!("{error}; the next run tries again"));
    }
    error
}

/// Runs `kind create cluster`, telling its phases.
async fn run_kind(order: &Order, claim: &mut Claim) -> Result<(), ClusterError> {
    let config = claim.config();
    std::fs::write(&config, &order.options.config).map_err(failed("write", &config))?;
    let call = creation_call(order, claim);
    // The child holds this lock as its standard input, and reads nothing.
    let lock = claim.creation_lock()?;
    let child = order.tools.programs.spawn(&call, Stdio::from(lock))?;
    claim.record.creator = pid_of(&child).map(|pid| pid.as_raw_nonzero().get());
    claim.write()?;
    let (printed, status) = follow(child, &call, &order.options.progress).await?;
    if status.success() {
        return Ok(());
    }
    let (name, image) = (claim.cluster(), order.node_image.name());
    Err(failure::of_create(
        &printed,
        name,
        image,
        &order.tools.engine,
    ))
}

/// Tells what kind does until it ends; gives all that it printed, and how it ended.
async fn follow(
    mut child: Child,
    call: &Call,
    progress: &Progress,
) -> Result<(String, ExitStatus), ClusterError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut printed = String::new();
    let listening = async {
        if let Some(stderr) = stderr {
            listen(stderr, &mut printed, progress).await;
        }
    };
    let draining = async {
        if let Some(mut stdout) = stdout {
            // kind says nothing there while creating.
            let _ = tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await;
        }
    };
    let ending = async { tokio::join!(listening, draining, child.wait()).2 };
    let ended = tokio::time::timeout(CREATION_LIMIT, ending).await;
    let Ok(status) = ended else {
        return Err(ClusterError::TimedOut {
            command: call.line(),
            after: CREATION_LIMIT,
            said: tail(printed.as_bytes()),
        });
    };
    let status = status.map_err(|source| ClusterError::Spawn {
        command: call.line(),
        source,
    })?;
    Ok((printed, status))
}

fn creation_call(order: &Order, claim: &Claim) -> Call {
    let mut arguments = vec![
        "create".to_owned(),
        "cluster".to_owned(),
        "--name".to_owned(),
        claim.cluster().to_owned(),
        "--config".to_owned(),
        claim.config().into_string(),
        "--kubeconfig".to_owned(),
        claim.kubeconfig().into_string(),
        // Our own watch sees the nodes become Ready; kind would ask every half second.
        "--wait=0s".to_owned(),
        // What fails is looked at before it is deleted, by us.
        "--retain".to_owned(),
    ];
    if let Some(image) = order.node_image.name() {
        arguments.extend(["--image".to_owned(), image.to_owned()]);
    }
    Call::new("kind", arguments).within(CREATION_LIMIT)
}

/// Passes kind's phases on as they come, and collects all that it prints.
async fn listen(stderr: impl AsyncRead + Unpin, printed: &mut String, progress: &Progress) {
    let mut lines = BufReader::new(stderr).lines();
    // A pipe that breaks has ended: the exit status says how.
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(phase) = phase(&line) {
            progress.say(&format!("kind: {phase}"));
        }
        printed.push_str(&line);
        printed.push('\n');
    }
}

/// ` • Preparing nodes 📦 📦   ...` → `Preparing nodes`.
fn phase(line: &str) -> Option<&str> {
    let phase = line.trim_start().strip_prefix("• ")?;
    let end = phase.find(|c: char| !c.is_ascii());
    Some(phase[..end.unwrap_or(phase.len())].trim_end_matches([' ', '.']))
}

/// The names of the node images that the engine has.
async fn node_images(tools: &Tools) -> Result<Vec<String>, ClusterError> {
    let format = "{{.Repository}}:{{.Tag}}";
    let call = tools
        .engine
        .call(["images", "--format", format, "kindest/node"]);
    let printed = tools.programs.output(call).await?;
    let names = printed.lines().map(str::to_owned);
    Ok(names.filter(|name| !name.ends_with("<none>")).collect())
}

async fn image_id(tools: &Tools, image: &str) -> Result<String, ClusterError> {
    let arguments = ["image", "inspect", "--format", "{{.Id}}", image];
    let printed = tools.programs.output(tools.engine.call(arguments)).await?;
    Ok(printed.trim().to_owned())
}

fn interrupted(doing: &str) -> ClusterError {
    ClusterError::Interrupted {
        doing: doing.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_come_without_pictures() {
        assert_eq!(
            phase(" • Preparing nodes 📦 📦   ..."),
            Some("Preparing nodes")
        );
        let ensuring = " • Ensuring node image (kindest/node:v1.34.4) 🖼️  ...";
        let image = "Ensuring node image (kindest/node:v1.34.4)";
        assert_eq!(phase(ensuring), Some(image));
        assert_eq!(phase(" ✓ Preparing nodes 📦"), None);
    }
}
