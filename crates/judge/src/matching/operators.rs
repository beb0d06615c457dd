//! What may stand in place of a list: what is asked of its elements, by predicate.
//!
//! Invariants:
//! - `$every` of no element is not met: a list that is empty shows nothing.

use serde_json::{Map, Value};
use stayput_events::Mismatch;

use super::{compare_at, short};
use crate::count::Count;

/// Whether an expected value speaks of a list by operators.
pub(super) fn are(expected: &Map<String, Value>) -> bool {
    !expected.is_empty() && expected.keys().all(|key| key.starts_with('$'))
}

pub(super) fn compare(
    path: &str,
    expected: &Map<String, Value>,
    seen: Option<&Value>,
    found: &mut Vec<Mismatch>,
) {
    let elements = match seen {
        None | Some(Value::Null) => &[],
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(other) => {
            found.push(mismatch(path, "a list".to_owned(), short(other)));
            return;
        }
    };
    for (operator, wanted) in expected {
        match operator.as_str() {
            "$any" => any(path, wanted, elements, found),
            "$every" => every(path, wanted, elements, found),
            "$none" => none(path, wanted, elements, found),
            "$size" => size(path, wanted, elements.len(), found),
            other => found.push(mismatch(
                path,
                format!("`{other}`"),
                "no operator".to_owned(),
            )),
        }
    }
}

fn any(path: &str, wanted: &Value, elements: &[Value], found: &mut Vec<Mismatch>) {
    if !elements.iter().any(|element| fits(wanted, element)) {
        let expected = format!("an element {}", short(wanted));
        found.push(mismatch(
            path,
            expected,
            short(&Value::Array(elements.to_vec())),
        ));
    }
}

fn every(path: &str, wanted: &Value, elements: &[Value], found: &mut Vec<Mismatch>) {
    if elements.is_empty() {
        let expected = format!("elements, each {}", short(wanted));
        found.push(mismatch(path, expected, "none".to_owned()));
    }
    for (index, element) in elements.iter().enumerate() {
        compare_at(&format!("{path}[{index}]"), wanted, Some(element), found);
    }
}

fn none(path: &str, wanted: &Value, elements: &[Value], found: &mut Vec<Mismatch>) {
    for (index, element) in elements.iter().enumerate() {
        if fits(wanted, element) {
            let expected = format!("no element {}", short(wanted));
            found.push(mismatch(
                &format!("{path}[{index}]"),
                expected,
                short(element),
            ));
        }
    }
}

fn size(path: &str, wanted: &Value, seen: usize, found: &mut Vec<Mismatch>) {
    let number = |value: &Value| value.as_u64().and_then(|it| usize::try_from(it).ok());
    let count = match wanted {
        Value::Object(bounds) => Some(Count {
            least: bounds.get("atLeast").and_then(number).unwrap_or(0),
            most: bounds.get("atMost").and_then(number),
        }),
        other => number(other).map(Count::exactly),
    };
    let path = format!("{path} size");
    match count {
        Some(count) if count.admits(seen) => {}
        Some(count) => found.push(mismatch(&path, count.to_string(), seen.to_string())),
        None => found.push(mismatch(&path, short(wanted), seen.to_string())),
    }
}

fn fits(wanted: &Value, element: &Value) -> bool {
    let mut found = Vec::new();
    compare_at("", wanted, Some(element), &mut found);
    found.is_empty()
}

fn mismatch(path: &str, expected: String, seen: String) -> Mismatch {
    Mismatch {
        object: String::new(),
        path: path.to_owned(),
        expected,
        seen,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use crate::matching::compare;

    fn check(expected: &serde_json::Value) -> String {
        let seen = json!({"containers": [
            {"name": "redis", "ready": true, "restarts": 0},
            {"name": "exporter", "ready": false, "restarts": 2},
        ]});
        let lines = compare(&json!({"containers": expected}), &seen).into_iter();
        let lines: Vec<_> = lines
            .map(|it| format!("{}: {} / {}", it.path, it.expected, it.seen))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn one_element_is_enough_for_any() {
        assert_snapshot!(check(&json!({"$any": {"ready": false}})), @"");
        assert_snapshot!(check(&json!({"$any": {"restarts": 7}})), @r#".containers: an element {"restarts":7} / [{"name":"redis","ready":true,"restarts":0},{"name":"exporter","ready":false,"restarts":2}]"#);
    }

    #[test]
    fn every_element_has_to_be_so() {
        assert_snapshot!(check(&json!({"$every": {"ready": true}})), @".containers[1].ready: true / false");
    }

    #[test]
    fn no_element_may_be_so() {
        assert_snapshot!(check(&json!({"$none": {"restarts": 2}})), @r#".containers[1]: no element {"restarts":2} / {"name":"exporter","ready":false,"restarts":2}"#);
    }

    #[test]
    fn a_size_has_bounds() {
        assert_snapshot!(check(&json!({"$size": 2})), @"");
        assert_snapshot!(check(&json!({"$size": {"atLeast": 3}})), @".containers size: at least 3 / 2");
    }

    #[test]
    fn a_list_that_is_not_there_has_no_elements() {
        let lines = |wanted| compare(&json!({"a": wanted}), &json!({})).len();
        assert_eq!(lines(json!({"$none": {"x": 1}})), 0);
        assert_eq!(lines(json!({"$size": 0})), 0);
        assert_eq!(lines(json!({"$every": {"x": 1}})), 1);
    }
}
