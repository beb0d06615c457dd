//! Resource requests and limits.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::names;
use crate::access::{entries, object};
use crate::issues::{Issues, go_quote};
use crate::quantity::Quantity;

/// Amounts finer than a thousandth are rounded up.
pub(crate) fn round_amounts(amounts: &mut Value) {
    for amount in amounts
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
    {
        if let Some(text) = amount.as_str()
            && (text.ends_with('u') || text.ends_with('n'))
        {
            *amount = json!(rounded(text));
        }
    }
}

fn rounded(text: &str) -> String {
    let divisor: i64 = if text.ends_with('u') {
        1_000
    } else {
        1_000_000
    };
    let number: i64 = text
        .trim_end_matches(['u', 'n'])
        .parse()
        .unwrap_or_default();
    let thousandths = (number + divisor - 1) / divisor;
    crate::quantity::canonical(&format!("{thousandths}m")).unwrap_or_else(|| text.to_owned())
}

/// The amounts of a container.
pub(crate) fn default_requirements(container: &mut Value) {
    for which in ["limits", "requests"] {
        if let Some(amounts) = container.pointer_mut(&format!("/resources/{which}")) {
            round_amounts(amounts);
        }
    }
    object(container, "resources");
}

fn is_standard(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-")
}

fn validate_name(name: &str, field: &str, issues: &mut Issues) {
    let errors = names::qualified(name);
    for error in &errors {
        issues.invalid(field, &json!(name), error);
    }
    if !name.contains('/') && !is_standard(name) {
        issues.invalid(
            field,
            &json!(name),
            "must be a standard resource for containers",
        );
    }
}

/// Checks the requests and limits of a container.
pub(crate) fn validate_requirements(container: &Value, field: &str, issues: &mut Issues) {
    let limit = |name: &str| {
        container["resources"]["limits"]
            .get(name)
            .and_then(Value::as_str)
            .and_then(Quantity::parse)
    };
    for (which, pointer) in [
        ("limits", "/resources/limits"),
        ("requests", "/resources/requests"),
    ] {
        for (name, amount) in entries(container, pointer) {
            let own = format!("{field}.resources.{which}[{name}]");
            validate_name(name, &own, issues);
            let text = amount.as_str().unwrap_or_default();
            let Some(quantity) = Quantity::parse(text) else {
                continue;
            };
            if quantity.sign() == Ordering::Less {
                issues.invalid(&own, amount, "must be greater than or equal to 0");
            }
            if which == "requests"
                && let Some(limit) = limit(name)
                && quantity.compare(limit) == Ordering::Greater
            {
                let detail = format!(
                    "must be less than or equal to {name} limit of {}",
                    limit.canonical()
                );
                issues.invalid_text(
                    format!("{field}.resources.requests"),
                    &go_quote(text),
                    &detail,
                );
            }
        }
    }
}

/// Amounts of bytes that are no whole bytes.
pub(crate) fn warn_requirements(container: &Value, field: &str, warnings: &mut Vec<String>) {
    for (which, pointer) in [
        ("limits", "/resources/limits"),
        ("requests", "/resources/requests"),
    ] {
        for (name, amount) in entries(container, pointer) {
            let text = amount.as_str().unwrap_or_default();
            let in_bytes = matches!(name.as_str(), "memory" | "ephemeral-storage");
            if in_bytes && Quantity::parse(text).is_some_and(|quantity| !quantity.is_whole()) {
                warnings.push(format!("{field}.resources.{which}[{name}]: fractional byte value \"{text}\" is invalid, must be an integer"));
            }
        }
    }
}
