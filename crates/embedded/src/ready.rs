//! Waits, inside the cluster, until it takes pods.

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::{ConfigMap, Node, ServiceAccount};
use kube::runtime::wait::{Error, await_condition};
use kube::{Api, Client};

/// Returns when every node is Ready and untainted for not having been, and pods have an
/// account and the CA.
pub(crate) async fn takes_pods(client: &Client, nodes: &[String]) -> Result<(), Error> {
    let all = Api::<Node>::all(client.clone());
    let ready = nodes.iter().map(|name| {
        await_condition(all.clone(), name, |node: Option<&Node>| {
            node.is_some_and(is_ready)
        })
    });
    let accounts = Api::<ServiceAccount>::default_namespaced(client.clone());
    let authorities = Api::<ConfigMap>::default_namespaced(client.clone());
    let account = await_condition(accounts, "default", |it: Option<&ServiceAccount>| {
        it.is_some()
    });
    let authority = await_condition(authorities, "kube-root-ca.crt", |it: Option<&ConfigMap>| {
        it.is_some()
    });
    futures::try_join!(try_join_all(ready), account, authority).map(drop)
}

fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    let ready = conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref());
    let unfit = |key: &str| key.starts_with("node.kubernetes.io/");
    ready
        && !taints
            .unwrap_or_default()
            .iter()
            .any(|taint| unfit(&taint.key))
}
