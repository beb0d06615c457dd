//! JSON to CEL values and back.
//!
//! An integer becomes `Int` wherever it fits: CEL's own conversion makes
//! positive ones unsigned, and then `x + 1` is an error.

use std::collections::HashMap;

use cel::{
    Value as Cel,
    common::{
        types::{
            CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
        },
        value::Val,
    },
    objects::Key,
};
use serde_json::{Map, Number, Value};

/// A CEL value that owns its parts.
pub(crate) fn to_cel(value: &Value) -> Box<dyn Val> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => number_to_cel(number),
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => Box::new(CelList::from(
            items.iter().map(to_cel).collect::<Vec<Box<dyn Val>>>(),
        )),
        Value::Object(map) => Box::new(CelMap::from(
            map.iter()
                .map(|(key, value)| (CelMapKey::from(key.clone()), to_cel(value)))
                .collect::<HashMap<CelMapKey, Box<dyn Val>>>(),
        )),
    }
}

fn number_to_cel(number: &Number) -> Box<dyn Val> {
    if let Some(signed) = number.as_i64() {
        Box::new(CelInt::from(signed))
    } else if let Some(unsigned) = number.as_u64() {
        Box::new(CelUInt::from(unsigned))
    } else {
        Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN)))
    }
}

/// JSON, or what the value is instead.
pub(crate) fn to_json(value: &Cel) -> Result<Value, String> {
    match value {
        Cel::Null => Ok(Value::Null),
        Cel::Bool(truth) => Ok((*truth).into()),
        Cel::Int(number) => Ok((*number).into()),
        Cel::UInt(number) => Ok((*number).into()),
        Cel::Float(number) => Number::from_f64(*number)
            .map(Value::Number)
            .ok_or_else(|| format!("it gives {number}, which JSON does not have")),
        Cel::String(text) => Ok(Value::String(text.to_string())),
        Cel::List(items) => items.iter().map(to_json).collect(),
        Cel::Map(map) => map
            .map
            .iter()
            .map(|(key, value)| Ok((key_to_json(key), to_json(value)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Value::Object),
        other => Err(format!(
            "it gives a {}, which JSON does not have",
            other.type_of()
        )),
    }
}

fn key_to_json(key: &Key) -> String {
    match key {
        Key::Int(number) => number.to_string(),
        Key::Uint(number) => number.to_string(),
        Key::Bool(truth) => truth.to_string(),
        Key::String(text) => text.to_string(),
    }
}
