//! JSON merge patch.

use serde_json::{Map, Value};

/// Applies a merge patch: null takes away, objects merge, all else replaces.
pub(crate) fn apply(document: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Some(map) = document.as_object_mut() else {
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            map.remove(key);
        } else {
            apply(map.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    #[test]
    fn null_takes_away_and_lists_are_replaced() {
        let mut document = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        apply(
            &mut document,
            &json!({"a": {"b": null, "d": {"e": null, "f": 1}}, "l": [3]}),
        );
        assert_snapshot!(document, @r#"{"a":{"c":2,"d":{"f":1}},"l":[3]}"#);
    }
}
