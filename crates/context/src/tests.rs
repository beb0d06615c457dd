//! What a person reads when a context cannot be used, and which nodes are.

use std::fs;
use std::net::TcpListener;

use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A kubeconfig file with two contexts, both of a server on `port`.
fn kubeconfig(directory: &TempDir, port: u16) -> Utf8PathBuf {
    let path = directory.path().join("config");
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: one
clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
users: [{{name: u, user: {{token: secret}}}}]
contexts:
- {{name: one, context: {{cluster: c, user: u}}}}
- {{name: two, context: {{cluster: missing, user: u}}}}
"
    );
    fs::write(&path, text).unwrap();
    Utf8PathBuf::from_path_buf(path).unwrap()
}

async fn check(context: &str, kubeconfigs: Vec<Utf8PathBuf>) -> String {
    let options = Options {
        context: context.to_owned(),
        kubeconfigs,
        scenario_nodes: Vec::new(),
        progress: Progress::silent(),
    };
    match open(options).await {
        Ok(_) => "open".to_owned(),
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            format!("{error}\nhint: {hint}")
        }
    }
}

#[tokio::test]
async fn an_unknown_context_is_told_with_the_known_ones() {
    let directory = tempfile::tempdir().unwrap();
    let file = kubeconfig(&directory, 1);
    insta::assert_snapshot!(check("three", vec![file]).await, @"
    the kubeconfig has no context `three`
    hint: its contexts are: `one`, `two`
    ");
}

#[tokio::test]
async fn a_context_without_its_cluster_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = kubeconfig(&directory, 1);
    insta::assert_snapshot!(check("two", vec![file]).await, @"
    cannot read the kubeconfig: context `two`: failed to load the cluster of context: missing
    hint: name the file in KUBECONFIG, until `kubectl config get-contexts` works
    ");
}

#[tokio::test]
async fn a_missing_file_is_told_unless_another_is_there() {
    let missing = vec![Utf8PathBuf::from("/nowhere/config")];
    insta::assert_snapshot!(check("one", missing.clone()).await, @"
    cannot read the kubeconfig: there is no file `/nowhere/config`
    hint: name the file in KUBECONFIG, until `kubectl config get-contexts` works
    ");
    let directory = tempfile::tempdir().unwrap();
    let both = [missing, vec![kubeconfig(&directory, 1)]].concat();
    assert!(check("three", both).await.contains("`one`, `two`"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let directory = tempfile::tempdir().unwrap();
    // A port that was free a moment ago and that nobody listens on.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let told = check("one", vec![kubeconfig(&directory, port)]).await;
    let told = told.replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(told, @"
    the API server of `one` (http://127.0.0.1:PORT) does not answer
    hint: see whether the cluster runs and the network reaches it: `kubectl get nodes`
    ");
}

fn node(name: &str, spec: &Value, ready: &str) -> Node {
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }))
    .unwrap()
}

#[test]
fn nodes_are_those_that_take_pods_by_name() {
    let taint = json!({"taints": [{"key": "k", "effect": "NoSchedule"}]});
    let soft = json!({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]});
    let nodes = [
        node("d", &soft, "True"),
        node("b", &json!({}), "True"),
        node("a", &taint, "True"),
        node("c", &json!({"unschedulable": true}), "True"),
        node("e", &json!({}), "Unknown"),
    ];
    let (usable, others) = nodes::sorted(&nodes);
    let names = |list: Vec<(stayput_cluster::NodeName, _)>| {
        let names: Vec<_> = list.iter().map(|(name, _)| name.to_string()).collect();
        names.join(" ")
    };
    assert_eq!(names(usable), "b d");
    assert_eq!(names(others), "a c e");
}

#[test]
fn only_what_comes_by_itself_is_waited_for() {
    let not_ready =
        json!({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]});
    let plane = json!({"taints": [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
    ]});
    let coming = |spec: &Value, ready: &str| nodes::is_coming(&node("n", spec, ready));
    assert!(coming(&not_ready, "False"));
    // The taint goes a moment after the condition.
    assert!(coming(&not_ready, "True"));
    assert!(!coming(&json!({}), "True"), "it is there");
    assert!(!coming(&json!({}), "Unknown"), "it went silent");
    assert!(!coming(&plane, "False"), "it never takes pods");
    assert!(
        !coming(&json!({"unschedulable": true}), "False"),
        "it is cordoned"
    );
}
