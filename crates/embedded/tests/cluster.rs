//! Whole clusters, as any program starts them. Where the machine forbids namespaces the
//! tests are reported as ignored, with the reason.
#![expect(
    clippy::unwrap_used,
    reason = "a test without libtest: clippy does not see that it is one"
)]

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use libtest_mimic::{Arguments, Failed, Trial};
use stayput_cluster::{Cluster as _, ClusterError, NodeName, Origin, Progress, Release, Released};
use stayput_embedded::{Cluster, Clusters, Lifetime, Options, Places, Usage, preflight};

/// Says to a copy of this program where to start a cluster that lacks a program.
const LACKING: &str = "STAYPUT_TEST_LACKING";

fn main() {
    if let Some(directory) = std::env::var_os(LACKING) {
        return lacking(Utf8Path::new(&directory.into_string().unwrap()));
    }
    let arguments = Arguments::from_args();
    let directory = tempfile::tempdir().unwrap();
    let forbidden = preflight(utf8(directory.path())).err();
    let forbidden = forbidden.map(|error| format!("{error}: {}", error.hint().unwrap_or_default()));
    let forbidden = forbidden.as_ref();
    let trials = vec![
        trial(
            "nodes_are_those_of_kind",
            forbidden,
            nodes_are_those_of_kind,
        ),
        trial(
            "a_script_sees_the_nodes_disk",
            forbidden,
            a_script_sees_the_nodes_disk,
        ),
        trial(
            "a_script_dies_with_its_asker",
            forbidden,
            a_script_dies_with_its_asker,
        ),
        trial(
            "a_stopped_node_runs_nothing",
            forbidden,
            a_stopped_node_runs_nothing,
        ),
        trial("two_live_side_by_side", forbidden, two_live_side_by_side),
        trial(
            "one_that_others_hold_is_deleted",
            forbidden,
            one_that_others_hold_is_deleted,
        ),
        trial(
            "one_of_its_own_lifetime_lives_on",
            forbidden,
            one_of_its_own_lifetime_lives_on,
        ),
        trial(
            "a_kept_one_is_used_again_by_the_same_only",
            forbidden,
            a_kept_one_is_used_again_by_the_same_only,
        ),
        trial(
            "a_kept_one_with_rests_is_made_anew",
            forbidden,
            a_kept_one_with_rests_is_made_anew,
        ),
        trial(
            "nothing_is_downloaded_where_namespaces_are_forbidden",
            forbidden,
            nothing_is_downloaded_where_namespaces_are_forbidden,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial<F>(name: &str, forbidden: Option<&String>, test: fn(Utf8PathBuf) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let label = match forbidden {
        None => name.to_owned(),
        Some(reason) => format!("{name} ({reason})"),
    };
    let run = move || -> Result<(), Failed> {
        let directory = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let limited = async {
            let test = test(utf8(directory.path()).to_owned());
            tokio::time::timeout(Duration::from_secs(30), test).await
        };
        Ok(runtime.block_on(limited)?)
    };
    Trial::test(label, run).with_ignored_flag(forbidden.is_some())
}

fn utf8(path: &std::path::Path) -> &Utf8Path {
    Utf8Path::from_path(path).unwrap()
}

fn options(directory: &Utf8Path) -> Options {
    Options {
        workers: 2,
        ..Options::new(Places::below(directory))
    }
}

async fn start(directory: &Utf8Path) -> Cluster {
    Cluster::start(options(directory)).await.unwrap()
}

async fn delete(cluster: Cluster) {
    let released = Arc::new(cluster).release(Release::Delete).await.unwrap();
    assert_eq!(released, Released::Deleted);
}

fn worker(cluster: &Cluster) -> NodeName {
    NodeName::new(format!("{}-worker", cluster.facts().name))
}

async fn said(cluster: &Cluster, node: &NodeName, script: &str) -> String {
    let output = cluster.run_on_node(node, script).await.unwrap();
    format!(
        "{}|{}|{}",
        output.stdout_text().trim(),
        output.stderr_text().trim(),
        output.exit
    )
}

async fn nodes_are_those_of_kind(directory: Utf8PathBuf) {
    let named = Options {
        name: Some("two".to_owned()),
        ..options(&directory)
    };
    let cluster = Cluster::start(named).await.unwrap();
    let nodes = Api::<Node>::all(cluster.client());
    let nodes = nodes.list(&ListParams::default()).await.unwrap();
    let shown = nodes.iter().map(|node| {
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone());
        format!("{} {}", node.name_any(), taints.unwrap_or_default().len())
    });
    let expected = ["two-control-plane 1", "two-worker 0", "two-worker2 0"];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    let file = std::fs::metadata(cluster.kubeconfig()).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let again = Options {
        name: Some("two".to_owned()),
        ..options(&directory)
    };
    let taken = Cluster::start(again).await.unwrap_err();
    assert_eq!(taken.to_string(), "there is a cluster `two` already");
    delete(cluster).await;
    let left = directory.join("state/embedded").read_dir_utf8().unwrap();
    assert_eq!(left.count(), 0);
}

async fn a_script_sees_the_nodes_disk(directory: Utf8PathBuf) {
    let cluster = start(&directory).await;
    let node = worker(&cluster);
    let first = said(&cluster, &node, "mkdir -p /disk1/a && echo x > /disk1/a/b").await;
    assert_eq!(first, "||0");
    let second = said(&cluster, &node, "cat /disk1/a/b; cat; echo e >&2; exit 3").await;
    assert_eq!(second, "x|e|3");
    let other = NodeName::new(format!("{node}2"));
    assert_eq!(said(&cluster, &other, "ls /disk1 2>&-").await, "||2");
    let unknown = NodeName::new("nope");
    let error = cluster.run_on_node(&unknown, "true").await.unwrap_err();
    assert!(matches!(error, ClusterError::UnknownNode { .. }));
    delete(cluster).await;
}

async fn a_script_dies_with_its_asker(directory: Utf8PathBuf) {
    let cluster = start(&directory).await;
    let node = worker(&cluster);
    let endless = "mkfifo /tmp/never; echo $$ > /tmp/begun; cat /tmp/never";
    let asked = cluster.run_on_node(&node, endless);
    let given_up = tokio::time::timeout(Duration::from_millis(500), asked).await;
    assert!(given_up.is_err());
    // A writer would wait for a reader: there is none left.
    let script = "cat /tmp/begun; timeout 1 sh -c 'echo x > /tmp/never'; echo $?";
    let after = said(&cluster, &node, script).await;
    assert!(after.ends_with("124||0"), "{after}");
    delete(cluster).await;
}

async fn a_stopped_node_runs_nothing(directory: Utf8PathBuf) {
    let cluster = start(&directory).await;
    let node = worker(&cluster);
    assert_eq!(said(&cluster, &node, "echo kept > /disk").await, "||0");
    cluster.stop_node(&node).await.unwrap();
    let error = cluster.run_on_node(&node, "true").await.unwrap_err();
    assert!(matches!(error, ClusterError::NodeStopped { .. }), "{error}");
    cluster.start_node(&node).await.unwrap();
    assert_eq!(said(&cluster, &node, "cat /disk").await, "kept||0");
    delete(cluster).await;
}

/// Deleting it waits for nobody's handle, least of all for one of the waiter's own.
async fn one_that_others_hold_is_deleted(directory: Utf8PathBuf) {
    let cluster = Arc::new(start(&directory).await);
    let released = Arc::clone(&cluster).release(Release::Delete);
    let released = tokio::time::timeout(Duration::from_secs(20), released).await;
    let Ok(released) = released else {
        // A thread that is blocked in a lock ends with its process only.
        std::process::abort();
    };
    assert_eq!(released.unwrap(), Released::Deleted);
    drop(cluster);
}

async fn two_live_side_by_side(directory: Utf8PathBuf) {
    let (first, second) = tokio::join!(start(&directory), start(&directory));
    let listed = Clusters::new(directory.join("state")).list();
    assert_eq!(listed.len(), 2);
    delete(first).await;
    let node = worker(&second);
    assert_eq!(said(&second, &node, "hostname").await, format!("{node}||0"));
    delete(second).await;
}

async fn one_of_its_own_lifetime_lives_on(directory: Utf8PathBuf) {
    let own = Options {
        lifetime: Lifetime::Own,
        ..options(&directory)
    };
    let cluster = Cluster::start(own).await.unwrap();
    let name = cluster.facts().name.clone();
    cluster.detach();
    let clusters = Clusters::new(directory.join("state"));
    assert_eq!(clusters.list()[0].usage, Usage::Detached);
    clusters.stop(&format!("{name}-worker")).await.unwrap();
    clusters.down(&name).await.unwrap();
    assert_eq!(clusters.list(), []);
}

fn kept(directory: &Utf8Path) -> Options {
    Options {
        lifetime: Lifetime::Kept,
        ..options(directory)
    }
}

async fn a_kept_one_is_used_again_by_the_same_only(directory: Utf8PathBuf) {
    let clusters = Clusters::new(directory.join("state"));
    let first = Cluster::start(kept(&directory)).await.unwrap();
    let name = first.facts().name.clone();
    // While somebody has it nobody else gets it, and nobody deletes it.
    assert_eq!(clusters.list()[0].usage, Usage::Running);
    let error = clusters.down(&name).await.unwrap_err();
    assert!(matches!(error, ClusterError::InUse { .. }), "{error}");
    let beside = Cluster::start(kept(&directory)).await.unwrap();
    assert_ne!(beside.facts().name, name);
    delete(beside).await;
    let released = Arc::new(first).release(Release::Keep).await.unwrap();
    assert!(matches!(released, Released::Kept { .. }));
    assert_eq!(clusters.list()[0].usage, Usage::Kept);
    let other = Options {
        workers: 1,
        ..kept(&directory)
    };
    let other = Cluster::start(other).await.unwrap();
    assert_eq!(other.facts().origin, Origin::Created);
    delete(other).await;
    let again = Cluster::start(kept(&directory)).await.unwrap();
    assert_eq!(
        (&again.facts().name, again.facts().origin),
        (&name, Origin::Reused)
    );
    assert_eq!(said(&again, &worker(&again), "echo up").await, "up||0");
    delete(again).await;
    assert_eq!(clusters.list(), []);
}

async fn a_kept_one_with_rests_is_made_anew(directory: Utf8PathBuf) {
    let first = Cluster::start(kept(&directory)).await.unwrap();
    let name = first.facts().name.clone();
    let rest = serde_json::from_str::<Namespace>(r#"{"metadata": {"name": "rest"}}"#).unwrap();
    let namespaces = Api::<Namespace>::all(first.client());
    namespaces
        .create(&PostParams::default(), &rest)
        .await
        .unwrap();
    Arc::new(first).release(Release::Keep).await.unwrap();
    let again = Cluster::start(kept(&directory)).await.unwrap();
    assert_eq!(again.facts().origin, Origin::Created);
    assert!(!Clusters::new(directory.join("state")).has(&name));
    delete(again).await;
}

/// Starts a cluster for an image whose program is not there, and nothing that brings it;
/// tells what was said.
fn lacking(directory: &Utf8Path) {
    let progress = directory.join("said");
    let told = progress.clone();
    let mut options = Options {
        images: vec!["redis:7".to_owned()],
        progress: Progress::new(move |line| std::fs::write(&told, line).unwrap()),
        ..options(directory)
    };
    options.places.path.clear();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(Cluster::start(options)).err().unwrap();
    let said = std::fs::read_to_string(progress).unwrap_or_default();
    std::fs::write(
        directory.join("outcome"),
        format!("{said}|{error}|{}", error.hint().unwrap_or_default()),
    )
    .unwrap();
}

/// What a copy of this program met that was started by `words` and its own name.
#[expect(
    clippy::disallowed_methods,
    reason = "a limit on namespaces is inherited: only a copy of this program can have one"
)]
async fn met(directory: &Utf8Path, words: &[&str]) -> String {
    let own = std::env::current_exe().unwrap();
    let mut command =
        std::process::Command::new(words.first().map_or(own.as_os_str(), |it| it.as_ref()));
    command.args(words.iter().skip(1));
    if !words.is_empty() {
        command.arg(own);
    }
    command.env(LACKING, directory);
    let status = tokio::task::spawn_blocking(move || command.status());
    assert!(status.await.unwrap().unwrap().success());
    std::fs::read_to_string(directory.join("outcome")).unwrap()
}

async fn nothing_is_downloaded_where_namespaces_are_forbidden(directory: Utf8PathBuf) {
    std::fs::create_dir(directory.join("state")).unwrap();
    let allowed = met(&directory, &[]).await;
    assert!(allowed.starts_with("`redis-"), "{allowed}");
    assert!(allowed.contains("is not on this machine"), "{allowed}");
    std::fs::remove_file(directory.join("said")).unwrap();
    let none = "echo 0 >/proc/sys/user/max_net_namespaces && exec \"$0\"";
    let words = ["unshare", "--user", "--map-root-user", "sh", "-c", none];
    let forbidden = met(&directory, &words).await;
    let expected = "|this machine forbids the embedded cluster: cannot make network, mount and \
        process namespaces in a namespace of its own|run `sudo sysctl -w \
        user.max_net_namespaces=15000`";
    assert!(forbidden.starts_with(expected), "{forbidden}");
}
