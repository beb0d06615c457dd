//! What this play did to nodes and has not undone.
//!
//! Invariants:
//! - A fault that is not ended is found by the leak check, and ended by the clean-up.

use std::collections::BTreeSet;

use stayput_cluster::NodeName;
use stayput_scenario::plan::TaintEffect;

use crate::{
    branches::merge,
    halt::Halt,
    session::Session,
    step::{start_node, uncordon, untaint},
};

/// One lasting fault of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hurt {
    /// The machine is off.
    Stopped,
    /// Nobody knows the machine.
    Deleted,
    /// It takes no new pods.
    Cordoned,
    /// It has a taint.
    Tainted {
        /// The taint's key.
        key: String,
        /// The taint's effect.
        effect: TaintEffect,
    },
}

/// The faults that last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    lasting: BTreeSet<(NodeName, Hurt)>,
    /// Nodes that were deleted: those that come back are others, by uid.
    deleted: BTreeSet<NodeName>,
}

impl Faults {
    pub(crate) fn begun(&mut self, node: &NodeName, hurt: Hurt) {
        if hurt == Hurt::Deleted {
            self.deleted.insert(node.clone());
            // Its cordon and its taints went with it.
            self.lasting
                .retain(|(its, hurt)| its != node || *hurt == Hurt::Stopped);
        }
        self.lasting.insert((node.clone(), hurt));
    }

    pub(crate) fn ended(&mut self, node: &NodeName, hurt: &Hurt) {
        self.lasting
            .retain(|(its, lasting)| its != node || lasting != hurt);
    }

    pub(crate) fn untainted(&mut self, node: &NodeName, key: &str, effect: Option<TaintEffect>) {
        let is_meant = |hurt: &Hurt| match hurt {
            Hurt::Tainted {
                key: its,
                effect: has,
            } => its == key && effect.is_none_or(|effect| effect == *has),
            Hurt::Stopped | Hurt::Deleted | Hurt::Cordoned => false,
        };
        self.lasting
            .retain(|(its, hurt)| its != node || !is_meant(hurt));
    }

    /// Takes back what one of several steps at once began and ended.
    pub(crate) fn join(&mut self, before: &Self, after: Self) {
        merge(&mut self.lasting, &before.lasting, after.lasting);
        self.deleted.extend(after.deleted);
    }

    /// Whether a node was deleted by this play: another may have taken its name.
    pub(crate) fn was_deleted(&self, node: &str) -> bool {
        self.deleted.iter().any(|deleted| deleted.as_str() == node)
    }

    /// The faults that last, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lasting = self.lasting.iter();
        lasting.map(|(node, hurt)| line(node, hurt)).collect()
    }
}

fn line(node: &NodeName, hurt: &Hurt) -> String {
    match hurt {
        Hurt::Stopped => format!("node `{node}` is still stopped"),
        Hurt::Deleted => format!("node `{node}` is still deleted"),
        Hurt::Cordoned => format!("node `{node}` is still cordoned"),
        Hurt::Tainted { key, effect } => {
            format!(
                "node `{node}` still has the taint {key}:{}",
                effect.as_str()
            )
        }
    }
}

/// Ends all faults that last; returns those that could not be ended.
pub(crate) async fn end(session: &mut Session) -> Vec<String> {
    let mut problems = Vec::new();
    // Machines first: a node that is off or unknown takes no taint away.
    let mut all: Vec<_> = session.faults.lasting.iter().cloned().collect();
    all.sort_by(|(_, one), (_, other)| one.cmp(other));
    for (node, hurt) in all {
        if let Err(halt) = end_one(session, &node, &hurt).await {
            problems.push(format!("{}: {halt}", line(&node, &hurt)));
        }
    }
    problems
}

async fn end_one(session: &mut Session, node: &NodeName, hurt: &Hurt) -> Result<(), Halt> {
    match hurt {
        Hurt::Stopped => start_node(session, node).await,
        Hurt::Deleted => {
            session.cluster.stop_node(node).await?;
            start_node(session, node).await
        }
        Hurt::Cordoned => uncordon(session, node).await,
        Hurt::Tainted { key, effect } => untaint(session, node, key, Some(*effect)).await,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn node() -> NodeName {
        NodeName::new("worker")
    }

    fn tainted(key: &str, effect: TaintEffect) -> Hurt {
        let key = key.to_owned();
        Hurt::Tainted { key, effect }
    }

    #[test]
    fn what_is_ended_lasts_no_longer() {
        let mut faults = Faults::default();
        faults.begun(&node(), Hurt::Cordoned);
        faults.begun(&node(), tainted("a", TaintEffect::NoExecute));
        faults.begun(&node(), tainted("a", TaintEffect::NoSchedule));
        faults.ended(&node(), &Hurt::Cordoned);
        faults.untainted(&node(), "a", Some(TaintEffect::NoExecute));
        assert_snapshot!(faults.lines().join("\n"), @"node `worker` still has the taint a:NoSchedule");
        faults.untainted(&node(), "a", None);
        assert!(faults.lines().is_empty());
    }

    #[test]
    fn a_deleted_node_takes_its_faults_with_it() {
        let mut faults = Faults::default();
        faults.begun(&node(), Hurt::Cordoned);
        faults.begun(&node(), Hurt::Deleted);
        assert_snapshot!(faults.lines().join("\n"), @"node `worker` is still deleted");
        assert!(faults.was_deleted("worker"));
    }
}
