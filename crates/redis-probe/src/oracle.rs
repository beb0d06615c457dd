//! The healthy oracle: whether a cluster is whole, seen from each of its pods.
//!
//! `cluster_state:ok` and `redis-cli --cluster check` are green in many states
//! in which data is gone or addresses are stale; this asks every pod about
//! every other.
//!
//! Invariants:
//! - Pure: views in, ailments out, in a fixed order.
//! - A pod without a view is an ailment, never left out.
//! - What a node is, is what its own pod says of it; every other view is
//!   compared with that.

mod ailment;
mod shape;
mod sight;
#[cfg(test)]
mod tests;

pub use ailment::Ailment;

use std::collections::BTreeMap;

use crate::{Baseline, View, nodes::NodeLine};

/// One pod and what it said.
#[derive(Debug, Clone)]
pub struct Member {
    /// The pod's name.
    pub pod: String,
    /// Its address now, as Kubernetes says: `status.podIP`.
    pub address: String,
    /// What it answered, or in words why there is no answer.
    pub seen: Result<View, String>,
}

/// What a healthy cluster looks like.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// How many masters serve slots.
    pub masters: usize,
    /// How many replicas follow each of them.
    pub replicas_per_master: usize,
    /// What the pods were before; none before there is a before.
    pub baseline: Option<&'a Baseline>,
    /// Whether a pod must have the role and the master that it had.
    pub roles: Roles,
    /// Whether a shard's data must be equal on its pods now.
    pub digests: Digests,
}

impl Expected<'_> {
    /// How many pods, and how many nodes each of them knows.
    pub fn members(&self) -> usize {
        self.masters * (1 + self.replicas_per_master)
    }
}

/// Whether roles are compared with the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Each pod has the role, each master the slots, and each replica the
    /// master, of the baseline.
    AsBaseline,
    /// A fail-over is allowed.
    MayChange,
}

/// Whether digests are compared within a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Nothing is written now: they must be equal.
    Equal,
    /// Writes are under way: they differ for moments, and say nothing.
    NotCompared,
}

/// Lists all that ails the cluster; an empty list is a healthy cluster.
pub fn judge(members: &[Member], expected: &Expected<'_>) -> Vec<Ailment> {
    let mut ailments = Vec::new();
    if members.len() != expected.members() {
        ailments.push(Ailment::Members {
            expected: expected.members(),
            seen: members.len(),
        });
    }
    let own = own_lines(members, &mut ailments);
    let known = Known::of(members, &own, &mut ailments);
    for member in members {
        if let Ok(view) = &member.seen {
            sight::judge(member, view, &known, expected, &mut ailments);
        }
    }
    sight::judge_agreement(members, &known, &mut ailments);
    shape::judge(&own, &known, expected, &mut ailments);
    ailments
}

/// A pod with its view and its own line in it.
#[derive(Clone, Copy)]
struct Own<'a> {
    member: &'a Member,
    view: &'a View,
    line: &'a NodeLine,
}

fn own_lines<'a>(members: &'a [Member], ailments: &mut Vec<Ailment>) -> Vec<Own<'a>> {
    let mut own = Vec::new();
    for member in members {
        let pod = member.pod.clone();
        match &member.seen {
            Err(why) => ailments.push(Ailment::NoView {
                pod,
                why: why.clone(),
            }),
            Ok(view) => match view.myself() {
                Some(line) => own.push(Own { member, view, line }),
                None => ailments.push(Ailment::NoMyself { pod }),
            },
        }
    }
    own
}

/// Which pod is which node, as far as the pods themselves say.
struct Known<'a> {
    by_id: BTreeMap<&'a str, Own<'a>>,
    /// Pods whose own ids are not known: they did not answer.
    silent: BTreeMap<&'a str, &'a Member>,
}

impl<'a> Known<'a> {
    fn of(members: &'a [Member], own: &[Own<'a>], ailments: &mut Vec<Ailment>) -> Self {
        let mut by_id: BTreeMap<&str, Own<'_>> = BTreeMap::new();
        for pod in own {
            if let Some(first) = by_id.insert(&pod.line.id, *pod) {
                ailments.push(Ailment::SameId {
                    first: first.member.pod.clone(),
                    second: pod.member.pod.clone(),
                    id: pod.line.id.clone(),
                });
            }
        }
        let silent = members.iter().filter(|member| {
            let answered = own.iter().any(|own| own.member.pod == member.pod);
            !answered
        });
        Self {
            by_id,
            silent: silent
                .map(|member| (member.address.as_str(), member))
                .collect(),
        }
    }

    /// What to call a node: its pod, or its id and where it is said to be.
    fn name(&self, line: &NodeLine) -> String {
        match self.by_id.get(line.id.as_str()) {
            Some(own) => own.member.pod.clone(),
            None => format!("{} at {}", line.id, self.place(&line.address)),
        }
    }

    /// What to call a node of which only the id is known.
    fn name_of_id(&self, id: &str) -> String {
        let own = self.by_id.get(id);
        own.map_or_else(|| id.to_owned(), |own| own.member.pod.clone())
    }

    /// An address, and the silent pod that has it.
    fn place(&self, address: &str) -> String {
        match self.silent.get(address) {
            Some(member) => format!("{address} ({})", member.pod),
            None if address.is_empty() => "no address".to_owned(),
            None => address.to_owned(),
        }
    }
}
