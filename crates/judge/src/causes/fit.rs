//! What keeps a volume from a claim.

use serde_json::Value;

use super::{quantity::thousandths, selector, sight::Sight};
use crate::served::{list, name, namespace, text, texts, uid};

/// One reason why a volume does not fit a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It is of another class.
    Class(String),
    /// It is too small.
    Size(String),
    /// It cannot be accessed as asked.
    Modes(String),
    /// Its labels are not those asked for.
    Labels(String),
    /// It is a block device where a directory is asked for, or the reverse.
    Mode(String),
    /// It belongs to a claim that is there, or is reserved for one.
    Taken(String),
    /// It belongs to a claim that is gone.
    Held(String),
    /// It is being deleted.
    Leaving,
}

impl Misfit {
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Class(words)
            | Self::Size(words)
            | Self::Modes(words)
            | Self::Labels(words)
            | Self::Mode(words)
            | Self::Taken(words)
            | Self::Held(words) => words,
            Self::Leaving => "being deleted",
        }
    }
}

/// The class that a claim or a volume names; empty for none.
pub(super) fn class(object: &Value) -> &str {
    text(object, "/spec/storageClassName").unwrap_or_default()
}

/// Every reason why a volume does not fit a claim; none where it does.
pub(super) fn misfits(sight: &Sight<'_>, claim: &Value, volume: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    let reserved = is_reserved_for(volume, claim);
    let (asked, has) = (class(claim), class(volume));
    if asked != has && !reserved {
        found.push(Misfit::Class(format!(
            "its class is `{has}`, not `{asked}`"
        )));
    }
    found.extend(too_small(claim, volume));
    found.extend(other_modes(claim, volume));
    let selector = claim.pointer("/spec/selector").unwrap_or(&Value::Null);
    if !reserved && !selector::label_selector(selector, volume) {
        let selector = selector.to_string();
        found.push(Misfit::Labels(format!("its labels are not {selector}")));
    }
    let mode = |object| text(object, "/spec/volumeMode").unwrap_or("Filesystem");
    if mode(claim) != mode(volume) {
        found.push(Misfit::Mode(format!(
            "it is a {}, not a {}",
            mode(volume),
            mode(claim)
        )));
    }
    if text(volume, "/metadata/deletionTimestamp").is_some() {
        found.push(Misfit::Leaving);
    }
    found.extend(held(sight, claim, volume));
    found
}

fn too_small(claim: &Value, volume: &Value) -> Option<Misfit> {
    let asked = text(claim, "/spec/resources/requests/storage")?;
    let has = text(volume, "/spec/capacity/storage")?;
    let small = thousandths(has)? < thousandths(asked)?;
    small.then(|| Misfit::Size(format!("it has {has}, asked for is {asked}")))
}

fn other_modes(claim: &Value, volume: &Value) -> Option<Misfit> {
    let has = texts(volume, "/spec/accessModes");
    let asked = texts(claim, "/spec/accessModes");
    let lacks = asked.iter().any(|mode| !has.contains(mode));
    lacks.then(|| {
        let (has, asked) = (has.join(", "), asked.join(", "));
        Misfit::Modes(format!("its access modes are {has}, asked for is {asked}"))
    })
}

/// Whether a volume names this very claim, or one of its name that may be it.
fn is_reserved_for(volume: &Value, claim: &Value) -> bool {
    let Some(holder) = volume.pointer("/spec/claimRef") else {
        return false;
    };
    let same = text(holder, "/uid").is_none_or(|held| uid(claim) == Some(held));
    same && text(holder, "/name") == Some(name(claim))
        && text(holder, "/namespace") == namespace(claim)
}

fn held(sight: &Sight<'_>, claim: &Value, volume: &Value) -> Option<Misfit> {
    let holder = volume.pointer("/spec/claimRef")?;
    if is_reserved_for(volume, claim) {
        return None;
    }
    let (space, named) = (text(holder, "/namespace"), text(holder, "/name")?);
    let full = crate::served::full_name(space, named);
    let phase = text(volume, "/status/phase").unwrap_or("of no phase");
    let there = sight.get("PersistentVolumeClaim", space, named);
    let held_uid = text(holder, "/uid");
    let lives = there.is_some_and(|it| held_uid.is_none_or(|held| uid(it) == Some(held)));
    // Claims of other namespaces were not looked at: the phase tells.
    let gone = matches!(phase, "Released" | "Failed");
    Some(match (lives, gone, held_uid) {
        (false, true, _) => Misfit::Held(format!(
            "it is {phase}, and still belongs to an earlier claim `{full}` (uid {})",
            held_uid.unwrap_or("unknown")
        )),
        (_, _, None) => Misfit::Taken(format!("it is reserved for claim `{full}`")),
        (_, _, Some(_)) => Misfit::Taken(format!("it belongs to claim `{full}`")),
    })
}

/// The classes that a claim without one gets.
pub(super) fn default_class<'a>(sight: &Sight<'a>) -> Option<&'a Value> {
    sight.of_kind("StorageClass").find(|class| {
        let annotations = class.pointer("/metadata/annotations");
        let is = annotations.and_then(|it| it.get("storageclass.kubernetes.io/is-default-class"));
        is.and_then(Value::as_str) == Some("true")
    })
}

/// A volume as evidence, with all that keeps it from a claim.
pub(super) fn line(volume: &Value, misfits: &[Misfit]) -> String {
    let words: Vec<_> = misfits.iter().map(Misfit::words).collect();
    let words = match words.as_slice() {
        [] => "it fits".to_owned(),
        words => words.join("; "),
    };
    format!("PersistentVolume {}: {words}", name(volume))
}

/// Whether a claim was made from a set's template: `(set, template)`.
pub(super) fn template_of<'a>(sight: &Sight<'a>, claim: &Value) -> Option<(&'a Value, &'a str)> {
    let sets = sight.of_kind("StatefulSet");
    let mut sets = sets.filter(|set| namespace(set) == namespace(claim));
    sets.find_map(|set| {
        let mut templates = list(set, "/spec/volumeClaimTemplates").iter();
        let template = templates.find(|it| {
            let start = format!("{}-{}-", name(it), name(set));
            let ordinal = name(claim).strip_prefix(&start);
            ordinal.is_some_and(|it| it.parse::<u32>().is_ok())
        })?;
        Some((set, name(template)))
    })
}
