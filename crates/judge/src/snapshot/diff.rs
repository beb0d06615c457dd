//! A diff of two YAML texts for people.
//!
//! Invariants:
//! - Each hunk says under which keys it begins: a line such as `phase: Failed`
//!   alone does not say whose phase it is.

use std::fmt::Write;

use similar::{ChangeTag, DiffOp, TextDiff};

/// Unchanged lines shown around a change.
const AROUND: usize = 2;

pub(super) fn unified(golden: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(golden, new);
    let lines: Vec<&str> = golden.lines().collect();
    let mut text = "--- golden\n+++ new\n".to_owned();
    for hunk in diff.grouped_ops(AROUND) {
        let _ = writeln!(text, "{}", header(&hunk, &lines));
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
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
fn header(hunk: &[DiffOp], golden: &[&str]) -> String {
    let start = hunk.first().map_or(0, |op| op.old_range().start);
    let keys = keys_above(golden, start);
    let place = format!("line {}", start + 1);
    let parts: Vec<String> = std::iter::once(place)
        .chain((!keys.is_empty()).then(|| keys.join(" › ")))
        .collect();
    format!("@@ {} @@", parts.join(", "))
}

/// The keys that the line at `index` stands under, the outermost first.
fn keys_above<'a>(lines: &[&'a str], index: usize) -> Vec<&'a str> {
    let mut indent = lines.get(index).map_or(0, |line| indent_of(line));
    let mut keys = Vec::new();
    for line in lines[..index.min(lines.len())].iter().rev() {
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
