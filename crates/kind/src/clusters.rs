//! The clusters of ours that there are: to be listed, reached, deleted.

use camino::Utf8PathBuf;
use stayput_cluster::ClusterError;

use crate::Kind;
use crate::remove::remove;
use crate::state::{Attempt, Claim, Kept, Record};
use crate::tools::Tools;

/// One of our clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Who uses it.
    pub usage: Usage,
    /// The node image that was asked for, if any.
    pub node_image: Option<String>,
    /// How many nodes the engine has of it.
    pub nodes: usize,
}

/// Who uses a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A run that lives.
    Running,
    /// Nobody: it was kept, to be used again.
    Kept,
    /// Nobody: it was kept to be looked at.
    KeptForInspection,
    /// Nobody: its run was killed; the next run deletes it.
    Leftover,
}

impl Kind {
    /// All clusters of ours, by name.
    pub async fn list(&self) -> Result<Vec<Listed>, ClusterError> {
        let names = self.state.names()?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let tools = Tools::find(&self.environment).await?;
        let mut listed = Vec::new();
        for name in names {
            let (record, usage) = match self.state.claim(&name)? {
                Attempt::Gone => continue,
                Attempt::InUse(record) => (record, Usage::Running),
                Attempt::Held(claim) => {
                    let usage = usage_of(&claim.record);
                    (claim.record.clone(), usage)
                }
            };
            let nodes = tools.nodes_of(&name).await?.len();
            listed.push(Listed {
                name,
                usage,
                node_image: record.node_image,
                nodes,
            });
        }
        Ok(listed)
    }

    /// Deletes a cluster of ours that no living run uses.
    pub async fn down(&self, name: &str) -> Result<(), ClusterError> {
        let claim = match self.state.claim(name)? {
            Attempt::Held(claim) => claim,
            Attempt::InUse(_) => {
                let name = name.to_owned();
                return Err(ClusterError::InUse { name });
            }
            Attempt::Gone => return Err(self.unknown(name)?),
        };
        let tools = Tools::find(&self.environment).await?;
        same_engine(&tools, &claim)?;
        remove(&tools, &claim).await
    }

    /// Where the kubeconfig file of a cluster of ours is.
    pub fn kubeconfig(&self, name: &str) -> Result<Utf8PathBuf, ClusterError> {
        let path = self.state.kubeconfig(name);
        let ours = self.state.names()?.iter().any(|known| known == name);
        if ours && path.is_file() {
            return Ok(path);
        }
        Err(self.unknown(name)?)
    }

    fn unknown(&self, name: &str) -> Result<ClusterError, ClusterError> {
        Ok(ClusterError::UnknownCluster {
            name: name.to_owned(),
            known: self.state.names()?,
        })
    }
}

fn same_engine(tools: &Tools, claim: &Claim) -> Result<(), ClusterError> {
    let (engine, ours) = (&claim.record.engine, &tools.engine_facts.identity);
    if engine.is_empty() || engine == ours {
        return Ok(());
    }
    Err(ClusterError::NotDeleted {
        name: claim.cluster().to_owned(),
        said: format!("it is on another engine ({engine}), this one is {ours}"),
    })
}

fn usage_of(record: &Record) -> Usage {
    match record.kept {
        Kept::No => Usage::Leftover,
        Kept::ForReuse => Usage::Kept,
        Kept::ForInspection => Usage::KeptForInspection,
    }
}
