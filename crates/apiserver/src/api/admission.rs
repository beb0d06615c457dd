//! What happens to an object between its request and its check.
//!
//! Invariant: only what Kubernetes' built-in admission does by default.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Api;
use super::dispatch::Target;
use crate::access::{default, default_text, has, list, list_mut, object, text, yes};
use crate::kinds::{Admission, Kind, Served};
use crate::quantity::Quantity;
use crate::status::Status;
use crate::store::Key;
use crate::time;

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
const ACCOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl Api {
    /// New objects need a namespace that is there and stays.
    pub(super) fn admit_into_namespace(
        &self,
        target: Target<'_>,
        value: &Value,
    ) -> Result<(), Status> {
        if !target.served.kind.namespaced() {
            return Ok(());
        }
        let Some(namespaces) = self.catalogue.core("namespaces") else {
            return Ok(());
        };
        let namespace = self.existing(namespaces, &Key::new("", target.namespace))?;
        if has(&namespace.value(), "/metadata/deletionTimestamp") {
            let name = target.namespace;
            let why = format!(
                "unable to create new content in namespace {name} because it is being terminated"
            );
            let message = format!("namespace {name} is being terminated");
            let cause = json!({"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"});
            return Err(Status::forbidden_because(
                target.served.kind,
                text(value, "/metadata/name"),
                &why,
                &cause,
            ));
        }
        Ok(())
    }

    /// What is added to a new object.
    pub(super) fn admit_new(
        &mut self,
        target: Target<'_>,
        value: &mut Value,
    ) -> Result<(), Status> {
        match target.served.kind.admission {
            Admission::Pod => self.admit_pod(target, value),
            Admission::Claim => {
                self.give_class(value);
                protect(value, "kubernetes.io/pvc-protection");
                Ok(())
            }
            Admission::Volume => {
                protect(value, "kubernetes.io/pv-protection");
                Ok(())
            }
            Admission::Nothing | Admission::Service | Admission::Namespace => Ok(()),
        }
    }

    /// What is added to a changed object, and what it may not ask for.
    pub(super) fn admit_changed(
        &self,
        target: Target<'_>,
        value: &mut Value,
        before: &Value,
    ) -> Result<(), Status> {
        let refuse = |why: &str| Status::forbidden(target.served.kind, target.name, why);
        match target.served.kind.admission {
            Admission::Pod => {
                let spec = object(value, "spec");
                give_tolerations(spec);
                give_priority(spec).map_err(|why| refuse(&why))
            }
            Admission::Claim if grows(value, before) => {
                if text(before, "/status/phase") != "Bound" {
                    return Err(refuse(
                        "Only bound persistent volume claims can be expanded",
                    ));
                }
                if self.may_grow(value) {
                    return Ok(());
                }
                Err(refuse(
                    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Whether the claim's class lets its volumes grow.
    fn may_grow(&self, claim: &Value) -> bool {
        let name = text(claim, "/spec/storageClassName");
        let class = self
            .classes()
            .and_then(|classes| self.store.get(classes.table, &Key::new("", name)));
        class.is_some_and(|class| yes(&class.value(), "/allowVolumeExpansion"))
    }

    fn classes(&self) -> Option<Served> {
        let id = self
            .catalogue
            .find("storage.k8s.io", "v1", "storageclasses")?;
        Some(self.catalogue.get(id))
    }

    /// Times that only the server knows.
    pub(super) fn stamp(&self, kind: &Kind, new: &mut Value, old: Option<&Value>) {
        match kind.admission {
            Admission::Volume => {}
            Admission::Pod if old.is_none() => {
                for condition in list_mut(new, "/status/conditions") {
                    condition["lastTransitionTime"] = json!(time::seconds(self.now));
                }
                return;
            }
            _ => return,
        }
        let changed = old.is_none_or(|old| old["status"]["phase"] != new["status"]["phase"]);
        let same_time = old.is_none_or(|old| {
            old["status"]["lastPhaseTransitionTime"] == new["status"]["lastPhaseTransitionTime"]
        });
        if changed && same_time {
            object(new, "status")["lastPhaseTransitionTime"] = json!(time::seconds(self.now));
        }
    }

    fn admit_pod(&mut self, target: Target<'_>, value: &mut Value) -> Result<(), Status> {
        let name = text(value, "/metadata/name").to_owned();
        let refuse = |why: &str| Status::forbidden(target.served.kind, &name, why);
        self.give_account(target.namespace, value)
            .map_err(|why| refuse(&why))?;
        let spec = object(value, "spec");
        give_priority(spec).map_err(|why| refuse(&why))?;
        give_tolerations(spec);
        Ok(())
    }

    /// A pod runs as a service account that is there.
    fn give_account(&mut self, namespace: &str, value: &mut Value) -> Result<(), String> {
        let spec = object(value, "spec");
        default_text(spec, "serviceAccountName", "default");
        let account = text(spec, "/serviceAccountName").to_owned();
        spec["serviceAccount"] = json!(account);
        let accounts = self.catalogue.core("serviceaccounts");
        let found = accounts.and_then(|accounts| {
            self.store
                .get(accounts.table, &Key::new(namespace, &account))
                .cloned()
        });
        let Some(found) = found else {
            return Err(format!(
                "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
            ));
        };
        if list(spec, "/imagePullSecrets").is_empty() && has(&found.value(), "/imagePullSecrets") {
            spec["imagePullSecrets"] = found.value()["imagePullSecrets"].clone();
        }
        let wanted = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_bool);
        let automount = wanted(spec, "/automountServiceAccountToken")
            .or_else(|| wanted(&found.value(), "/automountServiceAccountToken"));
        if automount.unwrap_or(true) {
            let volume = format!("kube-api-access-{}", self.random.suffix());
            mount_token(spec, &volume);
        }
        Ok(())
    }

    /// A claim without a class gets the default one, the newest if there are several.
    fn give_class(&self, claim: &mut Value) {
        let annotated = claim["metadata"]["annotations"]
            .get(CLASS_ANNOTATION)
            .is_some();
        if annotated || has(claim, "/spec/storageClassName") {
            return;
        }
        let Some(classes) = self.classes() else {
            return;
        };
        let is_default = |class: &Value| {
            let annotations = &class["metadata"]["annotations"];
            [
                "storageclass.kubernetes.io/is-default-class",
                "storageclass.beta.kubernetes.io/is-default-class",
            ]
            .iter()
            .any(|key| annotations[*key] == "true")
        };
        let defaults = self
            .store
            .range(classes.table, None, None)
            .map(|(_, class)| class.value())
            .filter(|class| is_default(class));
        let newest = defaults.max_by_key(|class| {
            (
                text(class, "/metadata/creationTimestamp").to_owned(),
                std::cmp::Reverse(text(class, "/metadata/name").to_owned()),
            )
        });
        if let Some(class) = newest {
            claim["spec"]["storageClassName"] = class["metadata"]["name"].clone();
        }
    }
}

/// Whether a claim asks for more than before.
fn grows(new: &Value, old: &Value) -> bool {
    let size = |claim: &Value| Quantity::parse(text(claim, "/spec/resources/requests/storage"));
    match (size(new), size(old)) {
        (Some(new), Some(old)) => new.compare(old) == Ordering::Greater,
        _ => false,
    }
}

fn protect(value: &mut Value, finalizer: &str) {
    let metadata = object(value, "metadata");
    let mut finalizers = list(metadata, "/finalizers").to_vec();
    if !finalizers.contains(&json!(finalizer)) {
        finalizers.push(json!(finalizer));
        metadata["finalizers"] = Value::Array(finalizers);
    }
}

fn mount_token(spec: &mut Value, volume: &str) {
    let mut mounted = false;
    for containers in ["initContainers", "containers"] {
        for container in spec
            .get_mut(containers)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let mut mounts = list(container, "/volumeMounts").to_vec();
            if mounts
                .iter()
                .any(|mount| text(mount, "/mountPath") == ACCOUNT_PATH)
            {
                continue;
            }
            mounted = true;
            mounts.push(json!({"name": volume, "mountPath": ACCOUNT_PATH, "readOnly": true}));
            container["volumeMounts"] = Value::Array(mounts);
        }
    }
    if !mounted {
        return;
    }
    let namespace = json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
    let source = json!({"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]});
    let mut volumes = list(spec, "/volumes").to_vec();
    volumes.push(json!({"name": volume, "projected": source}));
    spec["volumes"] = Value::Array(volumes);
}

fn give_priority(spec: &mut Value) -> Result<(), String> {
    let priority = match text(spec, "/priorityClassName") {
        "" => 0,
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        other => return Err(format!("no PriorityClass with name {other} was found")),
    };
    if spec.get("priority").is_some_and(|asked| asked != priority) {
        return Err("the integer value of priority must not be provided in pod spec; priority admission controller computed 0 from the given \
                    PriorityClass name"
            .replace("computed 0", &format!("computed {priority}")));
    }
    spec["priority"] = json!(priority);
    default(spec, "preemptionPolicy", "PreemptLowerPriority");
    Ok(())
}

/// A pod stays five minutes on a node that is lost.
fn give_tolerations(spec: &mut Value) {
    let mut tolerations = list(spec, "/tolerations").to_vec();
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let tolerated = tolerations.iter().any(|toleration| {
            matches!(text(toleration, "/key"), "") | (text(toleration, "/key") == key)
                && matches!(text(toleration, "/effect"), "" | "NoExecute")
        });
        if !tolerated {
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec["tolerations"] = Value::Array(tolerations);
}
