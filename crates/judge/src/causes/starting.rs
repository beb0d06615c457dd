//! Pods that have a node and do not start there.

use serde_json::Value;

use super::{
    claims::waits,
    configs, containers,
    finding::{Finding, Kind, Surety},
    placing,
    scheduling::own_name,
    sight::{Sight, message, told},
};
use crate::{
    event,
    served::{is_ready, list, name, text, title, volume_nodes},
};
use stayput_events::AtPath;

/// Why a pod that has a node is not Ready.
pub(super) fn placed<'a>(sight: &Sight<'a>, pod: &'a Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let node = text(pod, "/spec/nodeName").unwrap_or_default();
    if let Some(node) = sight.node(node).filter(|node| !is_ready(node)) {
        let what = format!("pod `{}` is on node `{}`", own_name(pod), name(node));
        let down = placing::down(pod, node, &what, Surety::Shown);
        found.push(down.touching(sight.around(pod)));
    }
    found.extend(pinned(sight, pod));
    if !has_begun(pod) {
        found.extend(mounts(sight, pod, node));
    }
    found.extend(containers::all(sight, pod));
    found
}

/// Whether a container of the pod has ever run.
fn has_begun(pod: &Value) -> bool {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let mut statuses = statuses.iter().flat_map(|at| list(pod, at));
    statuses.any(|it| {
        let ran = [
            "/state/running",
            "/state/terminated",
            "/lastState/terminated",
        ];
        ran.iter().any(|at| it.pointer(at).is_some())
    })
}

/// A claim that waits for the scheduler, which was never asked.
fn pinned<'a>(sight: &Sight<'a>, pod: &'a Value) -> Option<Finding> {
    let node = text(pod, "/spec/nodeName")?;
    let mut claims = sight.claims(pod).into_iter();
    let claim = claims.find(|it| text(it, "/status/phase") == Some("Pending"))?;
    if !waits(sight, claim) {
        return None;
    }
    let what = format!(
        "pod `{}` names node `{node}` itself, so the scheduler never sees it, and only the scheduler chooses a volume for claim `{}`",
        own_name(pod),
        name(claim)
    );
    let said = sight.said(pod, "PVC is not bound").map(event::line);
    let waiting = sight.events(claim).first().map(|it| event::line(it));
    Some(
        Finding::new(Kind::PinnedPastScheduler, Surety::Shown, pod, what)
            .touching(sight.around(pod))
            .seen(format!("{}: .spec.nodeName is {node}", title(pod)))
            .seen_all(said)
            .seen_all(waiting)
            .cure(format!(
                "choose the node by `nodeSelector: {{kubernetes.io/hostname: {node}}}` instead of `nodeName`"
            )),
    )
}

/// Why a volume cannot be mounted: the latest word of the kubelet on each kind.
fn mounts<'a>(sight: &Sight<'a>, pod: &'a Value, node: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let failed = sight
        .events(pod)
        .into_iter()
        .filter(|it| text(it, "/reason") == Some("FailedMount"));
    for failed in failed {
        if let Some(one) = mount(sight, pod, node, failed)
            && !found.iter().any(|it| it.kind == one.kind)
        {
            found.push(one);
        }
    }
    found
}

fn mount<'a>(sight: &Sight<'a>, pod: &'a Value, node: &str, failed: &'a Value) -> Option<Finding> {
    let words = message(failed);
    let finding = |kind, what| {
        Finding::new(kind, Surety::Shown, pod, what)
            .touching(sight.around(pod))
            .seen(event::line(failed))
    };
    if let Some((_, rest)) = words.split_once(": path \"")
        && let Some((path, _)) = rest.split_once("\" does not exist")
    {
        return Some(missing(sight, finding, node, path));
    }
    if words.contains("only directory and block device are supported") {
        let volume = quoted_after(words, "for volume ")?;
        let path = text(sight.volume(volume)?, "/spec/local/path")?;
        let what =
            format!("`{path}` on node `{node}`, the path of volume `{volume}`, is no directory");
        let looked = sight.directory(node, path).map(told);
        return Some(
            finding(Kind::PathWrongType, what)
                .seen_all(looked)
                .cure(format!(
                    "take away what is there, and make a directory `{path}` on node `{node}`"
                )),
        );
    }
    if let Some((_, rest)) = words.split_once("hostPath type check failed: ") {
        let (path, wanted) = rest.split_once(" is not ")?;
        let looked = sight.directory(node, path);
        if looked.is_some_and(|it| it.is == AtPath::Missing) {
            return Some(missing(sight, finding, node, path));
        }
        let what = format!("`{path}` on node `{node}` is not {wanted}, as the pod's hostPath asks");
        return Some(
            finding(Kind::PathWrongType, what)
                .seen_all(looked.map(told))
                .cure(format!(
                    "put {wanted} at `{path}` on node `{node}`, or ask for another `type`"
                )),
        );
    }
    if words.contains("NodeAffinity check failed") {
        return elsewhere(sight, finding, pod, quoted_after(words, "for volume ")?);
    }
    configs::missing(sight, pod, words).map(|it| it.seen(event::line(failed)))
}

fn missing(
    sight: &Sight<'_>,
    finding: impl Fn(Kind, String) -> Finding,
    node: &str,
    path: &str,
) -> Finding {
    let what = format!("there is no `{path}` on node `{node}`");
    finding(Kind::PathMissing, what)
        .seen_all(sight.directory(node, path).map(told))
        .cure(format!(
            "make it there, as root: `mkdir -p {path}`; for a local volume nobody makes it, and the pod starts by itself once it is there"
        ))
}

/// The scheduler would never have put the pod there.
fn elsewhere(
    sight: &Sight<'_>,
    finding: impl Fn(Kind, String) -> Finding,
    pod: &Value,
    named: &str,
) -> Option<Finding> {
    let volume = sight.volume(named)?;
    let node = text(pod, "/spec/nodeName")?;
    let what = format!(
        "pod `{}` names node `{node}` itself, past the scheduler, but its volume `{named}` is on `{}`",
        own_name(pod),
        volume_nodes(volume).join("`, `")
    );
    let finding = finding(Kind::PinnedPastScheduler, what)
        .touching([title(volume)])
        .cure("take `nodeName` away: a bound volume decides the node");
    Some(finding)
}

fn quoted_after<'a>(words: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = words.split_once(&format!("{before}\""))?;
    rest.split_once('"').map(|(quoted, _)| quoted)
}
