//! Rows of pods in their many states.

use insta::assert_snapshot;
use serde_json::json;

use super::*;

fn check(pod: &Value) -> String {
    let now = "2026-01-01T00:10:00Z".parse().expect("a time");
    let cells = (columns::POD.cells)(pod, Ages(now));
    cells
        .iter()
        .map(|cell| cell.as_str().unwrap_or_default().to_owned())
        .collect::<Vec<_>>()
        .join(" | ")
}

fn pod(status: &Value) -> Value {
    json!({
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}]}, "status": status,
    })
}

#[test]
fn a_running_pod() {
    let status = json!({"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "containerStatuses": [
        {"name": "a", "ready": true, "restartCount": 2, "state": {"running": {}},
         "lastState": {"terminated": {"finishedAt": "2026-01-01T00:09:30Z"}}},
        {"name": "b", "ready": false, "restartCount": 0, "state": {"running": {}}},
    ]});
    assert_snapshot!(check(&pod(&status)), @"p | 1/2 | Running | 2 (30s ago) | 10m | 10.0.0.1 | <none> | <none> | <none>");
}

#[test]
fn what_a_container_waits_for_is_the_status() {
    let status = json!({"phase": "Pending", "containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
    assert_snapshot!(check(&pod(&status)), @"p | 0/2 | ImagePullBackOff | 0 | 10m | <none> | <none> | <none> | <none>");
    let ended = json!({"phase": "Failed", "containerStatuses": [{"name": "a", "state": {"terminated": {"exitCode": 3}}}]});
    assert_snapshot!(check(&pod(&ended)), @"p | 0/2 | ExitCode:3 | 0 | 10m | <none> | <none> | <none> | <none>");
}

#[test]
fn a_deleted_pod_is_terminating() {
    let mut pod = pod(&json!({"phase": "Running"}));
    pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:09:00Z");
    assert_snapshot!(check(&pod), @"p | 0/2 | Terminating | 0 | 10m | <none> | <none> | <none> | <none>");
}
