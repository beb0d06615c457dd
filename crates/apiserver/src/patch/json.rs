//! JSON patch, as lenient and as strict as the library that Kubernetes uses.
//!
//! It lets `replace` make a key and `copy` take nothing, but `remove` only what is there.

use serde_json::Value;

use crate::json::Tree;

/// Why a patch is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The patch cannot be read.
    Undecodable(String),
    /// An operation cannot be done.
    Impossible,
}

/// Applies the operations in order.
pub(crate) fn apply(document: &mut Value, patch: &Tree) -> Result<(), Refused> {
    let Tree::List(operations) = patch else {
        let text = format!(
            "json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
            patch.go_kind()
        );
        return Err(Refused::Undecodable(text));
    };
    for operation in operations {
        one(document, operation).ok_or(Refused::Impossible)?;
    }
    Ok(())
}

fn one(document: &mut Value, operation: &Tree) -> Option<()> {
    let path = operation.get("path")?.text()?;
    let value = || {
        operation
            .get("value")
            .cloned()
            .map_or(Value::Null, Tree::into_value)
    };
    match operation.get("op")?.text()? {
        "add" => add(document, path, value()),
        "replace" => replace(document, path, value()),
        "remove" => remove(document, path).map(|_| ()),
        "move" => {
            let moved = remove(document, operation.get("from")?.text()?)?;
            add(document, path, moved)
        }
        "copy" => {
            let from = operation.get("from")?.text()?;
            let (parent, key) = parent(document, from)?;
            let copied = get(parent, &key).cloned().unwrap_or(Value::Null);
            add(document, path, copied)
        }
        "test" => {
            let (parent, key) = parent(document, path)?;
            (get(parent, &key).unwrap_or(&Value::Null) == &value()).then_some(())
        }
        _ => None,
    }
}

/// The container of a path's last part, and that part.
fn parent<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let mut parts: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    let last = parts.pop()?;
    let mut place = document;
    for part in parts {
        place = match place {
            Value::Object(map) => map.get_mut(&part)?,
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some((place, last))
}

fn get<'a>(container: &'a Value, key: &str) -> Option<&'a Value> {
    match container {
        Value::Object(map) => map.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    let (container, key) = parent(document, path)?;
    match container {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let index = key
                .parse::<usize>()
                .ok()
                .filter(|index| *index <= items.len())?;
            items.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn replace(document: &mut Value, path: &str, value: Value) -> Option<()> {
    let (container, key) = parent(document, path)?;
    match container {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(items) => *items.get_mut(key.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let (container, key) = parent(document, path)?;
    match container {
        Value::Object(map) => map.remove(&key),
        Value::Array(items) => {
            let index = key
                .parse::<usize>()
                .ok()
                .filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn check(patch: &Value) -> String {
        let mut document = json!({"a": {"b~/c": 1}, "l": [1, 2]});
        match apply(&mut document, &Tree::from(patch)) {
            Ok(()) => document.to_string(),
            Err(refused) => format!("{refused:?}"),
        }
    }

    #[test]
    fn operations_change_the_document() {
        assert_snapshot!(check(&json!([{"op": "add", "path": "/l/-", "value": 3}, {"op": "remove", "path": "/l/0"}])), @r#"{"a":{"b~/c":1},"l":[2,3]}"#);
        assert_snapshot!(check(&json!([{"op": "move", "from": "/a/b~0~1c", "path": "/x"}])), @r#"{"a":{},"l":[1,2],"x":1}"#);
        assert_snapshot!(check(&json!([{"op": "replace", "path": "/new", "value": 1}, {"op": "copy", "from": "/no", "path": "/y"}])), @r#"{"a":{"b~/c":1},"l":[1,2],"new":1,"y":null}"#);
    }

    #[test]
    fn the_impossible_is_refused() {
        for patch in [
            json!([{"op": "test", "path": "/l/0", "value": 2}]),
            json!([{"op": "remove", "path": "/no"}]),
            json!([{"op": "add", "path": "/no/x", "value": 1}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "frob", "path": "/a"}]),
            json!([{"op": "add", "value": 1}]),
        ] {
            assert_eq!(check(&patch), "Impossible", "{patch}");
        }
    }
}
