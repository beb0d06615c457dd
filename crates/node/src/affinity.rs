//! Whether a node selector selects a node's labels.
//!
//! Invariant: pure. Terms are alternatives, the parts of a term are not.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorRequirement};

pub(crate) fn selects(selector: &NodeSelector, labels: &BTreeMap<String, String>) -> bool {
    selector.node_selector_terms.iter().any(|term| {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        let name = labels.get("kubernetes.io/hostname");
        let named =
            |field: &NodeSelectorRequirement| field.key != "metadata.name" || holds(field, name);
        !(expressions.is_empty() && fields.is_empty())
            && expressions
                .iter()
                .all(|part| holds(part, labels.get(&part.key)))
            && fields.iter().all(named)
    })
}

fn holds(part: &NodeSelectorRequirement, value: Option<&String>) -> bool {
    let values = part.values.as_deref().unwrap_or_default();
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
    match part.operator.as_str() {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => value.is_none_or(|value| !values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value)
            .zip(number(values.first()))
            .is_some_and(|(value, than)| value > than),
        "Lt" => number(value)
            .zip(number(values.first()))
            .is_some_and(|(value, than)| value < than),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &str) -> bool {
        let labels = BTreeMap::from([("kubernetes.io/hostname".to_owned(), "a".to_owned())]);
        selects(&serde_saphyr::from_str(selector).unwrap(), &labels)
    }

    #[test]
    fn terms_are_alternatives_and_their_parts_are_not() {
        let at = |operator: &str, values: &str| {
            format!(
                "{{matchExpressions: [{{key: kubernetes.io/hostname, operator: {operator}, values: {values}}}]}}"
            )
        };
        assert!(check(&format!(
            "{{nodeSelectorTerms: [{}, {}]}}",
            at("In", "[b]"),
            at("In", "[a]")
        )));
        assert!(!check(&format!(
            "{{nodeSelectorTerms: [{}]}}",
            at("NotIn", "[a]")
        )));
        assert!(!check("{nodeSelectorTerms: [{}]}"));
    }
}
