//! Defaults and refusals, each in Kubernetes' own words.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::issues::Issues;

fn refusals(validate: fn(&Value, &mut Issues), object: &Value) -> String {
    let mut issues = Issues::default();
    validate(object, &mut issues);
    issues.text()
}

#[test]
fn a_pod_is_filled_in() {
    let mut pod = json!({"spec": {"containers": [{"name": "c", "image": "redis", "ports": [{"containerPort": 1}]}]}});
    pods::default_pod(&mut pod);
    assert_snapshot!(pod["spec"]["containers"][0], @r#"{"image":"redis","imagePullPolicy":"Always","name":"c","ports":[{"containerPort":1,"protocol":"TCP"}],"resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}"#);
    assert_snapshot!(pod["spec"]["terminationGracePeriodSeconds"], @"30");
}

#[test]
fn what_a_pod_must_have() {
    assert_snapshot!(refusals(pods::validate_pod, &json!({"spec": {"restartPolicy": "Always", "dnsPolicy": "Default"}})), @"spec.containers: Required value");
}

#[test]
fn a_local_volume_needs_a_place() {
    let mut volume = json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": "/disk1/a"}}});
    storage::default_volume(&mut volume);
    assert_snapshot!(refusals(storage::validate_volume, &volume), @"spec.nodeAffinity: Required value: Local volume requires node affinity");
}

#[test]
fn a_set_selects_its_own_pods() {
    let set = json!({"spec": {"selector": {"matchLabels": {"app": "other"}}, "template": {"metadata": {"labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "r"}]}}}});
    let mut set = set;
    workloads::default_stateful_set(&mut set);
    assert_snapshot!(refusals(workloads::validate_stateful_set, &set), @r#"spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`"#);
}
