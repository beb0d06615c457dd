//! What each pod sees of the others.
//!
//! Invariants:
//! - `myself` is judged like any other line: a pod can have a stale address of
//!   its own while everything else looks well.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Ailment, Expected, Known, Member};
use crate::{
    View,
    nodes::{Link, NodeLine},
    slots::{SLOTS, SlotRange, ranges},
};

/// Judges one pod's view.
pub(super) fn judge(
    member: &Member,
    view: &View,
    known: &Known<'_>,
    expected: &Expected<'_>,
    ailments: &mut Vec<Ailment>,
) {
    let pod = || member.pod.clone();
    if view.cluster.state != "ok" {
        ailments.push(Ailment::State {
            pod: pod(),
            seen: view.cluster.state.clone(),
        });
    }
    if view.nodes.len() != expected.members() {
        ailments.push(Ailment::NodeCount {
            pod: pod(),
            expected: expected.members(),
            seen: view.nodes.len(),
        });
    }
    for line in &view.nodes {
        judge_line(member, line, known, ailments);
    }
    for own in known.by_id.values() {
        if view.node(&own.line.id).is_none() {
            ailments.push(Ailment::Missing {
                pod: pod(),
                node: own.member.pod.clone(),
            });
        }
    }
    let unserved = uncovered(view);
    if !unserved.is_empty() {
        ailments.push(Ailment::Uncovered {
            pod: pod(),
            slots: list(&ranges(unserved)),
        });
    }
}

/// Judges what one pod sees of one node.
fn judge_line(member: &Member, line: &NodeLine, known: &Known<'_>, ailments: &mut Vec<Ailment>) {
    let pod = || member.pod.clone();
    let node = || known.name(line);
    for flag in line.flags.ailing() {
        ailments.push(Ailment::Flag {
            pod: pod(),
            node: node(),
            flag: flag.to_owned(),
        });
    }
    if line.link == Link::Disconnected {
        ailments.push(Ailment::Link {
            pod: pod(),
            node: node(),
        });
    }
    for slot in &line.open_slots {
        let other = known.name_of_id(&slot.peer);
        ailments.push(Ailment::OpenSlot {
            pod: pod(),
            slot: slot.with(&other),
        });
    }
    let Some(own) = known.by_id.get(line.id.as_str()) else {
        // A silent pod's node cannot be told from a stranger's; the silence
        // itself is an ailment already.
        if !known.silent.contains_key(line.address.as_str()) {
            ailments.push(Ailment::Stranger {
                pod: pod(),
                node: node(),
            });
        }
        return;
    };
    if line.address != own.member.address {
        ailments.push(Ailment::Address {
            pod: pod(),
            node: node(),
            expected: own.member.address.clone(),
            seen: known.place(&line.address),
        });
    }
    if line.role() != own.line.role() || line.master != own.line.master {
        ailments.push(Ailment::Standing {
            pod: pod(),
            node: node(),
            expected: standing(own.line, known),
            seen: standing(line, known),
        });
    }
}

/// Compares who serves which slots in every view with the first one.
pub(super) fn judge_agreement(members: &[Member], known: &Known<'_>, ailments: &mut Vec<Ailment>) {
    let mut views = members.iter().filter_map(|member| {
        let view = member.seen.as_ref().ok()?;
        Some((member, view))
    });
    let Some((first, reference)) = views.next() else {
        return;
    };
    let reference = owners(reference);
    for (member, view) in views {
        // All slots that are told differently in the same way make one line.
        let mut differing: BTreeMap<(&str, &str), Vec<u16>> = BTreeMap::new();
        for ((slot, expected), seen) in (0..).zip(&reference).zip(owners(view)) {
            if *expected != seen {
                differing.entry((expected, seen)).or_default().push(slot);
            }
        }
        for ((expected, seen), slots) in differing {
            ailments.push(Ailment::Disagreement {
                pod: member.pod.clone(),
                other: first.pod.clone(),
                slots: list(&ranges(slots)),
                expected: owner_name(expected, known),
                seen: owner_name(seen, known),
            });
        }
    }
}

/// The slots that no node serves in a view.
fn uncovered(view: &View) -> Vec<u16> {
    let owners = (0..).zip(owners(view));
    let unserved = owners.filter(|(_, owner)| owner.is_empty());
    unserved.map(|(slot, _)| slot).collect()
}

/// The id of the node that serves each slot in a view; empty where none does.
fn owners(view: &View) -> Vec<&str> {
    let mut owners = vec![""; usize::from(SLOTS)];
    for line in &view.nodes {
        for range in &line.slots {
            let (first, last) = (usize::from(range.first()), usize::from(range.last()));
            owners[first..=last].fill(&line.id);
        }
    }
    owners
}

fn owner_name(id: &str, known: &Known<'_>) -> String {
    if id.is_empty() {
        "no node".to_owned()
    } else {
        known.name_of_id(id)
    }
}

/// What a node is, in words.
fn standing(line: &NodeLine, known: &Known<'_>) -> String {
    let mut standing = match line.role() {
        Some(role) => role.to_string(),
        None => "neither master nor replica".to_owned(),
    };
    if let Some(master) = &line.master {
        // Writing to a String cannot fail.
        let _ = write!(standing, " of {}", known.name_of_id(master));
    }
    standing
}

/// Ranges in one line.
pub(super) fn list(ranges: &[SlotRange]) -> String {
    let texts: Vec<_> = ranges.iter().map(ToString::to_string).collect();
    if texts.is_empty() {
        "none".to_owned()
    } else {
        texts.join(" ")
    }
}
