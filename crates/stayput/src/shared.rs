//! One cluster for several scenarios, one after the other.
//!
//! Invariants:
//! - It is made once, for the scenario that asks the most of it.
//! - Each scenario sees its nodes under its own names.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::{
    Answer, Capabilities, Cluster, ClusterError, CommandOutput, Facts, NodeMap, NodeName, Release,
    Released,
};
use stayput_events::ClusterFacts;
use stayput_runner::{Emitter, Lookout};
use stayput_scenario::plan::Plan;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::E2e,
    exit::NotCapable,
    run::{self, Needs},
    scenarios::Scenario,
};

/// A cluster that is made when the first scenario needs it.
pub(crate) struct Shared<'a> {
    flags: &'a E2e,
    scenarios: &'a [Scenario],
    cluster: OnceCell<Arc<dyn Cluster>>,
    lookout: Lookout,
}

impl<'a> Shared<'a> {
    /// The cluster for these scenarios; nothing is made yet.
    pub(crate) fn new(flags: &'a E2e, scenarios: &'a [Scenario]) -> Self {
        Self {
            flags,
            scenarios,
            cluster: OnceCell::new(),
            lookout: Lookout::default(),
        }
    }

    /// The cluster for one of the scenarios, and what it is to that one.
    pub(crate) async fn get(
        &self,
        plan: &Plan,
        failure_logs: Option<Utf8PathBuf>,
        events: &Emitter,
        cancel: &CancellationToken,
    ) -> Result<(Arc<dyn Cluster>, ClusterFacts)> {
        let found = self.cluster.initialized();
        let needs = self.needs();
        let making = || async {
            let cluster = run::open(self.flags, &needs, failure_logs, events, cancel).await?;
            self.capable(cluster).await
        };
        let inner = Arc::clone(self.cluster.get_or_try_init(making).await?);
        let named: Arc<dyn Cluster> = Arc::new(Named::new(inner, &plan.nodes)?);
        let mut facts = run::facts(named.as_ref());
        facts.created &= !found;
        Ok((named, facts))
    }

    /// What each play on it leaves to the next.
    pub(crate) fn lookout(&self) -> Lookout {
        self.lookout.clone()
    }

    /// Ends the use of the cluster; returns what a person has to know.
    pub(crate) async fn release(self) -> Result<Option<String>> {
        let Some(cluster) = self.cluster.into_inner() else {
            return Ok(None);
        };
        let released = cluster.release(run::release_as(self.flags)).await?;
        Ok(match released {
            Released::Kept { kubeconfig } => Some(format!(
                "the cluster is kept: kubectl --kubeconfig {kubeconfig}"
            )),
            Released::Deleted | Released::NotOurs => None,
        })
    }

    /// What all scenarios need: the nodes of the one that speaks of most, all images.
    fn needs(&self) -> Needs {
        let plans = self.scenarios.iter().map(|scenario| &scenario.plan);
        let most = plans.clone().max_by_key(|plan| plan.nodes.len());
        let images: BTreeSet<_> = plans.flat_map(|plan| plan.images.clone()).collect();
        Needs {
            nodes: most.map_or_else(Vec::new, |plan| plan.nodes.clone()),
            images: images.into_iter().collect(),
        }
    }

    /// The cluster, if it can do what each of the scenarios needs.
    async fn capable(&self, cluster: Arc<dyn Cluster>) -> Result<Arc<dyn Cluster>> {
        let capabilities = cluster.capabilities();
        let scenarios = self.scenarios.iter();
        let needs: Vec<_> = scenarios
            .flat_map(|scenario| stayput_runner::missing(&scenario.plan, capabilities))
            .collect();
        if needs.is_empty() {
            return Ok(cluster);
        }
        cluster.release(run::release_as(self.flags)).await?;
        Err(anyhow::Error::from(NotCapable { needs }))
    }
}

/// The cluster as one of the scenarios names its nodes.
struct Named {
    inner: Arc<dyn Cluster>,
    nodes: NodeMap,
}

impl Named {
    /// The cluster for a scenario with these nodes.
    fn new(inner: Arc<dyn Cluster>, nodes: &[String]) -> Result<Self, ClusterError> {
        let nodes = inner.nodes().named_for(nodes)?;
        Ok(Self { inner, nodes })
    }
}

impl Cluster for Named {
    fn client(&self) -> kube::Client {
        self.inner.client()
    }

    fn kubeconfig(&self) -> Result<String, ClusterError> {
        self.inner.kubeconfig()
    }

    fn facts(&self) -> &Facts {
        self.inner.facts()
    }

    fn nodes(&self) -> &NodeMap {
        &self.nodes
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn run_on_node<'a>(&'a self, node: &'a NodeName, script: &'a str) -> Answer<'a, CommandOutput> {
        self.inner.run_on_node(node, script)
    }

    fn stop_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.inner.stop_node(node)
    }

    fn start_node<'a>(&'a self, node: &'a NodeName) -> Answer<'a, ()> {
        self.inner.start_node(node)
    }

    fn export_logs<'a>(&'a self, directory: &'a Utf8Path) -> Answer<'a, ()> {
        self.inner.export_logs(directory)
    }

    fn release(self: Arc<Self>, how: Release) -> Answer<'static, Released> {
        Arc::clone(&self.inner).release(how)
    }
}
