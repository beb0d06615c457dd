//! What was seen, so that rules can ask for it.

use std::collections::BTreeSet;

use serde_json::Value;
use stayput_events::{AtPath, Directory, LogExcerpt};

use super::{Seen, finding::Finding, selector};
use crate::{
    event,
    nearest::nearest,
    served::{
        self, claim_names, condition, full_name, is_ready, is_terminating, list, name, namespace,
        text, title,
    },
};

/// Where a pod is on its way to being Ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is Ready, or has done its work.
    Well,
    /// It is being deleted.
    Leaving,
    /// It has no node.
    Unscheduled,
    /// It has a node, and is not Ready.
    Placed,
}

/// How far a pod is.
pub(super) fn stage(pod: &Value) -> Stage {
    let done = text(pod, "/status/phase") == Some("Succeeded");
    if is_terminating(pod) {
        Stage::Leaving
    } else if is_ready(pod) || done {
        Stage::Well
    } else if text(pod, "/spec/nodeName").is_none() {
        Stage::Unscheduled
    } else {
        Stage::Placed
    }
}

/// What was seen.
pub(super) struct Sight<'a> {
    seen: Seen<'a>,
    asked: BTreeSet<String>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(seen: &Seen<'a>) -> Self {
        Self {
            seen: *seen,
            asked: asked(seen),
        }
    }

    pub(super) fn of_kind(&self, kind: &'a str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let objects = self.seen.objects.iter().map(AsRef::as_ref);
        objects.filter(move |object: &&Value| served::kind(object) == kind)
    }

    pub(super) fn pods(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.of_kind("Pod")
    }

    pub(super) fn get(
        &self,
        kind: &'a str,
        namespace: Option<&str>,
        named: &str,
    ) -> Option<&'a Value> {
        self.of_kind(kind)
            .find(|it| name(it) == named && served::namespace(it) == namespace)
    }

    pub(super) fn volume(&self, named: &str) -> Option<&'a Value> {
        self.get("PersistentVolume", None, named)
    }

    pub(super) fn node(&self, named: &str) -> Option<&'a Value> {
        self.get("Node", None, named)
    }

    /// The most similar name among the objects of a kind.
    pub(super) fn nearest(
        &self,
        kind: &'a str,
        namespace: Option<&str>,
        to: &str,
    ) -> Option<&'a str> {
        let there = self
            .of_kind(kind)
            .filter(|it| served::namespace(it) == namespace);
        nearest(to, there.map(name))
    }

    pub(super) fn failure(&self) -> &'a str {
        self.seen.failure
    }

    /// Whether the failure speaks of one of the objects that it touches.
    pub(super) fn is_asked_about(&self, finding: &Finding) -> bool {
        finding.touched.iter().any(|it| self.asked.contains(it))
    }

    /// Whether the failure speaks of this object.
    pub(super) fn asks_about(&self, object: &Value) -> bool {
        self.asked.contains(&title(object))
    }

    /// See [`concerned`](super::concerned).
    pub(super) fn concerned(&self) -> BTreeSet<String> {
        let mut concerned = self.asked.clone();
        for pod in self.pods() {
            let own = title(pod);
            let around = self.around(pod);
            if self.asked.contains(&own) || around.iter().any(|it| self.asked.contains(it)) {
                let node = text(pod, "/spec/nodeName").map(|it| format!("Node {it}"));
                concerned.extend(around.into_iter().chain([own]).chain(node));
            }
        }
        concerned
    }

    /// The events about an object, the latest first.
    pub(super) fn events(&self, about: &'a Value) -> Vec<&'a Value> {
        let uid = served::uid(about);
        let mut events: Vec<_> = self
            .of_kind("Event")
            .filter(|it| uid.is_some() && event::about_uid(it) == uid)
            .collect();
        events.sort_by(|one, other| when(other).cmp(when(one)));
        events
    }

    /// The latest event about an object that says this.
    pub(super) fn said(&self, about: &'a Value, words: &str) -> Option<&'a Value> {
        let mut events = self.events(about).into_iter();
        events.find(|it| message(it).contains(words))
    }

    /// The claims that a pod names: those that are there.
    pub(super) fn claims(&self, pod: &Value) -> Vec<&'a Value> {
        claim_names(pod)
            .iter()
            .filter_map(|it| self.get("PersistentVolumeClaim", namespace(pod), it))
            .collect()
    }

    /// The pods that name a claim and are not done.
    pub(super) fn users(&self, claim: &Value) -> Vec<&'a Value> {
        let uses = |pod: &&Value| {
            namespace(pod) == namespace(claim)
                && claim_names(pod).iter().any(|it| it == name(claim))
        };
        self.pods().filter(uses).collect()
    }

    /// The nodes that a volume may be used on; all where it does not say.
    pub(super) fn nodes_of(&self, volume: &Value) -> Vec<&'a Value> {
        let Some(required) = volume.pointer("/spec/nodeAffinity/required") else {
            return self.of_kind("Node").collect();
        };
        let terms = list(required, "/nodeSelectorTerms");
        self.of_kind("Node")
            .filter(|node| selector::any_term(terms, node))
            .collect()
    }

    /// The titles of all that hangs together with a pod.
    pub(super) fn around(&self, pod: &Value) -> Vec<String> {
        let owners = served::owners(pod).into_iter().map(|owner| {
            let (kind, named) = owner.split_once(' ').unwrap_or_default();
            format!("{kind} {}", full_name(namespace(pod), named))
        });
        let claims = self.claims(pod);
        let volumes = claims.iter().filter_map(|claim| {
            let named = text(claim, "/spec/volumeName")?;
            Some(format!("PersistentVolume {named}"))
        });
        let titles = claims.iter().map(|claim| title(claim));
        owners.chain(titles).chain(volumes).collect()
    }

    pub(super) fn directory(&self, node: &str, path: &str) -> Option<&'a Directory> {
        self.seen.directories.iter().find(|it| {
            it.node == node && it.path.trim_end_matches('/') == path.trim_end_matches('/')
        })
    }

    /// The last line that a container wrote before it ended.
    pub(super) fn last_line(&self, pod: &Value, container: &str) -> Option<&'a str> {
        let pod = full_name(namespace(pod), name(pod));
        let of = |log: &&LogExcerpt| log.pod == pod && log.container == container;
        let logs = self.seen.logs.iter().filter(of);
        let mut lines: Vec<_> = logs
            .filter_map(|log| {
                let last = log.text.lines().rfind(|line| !line.trim().is_empty())?;
                Some((log.previous, last.trim()))
            })
            .collect();
        lines.sort_by_key(|(previous, _)| *previous);
        lines.last().map(|(_, line)| *line)
    }
}

/// What `ls` says of a path, in a line of evidence.
pub(super) fn told(directory: &Directory) -> String {
    let is = match directory.is {
        AtPath::Missing => "not there",
        AtPath::Directory => "a directory",
        AtPath::Other => "not a directory",
        AtPath::Unknown => "nobody could look",
    };
    let (node, path) = (&directory.node, &directory.path);
    match (directory.is, directory.listing.lines().next()) {
        (AtPath::Other | AtPath::Unknown, Some(line)) => {
            format!("`{path}` on `{node}`: {is}: {line}")
        }
        _ => format!("`{path}` on `{node}`: {is}"),
    }
}

pub(super) fn message(event: &Value) -> &str {
    text(event, "/message")
        .or_else(|| text(event, "/note"))
        .unwrap_or_default()
}

fn when(event: &Value) -> &str {
    ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"]
        .iter()
        .find_map(|at| text(event, at))
        .or_else(|| text(event, "/metadata/creationTimestamp"))
        .unwrap_or_default()
}

/// A condition in a line of evidence.
pub(super) fn told_condition(object: &Value, kind: &str) -> Option<String> {
    let condition = condition(object, kind)?;
    let status = text(condition, "/status").unwrap_or_default();
    let message = text(condition, "/message").unwrap_or("without a message");
    Some(format!("{}: {kind} is {status}: {message}", title(object)))
}

/// The titles that the failure speaks of. A pod that is not there any more, or
/// not yet, is its set's.
fn asked(seen: &Seen<'_>) -> BTreeSet<String> {
    let failure = seen.failure;
    let kinds: BTreeSet<&str> = seen.objects.iter().map(|it| served::kind(it)).collect();
    let mut asked: BTreeSet<String> = seen
        .objects
        .iter()
        .filter(|object| served::kind(object) != "Event")
        .filter(|object| {
            let title = title(object);
            let own = match namespace(object) {
                Some(_) => title.split_once(' ').map_or("", |(_, own)| own).to_owned(),
                None => title,
            };
            // `PodDisruptionBudget n/web` says nothing of the pod of that name.
            let other: Vec<_> = kinds
                .iter()
                .filter(|kind| **kind != served::kind(object))
                .collect();
            let of_another = |before: &str| {
                let word = before.strip_suffix(' ').map(|it| it.rsplit(' ').next());
                word.flatten()
                    .is_some_and(|word| other.iter().any(|kind| **kind == word))
            };
            places(failure, &own).any(|at| !of_another(&failure[..at]))
        })
        .map(|object| title(object))
        .collect();
    if !asked.iter().any(|it| it.starts_with("Pod ")) {
        let sets = seen
            .objects
            .iter()
            .filter(|it| served::kind(it) == "StatefulSet");
        let pods_of = |set: &&std::sync::Arc<Value>| {
            failure.contains(&format!("{}-", full_name(namespace(set), name(set))))
        };
        asked.extend(sets.filter(pods_of).map(|set| title(set)));
    }
    asked
}

/// Where a text has this name in it, and not a longer one.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + use<'t> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
    let all = text.match_indices(name).map(|(at, _)| at);
    all.filter(move |at| {
        let at = *at;
        let before = text[..at].chars().next_back();
        let mut after = text[at + name.len()..].chars();
        let next = after.next();
        // A full stop ends a sentence; in a name something follows it.
        let ends = next.is_none_or(|c| !part(c))
            || (next == Some('.') && after.next().is_none_or(|c| !part(c)));
        before.is_none_or(|c| !part(c)) && ends
    })
}

#[cfg(test)]
mod tests {
    use super::places;

    fn names(text: &str, name: &str) -> bool {
        places(text, name).next().is_some()
    }

    #[test]
    fn a_longer_name_is_another() {
        assert!(names("Pod n/web-1: seen Pending", "n/web-1"));
        assert!(names("waits for n/web-1.", "n/web-1"));
        assert!(!names("Pod n/web-10: seen Pending", "n/web-1"));
        assert!(!names("Pod in/web-1", "n/web-1"));
    }
}
