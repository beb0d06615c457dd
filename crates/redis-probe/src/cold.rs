//! The cold proof: every server was started anew, and has its data from before.
//!
//! While no pod runs no memory survives: what the masters hold afterwards came
//! off the disks. A replica's data is no evidence, it is copied from its
//! master at every start.
//!
//! Invariants:
//! - A server that was not started anew proves nothing, and that is a problem.

use serde::Serialize;
use thiserror::Error;

use crate::{Baseline, Digest, PodBaseline, Role};

/// Why a cold start proves nothing, or proves a loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the lines say what the fields are")]
pub enum ColdProblem {
    /// A pod is gone.
    #[error("{pod}: expected it back, saw no such pod")]
    NoPod { pod: String },
    /// It is the same run of the server: its memory survived.
    #[error("{pod}: expected a new run of the server, saw run {run_id} as before")]
    SameRun { pod: String, run_id: String },
    /// It is another node: `nodes.conf` did not come back.
    #[error("{pod}: expected node id {expected} as before, saw {seen}")]
    NodeId {
        pod: String,
        expected: String,
        seen: String,
    },
    /// It is no master any more: its disk did not decide.
    #[error("{pod}: expected a master as before, saw a replica")]
    NoMaster { pod: String },
    /// Its keys or values are others.
    #[error("{pod}: expected {keys} keys with digest {digest}, saw {seen_keys} with {seen_digest}")]
    Data {
        pod: String,
        keys: u64,
        digest: Digest,
        seen_keys: u64,
        seen_digest: Digest,
    },
    /// There is nothing to compare.
    #[error("{pod}: expected a digest, got none: {why}")]
    NoDigest { pod: String, why: String },
}

/// Compares the pods before and after; an empty list is the proof, for the
/// masters' disks.
pub fn judge(before: &Baseline, after: &Baseline) -> Vec<ColdProblem> {
    let mut problems = Vec::new();
    for (name, was) in before.pods() {
        match after.pod(name) {
            None => problems.push(ColdProblem::NoPod {
                pod: name.to_owned(),
            }),
            Some(is) => judge_pod(name, was, is, &mut problems),
        }
    }
    problems
}

fn judge_pod(name: &str, was: &PodBaseline, is: &PodBaseline, problems: &mut Vec<ColdProblem>) {
    let pod = || name.to_owned();
    if is.run_id == was.run_id {
        problems.push(ColdProblem::SameRun {
            pod: pod(),
            run_id: is.run_id.clone(),
        });
    }
    if is.node_id != was.node_id {
        problems.push(ColdProblem::NodeId {
            pod: pod(),
            expected: was.node_id.clone(),
            seen: is.node_id.clone(),
        });
    }
    match (was.role, is.role) {
        (Role::Replica, Role::Master | Role::Replica) => {}
        (Role::Master, Role::Replica) => problems.push(ColdProblem::NoMaster { pod: pod() }),
        (Role::Master, Role::Master) => problems.extend(judge_data(name, was, is)),
    }
}

fn judge_data(name: &str, was: &PodBaseline, is: &PodBaseline) -> Option<ColdProblem> {
    let pod = name.to_owned();
    match (&was.digest, &is.digest) {
        (Digest::Refused(why), _) | (_, Digest::Refused(why)) => Some(ColdProblem::NoDigest {
            pod,
            why: why.clone(),
        }),
        (expected, seen) if expected == seen && was.dbsize == is.dbsize => None,
        (expected, seen) => Some(ColdProblem::Data {
            pod,
            keys: was.dbsize,
            digest: expected.clone(),
            seen_keys: is.dbsize,
            seen_digest: seen.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{Member, View, recorded};

    /// Compares the healthy cluster with itself, started anew, after a change.
    fn check(change: impl Fn(&mut [Member])) -> String {
        let mut members = recorded::members("healthy");
        let before = Baseline::of(&members).unwrap();
        for (number, member) in members.iter_mut().enumerate() {
            member.seen.as_mut().unwrap().server.run_id = format!("run-{number}");
        }
        change(&mut members);
        let problems = judge(&before, &Baseline::of(&members).unwrap());
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    fn view(members: &mut [Member], pod: usize) -> &mut View {
        members[pod].seen.as_mut().unwrap()
    }

    #[test]
    fn the_same_data_in_new_runs_is_the_proof() {
        assert_snapshot!(check(|_| ()), @"");
    }

    #[test]
    fn a_replica_shows_nothing() {
        assert_snapshot!(check(|members| view(members, 4).dbsize = 0), @"");
    }

    #[test]
    fn a_master_without_its_data() {
        assert_snapshot!(check(|members| {
            view(members, 1).dbsize = 0;
            view(members, 1).digest = Digest::Known("0".repeat(40));
        }), @"redis-1: expected 28 keys with digest 6d5b9eb97328ada9ea340b5664ff3ae4a93ce6d8, saw 0 with 0000000000000000000000000000000000000000");
    }

    #[test]
    fn a_server_that_was_never_stopped_proves_nothing() {
        let same = recorded::members("healthy");
        let problems = judge(&Baseline::of(&same).unwrap(), &Baseline::of(&same).unwrap());
        assert_snapshot!(problems[0], @"redis-0: expected a new run of the server, saw run 1f287abe4bc76c7c0f2f3ff85fec8fe77c8da571 as before");
        assert_eq!(problems.len(), 6);
    }

    #[test]
    fn a_digest_that_is_refused_proves_nothing() {
        assert_snapshot!(check(|members| {
            view(members, 1).digest = Digest::Refused("ERR DEBUG command not allowed.".to_owned());
        }), @"redis-1: expected a digest, got none: ERR DEBUG command not allowed.");
    }
}
