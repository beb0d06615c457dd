//! kind and its engine, found and ready to be called.

use std::time::Duration;

use camino::Utf8Path;
use stayput_cluster::ClusterError;

use crate::engine::{Engine, EngineFacts};
use crate::options::Environment;
use stayput_program::{Call, Programs};

/// What every operation on a cluster needs.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) programs: Programs,
    pub(crate) engine: Engine,
    pub(crate) engine_facts: EngineFacts,
    /// Such as `v0.33.0`.
    pub(crate) kind_version: String,
}

impl Tools {
    /// Finds kind and the engine, and sees that both answer.
    pub(crate) async fn find(environment: &Environment) -> Result<Self, ClusterError> {
        let programs = Programs::new(environment.variables.clone());
        let kind = programs.output(Call::new("kind", ["version"]));
        let engine = async {
            let provider = environment.provider.as_deref();
            let engine = Engine::detect(&programs, provider).await?;
            let facts = engine.facts(&programs).await?;
            Ok((engine, facts))
        };
        // kind first: without it the engine does not matter.
        let (kind, engine) = tokio::join!(kind, engine);
        let kind_version = version_in(&kind?)?;
        let (engine, engine_facts) = engine?;
        // From here on kind need not guess: it and we use the same engine.
        let mut variables = environment.variables.clone();
        variables.push((
            "KIND_EXPERIMENTAL_PROVIDER".into(),
            engine.program().to_owned().into(),
        ));
        Ok(Self {
            programs: Programs::new(variables),
            engine,
            engine_facts,
            kind_version,
        })
    }

    /// The names of the nodes that kind has for a cluster.
    pub(crate) async fn nodes_of(&self, cluster: &str) -> Result<Vec<String>, ClusterError> {
        let call = Call::new("kind", ["get", "nodes", "--name", cluster]);
        let printed = self.programs.output(call).await?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    /// The names of all clusters that kind has.
    pub(crate) async fn clusters(&self) -> Result<Vec<String>, ClusterError> {
        let call = Call::new("kind", ["get", "clusters"]);
        let printed = self.programs.output(call).await?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    /// Deletes what kind has of a cluster; not having it is no error.
    pub(crate) async fn delete(
        &self,
        cluster: &str,
        kubeconfig: &Utf8Path,
    ) -> Result<(), ClusterError> {
        let call = Call::new(
            "kind",
            [
                "delete",
                "cluster",
                "--name",
                cluster,
                "--kubeconfig",
                kubeconfig.as_str(),
            ],
        );
        let call = call.within(Duration::from_mins(3));
        self.programs.output(call).await.map(drop)
    }

    /// Writes the logs of a cluster's nodes into a directory.
    pub(crate) async fn export_logs(
        &self,
        cluster: &str,
        directory: &Utf8Path,
    ) -> Result<(), ClusterError> {
        let arguments = ["export", "logs", directory.as_str(), "--name", cluster];
        let call = Call::new("kind", arguments).within(Duration::from_mins(3));
        self.programs.output(call).await.map(drop)
    }
}

/// `kind v0.33.0 go1.26.8 linux/amd64` → `v0.33.0`.
fn version_in(printed: &str) -> Result<String, ClusterError> {
    let version = printed.split_whitespace().nth(1);
    version
        .filter(|version| version.starts_with('v'))
        .map(str::to_owned)
        .ok_or_else(|| ClusterError::Unexpected {
            command: "kind version".to_owned(),
            said: printed.trim().to_owned(),
        })
}
