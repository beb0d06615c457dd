//! The life of namespaces: what each is given, and its end.
//!
//! Invariants:
//! - An active namespace has the account `default` and the map `kube-root-ca.crt`.
//! - A namespace goes when nothing of the watched kinds is left in it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use serde_json::{Value, json};

use crate::controller::Controller;
use crate::object::{Key, Kind, Object};
use crate::plan::{Plan, Verb, Write};
use crate::times::{after, stamp};
use crate::world::{Change, World};

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
        let Some(object) = change.latest() else { return };
        let meta = object.meta();
        match object.kind() {
            Kind::Namespace => wake.push(object.key()),
            Kind::ConfigMap if meta.name.as_deref() == Some(ROOT_CA) => wake.extend(namespace_of(object)),
            Kind::ServiceAccount if change.after.is_none() => wake.extend(namespace_of(object)),
            _ => {}
        }
    }

    fn sync(&mut self, key: &Key, world: &World, _now: Timestamp) -> Plan {
        let namespace = world.get::<Namespace>("", &key.name);
        let Some(_) = namespace.filter(|namespace| namespace.metadata.deletion_timestamp.is_none()) else {
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
        let Some(object) = change.latest() else { return };
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
        let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
        if !finalizers.into_iter().flatten().any(|finalizer| finalizer == "kubernetes") {
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
            plan.write(Write::patch_status(&**namespace, &json!({"conditions": conditions})));
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
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
    let rest: Vec<&String> =
        finalizers.into_iter().flatten().filter(|finalizer| *finalizer != "kubernetes").collect();
    let mut body = json!(namespace);
    body["spec"]["finalizers"] = json!(rest);
    Write {
        key: Key::of(namespace),
        verb: Verb::Finalize(body),
    }
}

/// What is left in a namespace, by kind.
struct Remains(Vec<(Kind, Vec<Object>)>);

impl Remains {
    fn of(namespace: &str, world: &World) -> Self {
        let kinds = Kind::WATCHED.iter().copied().filter(|kind| kind.descriptor().namespaced);
        let remaining = kinds.map(|kind| (kind, world.objects_within(kind, namespace)));
        Self(remaining.filter(|(_, objects)| !objects.is_empty()).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds with objects that are not yet being deleted.
    fn alive(&self) -> Vec<Kind> {
        let alive = |objects: &Vec<Object>| objects.iter().any(|object| object.meta().deletion_timestamp.is_none());
        self.0.iter().filter(|(_, objects)| alive(objects)).map(|(kind, _)| *kind).collect()
    }

    /// The conditions to write; `None` if they are written.
    fn conditions(&self, namespace: &Namespace, now: Timestamp) -> Option<Vec<Value>> {
        let known = namespace.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let known: Vec<Value> = known.map(|condition| json!(condition)).collect();
        let texts = self.texts(namespace.metadata.name.as_deref().unwrap_or_default());
        let conditions = texts.into_iter().map(|(kind, status, reason, message)| {
            let before = known.iter().find(|condition| condition["type"] == kind);
            let since = before
                .filter(|condition| condition["status"] == status)
                .map_or_else(|| json!(stamp(now)), |condition| condition["lastTransitionTime"].clone());
            json!({
                "type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
            })
        });
        let conditions: Vec<Value> = conditions.collect();
        (conditions != known).then_some(conditions)
    }

    fn texts(&self, namespace: &str) -> [(&'static str, &'static str, &'static str, String); 5] {
        let fine = |text: &str| text.to_owned();
        // Objects without finalizers should have gone by themselves.
        let stuck: Vec<String> = self.unheld().map(|kind| unexpected(kind, namespace)).collect();
        let content = if stuck.is_empty() {
            ("False", "ContentDeleted", fine("All content successfully deleted, may be waiting on finalization"))
        } else {
            let text = format!("Failed to delete all resource types, {} remaining: {}", stuck.len(), stuck.join(", "));
            ("True", "ContentDeletionFailed", text)
        };
        let held = self.held();
        let remaining = if held.is_empty() {
            ("False", "ContentRemoved", fine("All content successfully removed"))
        } else {
            let names = held.iter().map(|(name, count)| format!("{name}. has {count} resource instances"));
            let text = format!("Some resources are remaining: {}", names.collect::<Vec<_>>().join(", "));
            ("True", "SomeResourcesRemain", text)
        };
        let finalizers = self.finalizers();
        let finalizing = if finalizers.is_empty() {
            ("False", "ContentHasNoFinalizers", fine("All content-preserving finalizers finished"))
        } else {
            let names = finalizers.iter().map(|(name, count)| format!("{name} in {count} resource instances"));
            let names = names.collect::<Vec<_>>().join(", ");
            let text = format!("Some content in the namespace has finalizers remaining: {names}");
            ("True", "SomeFinalizersRemain", text)
        };
        let discovered = fine("All resources successfully discovered");
        let parsed = fine("All legacy kube types successfully parsed");
        [
            ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", discovered),
            ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", parsed),
            ("NamespaceDeletionContentFailure", content.0, content.1, content.2),
            ("NamespaceContentRemaining", remaining.0, remaining.1, remaining.2),
            ("NamespaceFinalizersRemaining", finalizing.0, finalizing.1, finalizing.2),
        ]
    }

    /// The kinds that remain although nothing holds their objects.
    fn unheld(&self) -> impl Iterator<Item = Kind> {
        let waits = |object: &Object| object.meta().finalizers.iter().flatten().next().is_none();
        let kinds = self.0.iter().filter(move |(kind, objects)| *kind == Kind::Pod && objects.iter().any(waits));
        kinds.map(|(kind, _)| *kind)
    }

    /// How many objects of each kind finalizers hold.
    fn held(&self) -> Vec<(&'static str, usize)> {
        let holds = |object: &&Object| object.meta().finalizers.iter().flatten().next().is_some();
        let counts = self.0.iter().map(|(kind, objects)| (kind.descriptor().plural, objects.iter().filter(holds).count()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn finalizers(&self) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        let objects = self.0.iter().flat_map(|(_, objects)| objects);
        for finalizer in objects.flat_map(|object| object.meta().finalizers.iter().flatten()) {
            *counts.entry(finalizer.clone()).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}

fn unexpected(kind: Kind, namespace: &str) -> String {
    let descriptor = kind.descriptor();
    format!(
        "unexpected items still remain in namespace: {namespace} for gvr: {}/v1, Resource={}",
        descriptor.group, descriptor.plural
    )
}
