//! Whether labels are those asked for.

use serde_json::Value;

use crate::served::{list, name, text, texts};

/// Whether a node satisfies one of the terms; no terms at all match no node.
pub(super) fn any_term(terms: &[Value], node: &Value) -> bool {
    terms.iter().any(|term| {
        let labels = list(term, "/matchExpressions");
        let fields = list(term, "/matchFields");
        let asks = !labels.is_empty() || !fields.is_empty();
        asks && labels.iter().all(|it| holds(it, label_of(node, it)))
            && fields.iter().all(|it| holds(it, Some(name(node))))
    })
}

/// Whether labels are as a label selector asks.
pub(super) fn label_selector(selector: &Value, object: &Value) -> bool {
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let labels = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str();
    let equal = wanted
        .into_iter()
        .flatten()
        .all(|(key, value)| labels(key) == value.as_str());
    equal
        && list(selector, "/matchExpressions")
            .iter()
            .all(|it| holds(it, label_of(object, it)))
}

fn label_of<'a>(object: &'a Value, expression: &Value) -> Option<&'a str> {
    let key = text(expression, "/key")?;
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

fn holds(expression: &Value, seen: Option<&str>) -> bool {
    let values = texts(expression, "/values");
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = values.first().and_then(|it| number(it));
    let seen_number = seen.and_then(number);
    match text(expression, "/operator").unwrap_or_default() {
        "In" => seen.is_some_and(|seen| values.contains(&seen)),
        "NotIn" => seen.is_none_or(|seen| !values.contains(&seen)),
        "Exists" => seen.is_some(),
        "DoesNotExist" => seen.is_none(),
        "Gt" => seen_number.zip(bound).is_some_and(|(seen, it)| seen > it),
        "Lt" => seen_number.zip(bound).is_some_and(|(seen, it)| seen < it),
        _ => false,
    }
}

/// A term's expressions in words, as `zone in [a, b]`.
pub(super) fn words(terms: &[Value]) -> String {
    let expressions = terms.iter().flat_map(|term| {
        let labels = list(term, "/matchExpressions").iter();
        labels.chain(list(term, "/matchFields"))
    });
    let words: Vec<String> = expressions
        .map(|it| {
            let operator = text(it, "/operator").unwrap_or_default();
            let key = text(it, "/key").unwrap_or_default();
            format!("{key} {operator} [{}]", texts(it, "/values").join(", "))
        })
        .collect();
    words.join(", ")
}
