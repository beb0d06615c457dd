//! The volumes of a pod.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::names;
use crate::access::{list, text};
use crate::issues::{Issues, go_quote};

/// What a path of the node may be.
const TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

/// Kinds of volumes in the order in which Kubernetes looks at them.
const SOURCES: [&str; 14] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "persistentVolumeClaim",
    "configMap",
    "downwardAPI",
    "projected",
    "csi",
    "ephemeral",
];

/// Checks the volumes of a pod's spec; `extra` are names that claim templates add.
pub(crate) fn validate(spec: &Value, field: &str, issues: &mut Issues) {
    let mut seen = BTreeSet::new();
    for (index, volume) in list(spec, "/volumes").iter().enumerate() {
        let field = format!("{field}.volumes[{index}]");
        validate_source(volume, &field, issues);
        let name = text(volume, "/name");
        if name.is_empty() {
            issues.required(format!("{field}.name"), "");
            continue;
        }
        for error in names::label(name) {
            issues.invalid(format!("{field}.name"), &json!(name), &error);
        }
        if !seen.insert(name) {
            issues.duplicate(format!("{field}.name"), &go_quote(name));
        }
    }
}

fn validate_source(volume: &Value, field: &str, issues: &mut Issues) {
    let mut found = 0;
    for source in SOURCES
        .iter()
        .filter(|source| volume.get(**source).is_some())
    {
        found += 1;
        if found > 1 {
            issues.forbidden(
                format!("{field}.{source}"),
                "may not specify more than 1 volume type",
            );
            continue;
        }
        validate_one(
            source,
            &volume[*source],
            &format!("{field}.{source}"),
            issues,
        );
    }
    let others = volume.as_object().is_some_and(|map| map.len() > 1);
    if found == 0 && !others {
        issues.required(field, "must specify a volume type");
    }
}

fn validate_one(source: &str, value: &Value, field: &str, issues: &mut Issues) {
    match source {
        "hostPath" => {
            let path = text(value, "/path");
            if path.is_empty() {
                issues.required(format!("{field}.path"), "");
            } else if path.split('/').any(|part| part == "..") {
                issues.invalid(
                    format!("{field}.path"),
                    &json!(path),
                    "must not contain '..'",
                );
            }
            let kind = text(value, "/type");
            if !TYPES.contains(&kind) {
                issues.unsupported(format!("{field}.type"), &json!(kind), &TYPES);
            }
        }
        "persistentVolumeClaim" if text(value, "/claimName").is_empty() => {
            issues.required(format!("{field}.claimName"), "");
        }
        "secret" if text(value, "/secretName").is_empty() => {
            issues.required(format!("{field}.secretName"), "");
        }
        "configMap" if text(value, "/name").is_empty() => {
            issues.required(format!("{field}.name"), "");
        }
        "secret" | "configMap" => {
            for (index, item) in list(value, "/items").iter().enumerate() {
                let field = format!("{field}.items[{index}]");
                if text(item, "/key").is_empty() {
                    issues.required(format!("{field}.key"), "");
                }
                if text(item, "/path").is_empty() {
                    issues.required(format!("{field}.path"), "");
                }
            }
        }
        _ => {}
    }
}

/// Checks where a container mounts its volumes.
pub(crate) fn validate_mounts(container: &Value, names: &[&str], field: &str, issues: &mut Issues) {
    let mut paths = BTreeSet::new();
    for (index, mount) in list(container, "/volumeMounts").iter().enumerate() {
        let own = format!("{field}.volumeMounts[{index}]");
        let (name, path, sub) = (
            text(mount, "/name"),
            text(mount, "/mountPath"),
            text(mount, "/subPath"),
        );
        if name.is_empty() {
            issues.required(format!("{own}.name"), "");
        } else if !names.contains(&name) {
            issues.not_found(format!("{own}.name"), name);
        }
        if path.is_empty() {
            issues.required(format!("{own}.mountPath"), "");
        }
        if !paths.insert(path) {
            issues.invalid(format!("{own}.mountPath"), &json!(path), "must be unique");
        }
        // Kubernetes leaves the index out of this one.
        if sub.starts_with('/') {
            issues.invalid(
                format!("{field}.volumeMounts.subPath"),
                &json!(sub),
                "must be a relative path",
            );
        } else if sub.split('/').any(|part| part == "..") {
            issues.invalid(
                format!("{field}.volumeMounts.subPath"),
                &json!(sub),
                "must not contain '..'",
            );
        }
    }
}
