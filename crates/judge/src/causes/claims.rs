//! Claims and the volumes that they have, or do not get.

use serde_json::Value;

use super::{
    finding::{Finding, Kind, Surety},
    fit::{self, Misfit, misfits},
    placing::{Bar, bar, barred},
    selector,
    sight::Sight,
};
use crate::{
    event,
    nearest::nearest,
    served::{full_name, is_terminating, list, name, namespace, text, title, volume_nodes},
};

/// How many volumes are shown that do not fit.
const SHOWN: usize = 5;

/// Who asks for a claim's volume, and what the scheduler says of it.
#[derive(Clone, Copy)]
pub(super) struct Asking<'s, 'a> {
    /// The object in trouble: the pod, or the claim itself.
    pub(super) of: &'a Value,
    pub(super) pod: Option<&'a Value>,
    pub(super) said: &'s str,
}

impl Asking<'_, '_> {
    fn finding(&self, sight: &Sight<'_>, claim: &Value, kind: Kind, what: String) -> Finding {
        let around = self.pod.map(|pod| sight.around(pod)).unwrap_or_default();
        let said = (!self.said.is_empty()).then(|| format!("scheduler: {}", self.said));
        let surety = if self.is_about_volumes() || complains(sight, claim) {
            Surety::Shown
        } else {
            Surety::Guessed
        };
        Finding::new(kind, surety, self.of, what)
            .touching(around)
            .touching([title(claim)])
            .seen_all(said)
    }

    fn is_about_volumes(&self) -> bool {
        let words = [
            "node affinity",
            "didn't find available persistent volumes",
            "unbound immediate PersistentVolumeClaims",
            "non-existent p",
        ];
        words.iter().any(|it| self.said.contains(it))
    }
}

/// The latest event about a claim, where it is a complaint.
fn complaint<'a>(sight: &Sight<'a>, claim: &'a Value) -> Option<&'a Value> {
    let reasons = [
        "ProvisioningFailed",
        "FailedBinding",
        "VolumeMismatch",
        "ClaimLost",
    ];
    let mut events = sight.events(claim).into_iter();
    events.find(|it| text(it, "/reason").is_some_and(|reason| reasons.contains(&reason)))
}

fn complains(sight: &Sight<'_>, claim: &Value) -> bool {
    let here = sight.get("PersistentVolumeClaim", namespace(claim), name(claim));
    here.is_some_and(|claim| complaint(sight, claim).is_some())
}

fn full(claim: &Value) -> String {
    full_name(namespace(claim), name(claim))
}

/// Why a pod's claim keeps it from a node.
pub(super) fn of_pod<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    asking: &Asking<'_, 'a>,
) -> Vec<Finding> {
    if text(claim, "/status/phase") == Some("Pending") {
        return unbound(sight, claim, asking);
    }
    let Some(named) = text(claim, "/spec/volumeName") else {
        return Vec::new();
    };
    match sight.volume(named) {
        None => vec![gone(sight, claim, asking, named)],
        Some(volume) => bound(sight, claim, volume, asking),
    }
}

/// Why a claim that no pod uses is not bound.
pub(super) fn alone<'a>(sight: &Sight<'a>, claim: &'a Value) -> Vec<Finding> {
    if !sight.users(claim).is_empty() || is_terminating(claim) {
        return Vec::new();
    }
    let asking = Asking {
        of: claim,
        pod: None,
        said: "",
    };
    match text(claim, "/status/phase") {
        Some("Lost") => {
            let named = text(claim, "/spec/volumeName").unwrap_or_default();
            vec![gone(sight, claim, &asking, named)]
        }
        Some("Pending") if waits(sight, claim) && text(claim, "/spec/volumeName").is_none() => {
            let what = format!(
                "claim `{}` waits for a pod that uses it, and there is none",
                full(claim)
            );
            let event = sight.said(claim, "first consumer").map(event::line);
            let finding = Finding::new(Kind::NoConsumer, Surety::Guessed, claim, what)
                .seen_all(event)
                .cure("start the pod: its class binds with the first consumer (`WaitForFirstConsumer`)");
            vec![finding]
        }
        Some("Pending") => unbound(sight, claim, &asking),
        _ => Vec::new(),
    }
}

/// Whether a claim's class waits for a consumer.
pub(super) fn waits(sight: &Sight<'_>, claim: &Value) -> bool {
    let class = sight.get("StorageClass", None, fit::class(claim));
    class.and_then(|it| text(it, "/volumeBindingMode")) == Some("WaitForFirstConsumer")
}

fn gone<'a>(sight: &Sight<'a>, claim: &'a Value, asking: &Asking<'_, 'a>, named: &str) -> Finding {
    let what = format!("volume `{named}` of claim `{}` is not there", full(claim));
    let near = sight.nearest("PersistentVolume", None, named);
    let mean = near
        .map(|near| format!("did you mean `{near}`? "))
        .unwrap_or_default();
    asking
        .finding(sight, claim, Kind::VolumeGone, what)
        .seen_all(complaint(sight, claim).map(event::line))
        .seen(format!("{}: .spec.volumeName is {named}", title(claim)))
        .cure(format!(
            "{mean}make the volume `{named}` again: one of that name and without another claim takes the claim back, and the directory still has its data"
        ))
}

/// A bound claim holds its pod to the volume's nodes.
fn bound<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    volume: &'a Value,
    asking: &Asking<'_, 'a>,
) -> Vec<Finding> {
    let nodes = sight.nodes_of(volume);
    if nodes.is_empty() {
        return vec![missing_node(sight, claim, volume, asking)];
    }
    let Some(pod) = asking.pod else {
        return Vec::new();
    };
    let bars: Vec<_> = nodes.iter().map(|node| (node, bar(pod, node))).collect();
    if bars.iter().any(|(_, bar)| bar.is_none()) {
        return Vec::new();
    }
    let on = format!("volume `{}` of claim `{}` is", name(volume), full(claim));
    let found = bars.iter().filter_map(|(node, bar)| match bar.as_ref()? {
        Bar::Elsewhere(wanted) => {
            let node = name(node);
            let what = format!("{on} on node `{node}`, but the pod asks for a node with `{wanted}`");
            Some(
                asking
                    .finding(sight, claim, Kind::BoundElsewhere, what)
                    .seen(format!("{}: bound to {}, on {node}", title(claim), name(volume)))
                    .cure(if waits(sight, claim) {
                        "take the pod's selector away: a bound volume decides the node"
                    } else {
                        "give the class `volumeBindingMode: WaitForFirstConsumer`, and make the claim anew: with `Immediate` a volume is chosen before anything is known of the pod"
                    }),
            )
        }
        bar @ (Bar::Down | Bar::Cordoned | Bar::Tainted(_)) => {
            Some(barred(sight, pod, node, bar, (&on, asking.said)).touching([title(claim)]))
        }
    });
    found.collect()
}

/// A volume that may be used on no node there is.
fn missing_node<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    volume: &'a Value,
    asking: &Asking<'_, 'a>,
) -> Finding {
    let terms = list(volume, "/spec/nodeAffinity/required/nodeSelectorTerms");
    let wanted = volume_nodes(volume);
    let named = name(volume);
    let what = match wanted.as_slice() {
        [] => format!(
            "volume `{named}` may be used on nodes with `{}` only, and no node is so",
            selector::words(terms)
        ),
        wanted => format!(
            "volume `{named}` is on node `{}`, and there is no such node",
            wanted.join("`, `")
        ),
    };
    let hosts = sight.of_kind("Node").filter_map(|node| {
        crate::served::label(node, "kubernetes.io/hostname").or(Some(name(node)))
    });
    let hosts: Vec<_> = hosts.collect();
    let near = wanted
        .iter()
        .find_map(|it| nearest(it, hosts.iter().copied()));
    let cure = match near {
        Some(near) => format!(
            "if `{near}` is meant, delete the volume and make it anew: a volume's affinity cannot be changed"
        ),
        None => "if the node is lost, so is its data: delete claim and pod, and give them a volume on another node".to_owned(),
    };
    asking
        .finding(sight, claim, Kind::AffinityToMissingNode, what)
        .touching([title(volume)])
        .seen(format!("{}: {}", title(volume), selector::words(terms)))
        .seen(format!("nodes that are there: {}", hosts.join(", ")))
        .cure(cure)
}

/// Why a claim gets no volume.
fn unbound<'a>(sight: &Sight<'a>, claim: &'a Value, asking: &Asking<'_, 'a>) -> Vec<Finding> {
    let mut rated: Vec<_> = sight
        .of_kind("PersistentVolume")
        .map(|volume| (volume, misfits(sight, claim, volume)))
        .collect();
    rated.sort_by_key(|(_, misfits)| misfits.len());
    if let Some(named) = text(claim, "/spec/volumeName") {
        rated.retain(|(volume, _)| name(volume) == named);
        if rated.is_empty() {
            return vec![gone(sight, claim, asking, named)];
        }
    }
    let fitting: Vec<_> = rated
        .iter()
        .filter(|(_, it)| it.is_empty())
        .map(|(it, _)| *it)
        .collect();
    match (fitting.is_empty(), asking.pod) {
        // A claim of another name has the volume, or would get it: what this one lacks
        // follows from its name, and goes with the cure.
        (true, _) => match misnamed(sight, claim, asking) {
            Some(misnamed) => vec![misnamed],
            None => no_fit(sight, claim, asking, &rated),
        },
        (false, Some(pod)) => out_of_reach(sight, claim, pod, &fitting, asking),
        (false, None) => Vec::new(),
    }
}

/// Volumes that fit, and none of them on a node that the pod may use.
fn out_of_reach<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    pod: &'a Value,
    fitting: &[&'a Value],
    asking: &Asking<'_, 'a>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut elsewhere = Vec::new();
    for volume in fitting {
        let nodes = sight.nodes_of(volume);
        if nodes.is_empty() {
            found.push(missing_node(sight, claim, volume, asking));
        }
        for node in nodes {
            let on = format!(
                "volume `{}`, which fits claim `{}`, is",
                name(volume),
                full(claim)
            );
            match bar(pod, node) {
                // It is within reach: this is not what keeps the pod waiting.
                None => return Vec::new(),
                Some(Bar::Elsewhere(wanted)) => elsewhere.push((*volume, name(node), wanted)),
                Some(bar) => found.push(barred(sight, pod, node, &bar, (&on, asking.said))),
            }
        }
    }
    if let Some((_, _, wanted)) = elsewhere.first() {
        let what = format!(
            "no volume that fits claim `{}` is on a node with `{wanted}`, which the pod asks for",
            full(claim)
        );
        let lines = elsewhere.iter().take(SHOWN);
        let lines = lines.map(|(volume, node, _)| format!("{}: on {node}", title(volume)));
        found.push(
            asking
                .finding(sight, claim, Kind::NoVolumeOnNode, what)
                .seen_all(lines)
                .cure("make a volume on the node that the pod asks for, or let it ask for one that has a volume"),
        );
    }
    found
}

/// No volume fits: held by an earlier claim, no class, none at all, or not so.
fn no_fit<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    asking: &Asking<'_, 'a>,
    rated: &[(&'a Value, Vec<Misfit>)],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (volume, misfits) in rated {
        if let [Misfit::Held(words)] = misfits.as_slice() {
            let named = name(volume);
            let what = format!(
                "volume `{named}` would fit claim `{}`, but an earlier claim still holds it",
                full(claim)
            );
            found.push(
                asking
                    .finding(sight, claim, Kind::VolumeHeld, what)
                    .touching([title(volume)])
                    .seen(format!("{}: {words}", title(volume)))
                    .seen_all(complaint(sight, claim).map(event::line))
                    .cure(format!(
                        "if the new claim may have the data, free it: `kubectl patch pv {named} --type=json -p '[{{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}}]'`"
                    )),
            );
        }
    }
    if found.is_empty() {
        found.push(nothing(sight, claim, asking, rated));
    }
    found
}

fn nothing<'a>(
    sight: &Sight<'a>,
    claim: &'a Value,
    asking: &Asking<'_, 'a>,
    rated: &[(&'a Value, Vec<Misfit>)],
) -> Finding {
    let class = fit::class(claim);
    let there = sight.get("StorageClass", None, class);
    let of_class = rated.iter().any(|(volume, _)| fit::class(volume) == class);
    let (kind, what, cure) = if class.is_empty() && fit::default_class(sight).is_none() {
        (
            Kind::NoClass,
            format!("claim `{}` names no class, no class is the default, and no volume without a class fits it", full(claim)),
            "name the class of the volumes: `storageClassName`; it cannot be changed, so make the claim anew".to_owned(),
        )
    } else if there.is_none() && !class.is_empty() {
        let near = sight.nearest("StorageClass", None, class);
        let mean = near
            .map(|it| format!("did you mean `{it}`? "))
            .unwrap_or_default();
        (
            Kind::NoClass,
            format!(
                "claim `{}` names class `{class}`, which is not there",
                full(claim)
            ),
            format!("{mean}make the class, or make the claim anew with one that is there"),
        )
    } else if of_class {
        (
            Kind::NoVolumeFits,
            format!(
                "none of the volumes of class `{class}` fits claim `{}`",
                full(claim)
            ),
            "make a volume as the claim asks, or make the claim anew so that one fits".to_owned(),
        )
    } else {
        (
            Kind::NothingProvisions,
            format!(
                "class `{class}` makes no volumes by itself, and there is none of it for claim `{}`",
                full(claim)
            ),
            format!(
                "make a PersistentVolume with `storageClassName: {class}`: `kubernetes.io/no-provisioner` never makes one"
            ),
        )
    };
    let class_line = there.map(|it| {
        let provisioner = text(it, "/provisioner").unwrap_or_default();
        format!("{}: provisioner {provisioner}", title(it))
    });
    let lines = rated.iter().take(SHOWN);
    asking
        .finding(sight, claim, kind, what)
        .seen_all(complaint(sight, claim).map(event::line))
        .seen_all(class_line)
        .seen_all(lines.map(|(volume, misfits)| fit::line(volume, misfits)))
        .cure(cure)
}

/// A claim that was made by hand under a name that the set does not look for.
fn misnamed<'a>(sight: &Sight<'a>, claim: &'a Value, asking: &Asking<'_, 'a>) -> Option<Finding> {
    let (set, template) = fit::template_of(sight, claim)?;
    let unused: Vec<_> = sight
        .of_kind("PersistentVolumeClaim")
        .filter(|it| namespace(it) == namespace(claim) && sight.users(it).is_empty())
        .filter(|it| fit::template_of(sight, it).is_none())
        .collect();
    let meant = nearest(name(claim), unused.iter().map(|it| name(it)))?;
    let meant = *unused.iter().find(|it| name(it) == meant)?;
    let volumes = || sight.of_kind("PersistentVolume");
    let holds = volumes().find(|volume| {
        text(volume, "/spec/claimRef/name") == Some(name(meant))
            && text(volume, "/spec/claimRef/namespace") == namespace(meant)
    });
    let would_fit = volumes().find(|volume| misfits(sight, meant, volume).is_empty());
    let volume = holds.or(would_fit)?;
    let what = format!(
        "the StatefulSet looks for claim `{}`, but the claim that was made is called `{}`",
        name(claim),
        name(meant)
    );
    let finding = asking
        .finding(sight, claim, Kind::ClaimMisnamed, what)
        .touching([title(meant)])
        .seen(format!("{}: no pod uses it", title(meant)))
        .seen(format!("{}: for claim {}", title(volume), name(meant)))
        .seen(format!(
            "{}: template `{template}`, so its claims are called `{template}-{}-ORDINAL`",
            title(set),
            name(set)
        ))
        .cure(format!("make the claim anew as `{}`", name(claim)));
    Some(finding)
}
