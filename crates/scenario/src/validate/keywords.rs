//! The keywords of JSON Schema that our types give.

use serde_json::{Map, Value};

/// The branches of a schema that is one of several shapes.
pub(super) fn union_branches(keywords: &Map<String, Value>) -> Option<&[Value]> {
    let branches = keywords
        .get("anyOf")
        .or_else(|| keywords.get("oneOf"))?
        .as_array()?;
    let about_fields = branches
        .iter()
        .all(|branch| branch.get("required").is_some() && branch.get("type").is_none());
    (!about_fields).then_some(branches.as_slice())
}

/// The names that a schema of names allows.
pub(super) fn names_of(keywords: &Map<String, Value>) -> Option<Vec<&str>> {
    if let Some(Value::String(only)) = keywords.get("const") {
        return Some(vec![only]);
    }
    if let Some(Value::Array(names)) = keywords.get("enum") {
        return Some(names.iter().filter_map(Value::as_str).collect());
    }
    let branches = keywords.get("oneOf")?.as_array()?;
    let consts: Option<Vec<&str>> = branches
        .iter()
        .map(|branch| branch.get("const").and_then(Value::as_str))
        .collect();
    consts
}

/// The fields of which exactly one has to be there.
pub(super) fn choices(keywords: &Map<String, Value>) -> Vec<&str> {
    let branches = keywords
        .get("oneOf")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    branches
        .iter()
        .flat_map(|branch| strings(branch.get("required")))
        .collect()
}

/// The fields of which at least one has to be there, the usual one first.
pub(super) fn either(keywords: &Map<String, Value>) -> Vec<&str> {
    let branches = keywords.get("anyOf").and_then(Value::as_array);
    let branches = branches.map_or(&[][..], Vec::as_slice);
    let required = branches.iter().map(|branch| branch.get("required"));
    required.flat_map(strings).collect()
}

/// Those of them that are a choice only where no other is.
pub(super) fn choices_alone(keywords: &Map<String, Value>) -> Vec<&str> {
    let branches = keywords
        .get("oneOf")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    branches
        .iter()
        .filter(|branch| branch.get("not").is_some())
        .flat_map(|branch| strings(branch.get("required")))
        .collect()
}

pub(super) fn is_required(keywords: &Map<String, Value>, name: &str) -> bool {
    strings(keywords.get("required")).any(|required| required == name)
}

pub(super) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

pub(super) fn fields(schema: &Value) -> impl Iterator<Item = &str> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
}

pub(super) fn types_of(keywords: &Map<String, Value>) -> Vec<&str> {
    match keywords.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn branch_types(schema: &Value) -> Vec<&str> {
    let Some(keywords) = schema.as_object() else {
        return Vec::new();
    };
    match names_of(keywords) {
        Some(_) => vec!["string"],
        None => types_of(keywords),
    }
}

pub(super) fn takes(schema: &Value, name: &str) -> bool {
    branch_types(schema).contains(&name)
}
