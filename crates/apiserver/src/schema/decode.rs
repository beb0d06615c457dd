//! Reads a document into an object of a definition, as Go's strict decoder does.
//!
//! Invariants:
//! - Unknown fields never reach the object; each is reported, in document order.
//! - The first type error wins, in Go's words.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::types::{DefId, Field, Schema, Type, Width};
use crate::json::Tree;
use crate::quantity;
use crate::time::Precision;

/// What came of a document.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The object, known fields only.
    pub(crate) value: Value,
    /// Unknown and repeated fields, as strict decoding names them.
    pub(crate) strict: Vec<String>,
}

/// A value that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TypeError(pub(crate) String);

/// Whose words are used for a value that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Of Go's decoder of JSON.
    Decoder,
    /// Of the converter from documents without a type, which strategic patches go through.
    Converter,
}

/// Decodes a whole object.
pub(crate) fn decode(
    schema: &Schema,
    id: DefId,
    tree: &Tree,
    words: Words,
) -> Result<Decoded, TypeError> {
    let mut decoder = Decoder {
        schema,
        words,
        strict: Vec::new(),
        error: None,
    };
    let mut value = Value::Object(Map::new());
    let place = Place {
        owner: schema.def(id).short(),
        path: String::new(),
        index_path: String::new(),
    };
    decoder.structure(id, tree, &place, &mut value);
    match decoder.error {
        Some(error) => Err(error),
        None => Ok(Decoded {
            value,
            strict: decoder.strict,
        }),
    }
}

struct Decoder<'a> {
    schema: &'a Schema,
    words: Words,
    strict: Vec<String>,
    error: Option<TypeError>,
}

/// Where in the document the decoder is.
struct Place<'a> {
    /// The Go struct whose field this is.
    owner: &'a str,
    /// The path of field names, as type errors print it.
    path: String,
    /// The path with indices, as strict errors print it.
    index_path: String,
}

impl Place<'_> {
    fn child(&self, name: &str) -> (String, String) {
        let join = |base: &str| {
            if base.is_empty() {
                name.to_owned()
            } else {
                format!("{base}.{name}")
            }
        };
        (join(&self.path), join(&self.index_path))
    }
}

impl Decoder<'_> {
    fn fail(&mut self, text: String) {
        self.error.get_or_insert(TypeError(text));
    }

    fn structure(&mut self, id: DefId, tree: &Tree, place: &Place<'_>, into: &mut Value) {
        let Tree::Map(entries) = tree else { return };
        let def = self.schema.def(id);
        let mut seen = HashSet::new();
        for (name, child) in entries {
            let (path, index_path) = place.child(name);
            let repeated = !seen.insert(name.as_str());
            let Some(field) = def.fields.get(name) else {
                self.strict.push(format!("unknown field \"{index_path}\""));
                continue;
            };
            if repeated {
                self.strict
                    .push(format!("duplicate field \"{index_path}\""));
            }
            let place = Place {
                owner: def.short(),
                path,
                index_path,
            };
            let Some(map) = into.as_object_mut() else {
                return;
            };
            if matches!(child, Tree::Null) {
                map.remove(name);
                continue;
            }
            let slot = map.entry(name.clone()).or_insert(Value::Null);
            self.value(&field.ty, Some(field), child, &place, slot);
        }
    }

    fn value(
        &mut self,
        ty: &Type,
        field: Option<&Field>,
        tree: &Tree,
        place: &Place<'_>,
        into: &mut Value,
    ) {
        match (ty, tree) {
            (Type::Any, _) => *into = tree.clone().into_value(),
            (_, Tree::Null) => *into = Value::Null,
            (Type::Struct(id), Tree::Map(_)) => {
                if !into.is_object() {
                    *into = Value::Object(Map::new());
                }
                self.structure(*id, tree, place, into);
            }
            (Type::Map(item), Tree::Map(entries)) => self.map(item, field, entries, place, into),
            (Type::List(item), Tree::List(items)) => self.list(item, field, items, place, into),
            (Type::Bool, Tree::Bool(yes)) => *into = Value::Bool(*yes),
            (Type::Integer(width), Tree::Number(number)) if fits(*width, number) => {
                *into = Value::Number(whole(number));
            }
            (Type::Float | Type::IntOrString, Tree::Number(number)) => {
                *into = Value::Number(number.clone());
            }
            (Type::Text | Type::IntOrString, Tree::Text(text)) => {
                *into = Value::String(text.clone());
            }
            (Type::Bytes, Tree::Text(text)) => self.bytes(text, into),
            (Type::Time | Type::MicroTime, Tree::Text(text)) => self.time(ty, text, into),
            (Type::Time | Type::MicroTime, _) => {
                self.fail(tree.unlike("string"));
            }
            (Type::Quantity, _) => self.quantity(tree, into),
            _ => self.mismatch(ty, field, tree, place),
        }
    }

    fn map(
        &mut self,
        item: &Type,
        field: Option<&Field>,
        entries: &[(String, Tree)],
        place: &Place<'_>,
        into: &mut Value,
    ) {
        if !into.is_object() {
            *into = Value::Object(Map::new());
        }
        let mut seen = HashSet::new();
        for (name, child) in entries {
            let (_, index_path) = place.child(name);
            if !seen.insert(name.as_str()) {
                self.strict
                    .push(format!("duplicate field \"{index_path}\""));
            }
            let place = Place {
                owner: place.owner,
                path: place.path.clone(),
                index_path,
            };
            let mut slot = Value::Null;
            self.value(item, field, child, &place, &mut slot);
            if slot.is_null() && matches!(item, Type::Text | Type::Bytes) {
                slot = Value::String(String::new());
            }
            if let Some(map) = into.as_object_mut() {
                map.insert(name.clone(), slot);
            }
        }
    }

    fn list(
        &mut self,
        item: &Type,
        field: Option<&Field>,
        items: &[Tree],
        place: &Place<'_>,
        into: &mut Value,
    ) {
        let mut list = Vec::with_capacity(items.len());
        for (index, child) in items.iter().enumerate() {
            let index_path = format!("{}[{index}]", place.index_path);
            let place = Place {
                owner: place.owner,
                path: place.path.clone(),
                index_path,
            };
            let mut slot = Value::Null;
            self.value(item, field, child, &place, &mut slot);
            if slot.is_null() {
                slot = empty(item);
            }
            list.push(slot);
        }
        *into = Value::Array(list);
    }

    fn bytes(&mut self, text: &str, into: &mut Value) {
        let bare: String = text
            .chars()
            .filter(|letter| !matches!(letter, '\n' | '\r'))
            .collect();
        match STANDARD.decode(&bare) {
            Ok(bytes) => *into = Value::String(STANDARD.encode(bytes)),
            Err(error) => {
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _)
                    | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                    base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                        bare.len() / 4 * 4
                    }
                };
                self.fail(format!("illegal base64 data at input byte {at}"));
            }
        }
    }

    fn time(&mut self, ty: &Type, text: &str, into: &mut Value) {
        let precision = if *ty == Type::MicroTime {
            Precision::Micros
        } else {
            Precision::Seconds
        };
        match crate::time::parse(text, precision) {
            Ok(Some(normal)) => *into = Value::String(normal),
            Ok(None) => *into = Value::Null,
            Err(error) => self.fail(error),
        }
    }

    fn quantity(&mut self, tree: &Tree, into: &mut Value) {
        let text = match tree {
            Tree::Text(text) => text.clone(),
            Tree::Number(number) => number.to_string(),
            Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Map(_) => String::new(),
        };
        match quantity::canonical(&text) {
            Some(canonical) => *into = Value::String(canonical),
            None => self.fail(format!(
                "quantities must match the regular expression '{}'",
                quantity::PATTERN
            )),
        }
    }

    fn mismatch(&mut self, ty: &Type, field: Option<&Field>, tree: &Tree, place: &Place<'_>) {
        let kind = match (tree, ty) {
            (Tree::Number(number), Type::Integer(_)) => format!("number {number}"),
            _ => tree.go_kind().to_owned(),
        };
        if matches!(ty, Type::IntOrString) {
            return self.fail(format!(
                "json: cannot unmarshal {kind} into Go value of type int32"
            ));
        }
        let go = self.go_type(ty, field);
        if self.words == Words::Converter {
            return self.fail(unconverted(ty, &go, tree));
        }
        self.fail(format!(
            "json: cannot unmarshal {kind} into Go struct field {}.{} of type {go}",
            place.owner, place.path
        ));
    }

    /// The Go type of a field, or of the item at that depth of it.
    fn go_type(&self, ty: &Type, field: Option<&Field>) -> String {
        let whole = field.map(|field| field.go.as_str()).unwrap_or_default();
        if let Some(field) = field
            && field.ty == *ty
        {
            return qualified(whole);
        }
        match ty {
            Type::Struct(id) => format!("v1.{}", self.schema.def(*id).short()),
            Type::Integer(Width::W32) => "int32".to_owned(),
            Type::Integer(Width::W64) => "int64".to_owned(),
            Type::Float => "float64".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Bytes => "[]uint8".to_owned(),
            _ => item_type(whole),
        }
    }
}

/// Why the converter leaves a value as it is.
fn unconverted(ty: &Type, go: &str, tree: &Tree) -> String {
    let kind = match tree {
        Tree::Null => "invalid",
        Tree::Bool(_) => "bool",
        Tree::Number(number) if number.is_f64() => "float64",
        Tree::Number(_) => "int64",
        Tree::Text(_) => "string",
        Tree::List(_) => "slice",
        Tree::Map(_) => "map",
    };
    let simple = match ty {
        Type::Struct(_) => return format!("cannot restore struct from: {kind}"),
        Type::Map(_) => return format!("cannot restore map from {kind}"),
        Type::List(_) | Type::Bytes => return format!("cannot restore slice from {kind}"),
        Type::Text => "string",
        Type::Integer(Width::W64) => "int64",
        Type::Integer(Width::W32) => "int32",
        Type::Float => "float64",
        Type::Bool => "bool",
        Type::Any | Type::IntOrString | Type::Time | Type::MicroTime | Type::Quantity => go,
    };
    // What Go itself can convert, a document may not.
    if matches!(
        (kind, ty),
        ("int64", Type::Text) | ("float64", Type::Integer(_))
    ) {
        let go = go.trim_start_matches('*');
        return format!("cannot convert {kind} to {go}");
    }
    format!("unrecognized type: {simple}")
}

fn empty(item: &Type) -> Value {
    match item {
        Type::Struct(_) | Type::Map(_) => Value::Object(Map::new()),
        Type::Text => Value::String(String::new()),
        _ => Value::Null,
    }
}

/// `[]Container` becomes `[]v1.Container`; `metav1.Time` becomes `v1.Time`.
fn qualified(go: &str) -> String {
    let split = go.rfind([']', '*']).map_or(0, |at| at + 1);
    let (prefix, name) = go.split_at(split);
    let builtin = matches!(
        name,
        "string" | "bool" | "int32" | "int64" | "int" | "byte" | "float64" | ""
    );
    let name = match name.rsplit_once('.') {
        Some(("types" | "intstr" | "resource" | "runtime", _)) => name.to_owned(),
        Some((_, bare)) => format!("v1.{bare}"),
        None if builtin => name.replace("byte", "uint8"),
        None => format!("v1.{name}"),
    };
    format!("{prefix}{name}")
}

fn item_type(go: &str) -> String {
    let name = &go[go.rfind([']', '*']).map_or(0, |at| at + 1)..];
    qualified(if name.is_empty() || name == "ResourceList" {
        "string"
    } else {
        name
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole before"
)]
fn whole(number: &Number) -> Number {
    number.as_i64().map_or_else(
        || Number::from(number.as_f64().unwrap_or_default() as i64),
        Number::from,
    )
}

fn fits(width: Width, number: &Number) -> bool {
    let value = number.as_i64().or_else(|| {
        number
            .as_f64()
            .filter(|value| value.fract() == 0.0 && value.abs() < 1e15)
            .map(|_| 0)
    });
    match (width, value) {
        (_, None) => false,
        (Width::W32, Some(value)) => i32::try_from(value).is_ok(),
        (Width::W64, Some(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::json::parse::parse;

    fn check(def: &str, input: &str) -> String {
        said(def, input, Words::Decoder)
    }

    fn said(def: &str, input: &str, words: Words) -> String {
        let schema = Schema::load();
        let id = schema.find(def).expect("the definition exists");
        let tree = parse(input.as_bytes()).expect("it is JSON");
        match decode(&schema, id, &tree, words) {
            Ok(decoded) => format!("{} {}", decoded.value, decoded.strict.join(", ")),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn unknown_and_repeated_fields_are_reported_in_order() {
        let input = r#"{"metadata":{"nope":1},"data":{"a":"1","a":"2"},"foo":2,"data":{"b":"3"}}"#;
        assert_snapshot!(check("io.k8s.api.core.v1.ConfigMap", input), @r#"{"data":{"a":"2","b":"3"},"metadata":{}} unknown field "metadata.nope", duplicate field "data.a", unknown field "foo", duplicate field "data""#);
        let pod = r#"{"spec":{"containers":[{"imagee":"x"}]}}"#;
        assert_snapshot!(check("io.k8s.api.core.v1.Pod", pod), @r#"{"spec":{"containers":[{}]}} unknown field "spec.containers[0].imagee""#);
    }

    #[test]
    fn strategic_patches_have_words_of_their_own() {
        let set = |spec: &str| {
            let input = format!(r#"{{"spec":{spec}}}"#);
            said("io.k8s.api.apps.v1.StatefulSet", &input, Words::Converter)
        };
        assert_snapshot!(set(r#"{"replicas":"three"}"#), @"unrecognized type: int32");
        assert_snapshot!(set(r#"{"replicas":1.5}"#), @"cannot convert float64 to int32");
        assert_snapshot!(set(r#"{"serviceName":1}"#), @"cannot convert int64 to string");
        assert_snapshot!(set(r#"{"serviceName":true}"#), @"unrecognized type: string");
        assert_snapshot!(set(r#"{"template":"a"}"#), @"cannot restore struct from: string");
        assert_snapshot!(set(r#"{"volumeClaimTemplates":{}}"#), @"cannot restore slice from map");
    }

    #[test]
    fn type_errors_are_in_the_words_of_go() {
        let config = |input| check("io.k8s.api.core.v1.ConfigMap", input);
        assert_snapshot!(config(r#"{"data":{"a":1}}"#), @"json: cannot unmarshal number into Go struct field ConfigMap.data of type string");
        assert_snapshot!(config(r#"{"metadata":{"labels":[]}}"#), @"json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string");
        let set = |input| check("io.k8s.api.apps.v1.StatefulSet", input);
        assert_snapshot!(set(r#"{"spec":{"replicas":"three"}}"#), @"json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32");
        assert_snapshot!(set(r#"{"spec":{"replicas":1.5}}"#), @"json: cannot unmarshal number 1.5 into Go struct field StatefulSetSpec.spec.replicas of type int32");
        assert_snapshot!(check("io.k8s.api.core.v1.Secret", r#"{"data":{"a":"!!"}}"#), @"illegal base64 data at input byte 0");
    }
}
