//! What is being deleted and stays, and what may not be evicted.

use serde_json::Value;

use super::{
    finding::{Finding, Kind, Surety},
    placing,
    scheduling::own_name,
    selector,
    sight::Sight,
};
use crate::served::{is_ready, is_terminating, name, namespace, number, text, texts, title};

const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// Why a pod that is being deleted is still there.
pub(super) fn pod<'a>(sight: &Sight<'a>, pod: &'a Value) -> Vec<Finding> {
    let node = text(pod, "/spec/nodeName").and_then(|it| sight.node(it));
    let down = node.filter(|node| !is_ready(node)).map(|node| {
        let what = format!(
            "pod `{}` stays until its kubelet says that it has ended: it is on node `{}`",
            own_name(pod),
            name(node)
        );
        placing::down(pod, node, &what, Surety::Shown).touching(sight.around(pod))
    });
    down.into_iter().collect()
}

/// Claims and volumes that are being deleted and are still used.
pub(super) fn held(sight: &Sight<'_>) -> Vec<Finding> {
    let claims = sight.of_kind("PersistentVolumeClaim");
    let claims = claims.filter(|it| is_terminating(it) && is_held_by(it, CLAIM_PROTECTION));
    let mut found: Vec<_> = claims
        .filter_map(|claim| {
            let user = user(sight, claim)?;
            Some(by_pod(sight, claim, claim, user))
        })
        .collect();
    let volumes = sight.of_kind("PersistentVolume");
    let volumes = volumes.filter(|it| is_terminating(it) && is_held_by(it, VOLUME_PROTECTION));
    found.extend(volumes.filter_map(|volume| {
        let space = text(volume, "/spec/claimRef/namespace");
        let claim = text(volume, "/spec/claimRef/name")?;
        let claim = sight.get("PersistentVolumeClaim", space, claim)?;
        Some(match user(sight, claim) {
            Some(user) => by_pod(sight, volume, claim, user),
            None => by_claim(volume, claim),
        })
    }));
    found
}

fn is_held_by(object: &Value, finalizer: &str) -> bool {
    texts(object, "/metadata/finalizers").contains(&finalizer)
}

/// The pod that holds a claim: one that has a node, running or done.
fn user<'a>(sight: &Sight<'a>, claim: &Value) -> Option<&'a Value> {
    let mut users = sight.users(claim).into_iter();
    users.find(|pod| text(pod, "/spec/nodeName").is_some())
}

fn by_pod(sight: &Sight<'_>, object: &Value, claim: &Value, user: &Value) -> Finding {
    let what = format!(
        "{} is being deleted, and stays as long as pod `{}` uses it",
        title(object),
        own_name(user)
    );
    let phase = text(user, "/status/phase").unwrap_or("of no phase");
    Finding::new(Kind::HeldByPod, Surety::Shown, object, what)
        .touching([title(claim), title(user)])
        .touching(sight.around(user))
        .seen(finalizers(object))
        .seen(format!("{}: {phase}, uses claim {}", title(user), name(claim)))
        .cure(format!(
            "delete the pod first (a set makes it anew: scale the set down); a pod that is done holds its claim too: `kubectl delete pod -n {} {}`",
            namespace(user).unwrap_or("default"),
            name(user)
        ))
}

fn by_claim(volume: &Value, claim: &Value) -> Finding {
    let what = format!(
        "{} is being deleted, and stays as long as claim `{}` is bound to it",
        title(volume),
        own_name(claim)
    );
    Finding::new(Kind::HeldByPod, Surety::Shown, volume, what)
        .touching([title(claim)])
        .seen(finalizers(volume))
        .cure("delete the claim first")
}

fn finalizers(object: &Value) -> String {
    let finalizers = texts(object, "/metadata/finalizers").join(", ");
    format!("{}: .metadata.finalizers is {finalizers}", title(object))
}

/// A pod that waits for a claim that is being deleted.
pub(super) fn claim_of<'a>(
    sight: &Sight<'a>,
    pod: &'a Value,
    claim: &'a Value,
    said: &str,
) -> Finding {
    let holder = user(sight, claim).map(|it| format!("{} holds it", title(it)));
    let what = format!(
        "pod `{}` cannot have claim `{}`: it is being deleted",
        own_name(pod),
        name(claim)
    );
    Finding::new(Kind::HeldByPod, Surety::Shown, pod, what)
        .touching(sight.around(pod))
        .seen(format!("scheduler: {said}"))
        .seen(finalizers(claim))
        .seen_all(holder)
        .cure("let the claim go, and make it anew: what is being deleted cannot be kept")
}

/// Budgets that let no pod go, where that is what the failure is about.
pub(super) fn budgets(sight: &Sight<'_>) -> Vec<Finding> {
    let failure = sight.failure();
    if !failure.contains("disruption budget") {
        return Vec::new();
    }
    let budgets = sight.of_kind("PodDisruptionBudget");
    let budgets = budgets.filter(|it| number(it, "/status/disruptionsAllowed") == Some(0));
    budgets
        .filter_map(|it| budget(sight, it, failure))
        .collect()
}

fn budget(sight: &Sight<'_>, budget: &Value, failure: &str) -> Option<Finding> {
    let selector = budget.pointer("/spec/selector")?;
    let pods: Vec<_> = sight
        .pods()
        .filter(|pod| namespace(pod) == namespace(budget))
        .filter(|pod| selector::label_selector(selector, pod))
        .collect();
    // Other budgets may allow nothing either: they hold back pods of their own.
    if !pods.iter().any(|pod| sight.asks_about(pod)) {
        return None;
    }
    let first = pods.first()?;
    let of = |field: &str| number(budget, &format!("/status/{field}")).unwrap_or_default();
    let (healthy, wanted) = (of("currentHealthy"), of("desiredHealthy"));
    let what = format!(
        "disruption budget `{}` lets no pod go: {wanted} have to be healthy, and {healthy} are",
        own_name(budget)
    );
    let finding = Finding::new(Kind::BudgetStopsEviction, Surety::Shown, budget, what)
        .touching(pods.iter().map(|it| title(it)))
        .touching(sight.around(first))
        .seen(format!("{}: .status.disruptionsAllowed is 0", title(budget)))
        .seen_all(failure.lines().find(|it| it.contains("disruption budget")).map(str::to_owned))
        .seen_all(unhealthy(&pods))
        .cure("wait until more pods are healthy, let the set have more of them, or let the budget allow one to go");
    Some(finding)
}

fn unhealthy(pods: &[&Value]) -> Option<String> {
    let not: Vec<_> = pods
        .iter()
        .filter(|it| !is_ready(it))
        .map(|it| name(it))
        .collect();
    (!not.is_empty()).then(|| format!("not Ready: {}", not.join(", ")))
}
