//! The life of namespaces: what each is given, and its end.
//!
//! Invariants:
//! - An active namespace has the account `default` and the map `kube-root-ca.crt`.
//! - A namespace goes when nothing of the watched kinds is left in it.

mod remains;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use serde_json::json;

use crate::controller::Controller;
use crate::object::{Key, Kind, Object};
use crate::plan::{Plan, Verb, Write};
use crate::times::after;
use crate::world::{Change, World};

use remains::Remains;

const ROOT_CA: &str = "kube-root-ca.crt";
const ABOUT_ROOT_CA: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                             endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                             guaranteed across distributions of Kubernetes clusters.";

/// How long objects have to go before the namespace tells of them.
const SETTLING: SignedDuration = SignedDuration::from_millis(100);

/// Gives namespaces what each has.
#[derive(Debug)]
pub struct Furnisher {
    root_ca: String,
}

impl Furnisher {
    /// `root_ca` is the PEM text that clients in pods trust.
    pub fn new(root_ca: String) -> Self {
        Self { root_ca }
    }
}

impl Controller for Furnisher {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    fn follow(&mut self, change: &Change, _world: &World, wake: &mut Vec<Key>) {
        let Some(object) = change.latest() else {
            return;
        };
        let meta = object.meta();
        match object.kind() {
            Kind::Namespace => wake.push(object.key()),
            Kind::ConfigMap if meta.name.as_deref() == Some(ROOT_CA) => {
                wake.extend(namespace_of(object));
            }
            Kind::ServiceAccount if change.after.is_none() => wake.extend(namespace_of(object)),
            _ => {}
        }
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        let namespace = world.get::<Namespace>("", &key.name);
        let Some(_) = namespace.filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
        else {
            return Plan::nothing();
        };
        let name = &key.name;
        let mut plan = Plan::nothing();
        if world.get::<ServiceAccount>(name, "default").is_none() {
            let body = json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name},
            });
            plan.write(Write::create(Kind::ServiceAccount, name, "default", body));
        }
        let data = json!({"ca.crt": self.root_ca});
        match world.get::<ConfigMap>(name, ROOT_CA) {
            Some(known) if json!(known.data) == data => {}
            Some(known) => {
                plan.write(Write::patch(&**known, json!({"data": data})));
            }
            None => {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {
                        "name": ROOT_CA, "namespace": name,
                        "annotations": {"kubernetes.io/description": ABOUT_ROOT_CA},
                    },
                    "data": data,
                });
                plan.write(Write::create(Kind::ConfigMap, name, ROOT_CA, body));
            }
        }
        plan
    }
}

fn namespace_of(object: &Object) -> Option<Key> {
    let namespace = object.meta().namespace.as_deref()?;
    Some(Key::new(Kind::Namespace, "", namespace))
}

/// Ends namespaces that are being deleted.
#[derive(Debug)]
pub struct Terminator {
    grace: SignedDuration,
}

impl Terminator {
    /// Begins `grace` after the deletion (5 s in Kubernetes).
    pub fn new(grace: SignedDuration) -> Self {
        Self { grace }
    }
}

impl Controller for Terminator {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn follow(&mut self, change: &Change, world: &World, wake: &mut Vec<Key>) {
        let Some(object) = change.latest() else {
            return;
        };
        if object.kind() == Kind::Namespace {
            wake.push(object.key());
        } else if change.after.is_none() {
            let ending = |key: &Key| {
                let namespace = world.get::<Namespace>("", &key.name);
                namespace.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_some())
                    && Remains::of(&key.name, world).is_empty()
            };
            wake.extend(namespace_of(object).filter(ending));
        }
    }

    fn sync(&mut self, key: &Key, world: &World, now: Timestamp) -> Plan {
        let Some(namespace) = world.get::<Namespace>("", &key.name) else {
            return Plan::nothing();
        };
        let Some(deleted) = &namespace.metadata.deletion_timestamp else {
            return Plan::nothing();
        };
        let finalizers = namespace
            .spec
            .as_ref()
            .and_then(|spec| spec.finalizers.as_ref());
        if !finalizers
            .into_iter()
            .flatten()
            .any(|finalizer| finalizer == "kubernetes")
        {
            return Plan::nothing();
        }
        let start = after(deleted.0, self.grace);
        let mut plan = Plan::nothing();
        if now < start {
            plan.look_again(start);
            return plan;
        }
        let remains = Remains::of(&key.name, world);
        let alive = remains.alive();
        for kind in alive.iter().copied().chain([Kind::Event]) {
            plan.write(Write {
                key: Key::new(kind, &key.name, ""),
                verb: Verb::DeleteAll,
            });
        }
        if !alive.is_empty() {
            // What nothing holds is gone in a moment, and is not worth telling.
            plan.look_again(after(now, SETTLING));
            return plan;
        }
        let conditions = remains.conditions(namespace, now);
        let unsaid = conditions.is_some();
        if let Some(conditions) = conditions {
            plan.write(Write::patch_status(
                &**namespace,
                &json!({"conditions": conditions}),
            ));
        }
        if remains.is_empty() && !unsaid {
            plan.write(finalize(namespace));
        } else if remains.is_empty() {
            plan.look_again(now);
        } else {
            plan.look_again(after(now, SignedDuration::from_secs(2)));
        }
        plan
    }
}

fn finalize(namespace: &Namespace) -> Write {
    let finalizers = namespace
        .spec
        .as_ref()
        .and_then(|spec| spec.finalizers.as_ref());
    let rest: Vec<&String> = finalizers
        .into_iter()
        .flatten()
        .filter(|finalizer| *finalizer != "kubernetes")
        .collect();
    let mut body = json!(namespace);
    body["spec"]["finalizers"] = json!(rest);
    Write {
        key: Key::of(namespace),
        verb: Verb::Finalize(body),
    }
}
