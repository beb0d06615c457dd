//! Why a pod is not placed, in the words of `FailedScheduling`.
//!
//! Invariants:
//! - Reasons are counted over nodes and sorted as strings.

use std::collections::BTreeMap;

use super::filters::{Help, Refusal};
use crate::version::Version;

/// The pod was turned down before any node was asked.
pub(super) fn rejected(version: Version, nodes: usize, why: &str) -> String {
    format!(
        "0/{nodes} nodes are available: {why}. {}",
        version.after_rejection(nodes)
    )
}

/// Every node refused.
pub(super) fn unfit(version: Version, nodes: usize, refusals: &[Refusal]) -> String {
    let reasons = refusals.iter().flat_map(|refusal| &refusal.reasons);
    let helps = refusals.iter().map(|refusal| match refusal.help {
        Help::Preemption => "No preemption victims found for incoming pod",
        Help::Nothing => "Preemption is not helpful for scheduling",
    });
    let tail = version.after_filters(nodes, &format!("{}.", counted(helps)));
    format!(
        "0/{nodes} nodes are available: {}. {tail}",
        counted(reasons.map(String::as_str))
    )
}

fn counted<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    let mut lines: Vec<String> = counts
        .into_iter()
        .map(|(text, count)| format!("{count} {text}"))
        .collect();
    lines.sort_unstable();
    lines.join(", ")
}
