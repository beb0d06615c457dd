//! `stayput cluster …`.

use std::{os::fd::AsFd as _, sync::Arc};

use anyhow::Result;
use camino::Utf8Path;
use stayput_cluster::Progress;
use stayput_cluster::{Cluster as _, ClusterError, Release};
use stayput_embedded::{
    Cluster, Clusters, Lifetime, Options, Places, Streams, Table, Usage as EmbeddedUsage,
};
use stayput_kind::{Environment, Kind, Usage};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{ClusterCommand, Up},
    exit::{self, UsageError},
    place, screen, signals,
};

/// The image that a cluster nobody plays a scenario on is made ready for.
const REDIS: &str = "redis:7";

/// kind as this process's environment has it.
pub fn kind() -> Result<Kind> {
    let environment = Environment {
        provider: std::env::var("KIND_EXPERIMENTAL_PROVIDER").ok(),
        variables: Vec::new(),
    };
    Ok(Kind::new(place::state()?, environment))
}

/// Where embedded clusters keep their files and find programs.
pub fn places() -> Result<Places> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(Places {
        state: place::state()?,
        cache: place::cache()?,
        path: std::env::split_paths(&path).collect(),
    })
}

/// The user's table of images.
pub(crate) fn table(file: Option<&Utf8Path>) -> Result<Table> {
    let Some(file) = file else {
        return Ok(Table::default());
    };
    let usage = |message: String| UsageError {
        message,
        hint: Some("README.md shows such a file, under `Images`".to_owned()),
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| usage(format!("cannot read `{file}`: {error}")))?;
    let table = Table::parse(file.as_str(), &text);
    table.map_err(|mistakes| {
        let all = mistakes.iter().map(ToString::to_string);
        usage(all.collect::<Vec<_>>().join("\nerror: ")).into()
    })
}

/// Starts, lists, deletes or reaches clusters that this program made.
pub(crate) async fn run(command: ClusterCommand) -> Result<u8> {
    let kind = kind()?;
    let embedded = Clusters::new(place::state()?);
    match command {
        ClusterCommand::Up(flags) => return up(flags, &kind).await,
        ClusterCommand::List => list(&kind, &embedded).await?,
        ClusterCommand::Kubeconfig { name } => {
            let path = if embedded.has(&name) {
                embedded.kubeconfig(&name)?
            } else {
                kind.kubeconfig(&name)
                    .map_err(|error| both(error, &embedded))?
            };
            screen::print(path.as_str())?;
        }
        ClusterCommand::Down { name: Some(name) } if embedded.has(&name) => {
            embedded.down(&name).await?;
        }
        ClusterCommand::Down { name: Some(name) } => {
            let deleted = kind.down(&name).await;
            deleted.map_err(|error| both(error, &embedded))?;
        }
        ClusterCommand::Down { name: None } => down_unused(&kind, &embedded).await?,
        ClusterCommand::Exec { node, command } => return exec(&embedded, &node, command).await,
        ClusterCommand::Stop { node } => embedded.stop(&node).await?,
        ClusterCommand::Start { node } => embedded.start(&node).await?,
    }
    Ok(exit::PASSED)
}

/// Kind's answer about a name that nobody has, with the names that there are.
fn both(error: ClusterError, embedded: &Clusters) -> ClusterError {
    match error {
        ClusterError::UnknownCluster { name, mut known } => {
            known.extend(embedded.list().into_iter().map(|cluster| cluster.name));
            ClusterError::UnknownCluster { name, known }
        }
        other => other,
    }
}

async fn up(flags: Up, kind: &Kind) -> Result<u8> {
    if let Some(name) = flags
        .name
        .as_ref()
        .filter(|name| kind.kubeconfig(name).is_ok())
    {
        return Err(anyhow::Error::from(ClusterError::NameTaken {
            name: name.clone(),
            said: "kind has a cluster of that name".to_owned(),
        }));
    }
    let options = Options {
        name: flags.name,
        workers: flags.nodes,
        kubernetes: flags.kubernetes,
        lifetime: if flags.detach {
            Lifetime::Own
        } else {
            Lifetime::Program
        },
        progress: Progress::new(|line| screen::complain(&format!("{line}\n"))),
        images: vec![REDIS.to_owned()],
        table: table(flags.images.as_deref())?,
        ..Options::new(places()?)
    };
    let mut tasks = JoinSet::new();
    let cancel = CancellationToken::new();
    signals::cancel_on_signal(&mut tasks, &cancel)?;
    let starting = Cluster::start(options);
    let Some(cluster) = cancel.run_until_cancelled(starting).await else {
        return Ok(exit::INTERRUPTED);
    };
    let cluster = cluster?;
    let (name, kubeconfig) = (cluster.facts().name.clone(), cluster.kubeconfig());
    screen::complain(&format!(
        "cluster `{name}`: kubectl --kubeconfig {kubeconfig}\n"
    ));
    if flags.detach {
        cluster.detach();
        screen::print(&name)?;
        return Ok(exit::PASSED);
    }
    screen::print(&name)?;
    cancel.cancelled().await;
    Arc::new(cluster).release(Release::Delete).await?;
    Ok(exit::INTERRUPTED)
}

async fn down_unused(kind: &Kind, embedded: &Clusters) -> Result<()> {
    for cluster in embedded.list() {
        match cluster.usage {
            EmbeddedUsage::Kept => {
                embedded.down(&cluster.name).await?;
                screen::print(&format!("deleted {}", cluster.name))?;
            }
            // Somebody started it on purpose, and may be working on it.
            EmbeddedUsage::Detached => screen::complain(&format!(
                "left `{name}`, which runs in the background: `cluster down {name}` ends it\n",
                name = cluster.name
            )),
            EmbeddedUsage::Running => {}
        }
    }
    for cluster in kind.list().await? {
        if cluster.usage != Usage::Running {
            kind.down(&cluster.name).await?;
            screen::print(&format!("deleted {}", cluster.name))?;
        }
    }
    Ok(())
}

async fn exec(embedded: &Clusters, node: &str, command: Vec<String>) -> Result<u8> {
    let streams = Streams {
        input: std::io::stdin().as_fd().try_clone_to_owned()?,
        output: std::io::stdout().as_fd().try_clone_to_owned()?,
        error: std::io::stderr().as_fd().try_clone_to_owned()?,
    };
    let code = embedded.exec(node, command, streams).await?;
    // The command's own code, as far as a process can have it.
    Ok(u8::try_from(code.0).unwrap_or(u8::MAX))
}

async fn list(kind: &Kind, embedded: &Clusters) -> Result<()> {
    for cluster in embedded.list() {
        let usage = match cluster.usage {
            EmbeddedUsage::Running => "in use",
            EmbeddedUsage::Detached => "runs in the background",
            EmbeddedUsage::Kept => "kept",
        };
        let (name, nodes, kubernetes) = (cluster.name, cluster.nodes, cluster.kubernetes);
        screen::print(&format!(
            "{name}\t{nodes} nodes\tembedded {kubernetes}\t{usage}"
        ))?;
    }
    for cluster in kind.list().await? {
        let usage = match cluster.usage {
            Usage::Running => "in use",
            Usage::Kept => "kept",
            Usage::KeptForInspection => "kept to be looked at",
            Usage::Leftover => "left over: the next run deletes it",
        };
        let image = cluster
            .node_image
            .as_deref()
            .unwrap_or("kind's default image");
        screen::print(&format!(
            "{}\t{} nodes\t{image}\t{usage}",
            cluster.name, cluster.nodes
        ))?;
    }
    Ok(())
}
