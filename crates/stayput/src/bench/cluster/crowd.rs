//! Many nodes and pods on one control plane, in a process of its own.
//!
//! API server, scheduler and controllers are those of every embedded cluster; only the
//! kubelets are hollow.

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::api::{ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, Client};
use serde_json::json;
use stayput_apiserver::{ApiServer, Options};
use stayput_runner::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::child::{Counted, resident};
use super::hollow::Hollow;

/// How many requests of one kind are under way at once.
const AT_ONCE: usize = 32;
const NAMESPACE: &str = "crowd";

/// Gathers it and says what it took, on one line.
pub(super) async fn gather(nodes: usize, pods: usize) -> Result<()> {
    let server = ApiServer::start(Options::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(stayput_controllers::run::run(
        server.client_as("kube-controller-manager"),
        Timestamp::now,
        stayput_controllers::Options::default(),
        CancellationToken::new(),
    ));
    let (running, mut run) = mpsc::unbounded_channel();
    let clock = Clock::started_now();
    let hollow = (0..nodes).map(|number| Hollow {
        number,
        client: server.client_as("kubelet"),
        running: running.clone(),
    });
    let all = hollow.collect::<Vec<_>>();
    stream::iter(&all)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, Hollow::register)
        .await?;
    tasks.spawn(async move {
        let mut lives = JoinSet::new();
        for node in all {
            lives.spawn(node.live());
        }
        lives.join_all().await;
    });
    let ready_seconds = clock.now().since_start().as_secs_f64();
    let before_megabytes = resident("self")?;
    let clock = Clock::started_now();
    make(server.client(), pods).await?;
    for _ in 0..pods {
        run.recv().await.context("the nodes are gone")?;
    }
    let running_seconds = clock.now().since_start().as_secs_f64();
    let after_megabytes = resident("self")?;
    check(server.client(), pods).await?;
    let counted = Counted {
        ready_seconds,
        running_seconds,
        before_megabytes,
        after_megabytes,
    };
    crate::screen::print(&serde_json::to_string(&counted)?)
}

/// Makes the pods, as a client that is in a hurry.
async fn make(client: Client, pods: usize) -> Result<()> {
    let namespace = serde_json::from_value(json!({"metadata": {"name": NAMESPACE}}))?;
    Api::<Namespace>::all(client.clone())
        .create(&PostParams::default(), &namespace)
        .await?;
    // No pod is admitted before its account is there.
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), NAMESPACE);
    let there = |account: Option<&ServiceAccount>| account.is_some();
    await_condition(accounts, "default", there).await?;
    let api = Api::<Pod>::namespaced(client, NAMESPACE);
    let make = |number: usize| {
        let api = api.clone();
        async move {
            let pod = json!({
                "metadata": {"name": format!("pod-{number}"), "labels": {"app": "crowd"}},
                "spec": {
                    "containers": [{"name": "redis", "image": "redis:7"}],
                    "automountServiceAccountToken": false,
                },
            });
            let pod = serde_json::from_value(pod)?;
            api.create(&PostParams::default(), &pod).await?;
            anyhow::Ok(())
        }
    };
    stream::iter(0..pods)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, make)
        .await
}

/// What the API says in the end has to be what was counted.
async fn check(client: Client, pods: usize) -> Result<()> {
    let running = ListParams::default().fields("status.phase=Running");
    let listed = Api::<Pod>::namespaced(client, NAMESPACE)
        .list_metadata(&running)
        .await?;
    let found = listed.items.len();
    ensure!(found == pods, "{found} of {pods} pods are Running");
    Ok(())
}
