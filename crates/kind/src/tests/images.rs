//! How images come onto the nodes, tried with fake programs and a real shell.

use stayput_cluster::NodeName;
use tokio::task::JoinSet;

use super::fakes::Fakes;
use crate::images::Pantry;
use crate::node_shell::{NodeShell, Opener};
use crate::tools::Tools;
use stayput_cluster::Progress;

const REDIS: &str =
    "echo REF TYPE DIGEST; echo docker.io/library/redis:7 t sha256:m; echo sha256:0123 t sha256:m";

async fn check(fakes: &Fakes) -> String {
    let tools = Tools::find(&fakes.environment()).await.unwrap();
    let mut owners = JoinSet::new();
    let opener = Opener {
        programs: tools.programs.clone(),
        engine: tools.engine.clone(),
        node: NodeName::new("node"),
    };
    let shell = NodeShell::start(&mut owners, opener);
    let pantry = Pantry {
        tools: &tools,
        cluster: "stayput-test",
        shells: vec![&shell],
        progress: &Progress::silent(),
    };
    let told = match pantry.stock(&["redis:7".to_owned()]).await {
        Ok(images) => format!("{} {}", images[0].image, images[0].digest),
        Err(error) => Fakes::told(&error),
    };
    let calls = fakes.calls();
    let bringing = calls
        .lines()
        .filter(|call| call.contains("pull") || call.contains("load"));
    std::iter::once(told.as_str())
        .chain(bringing)
        .collect::<Vec<_>>()
        .join("\n")
}

fn fakes() -> Fakes {
    Fakes::new(&["kind", "docker", "ctr"]).docker("exec", "exec /bin/sh")
}

#[tokio::test]
async fn what_the_nodes_have_is_not_loaded() {
    insta::assert_snapshot!(check(&fakes().ctr(REDIS)).await, @"redis:7 sha256:m");
}

#[tokio::test]
async fn what_the_user_built_anew_is_loaded() {
    let fakes = fakes().ctr(REDIS).docker("image", "echo sha256:newer");
    insta::assert_snapshot!(check(&fakes.kind_does("load", "")).await, @"
    redis:7 sha256:m
    kind load docker-image redis:7 --name stayput-test
    ");
}

#[tokio::test]
async fn what_nobody_has_cannot_be_had() {
    let fakes = fakes().docker("image", "exit 1").docker(
        "pull",
        "echo 'pull access denied, repository does not exist' >&2; exit 1",
    );
    insta::assert_snapshot!(check(&fakes).await, @"
    image `redis:7` is neither on the nodes nor in the engine, and cannot be pulled: pull access denied, repository does not exist
    hint: pull or build it where the engine finds it, until its `image inspect redis:7` works; kind loads it from there
    docker pull redis:7
    ");
}

#[tokio::test]
async fn a_load_that_brings_nothing_is_noticed() {
    let fakes = fakes().ctr("echo REF TYPE DIGEST").kind_does("load", "");
    insta::assert_snapshot!(check(&fakes).await, @"
    cannot load image `redis:7` into the nodes: kind loaded it, but not every node has `docker.io/library/redis:7`
    hint: see whether the disk is full (`df -h`), and delete the cluster if it was kept
    kind load docker-image redis:7 --name stayput-test
    ");
}
