//! JSON patch, as lenient and as strict as the library that Kubernetes uses.
//!
//! It lets `replace` make a key and `copy` take nothing, but `remove` only what is there.
//!
//! Invariant: what a patch makes of a document is no deeper than a document may be, and what
//! it copies is bounded, however often it copies what it copied.

use serde_json::Value;

use crate::json::Tree;
use crate::json::parse::MAX_DEPTH;

/// Most operations of one patch, as in Kubernetes.
const MOST: usize = 10_000;
/// Most bytes that all copies of one patch may have together, as in Kubernetes.
const COPIED: usize = 3 * 1024 * 1024;

/// Why a patch is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The patch cannot be read.
    Undecodable(String),
    /// There are too many operations.
    TooMany(String),
    /// An operation cannot be done.
    Impossible,
}

/// A document that is being patched.
struct Patching<'a> {
    document: &'a mut Value,
    /// How deep it is at most.
    depth: usize,
    /// How many bytes may still be copied.
    room: usize,
}

/// Applies the operations in order.
pub(crate) fn apply(document: &mut Value, patch: &Tree) -> Result<(), Refused> {
    let operations = match patch {
        // As Go reads it: a list of nothing.
        Tree::Null => &[][..],
        Tree::List(operations) => operations,
        other => {
            let error = other.unlike("[]handlers.jsonPatchOp");
            return Err(Refused::Undecodable(error));
        }
    };
    if let Some(odd) = operations
        .iter()
        .find(|it| !matches!(it, Tree::Map(_) | Tree::Null))
    {
        return Err(Refused::Undecodable(odd.unlike("handlers.jsonPatchOp")));
    }
    if operations.len() > MOST {
        let count = operations.len();
        let text = format!("The allowed maximum operations in a JSON patch is {MOST}, got {count}");
        return Err(Refused::TooMany(text));
    }
    let mut patching = Patching {
        depth: depth(document),
        document,
        room: COPIED,
    };
    for operation in operations {
        patching.one(operation).ok_or(Refused::Impossible)?;
    }
    Ok(())
}

impl Patching<'_> {
    fn one(&mut self, operation: &Tree) -> Option<()> {
        let path = operation.get("path")?.text()?;
        let value = || {
            operation
                .get("value")
                .cloned()
                .map_or(Value::Null, Tree::into_value)
        };
        match operation.get("op")?.text()? {
            "add" => self.add(path, value()),
            "replace" => {
                let value = value();
                self.deepen(path, depth(&value))?;
                replace(self.document, path, value)
            }
            "remove" => remove(self.document, path).map(|_| ()),
            "move" => {
                let from = operation.get("from")?.text()?;
                let below = self.depth.saturating_sub(parts(from));
                let moved = remove(self.document, from)?;
                self.deepen(path, below)?;
                add(self.document, path, moved)
            }
            "copy" => {
                let (parent, key) = parent(self.document, operation.get("from")?.text()?)?;
                let copied = get(parent, &key).cloned().unwrap_or(Value::Null);
                self.room = self.room.checked_sub(copied.to_string().len())?;
                self.add(path, copied)
            }
            "test" => {
                let (parent, key) = parent(self.document, path)?;
                (get(parent, &key).unwrap_or(&Value::Null) == &value()).then_some(())
            }
            _ => None,
        }
    }

    fn add(&mut self, path: &str, value: Value) -> Option<()> {
        self.deepen(path, depth(&value))?;
        add(self.document, path, value)
    }

    /// Takes into account that something that deep comes to a path, if it may.
    fn deepen(&mut self, path: &str, below: usize) -> Option<()> {
        self.depth = self.depth.max(parts(path) + below);
        (self.depth <= MAX_DEPTH).then_some(())
    }
}

fn parts(path: &str) -> usize {
    path.matches('/').count()
}

/// How many containers are in one another.
fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
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
    fn what_copies_itself_is_refused_before_it_is_large_or_deep() {
        let doubling = json!({"op": "copy", "from": "/l", "path": "/l/-"});
        let wide = |times: usize| check(&Value::Array(vec![doubling.clone(); times]));
        assert_eq!(
            wide(3),
            r#"{"a":{"b~/c":1},"l":[1,2,[1,2],[1,2,[1,2]],[1,2,[1,2],[1,2,[1,2]]]]}"#
        );
        assert_eq!(wide(60), "Impossible");
        let deeper = json!({"op": "move", "from": "/a", "path": "/n"});
        let back = json!([{"op": "add", "path": "/m", "value": {}}, {"op": "move", "from": "/n", "path": "/m/n"}, {"op": "move", "from": "/m", "path": "/a"}]);
        let rounds = |times: usize| -> Value {
            let round = [&deeper]
                .into_iter()
                .chain(back.as_array().expect("a list"));
            round.cycle().take(4 * times).cloned().collect()
        };
        assert_eq!(
            check(&rounds(2)),
            r#"{"a":{"n":{"n":{"b~/c":1}}},"l":[1,2]}"#
        );
        assert_eq!(check(&rounds(600)), "Impossible");
    }

    #[test]
    fn there_is_a_most_of_operations() {
        let test = json!({"op": "test", "path": "/l/0", "value": 1});
        let many = |times: usize| check(&Value::Array(vec![test.clone(); times]));
        assert_eq!(many(10_000), r#"{"a":{"b~/c":1},"l":[1,2]}"#);
        assert_snapshot!(many(10_001), @r#"TooMany("The allowed maximum operations in a JSON patch is 10000, got 10001")"#);
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
