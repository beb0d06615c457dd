//! Stateful sets, their revisions, disruption budgets.

use serde_json::{Value, json};

use super::{metadata, names, pod_defaults, pods, selectors, storage};
use crate::access::{default, default_text, has, int, list, list_mut, object, remove, text};
use crate::issues::Issues;

const MAY_CHANGE: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
    'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

pub(crate) fn default_stateful_set(value: &mut Value) {
    let spec = object(value, "spec");
    default_text(spec, "podManagementPolicy", "OrderedReady");
    let strategy = object(spec, "updateStrategy");
    if text(strategy, "/type").is_empty() {
        strategy["type"] = json!("RollingUpdate");
        object(strategy, "rollingUpdate");
    }
    if text(strategy, "/type") == "RollingUpdate"
        && let Some(rolling) = strategy.get_mut("rollingUpdate")
    {
        default(rolling, "partition", 0);
    }
    let retention = object(spec, "persistentVolumeClaimRetentionPolicy");
    default_text(retention, "whenDeleted", "Retain");
    default_text(retention, "whenScaled", "Retain");
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    pod_defaults::default_spec(object(object(spec, "template"), "spec"));
    for template in list_mut(spec, "/volumeClaimTemplates") {
        storage::default_template(template);
    }
}

pub(crate) fn validate_stateful_set(value: &Value, issues: &mut Issues) {
    let spec = &value["spec"];
    match text(spec, "/podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        "" => issues.required("spec.podManagementPolicy", ""),
        other => issues.invalid(
            "spec.podManagementPolicy",
            &json!(other),
            "must be 'OrderedReady' or 'Parallel'",
        ),
    }
    strategy(spec, issues);
    for key in ["whenDeleted", "whenScaled"] {
        let policy = text(
            spec,
            &format!("/persistentVolumeClaimRetentionPolicy/{key}"),
        );
        if !matches!(policy, "Retain" | "Delete") {
            issues.unsupported(
                format!("spec.persistentVolumeClaimRetentionPolicy.{key}"),
                &json!(policy),
                &["Retain", "Delete"],
            );
        }
    }
    for (pointer, field) in [
        ("/replicas", "spec.replicas"),
        ("/minReadySeconds", "spec.minReadySeconds"),
        ("/ordinals/start", "spec.ordinals.start"),
    ] {
        not_negative(spec, pointer, field, issues);
    }
    let service = text(spec, "/serviceName");
    if !service.is_empty() {
        for error in names::label(service) {
            issues.invalid("spec.serviceName", &json!(service), &error);
        }
    }
    selector(spec, issues);
    template(spec, issues);
    if has(spec, "/revisionHistoryLimit") {
        not_negative(
            spec,
            "/revisionHistoryLimit",
            "spec.revisionHistoryLimit",
            issues,
        );
    }
}

fn not_negative(spec: &Value, pointer: &str, field: &str, issues: &mut Issues) {
    if let Some(number) = int(spec, pointer)
        && number < 0
    {
        issues.invalid(field, &json!(number), "must be greater than or equal to 0");
    }
}

/// A strategy as Kubernetes' own structs print it.
fn rolling_text(strategy: &Value) -> String {
    match strategy.get("rollingUpdate") {
        None => "null".to_owned(),
        Some(rolling) => format!(
            "{{\"Partition\":{},\"MaxUnavailable\":{}}}",
            int(rolling, "/partition").unwrap_or_default(),
            rolling.get("maxUnavailable").unwrap_or(&Value::Null)
        ),
    }
}

fn strategy(spec: &Value, issues: &mut Issues) {
    let strategy = &spec["updateStrategy"];
    match text(strategy, "/type") {
        "RollingUpdate" => {
            not_negative(
                strategy,
                "/rollingUpdate/partition",
                "spec.updateStrategy.rollingUpdate.partition",
                issues,
            );
        }
        "OnDelete" if strategy.get("rollingUpdate").is_some() => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            issues.invalid_text(
                "spec.updateStrategy.rollingUpdate",
                &rolling_text(strategy),
                detail,
            );
        }
        "OnDelete" => {}
        other => {
            let shown = format!(
                "{{\"Type\":\"{other}\",\"RollingUpdate\":{}}}",
                rolling_text(strategy)
            );
            issues.invalid_text(
                "spec.updateStrategy",
                &shown,
                "must be 'RollingUpdate' or 'OnDelete'",
            );
        }
    }
}

fn selector(spec: &Value, issues: &mut Issues) {
    match spec.get("selector").filter(|selector| !selector.is_null()) {
        None => issues.required("spec.selector", ""),
        Some(selector) => {
            selectors::validate(selector, "spec.selector", issues);
            if !has(selector, "/matchLabels") && list(selector, "/matchExpressions").is_empty() {
                issues.invalid(
                    "spec.selector",
                    selector,
                    "empty selector is invalid for statefulset",
                );
            }
        }
    }
}

fn template(spec: &Value, issues: &mut Issues) {
    const FIELD: &str = "spec.template";
    let template = &spec["template"];
    let labels = &template["metadata"]["labels"];
    let empty = json!({});
    // No selector matches nothing; an empty one, which is refused elsewhere, matches all.
    let selected = spec.get("selector").filter(|selector| !selector.is_null());
    if !selected.is_some_and(|selector| {
        selectors::matches(selector, if labels.is_null() { &empty } else { labels })
    }) {
        issues.invalid(
            format!("{FIELD}.metadata.labels"),
            labels,
            "`selector` does not match template `labels`",
        );
    }
    metadata::validate_maps(template, "spec.template", issues);
    let claims: Vec<&str> = list(spec, "/volumeClaimTemplates")
        .iter()
        .map(|claim| text(claim, "/metadata/name"))
        .collect();
    let mut pod = template["spec"].clone();
    for key in ["hostname", "subdomain"] {
        remove(&mut pod, key);
    }
    pods::validate_spec(&pod, &claims, "spec.template.spec", issues);
    if text(&pod, "/restartPolicy") != "Always" {
        issues.unsupported(
            "spec.template.spec.restartPolicy",
            &pod["restartPolicy"],
            &["Always"],
        );
    }
    if has(&pod, "/activeDeadlineSeconds") {
        issues.forbidden(
            "spec.template.spec.activeDeadlineSeconds",
            "activeDeadlineSeconds in StatefulSet is not Supported",
        );
    }
}

pub(crate) fn change_stateful_set(new: &Value, old: &Value, issues: &mut Issues) {
    let fixed = |set: &Value| {
        let mut spec = set["spec"].clone();
        for key in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ] {
            remove(&mut spec, key);
        }
        spec
    };
    if fixed(new) != fixed(old) {
        issues.forbidden("spec", MAY_CHANGE);
    }
}

pub(crate) fn validate_controller_revision(value: &Value, issues: &mut Issues) {
    not_negative(value, "/revision", "revision", issues);
    match value.get("data") {
        None | Some(Value::Null) => issues.required("data", "data is mandatory"),
        Some(Value::Object(_)) => {}
        Some(_) => issues.required("data", "data must be a valid JSON object"),
    }
}

pub(crate) fn change_controller_revision(new: &Value, old: &Value, issues: &mut Issues) {
    if new["data"] != old["data"] {
        issues.invalid("data", &new["data"], "field is immutable");
    }
}

pub(crate) fn validate_budget(value: &Value, issues: &mut Issues) {
    let spec = &value["spec"];
    if has(spec, "/minAvailable") && has(spec, "/maxUnavailable") {
        let amount = |key: &str| spec.get(key).unwrap_or(&Value::Null).to_string();
        let shown = format!(
            "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
            amount("minAvailable"),
            amount("selector"),
            amount("maxUnavailable"),
            amount("unhealthyPodEvictionPolicy")
        );
        issues.invalid_text(
            "spec",
            &shown,
            "minAvailable and maxUnavailable cannot be both set",
        );
    }
    for key in ["minAvailable", "maxUnavailable"] {
        amount_or_share(spec, key, issues);
    }
    if let Some(selector) = spec.get("selector") {
        selectors::validate(selector, "spec.selector", issues);
    }
    let policy = text(spec, "/unhealthyPodEvictionPolicy");
    if !matches!(policy, "" | "AlwaysAllow" | "IfHealthyBudget") {
        issues.unsupported(
            "spec.unhealthyPodEvictionPolicy",
            &json!(policy),
            &["AlwaysAllow", "IfHealthyBudget"],
        );
    }
}

fn amount_or_share(spec: &Value, key: &str, issues: &mut Issues) {
    let field = format!("spec.{key}");
    match &spec[key] {
        Value::String(share) => match share
            .strip_suffix('%')
            .and_then(|digits| digits.parse::<u32>().ok())
        {
            Some(0..=100) => {}
            Some(_) => issues.invalid(field, &spec[key], "must not be greater than 100%"),
            None => {
                let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used \
                              for validation is '[0-9]+%')";
                issues.invalid(field, &spec[key], detail);
            }
        },
        _ => not_negative(spec, &format!("/{key}"), &field, issues),
    }
}
