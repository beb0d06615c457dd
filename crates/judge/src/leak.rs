//! What a scenario left behind, took away or replaced.
//!
//! Invariants:
//! - What is not held against a scenario is in [`CHURN`], each with its reason,
//!   and is still reported.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::served;

/// An object of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Its kind.
    pub kind: String,
    /// Its namespace; none for objects without one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// A path on a node's disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiskPath {
    /// The node.
    pub node: String,
    /// The path.
    pub path: String,
}

/// All that is on a cluster and its nodes' disks at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Everything {
    /// The objects.
    pub objects: BTreeSet<ObjectId>,
    /// The paths.
    pub paths: BTreeSet<DiskPath>,
}

/// What differs between two moments, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaks {
    /// There now, and not before.
    pub left_over: Vec<String>,
    /// There before, and not now.
    pub missing: Vec<String>,
    /// Under the same name, and another.
    pub replaced: Vec<String>,
    /// Differs as well, but does so on any cluster, with the reason.
    pub churned: Vec<String>,
}

/// What comes and goes on any cluster, whatever is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Churn {
    /// The kind.
    pub kind: &'static str,
    /// Its namespace, where it churns in one only.
    pub namespace: Option<&'static str>,
    /// How its name begins; empty where any does.
    pub prefix: &'static str,
    /// Why it comes and goes.
    pub reason: &'static str,
}

/// All that is not held against a scenario.
pub const CHURN: &[Churn] = &[
    Churn {
        kind: "Event",
        namespace: None,
        prefix: "",
        reason: "the record of what happened: written by every component, expires after an hour",
    },
    Churn {
        kind: "Lease",
        namespace: Some("kube-system"),
        prefix: "",
        reason: "leader election and the API server's own identity: made anew when one restarts",
    },
    Churn {
        kind: "Lease",
        namespace: Some("kube-node-lease"),
        prefix: "",
        reason: "a node's heartbeat: made anew when its kubelet finds none",
    },
    Churn {
        kind: "CertificateSigningRequest",
        namespace: None,
        prefix: "csr-",
        reason: "a kubelet asks for a new certificate; removed within a day by the controller",
    },
];

impl ObjectId {
    /// Reads it from an object or its metadata (`PartialObjectMetadata`), whose
    /// own `kind` lists leave out. None without a name or a uid: what is only
    /// computed when it is asked for (`NodeMetrics`) cannot be left behind.
    pub fn of(kind: &str, object: &Value) -> Option<Self> {
        Some(Self {
            kind: kind.to_owned(),
            namespace: served::namespace(object).map(str::to_owned),
            name: served::text(object, "/metadata/name")?.to_owned(),
            uid: served::uid(object)?.to_owned(),
        })
    }

    fn title(&self) -> String {
        let name = served::full_name(self.namespace.as_deref(), &self.name);
        format!("{} {name}", self.kind)
    }
}

impl Churn {
    fn covers(&self, object: &ObjectId) -> bool {
        self.kind == object.kind
            && (self.namespace.is_none() || self.namespace == object.namespace.as_deref())
            && object.name.starts_with(self.prefix)
    }
}

impl Leaks {
    /// Whether the cluster and the disks are as they were.
    pub fn is_clean(&self) -> bool {
        self.left_over.is_empty() && self.missing.is_empty() && self.replaced.is_empty()
    }
}

/// What differs after a scenario.
pub fn compare(before: &Everything, after: &Everything) -> Leaks {
    let mut leaks = Leaks::default();
    compare_objects(&before.objects, &after.objects, &mut leaks);
    leaks.left_over.extend(topmost(&after.paths, &before.paths));
    leaks.missing.extend(topmost(&before.paths, &after.paths));
    leaks
}

fn compare_objects(before: &BTreeSet<ObjectId>, after: &BTreeSet<ObjectId>, leaks: &mut Leaks) {
    let by_title = |objects: &BTreeSet<ObjectId>| -> BTreeMap<String, ObjectId> {
        let title = |object: &ObjectId| (object.title(), object.clone());
        objects.iter().map(title).collect()
    };
    let (old, new) = (by_title(before), by_title(after));
    let is_new = |object: &&ObjectId| !old.contains_key(&object.title());
    let namespaces = || new.values().filter(|object| object.kind == "Namespace");
    let made: BTreeSet<&str> = namespaces()
        .filter(is_new)
        .map(|it| it.name.as_str())
        .collect();
    // A namespace before what is in it: it is what has to go.
    let others = new.iter().filter(|(_, object)| object.kind != "Namespace");
    let ordered = namespaces().map(|it| (it.title(), it));
    let ordered = ordered.chain(others.map(|(title, object)| (title.clone(), object)));
    for (title, object) in ordered {
        let around = object.namespace.as_deref().unwrap_or_default();
        if made.contains(around) && comes_with_a_namespace(&object.kind, &object.name) {
            continue;
        }
        match old.get(&title) {
            None => file(
                object,
                "new",
                title.clone(),
                &mut leaks.left_over,
                &mut leaks.churned,
            ),
            Some(other) if other.uid != object.uid => {
                let line = format!("{title} (uid {} → {})", other.uid, object.uid);
                file(
                    object,
                    "replaced",
                    line,
                    &mut leaks.replaced,
                    &mut leaks.churned,
                );
            }
            Some(_) => {}
        }
    }
    for (title, object) in &old {
        if !new.contains_key(title) {
            file(
                object,
                "gone",
                title.clone(),
                &mut leaks.missing,
                &mut leaks.churned,
            );
        }
    }
}

/// Whether Kubernetes puts it into every namespace, and it goes with that.
pub fn comes_with_a_namespace(kind: &str, name: &str) -> bool {
    let own = [
        ("ConfigMap", "kube-root-ca.crt"),
        ("ServiceAccount", "default"),
    ];
    own.contains(&(kind, name))
}

/// Puts a line where it belongs.
fn file(
    object: &ObjectId,
    what: &str,
    line: String,
    held_against: &mut Vec<String>,
    churned: &mut Vec<String>,
) {
    match CHURN.iter().find(|churn| churn.covers(object)) {
        Some(churn) => churned.push(format!("{line}: {what} ({})", churn.reason)),
        None => held_against.push(line),
    }
}

/// The `paths` that are not among `others`, without what is below one of them.
fn topmost(paths: &BTreeSet<DiskPath>, others: &BTreeSet<DiskPath>) -> Vec<String> {
    let mut tops: Vec<(&DiskPath, usize)> = Vec::new();
    for path in paths.difference(others) {
        match tops.iter_mut().find(|(top, _)| is_below(path, top)) {
            Some((_, below)) => *below += 1,
            None => tops.push((path, 0)),
        }
    }
    let line = |(top, below): (&DiskPath, usize)| match below {
        0 => format!("{}:{}", top.node, top.path),
        _ => format!("{}:{} and {below} below it", top.node, top.path),
    };
    tops.into_iter().map(line).collect()
}

fn is_below(path: &DiskPath, top: &DiskPath) -> bool {
    path.node == top.node
        && path
            .path
            .strip_prefix(top.path.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    use insta::assert_snapshot;
    use std::sync::Arc;

    fn everything(objects: &[Arc<Value>], paths: &[(&str, &str)]) -> Everything {
        let path = |(node, path): &(&str, &str)| DiskPath {
            node: (*node).to_owned(),
            path: (*path).to_owned(),
        };
        Everything {
            objects: objects
                .iter()
                .filter_map(|object| ObjectId::of(served::kind(object), object))
                .collect(),
            paths: paths.iter().map(path).collect(),
        }
    }

    fn check(before: &Everything, after: &Everything) -> String {
        let leaks = compare(before, after);
        let lines: Vec<String> = [
            ("left over", &leaks.left_over),
            ("missing", &leaks.missing),
            ("replaced", &leaks.replaced),
            ("churned", &leaks.churned),
        ]
        .into_iter()
        .flat_map(|(what, lines)| lines.iter().map(move |line| format!("{what}: {line}")))
        .collect();
        let verdict = if leaks.is_clean() {
            "clean"
        } else {
            "not clean"
        };
        format!("{verdict}\n{}", lines.join("\n"))
    }

    fn at(seconds: f64) -> Everything {
        everything(&golden::objects_at("flagship", seconds), &[])
    }

    #[test]
    fn after_the_flagship_only_events_are_left() {
        assert_snapshot!(check(&at(1.0), &at(60.0)), @"
        clean
        churned: Event default/redis-0-data.18eae14de5b2927e: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster-0.18eae14652e14641: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster-0.18eae14bd74e6372: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster-data-redis-cluster-0.18eae1453206901f: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae146156675da: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae146b001ab9b: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae14720b3fca7: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae147bbaa5a6b: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae148546f52d5: new (the record of what happened: written by every component, expires after an hour)
        churned: Event redis/redis-cluster.18eae148d0cd0f44: new (the record of what happened: written by every component, expires after an hour)
        ");
    }

    #[test]
    fn volumes_left_behind_are_told() {
        let after: Vec<_> = golden::objects_at("flagship", 41.0)
            .into_iter()
            .filter(|object| served::kind(object) != "Event")
            .collect();
        assert_snapshot!(check(&at(1.0), &everything(&after, &[])), @"
        not clean
        left over: Namespace redis
        left over: PersistentVolume redis-0-data
        left over: PersistentVolume redis-1-data
        left over: StorageClass local-volume
        ");
    }

    #[test]
    fn a_pod_under_its_old_name_is_replaced() {
        let of_pods = |seconds: f64| {
            let objects = golden::objects_at("flagship", seconds);
            everything(&golden::of_kind(&objects, "Pod"), &[])
        };
        assert_snapshot!(check(&of_pods(29.0), &of_pods(36.0)), @"
        not clean
        replaced: Pod redis/redis-cluster-0 (uid 8f4a74c8-6745-48e1-9477-6bd0ab9fedd2 → 8363cd43-18ff-41fa-951b-7854a873e796)
        ");
    }

    #[test]
    fn a_directory_is_told_once() {
        let before = everything(&[], &[("master-1", "/disk1"), ("master-1", "/disk1/old")]);
        let after = everything(
            &[],
            &[
                ("master-1", "/disk1"),
                ("master-2", "/disk1/redis-0-data"),
                ("master-2", "/disk1/redis-0-data/nodes.conf"),
                ("master-2", "/disk1/redis-0-data-2"),
            ],
        );
        assert_snapshot!(check(&before, &after), @"
        not clean
        left over: master-2:/disk1/redis-0-data and 1 below it
        left over: master-2:/disk1/redis-0-data-2
        missing: master-1:/disk1/old
        ");
    }
}
