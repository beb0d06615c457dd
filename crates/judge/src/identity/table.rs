//! Before and after, for people.

use stayput_scenario::plan::Trait;

use super::{PodIdentity, VolumeIdentity, is_equal};

const ALL: [Trait; 5] = [
    Trait::Uid,
    Trait::Address,
    Trait::Node,
    Trait::Claim,
    Trait::Volume,
];

pub(super) fn label(what: Trait) -> &'static str {
    match what {
        Trait::Uid => "uid",
        Trait::Address => "address",
        Trait::Node => "node",
        Trait::Claim => "claim",
        Trait::Volume => "volume",
    }
}

/// All that tells one from another, in one line.
pub(super) fn line(before: &PodIdentity, after: &PodIdentity) -> String {
    let cells: Vec<String> = ALL
        .iter()
        .map(|what| format!("{}: {}", label(*what), cell(*what, before, after)))
        .collect();
    cells.join(", ")
}

fn cell(what: Trait, before: &PodIdentity, after: &PodIdentity) -> String {
    let equal = is_equal(what, before, after);
    let (old, new) = (short(what, before), short(what, after));
    match (what, equal) {
        (Trait::Uid, true) => "same".to_owned(),
        (Trait::Uid, false) => "changed".to_owned(),
        (Trait::Address | Trait::Node | Trait::Claim | Trait::Volume, true) => {
            format!("same ({new})")
        }
        (Trait::Claim | Trait::Volume, false) if old == new => format!("made anew ({new})"),
        (Trait::Address | Trait::Node | Trait::Claim | Trait::Volume, false) => {
            format!("{old} → {new}")
        }
    }
}

/// Names only.
fn short(what: Trait, pod: &PodIdentity) -> String {
    let claims = pod.claims.iter().map(|claim| claim.name.clone());
    match what {
        Trait::Uid => pod.uid.clone(),
        Trait::Address => known(pod.address.as_deref()),
        Trait::Node => known(pod.node.as_deref()),
        Trait::Claim => joined(claims),
        Trait::Volume => joined(pod.volumes.iter().map(place)),
    }
}

/// Names with their uids: what two objects of one name differ in.
pub(super) fn full(what: Trait, pod: &PodIdentity) -> String {
    let with_uid = |name: String, uid: Option<&str>| match uid {
        Some(uid) => format!("{name} (uid {uid})"),
        None => format!("{name} (not there)"),
    };
    match what {
        Trait::Uid | Trait::Address | Trait::Node => short(what, pod),
        Trait::Claim => joined(
            pod.claims
                .iter()
                .map(|claim| with_uid(claim.name.clone(), claim.uid.as_deref())),
        ),
        Trait::Volume => joined(
            pod.volumes
                .iter()
                .map(|volume| with_uid(place(volume), volume.uid.as_deref())),
        ),
    }
}

/// As `redis-0-data at /disk1/redis-0-data on kind-worker`.
fn place(volume: &VolumeIdentity) -> String {
    let mut place = volume.name.clone();
    if let Some(path) = &volume.path {
        place = format!("{place} at {path}");
    }
    if !volume.nodes.is_empty() {
        place = format!("{place} on {}", volume.nodes.join(" or "));
    }
    place
}

fn known(text: Option<&str>) -> String {
    text.unwrap_or("none").to_owned()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(" and ")
    }
}
