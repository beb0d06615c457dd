//! Where a pod may run: affinity, spread and tolerations.

use serde_json::{Value, json};

use super::{names, selectors};
use crate::access::{int, list, text};
use crate::issues::Issues;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks `affinity`.
pub(crate) fn validate(spec: &Value, field: &str, issues: &mut Issues) {
    let Some(affinity) = spec.get("affinity") else {
        return;
    };
    let field = format!("{field}.affinity");
    if let Some(node) = affinity.get("nodeAffinity") {
        if let Some(required) = node.get(REQUIRED) {
            node_selector(
                required,
                &format!("{field}.nodeAffinity.{REQUIRED}"),
                issues,
            );
        }
        for (index, term) in list(node, &format!("/{PREFERRED}")).iter().enumerate() {
            let own = format!("{field}.nodeAffinity.{PREFERRED}[{index}]");
            weight(term, &own, issues);
            node_term(&term["preference"], &format!("{own}.preference"), issues);
        }
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = affinity.get(kind) else {
            continue;
        };
        for (index, term) in list(pods, &format!("/{REQUIRED}")).iter().enumerate() {
            pod_term(term, &format!("{field}.{kind}.{REQUIRED}[{index}]"), issues);
        }
        for (index, term) in list(pods, &format!("/{PREFERRED}")).iter().enumerate() {
            let own = format!("{field}.{kind}.{PREFERRED}[{index}]");
            weight(term, &own, issues);
            pod_term(
                &term["podAffinityTerm"],
                &format!("{own}.podAffinityTerm"),
                issues,
            );
        }
    }
}

fn weight(term: &Value, field: &str, issues: &mut Issues) {
    let weight = int(term, "/weight").unwrap_or_default();
    if !(1..=100).contains(&weight) {
        issues.invalid(
            format!("{field}.weight"),
            &json!(weight),
            "must be in the range 1-100",
        );
    }
}

fn pod_term(term: &Value, field: &str, issues: &mut Issues) {
    if let Some(selector) = term.get("labelSelector") {
        selectors::validate(selector, &format!("{field}.labelSelector"), issues);
    }
    let key = text(term, "/topologyKey");
    if key.is_empty() {
        issues.required(format!("{field}.topologyKey"), "can not be empty");
    }
    for error in names::qualified(key) {
        issues.invalid(format!("{field}.topologyKey"), &json!(key), &error);
    }
}

/// Checks a node selector, of a pod or of a volume.
pub(crate) fn node_selector(selector: &Value, field: &str, issues: &mut Issues) {
    let terms = list(selector, "/nodeSelectorTerms");
    if terms.is_empty() {
        issues.required(
            format!("{field}.nodeSelectorTerms"),
            "must have at least one node selector term",
        );
    }
    for (index, term) in terms.iter().enumerate() {
        node_term(term, &format!("{field}.nodeSelectorTerms[{index}]"), issues);
    }
}

fn node_term(term: &Value, field: &str, issues: &mut Issues) {
    for (index, requirement) in list(term, "/matchExpressions").iter().enumerate() {
        node_requirement(
            requirement,
            &format!("{field}.matchExpressions[{index}]"),
            issues,
        );
    }
    for (index, requirement) in list(term, "/matchFields").iter().enumerate() {
        let key = text(requirement, "/key");
        if key != "metadata.name" {
            issues.invalid(
                format!("{field}.matchFields[{index}].key"),
                &json!(key),
                "not a valid field selector key",
            );
        }
    }
}

fn node_requirement(requirement: &Value, field: &str, issues: &mut Issues) {
    let is_bound = matches!(text(requirement, "/operator"), "Gt" | "Lt");
    if is_bound && list(requirement, "/values").len() != 1 {
        issues.required(
            format!("{field}.values"),
            "must be specified single value when `operator` is 'Lt' or 'Gt'",
        );
    }
    selectors::requirement(requirement, field, &["Gt", "Lt"], issues);
}

/// Checks `topologySpreadConstraints`.
pub(crate) fn validate_spread(spec: &Value, field: &str, issues: &mut Issues) {
    for (index, constraint) in list(spec, "/topologySpreadConstraints").iter().enumerate() {
        let field = format!("{field}.topologySpreadConstraints[{index}]");
        let skew = int(constraint, "/maxSkew").unwrap_or_default();
        if skew <= 0 {
            issues.invalid(
                format!("{field}.maxSkew"),
                &json!(skew),
                "must be greater than zero",
            );
        }
        if text(constraint, "/topologyKey").is_empty() {
            issues.required(format!("{field}.topologyKey"), "can not be empty");
        }
        match text(constraint, "/whenUnsatisfiable") {
            "DoNotSchedule" | "ScheduleAnyway" => {}
            other => issues.unsupported(
                format!("{field}.whenUnsatisfiable"),
                &json!(other),
                &["DoNotSchedule", "ScheduleAnyway"],
            ),
        }
    }
}

/// Checks `tolerations`.
pub(crate) fn validate_tolerations(spec: &Value, field: &str, issues: &mut Issues) {
    for (index, toleration) in list(spec, "/tolerations").iter().enumerate() {
        let field = format!("{field}.tolerations[{index}]");
        let (key, operator, effect) = (
            text(toleration, "/key"),
            text(toleration, "/operator"),
            text(toleration, "/effect"),
        );
        if !key.is_empty() {
            for error in names::qualified(key) {
                issues.invalid(format!("{field}.key"), &json!(key), &error);
            }
        }
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            issues.invalid(format!("{field}.operator"), &json!(operator), detail);
        }
        if toleration.get("tolerationSeconds").is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            issues.invalid(format!("{field}.effect"), &json!(effect), detail);
        }
        let value = text(toleration, "/value");
        match operator {
            "Equal" | "" => {
                for error in names::label_value(value) {
                    issues.invalid(format!("{field}.operator"), &json!(value), &error);
                }
            }
            "Exists" if !value.is_empty() => {
                issues.invalid(
                    format!("{field}.operator"),
                    &json!(value),
                    "value must be empty when `operator` is 'Exists'",
                );
            }
            "Exists" => {}
            other => issues.unsupported(
                format!("{field}.operator"),
                &json!(other),
                &["Equal", "Exists"],
            ),
        }
        if !matches!(effect, "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            issues.unsupported(
                format!("{field}.effect"),
                &json!(effect),
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            );
        }
    }
}
