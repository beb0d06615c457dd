//! A diff of two YAML texts for people.
//!
//! Invariants:
//! - Each hunk says under which keys its first change stands: a line such as
//!   `phase: Failed` alone does not say whose phase it is.

use std::fmt::Write;

use similar::{Change, ChangeTag, TextDiff};

/// Unchanged lines shown around a change.
const AROUND: usize = 2;

pub(super) fn unified(golden: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(golden, new);
    let lines: Vec<&str> = golden.lines().collect();
    let mut text = "--- golden\n+++ new\n".to_owned();
    for hunk in diff.grouped_ops(AROUND) {
        let changes: Vec<_> = hunk.iter().flat_map(|op| diff.iter_changes(op)).collect();
        let _ = writeln!(text, "{}", header(&changes, &lines));
        for change in &changes {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(text, "{sign}{}", change.value().trim_end_matches('\n'));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// As `@@ line 12, objects › Pod › redis/redis-cluster-0 @@`.
fn header(changes: &[Change<&str>], golden: &[&str]) -> String {
    // Lines of golden that are before the first change of the hunk.
    let mut above = 0;
    for change in changes {
        if change.tag() != ChangeTag::Equal {
            above = change.old_index().unwrap_or(above);
            let keys = keys_above(
                &golden[..above.min(golden.len())],
                indent_of(change.value()),
            );
            let place = std::iter::once(format!("line {}", above + 1));
            let parts: Vec<String> = place
                .chain((!keys.is_empty()).then(|| keys.join(" › ")))
                .collect();
            return format!("@@ {} @@", parts.join(", "));
        }
        above = change.old_index().map_or(above, |index| index + 1);
    }
    "@@ @@".to_owned()
}

/// The keys that a line so far indented stands under, the outermost first.
fn keys_above<'a>(above: &[&'a str], mut indent: usize) -> Vec<&'a str> {
    let mut keys = Vec::new();
    for line in above.iter().rev() {
        let own = indent_of(line);
        if own < indent && line.trim_end().ends_with(':') {
            indent = own;
            keys.push(line.trim().trim_end_matches(':'));
        }
    }
    keys.reverse();
    keys
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
