//! The JSON Schema of the language, made from the raw types.
//!
//! Invariant: it is the same document that an editor gets and that the parser
//! checks by.

use std::sync::LazyLock;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

use crate::raw::{Scenario, Statement, Suite};

/// The schema of scenario files.
pub(crate) static SCENARIO: LazyLock<Value> = LazyLock::new(make::<Scenario>);
/// The schema of suites.
pub(crate) static SUITE: LazyLock<Value> = LazyLock::new(make::<Suite>);
/// The schema of files of claims.
pub(crate) static CLAIMS: LazyLock<Value> = LazyLock::new(make::<Vec<Statement>>);

/// The JSON Schema of scenario files, for editors.
pub fn schema() -> Value {
    SCENARIO.clone()
}

/// The JSON Schema of suites, for editors.
pub fn suite_schema() -> Value {
    SUITE.clone()
}

fn make<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// A field that is not wanted is not written: `field:` with nothing after it is a mistake.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            one_branch(map);
            map.values_mut().for_each(without_null);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `anyOf: [X, null]` is X.
fn one_branch(map: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = map.get_mut("anyOf") else {
        return;
    };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = branches.as_slice() {
        let only = only.clone();
        map.remove("anyOf");
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
    }
}
