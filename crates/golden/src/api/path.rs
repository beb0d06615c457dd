//! Paths into JSON, as `metadata.labels.app` or `items.0.kind`; a dot within a key is
//! escaped by `\`.

use serde_json::{Map, Value};

/// The keys of a path, in order.
fn parts(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in path.chars() {
        let last = parts.last_mut();
        match (character, last) {
            ('\\', _) if !escaped => escaped = true,
            ('.', _) if !escaped => parts.push(String::new()),
            (_, Some(last)) => {
                last.push(character);
                escaped = false;
            }
            (_, None) => {}
        }
    }
    parts
}

/// What is at a path.
pub(super) fn dig<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    parts(path).iter().try_fold(value, |at, part| match at {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Object(fields) => fields.get(part),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// Puts something at a path; objects on the way are made.
pub(super) fn put(value: &mut Value, path: &str, new: Value) {
    let mut at = value;
    for part in parts(path) {
        let index = part.parse::<usize>().ok();
        at = if let Some(index) = index.filter(|it| at.get(it).is_some()) {
            &mut at[index]
        } else {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            &mut at[part.as_str()]
        };
    }
    *at = new;
}

/// Removes what is at a path; `*` is every member.
pub(super) fn remove(value: &mut Value, path: &str) {
    remove_parts(value, &parts(path));
}

fn remove_parts(value: &mut Value, parts: &[String]) {
    let Some((part, rest)) = parts.split_first() else {
        return;
    };
    match value {
        Value::Array(items) if part == "*" => {
            for item in items {
                remove_parts(item, rest);
            }
        }
        Value::Object(fields) if part == "*" => {
            for field in fields.values_mut() {
                remove_parts(field, rest);
            }
        }
        Value::Array(items) => {
            let Some(index) = part.parse::<usize>().ok().filter(|it| *it < items.len()) else {
                return;
            };
            if rest.is_empty() {
                items.remove(index);
            } else {
                remove_parts(&mut items[index], rest);
            }
        }
        Value::Object(fields) if rest.is_empty() => {
            fields.remove(part);
        }
        Value::Object(fields) => {
            if let Some(field) = fields.get_mut(part) {
                remove_parts(field, rest);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_goes_through_lists_and_escaped_dots() {
        let value = json!({"items": [{"labels": {"a.b/c": 1}}]});
        assert_eq!(dig(&value, r"items.0.labels.a\.b/c"), Some(&json!(1)));
        assert_eq!(dig(&value, "items.1"), None);
    }

    #[test]
    fn what_is_put_makes_its_way() {
        let mut value = json!({"items": [{}]});
        put(&mut value, "items.0.a.b", json!(1));
        assert_eq!(value, json!({"items": [{"a": {"b": 1}}]}));
    }

    #[test]
    fn what_is_removed_may_be_in_every_member() {
        let mut value = json!({"rows": [{"a": 1, "b": 2}, {"a": 3}]});
        remove(&mut value, "rows.*.a");
        assert_eq!(value, json!({"rows": [{"b": 2}, {}]}));
    }
}
