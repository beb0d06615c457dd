//! `stayput cluster …`.

use anyhow::Result;
use stayput_kind::{Environment, Kind, Usage};

use crate::{cli::ClusterCommand, exit, place, screen};

/// kind as this process's environment has it.
pub(crate) fn kind() -> Result<Kind> {
    let environment = Environment {
        provider: std::env::var("KIND_EXPERIMENTAL_PROVIDER").ok(),
        variables: Vec::new(),
    };
    Ok(Kind::new(place::state()?, environment))
}

/// Lists, deletes or reaches clusters that this program made.
pub(crate) async fn run(command: ClusterCommand) -> Result<u8> {
    let kind = kind()?;
    match command {
        ClusterCommand::List => list(&kind).await?,
        ClusterCommand::Kubeconfig { name } => screen::print(kind.kubeconfig(&name)?.as_str())?,
        ClusterCommand::Down { name: Some(name) } => kind.down(&name).await?,
        ClusterCommand::Down { name: None } => {
            for cluster in kind.list().await? {
                if cluster.usage != Usage::Running {
                    kind.down(&cluster.name).await?;
                    screen::print(&format!("deleted {}", cluster.name))?;
                }
            }
        }
    }
    Ok(exit::PASSED)
}

async fn list(kind: &Kind) -> Result<()> {
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
