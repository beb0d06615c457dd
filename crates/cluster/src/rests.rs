//! What earlier runs have left in a cluster.

use futures::try_join;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume};
use kube::{Api, Client, ResourceExt, api::ListParams};

/// What earlier runs have left in a cluster: namespaces and volumes.
pub async fn rests_of(client: &Client) -> Result<Vec<String>, kube::Error> {
    let everything = ListParams::default();
    let (namespaces, volumes) = (
        Api::<Namespace>::all(client.clone()),
        Api::<PersistentVolume>::all(client.clone()),
    );
    let (namespaces, volumes) = try_join!(
        namespaces.list_metadata(&everything),
        volumes.list_metadata(&everything)
    )?;
    let namespaces = namespaces.items.iter().map(ResourceExt::name_any);
    let volumes = volumes.items.iter().map(ResourceExt::name_any);
    Ok(rests(
        &namespaces.collect::<Vec<_>>(),
        &volumes.collect::<Vec<_>>(),
    ))
}

/// What no new cluster has of these namespaces and volumes, in words: a kept cluster is
/// used again only when that is nothing.
fn rests(namespaces: &[String], volumes: &[String]) -> Vec<String> {
    let namespaces = namespaces.iter().filter(|name| !is_built_in(name));
    namespaces
        .map(|name| format!("namespace `{name}`"))
        .chain(volumes.iter().map(|name| format!("volume `{name}`")))
        .collect()
}

fn is_built_in(namespace: &str) -> bool {
    let built_in = ["default", "local-path-storage"];
    namespace.starts_with("kube-") || built_in.contains(&namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_cluster_has_is_no_rest() {
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let namespaces = named(&["default", "kube-system", "redis"]);
        assert_eq!(
            rests(&namespaces, &named(&["redis-0-data"])),
            ["namespace `redis`", "volume `redis-0-data`"]
        );
        assert!(rests(&namespaces[..2], &[]).is_empty());
    }
}
