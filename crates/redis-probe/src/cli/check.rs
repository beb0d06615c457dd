//! `--cluster check`.
//!
//! Invariants:
//! - A line that is not understood never makes a cluster look better: what is
//!   good has to be said, it is never assumed.

use serde::Serialize;

use super::plain_lines;
use crate::{Role, slots::SlotRange};

/// What a check printed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// The masters, from the lines at the top.
    pub masters: Vec<MasterLine>,
    /// The nodes, from the detail lines.
    pub nodes: Vec<CheckedNode>,
    /// The keys of all masters, where it says.
    pub total_keys: Option<u64>,
    /// It says that all nodes agree about slots.
    pub agree: bool,
    /// It says that all 16384 slots are covered.
    pub covered: bool,
    /// Slots in migrating or importing state, as it lists them.
    pub open_slots: Vec<String>,
    /// Warnings, in its words.
    pub warnings: Vec<String>,
    /// Errors, in its words.
    pub errors: Vec<String>,
    /// Nodes that it could not reach.
    pub unreachable: Vec<Unreachable>,
}

/// A master at the top of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MasterLine {
    /// Its address and port.
    pub address: String,
    /// The first eight digits of its id.
    pub id: String,
    /// How many keys it holds.
    pub keys: u64,
    /// How many slots it serves.
    pub slots: u64,
    /// How many replicas follow it.
    pub replicas: u64,
}

/// A node in the details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedNode {
    /// Its id.
    pub id: String,
    /// Its address and port.
    pub address: String,
    /// Its role.
    pub role: Role,
    /// The slots it serves.
    pub slots: Vec<SlotRange>,
    /// The id of the master it follows.
    pub replicates: Option<String>,
}

/// A node that could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreachable {
    /// Its address and port.
    pub address: String,
    /// Why not.
    pub reason: String,
}

/// Reads what a check printed on its two outputs.
pub fn parse(stdout: &str, stderr: &str) -> CheckReport {
    let mut report = CheckReport::default();
    for line in plain_lines(stdout) {
        report.read_line(&line);
    }
    for line in plain_lines(stderr) {
        report.read_error_line(&line);
    }
    report
}

/// Lists what is not as in a healthy cluster of this shape.
///
/// An empty list is one signal of health and no more: a wiped shard and a
/// stale address pass.
pub fn judge(report: &CheckReport, masters: usize, replicas_per_master: usize) -> Vec<String> {
    let mut problems = Vec::new();
    let seen = report.masters.len();
    if seen != masters {
        problems.push(format!("expected {masters} masters, saw {seen}"));
    }
    for master in &report.masters {
        let (seen, address) = (master.replicas, &master.address);
        if seen != replicas_per_master as u64 {
            problems.push(format!(
                "expected {replicas_per_master} replicas of {address}, saw {seen}"
            ));
        }
    }
    problems.extend(judge_details(report, masters, replicas_per_master));
    problems
}

/// Judges all but the lines at the top, which a creation does not print.
pub(super) fn judge_details(
    report: &CheckReport,
    masters: usize,
    replicas_per_master: usize,
) -> Vec<String> {
    let mut problems = Vec::new();
    let expected = masters * (1 + replicas_per_master);
    let seen = report.nodes.len();
    if seen != expected {
        problems.push(format!("expected {expected} nodes, saw {seen}"));
    }
    if !report.agree {
        problems.push("expected all nodes to agree about slots, it does not say so".to_owned());
    }
    if !report.covered {
        problems.push("expected all 16384 slots covered, it does not say so".to_owned());
    }
    for slots in &report.open_slots {
        problems.push(format!("expected no open slots, saw {slots}"));
    }
    for node in &report.unreachable {
        problems.push(format!("cannot reach {}: {}", node.address, node.reason));
    }
    problems.extend(
        report
            .warnings
            .iter()
            .map(|text| format!("it warns: {text}")),
    );
    problems.extend(report.errors.iter().map(|text| format!("it says: {text}")));
    problems
}

impl CheckReport {
    /// Takes in one line of standard output.
    fn read_line(&mut self, line: &str) {
        if let Some(text) = line.strip_prefix("[ERR] ") {
            self.errors.push(text.to_owned());
        } else if let Some(text) = line.strip_prefix("[WARNING] ") {
            self.read_warning(text);
        } else if let Some(text) = line.strip_prefix("*** WARNING: ") {
            self.warnings.push(text.to_owned());
        } else if let Some(text) = line.strip_prefix("[OK] ") {
            self.read_ok(text);
        } else if let Some(text) = line.strip_prefix("M: ") {
            self.nodes.extend(node(text, Role::Master));
        } else if let Some(text) = line.strip_prefix("S: ") {
            self.nodes.extend(node(text, Role::Replica));
        } else if let Some(master) = master_line(line) {
            self.masters.push(master);
        } else if let Some(node) = self.nodes.last_mut() {
            node.read_detail(line);
        }
    }

    fn read_ok(&mut self, text: &str) {
        let mut words = text.split(' ');
        match (words.next(), words.next()) {
            (Some("All"), Some("nodes")) => self.agree = true,
            (Some("All"), Some("16384")) => self.covered = true,
            (Some(keys), Some("keys")) => self.total_keys = keys.parse().ok(),
            _ => {}
        }
    }

    fn read_warning(&mut self, text: &str) {
        match text.strip_prefix("The following slots are open: ") {
            Some(slots) => self.open_slots.push(slots.trim_end_matches('.').to_owned()),
            None => self.warnings.push(text.to_owned()),
        }
    }

    /// Takes in one line of standard error.
    fn read_error_line(&mut self, line: &str) {
        let unreachable = line.strip_prefix("Could not connect to Redis at ");
        let unreachable = unreachable.or(line.strip_prefix("Could not connect to Valkey at "));
        match unreachable.and_then(|text| text.split_once(": ")) {
            Some((address, reason)) => self.unreachable.push(Unreachable {
                address: address.to_owned(),
                reason: reason.to_owned(),
            }),
            // Printed whenever a password is given as an argument.
            None if line.starts_with("Warning: Using a password") => {}
            None => self.errors.push(line.to_owned()),
        }
    }
}

impl CheckedNode {
    /// Takes in an indented line below the node's own.
    fn read_detail(&mut self, line: &str) {
        let line = line.trim_start();
        if let Some(id) = line.strip_prefix("replicates ") {
            self.replicates = Some(id.to_owned());
        } else if let Some(text) = line.strip_prefix("slots:") {
            let ranges = text.split(' ').next().unwrap_or_default().split(',');
            let ranges = ranges.map(|range| range.trim_matches(['[', ']']));
            self.slots = ranges.filter_map(SlotRange::parse).collect();
        }
    }
}

/// Reads `<id> <address>`.
fn node(text: &str, role: Role) -> Option<CheckedNode> {
    let (id, address) = text.split_once(' ')?;
    Some(CheckedNode {
        id: id.to_owned(),
        address: address.to_owned(),
        role,
        slots: Vec::new(),
        replicates: None,
    })
}

/// Reads `<address> (<id>...) -> <n> keys | <n> slots | <n> slaves.`
fn master_line(line: &str) -> Option<MasterLine> {
    let (node, numbers) = line.split_once(" -> ")?;
    let (address, id) = node.split_once(" (")?;
    let mut numbers = numbers.split(" | ");
    let mut number = |names: &[&str]| {
        let (number, name) = numbers.next()?.split_once(' ')?;
        let known = names.contains(&name.trim_end_matches('.'));
        number.parse().ok().filter(|_| known)
    };
    Some(MasterLine {
        address: address.to_owned(),
        id: id.strip_suffix("...)")?.to_owned(),
        keys: number(&["keys"])?,
        slots: number(&["slots"])?,
        replicas: number(&["slaves", "replicas"])?,
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::recorded;

    /// Judges what a check printed in a recorded state.
    fn check(state: &str) -> String {
        let stdout = recorded::text(&format!("{state}.check.stdout"));
        let stderr = recorded::text(&format!("{state}.check.stderr"));
        let problems = judge(&parse(&stdout, &stderr), 3, 1);
        let ids_cut = problems
            .iter()
            .map(|problem| match problem.find("node ID ") {
                Some(at) => problem[..at + 12].to_owned(),
                None => problem.clone(),
            });
        ids_cut.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_healthy_cluster() {
        assert_snapshot!(check("healthy"), @"");
        assert_snapshot!(check("healthy-tty"), @"");
        let report = parse(&recorded::text("healthy.check.stdout"), "");
        assert_snapshot!(serde_json::to_string(&report.masters[1]).unwrap(), @r#"{"address":"10.77.0.11:6379","id":"5806d96a","keys":28,"slots":5462,"replicas":1}"#);
        assert_snapshot!(serde_json::to_string(&report.nodes[3]).unwrap(), @r#"{"id":"5806d96ad9de91619b77cd4a9032e2ae2fe444e0","address":"10.77.0.11:6379","role":"master","slots":["5461-10922"],"replicates":null}"#);
        assert_eq!(report.total_keys, Some(100));
    }

    #[test]
    fn nodes_that_are_down_or_gone() {
        assert_snapshot!(check("replica-down"), @"
        expected 1 replicas of 10.77.0.10:6379, saw 0
        expected 6 nodes, saw 5
        cannot reach 10.77.0.14:6379: Connection refused
        ");
        assert_snapshot!(check("master-down"), @"
        expected 3 masters, saw 2
        expected 6 nodes, saw 5
        expected all 16384 slots covered, it does not say so
        cannot reach 10.77.0.10:6379: Connection refused
        it warns: 10.77.0.14:6379 claims to be slave of unknown node ID bf98
        it says: Not all 16384 slots are covered by nodes.
        ");
        assert_snapshot!(check("after-failover"), @"
        expected 1 replicas of 10.77.0.14:6379, saw 0
        expected 6 nodes, saw 5
        cannot reach 10.77.0.10:6379: Connection refused
        ");
        assert_snapshot!(check("replica-wiped"), @"
        expected 1 replicas of 10.77.0.10:6379, saw 0
        expected 6 nodes, saw 5
        ");
        assert_snapshot!(check("replica-wiped-itself"), @"
        expected 3 masters, saw 1
        expected 1 replicas of 10.77.0.14:6379, saw 0
        expected 6 nodes, saw 1
        expected all 16384 slots covered, it does not say so
        it says: Not all 16384 slots are covered by nodes.
        ");
        assert_snapshot!(check("master-wiped"), @"
        expected 3 masters, saw 2
        expected 6 nodes, saw 5
        expected all 16384 slots covered, it does not say so
        it warns: 10.77.0.15:6379 claims to be slave of unknown node ID fb32
        it says: Not all 16384 slots are covered by nodes.
        ");
        assert_snapshot!(check("swapped"), @"
        expected 3 masters, saw 2
        expected 6 nodes, saw 5
        expected all 16384 slots covered, it does not say so
        it warns: 10.77.0.14:6379 claims to be slave of unknown node ID c66a
        it says: Not all 16384 slots are covered by nodes.
        ");
        assert_snapshot!(check("all-moved"), @"
        expected 3 masters, saw 1
        expected 1 replicas of 10.77.0.40:6379, saw 0
        expected 6 nodes, saw 1
        expected all 16384 slots covered, it does not say so
        cannot reach 10.77.0.13:6379: No route to host
        cannot reach 10.77.0.14:6379: No route to host
        cannot reach 10.77.0.11:6379: No route to host
        cannot reach 10.77.0.12:6379: No route to host
        cannot reach 10.77.0.15:6379: No route to host
        it says: Not all 16384 slots are covered by nodes.
        ");
    }

    #[test]
    fn slots_that_are_not_served_as_they_should_be() {
        assert_snapshot!(check("uncovered"), @"
        expected all 16384 slots covered, it does not say so
        it says: Not all 16384 slots are covered by nodes.
        ");
        assert_snapshot!(check("open-slot"), @"
        expected no open slots, saw 100
        it warns: Node 10.77.0.10:6379 has slots in migrating state 100.
        it warns: Node 10.77.0.11:6379 has slots in importing state 100.
        ");
        assert_snapshot!(check("disagreement"), @"
        expected all nodes to agree about slots, it does not say so
        expected all 16384 slots covered, it does not say so
        it says: Nodes don't agree about configuration!
        it says: Not all 16384 slots are covered by nodes.
        ");
    }

    /// What it does not notice: one signal, not the oracle.
    #[test]
    fn states_that_look_healthy_to_it() {
        for state in ["shard-wiped", "aof-wiped", "stale-self", "swapped-replicas"] {
            assert_eq!(check(state), "", "{state}");
        }
    }

    #[test]
    fn a_check_that_hung_is_no_healthy_one() {
        assert_snapshot!(judge(&parse("", ""), 3, 1).join("\n"), @"
        expected 3 masters, saw 0
        expected 6 nodes, saw 0
        expected all nodes to agree about slots, it does not say so
        expected all 16384 slots covered, it does not say so
        ");
    }

    /// Written after what valkey-cli 8 prints; it could not be run here.
    #[test]
    fn valkey_says_replicas_and_primaries() {
        let text = recorded::text("healthy.check.stdout");
        let text = text
            .replace("slaves.", "replicas.")
            .replace("3 masters", "3 primaries");
        assert_eq!(judge(&parse(&text, ""), 3, 1), Vec::<String>::new());
        assert_eq!(parse(&text, "").total_keys, Some(100));
    }

    #[test]
    fn a_password_on_the_command_line_is_no_error() {
        let stderr = "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.";
        assert_eq!(parse("", stderr), CheckReport::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read(stdout in "(\\PC|[\\r\\n\\x1b])*", stderr in "\\PC*") {
            let _ = parse(&stdout, &stderr);
        }

        #[test]
        fn any_recorded_line_changed_is_read(line in 0_usize..30, cut in 0_usize..60) {
            let text = recorded::text("healthy.check.stdout");
            let lines = text.lines().enumerate().map(|(number, text)| {
                let end = if number == line { cut.min(text.len()) } else { text.len() };
                &text[..end]
            });
            let _ = parse(&lines.collect::<Vec<_>>().join("\n"), "");
        }
    }
}
