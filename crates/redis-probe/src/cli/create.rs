//! `--cluster create`.
//!
//! Invariants:
//! - What it plans and what it made are told apart: only the check that it
//!   ends with counts.

use serde::Serialize;

use super::{
    check::{self, CheckReport},
    plain_lines,
};

/// The line before the check that a creation ends with.
const CHECK: &str = ">>> Performing Cluster Check";

/// The arguments after the program's name.
///
/// Bound the call in time: it prints dots for ever when the bus is broken.
pub fn argv(addresses: &[String], replicas_per_master: usize) -> Vec<String> {
    let mut argv = vec!["--cluster".to_owned(), "create".to_owned()];
    argv.extend(addresses.iter().cloned());
    argv.push("--cluster-replicas".to_owned());
    argv.push(replicas_per_master.to_string());
    argv.push("--cluster-yes".to_owned());
    argv
}

/// What a creation printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateReport {
    /// How far it came.
    pub reached: Reached,
    /// The check that it ends with; of what came before, errors only.
    pub check: CheckReport,
}

/// How far a creation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reached {
    /// It changed nothing.
    Nothing,
    /// The nodes were told to join, and did not.
    Joining,
    /// They joined, and it looked at the result.
    Checked,
}

/// Reads what a creation printed on its two outputs.
pub fn parse(stdout: &str, stderr: &str) -> CreateReport {
    let lines: Vec<_> = plain_lines(stdout).collect();
    let start = lines.iter().position(|line| line.starts_with(CHECK));
    let (plan, result) = lines.split_at(start.unwrap_or(lines.len()));
    let mut report = check::parse(&result.join("\n"), stderr);
    let plan_errors = check::parse(&plan.join("\n"), "").errors;
    report.errors.splice(0..0, plan_errors);
    let joining = plan
        .iter()
        .any(|line| line.starts_with("Waiting for the cluster to join"));
    CreateReport {
        reached: match (start, joining) {
            (Some(_), _) => Reached::Checked,
            (None, true) => Reached::Joining,
            (None, false) => Reached::Nothing,
        },
        check: report,
    }
}

/// Lists why this is not a cluster of this shape; an empty list is one.
pub fn judge(report: &CreateReport, masters: usize, replicas_per_master: usize) -> Vec<String> {
    let errors = report
        .check
        .errors
        .iter()
        .map(|text| format!("it says: {text}"));
    match report.reached {
        Reached::Nothing => {
            let nothing = "the nodes were not told to join".to_owned();
            [nothing].into_iter().chain(errors).collect()
        }
        Reached::Joining => {
            let hung = "the nodes were told to join and did not".to_owned();
            [hung].into_iter().chain(errors).collect()
        }
        Reached::Checked => check::judge_details(&report.check, masters, replicas_per_master),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::recorded;

    fn check(stdout: &str) -> String {
        let report = parse(stdout, "");
        let problems = judge(&report, 3, 1);
        format!("{:?}\n{}", report.reached, problems.join("\n"))
    }

    #[test]
    fn the_arguments() {
        let addresses = ["10.0.0.1:6379".to_owned(), "10.0.0.2:6379".to_owned()];
        assert_snapshot!(argv(&addresses, 1).join(" "), @"--cluster create 10.0.0.1:6379 10.0.0.2:6379 --cluster-replicas 1 --cluster-yes");
    }

    #[test]
    fn a_cluster_was_made() {
        assert_snapshot!(check(&recorded::text("create.stdout")), @"Checked");
    }

    #[test]
    fn nodes_that_are_in_a_cluster_already() {
        assert_snapshot!(check(&recorded::text("create-again.stdout")), @"
        Nothing
        the nodes were not told to join
        it says: Node 10.77.0.10:6379 is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or contains some key in database 0.
        ");
    }

    #[test]
    fn a_bus_that_is_broken() {
        let text = recorded::text("create.stdout");
        let (before, _) = text.split_once("\n.\n").unwrap();
        assert_snapshot!(check(&format!("{before}\n.........")), @"
        Joining
        the nodes were told to join and did not
        ");
    }

    #[test]
    fn a_cluster_of_another_shape() {
        let report = parse(&recorded::text("create.stdout"), "");
        assert_snapshot!(judge(&report, 3, 2).join("\n"), @"expected 9 nodes, saw 6");
    }
}
