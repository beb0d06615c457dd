//! Label and node selectors.
//!
//! Invariants:
//! - An unknown operator matches nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels as objects hold them.
pub(crate) type Labels = BTreeMap<String, String>;

/// Whether `selector` chooses an object with these labels; an empty one chooses all.
pub(crate) fn selects(selector: &LabelSelector, labels: Option<&Labels>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.get(key));
    let equal = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    equal
        .into_iter()
        .all(|(key, wanted)| value(key) == Some(wanted))
        && expressions.all(|expression| {
            let values = expression.values.as_deref().unwrap_or_default();
            satisfies(&expression.operator, value(&expression.key), values)
        })
}

/// Whether every pair of `wanted` is among the labels.
pub(crate) fn includes(labels: Option<&Labels>, wanted: Option<&Labels>) -> bool {
    wanted
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.is_some_and(|labels| labels.get(key) == Some(value)))
}

/// Whether one of the terms chooses the node.
pub(crate) fn selects_node(selector: &NodeSelector, name: &str, labels: Option<&Labels>) -> bool {
    selector
        .node_selector_terms
        .iter()
        .any(|term| term_selects(term, name, labels))
}

/// Whether the term chooses the node; an empty one chooses none.
pub(crate) fn term_selects(term: &NodeSelectorTerm, name: &str, labels: Option<&Labels>) -> bool {
    let name = name.to_owned();
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let value = |key: &str| labels.and_then(|labels| labels.get(key));
    !(expressions.is_empty() && fields.is_empty())
        && expressions
            .iter()
            .all(|need| requirement(need, value(&need.key)))
        && fields
            .iter()
            .all(|need| requirement(need, (need.key == "metadata.name").then_some(&name)))
}

fn requirement(need: &NodeSelectorRequirement, value: Option<&String>) -> bool {
    satisfies(
        &need.operator,
        value,
        need.values.as_deref().unwrap_or_default(),
    )
}

fn satisfies(operator: &str, value: Option<&String>, values: &[String]) -> bool {
    match operator {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => !value.is_some_and(|value| values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers(value, values).is_some_and(|(value, bound)| value > bound),
        "Lt" => numbers(value, values).is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}

fn numbers(value: Option<&String>, values: &[String]) -> Option<(i64, i64)> {
    Some((value?.parse().ok()?, values.first()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[track_caller]
    fn check(selector: Value, labels: Value) -> bool {
        let selector: LabelSelector = from_value(selector).unwrap();
        let labels: Labels = from_value(labels).unwrap();
        selects(&selector, Some(&labels))
    }

    #[test]
    fn every_operator_of_a_label_selector() {
        let expression = |operator: &str| json!({"matchExpressions": [{"key": "disk", "operator": operator, "values": ["fast"]}]});
        assert!(check(json!({}), json!({})));
        assert!(check(
            json!({"matchLabels": {"disk": "fast"}}),
            json!({"disk": "fast", "x": "y"})
        ));
        assert!(check(expression("In"), json!({"disk": "fast"})));
        assert!(!check(expression("In"), json!({})));
        assert!(check(expression("NotIn"), json!({})));
        assert!(check(expression("Exists"), json!({"disk": ""})));
        assert!(!check(expression("DoesNotExist"), json!({"disk": ""})));
        assert!(!check(expression("near"), json!({"disk": "fast"})));
    }

    #[test]
    fn terms_are_alternatives_and_an_empty_one_chooses_nothing() {
        let selector: NodeSelector = from_value(json!({"nodeSelectorTerms": [
            {},
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]},
            {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]},
        ]}))
        .unwrap();
        let cores = |number: &str| Labels::from([("cores".to_owned(), number.to_owned())]);
        assert!(selects_node(&selector, "a", None));
        assert!(selects_node(&selector, "b", Some(&cores("8"))));
        assert!(!selects_node(&selector, "b", Some(&cores("4"))));
    }
}
