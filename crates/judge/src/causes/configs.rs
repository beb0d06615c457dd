//! Objects of configuration that a pod names and that are not there.

use serde_json::Value;

use super::{
    finding::{Finding, Kind, Surety},
    scheduling::own_name,
    sight::Sight,
};
use crate::served::namespace;

/// The cause that the kubelet's words speak of: an object of configuration, or a key in one.
pub(super) fn missing<'a>(sight: &Sight<'a>, pod: &'a Value, words: &str) -> Option<Finding> {
    let finding = |what| {
        Finding::new(Kind::ConfigMissing, Surety::Shown, pod, what).touching(sight.around(pod))
    };
    for (kind, written) in [("ConfigMap", "configmap"), ("Secret", "secret")] {
        let Some((_, rest)) = words.split_once(&format!("{written} \"")) else {
            continue;
        };
        let Some((named, _)) = rest.split_once("\" not found") else {
            continue;
        };
        let cure = match sight.nearest(kind, namespace(pod), named) {
            Some(near) => {
                format!("there is a {kind} `{near}`: if it is meant, the pod has to name it so")
            }
            None => format!("make the {kind} `{named}`: the pod starts by itself once it is there"),
        };
        let what = format!(
            "pod `{}` needs {kind} `{named}`, which is not there",
            own_name(pod)
        );
        return Some(finding(what).cure(cure));
    }
    let key = words
        .split_once("couldn't find key ")
        .or_else(|| words.split_once("references non-existent config key: "))
        .or_else(|| words.split_once("references non-existent secret key: "))?
        .1;
    let what = format!(
        "pod `{}` needs a key that is not there: {key}",
        own_name(pod)
    );
    Some(finding(what).cure("add the key, or let the pod name one that is there"))
}
