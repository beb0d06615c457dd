//! Label selectors inside objects: their check, and whether they match.

use serde_json::Value;

use super::{metadata, names};
use crate::access::{entries, list, text};
use crate::issues::Issues;

/// Checks a label selector.
pub(crate) fn validate(selector: &Value, field: &str, issues: &mut Issues) {
    metadata::labels(
        selector,
        "/matchLabels",
        &format!("{field}.matchLabels"),
        issues,
    );
    for (index, requirement) in list(selector, "/matchExpressions").iter().enumerate() {
        let field = format!("{field}.matchExpressions[{index}]");
        self::requirement(requirement, &field, &[], issues);
        for (index, value) in list(requirement, "/values").iter().enumerate() {
            for error in names::label_value(value.as_str().unwrap_or_default()) {
                issues.invalid(format!("{field}.values[{index}]"), value, &error);
            }
        }
    }
}

/// Checks what the requirements of labels and of nodes have in common; `more` are
/// the operators that only one of them knows.
pub(super) fn requirement(requirement: &Value, field: &str, more: &[&str], issues: &mut Issues) {
    let values = list(requirement, "/values");
    match text(requirement, "/operator") {
        "In" | "NotIn" if values.is_empty() => {
            issues.required(
                format!("{field}.values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            );
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            issues.forbidden(
                format!("{field}.values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            );
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        known if more.contains(&known) => {}
        other => issues.invalid(
            format!("{field}.operator"),
            &Value::from(other),
            "not a valid selector operator",
        ),
    }
    let key = text(requirement, "/key");
    for error in names::qualified(key) {
        issues.invalid(format!("{field}.key"), &Value::from(key), &error);
    }
}

/// Whether a label selector matches labels.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    let equal =
        entries(selector, "/matchLabels").all(|(key, value)| labels.get(key) == Some(value));
    equal
        && list(selector, "/matchExpressions")
            .iter()
            .all(|requirement| {
                let found = labels.get(text(requirement, "/key"));
                let listed =
                    found.is_some_and(|value| list(requirement, "/values").contains(value));
                match text(requirement, "/operator") {
                    "In" => listed,
                    "NotIn" => !listed,
                    "Exists" => found.is_some(),
                    "DoesNotExist" => found.is_none(),
                    _ => false,
                }
            })
}

/// A selector as a query prints it: `app=x,tier in (a,b)`.
pub(crate) fn print(selector: &Value) -> String {
    let mut parts: Vec<(String, String)> = entries(selector, "/matchLabels")
        .map(|(key, value)| {
            (
                key.clone(),
                format!("{key}={}", value.as_str().unwrap_or_default()),
            )
        })
        .collect();
    for requirement in list(selector, "/matchExpressions") {
        let key = text(requirement, "/key");
        let mut values: Vec<&str> = list(requirement, "/values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let text = match text(requirement, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        parts.push((key.to_owned(), text));
    }
    parts.sort();
    parts
        .into_iter()
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join(",")
}
