//! Label selectors, as `kubectl -l` takes them.

use std::collections::BTreeSet;

use kube::core::{Expression, SelectorExt as _};
use serde_json::Value;

/// Whether labels, as served, match a selector in its equality or set form
/// (Kubernetes' documentation, *Labels and Selectors*).
pub(crate) fn matches(selector: &str, labels: &Value) -> bool {
    let labels = labels.as_object().into_iter().flatten();
    let labels = labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    requirements(selector).all(|requirement| expression(requirement).matches(&labels))
}

/// The requirements of a selector: commas inside parentheses separate values.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let separates = move |letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    };
    selector
        .split(separates)
        .map(str::trim)
        .filter(|requirement| !requirement.is_empty())
}

fn expression(requirement: &str) -> Expression {
    let one = |value: &str| BTreeSet::from([value.trim().to_owned()]);
    let key = |key: &str| key.trim().to_owned();
    if let Some((name, value)) = requirement.split_once("!=") {
        return Expression::NotIn(key(name), one(value));
    }
    if let Some((name, value)) = requirement.split_once('=') {
        return Expression::In(key(name), one(value.trim_start_matches('=')));
    }
    if let Some((name, values)) = requirement.split_once(" notin ") {
        return Expression::NotIn(key(name), set(values));
    }
    if let Some((name, values)) = requirement.split_once(" in ") {
        return Expression::In(key(name), set(values));
    }
    match requirement.strip_prefix('!') {
        Some(name) => Expression::DoesNotExist(key(name)),
        None => Expression::Exists(key(requirement)),
    }
}

fn set(values: &str) -> BTreeSet<String> {
    let values = values.trim().trim_start_matches('(').trim_end_matches(')');
    values
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(selector: &str, expected: &str) {
        let labels = json!({"app": "redis", "tier": "db"});
        let seen = if matches(selector, &labels) {
            "matches"
        } else {
            "does not"
        };
        assert_eq!(seen, expected, "{selector}");
    }

    #[test]
    fn equality_and_set_forms() {
        check("", "matches");
        check("app=redis", "matches");
        check("app==redis,tier=db", "matches");
        check("app=redis,tier=web", "does not");
        check("app!=redis", "does not");
        check("zone!=a", "matches");
        check("app in (redis, valkey),tier", "matches");
        check("app notin (redis,valkey)", "does not");
        check("zone", "does not");
        check("!zone", "matches");
    }
}
