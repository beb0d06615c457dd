//! Reads protobuf bodies: some commands of kubectl (`create namespace`, `drain`) send nothing else.
//!
//! Invariants:
//! - Field numbers come from the table; what is not in it is skipped, as protobuf asks.
//! - The result is a document like any other: what it may say is decided after.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::types::{DefId, Schema, Type};
use crate::json::{Tree, parse};
use crate::time::{self, Precision};

/// What every protobuf body begins with.
const MAGIC: &[u8] = b"k8s\0";
const MAX_DEPTH: usize = 64;

/// A body that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// It does not begin as it should.
    #[error(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )]
    Prefix,
    /// It ends too early, or a length is wrong.
    #[error("unexpected EOF")]
    Truncated,
}

/// One field on the wire.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Skipped,
}

/// Reads a body: its document, with `apiVersion` and `kind`. `find` gives the definition of a kind.
pub(crate) fn decode(
    schema: &Schema,
    body: &[u8],
    find: impl Fn(&str, &str) -> Option<DefId>,
) -> Result<Tree, Malformed> {
    let envelope = body.strip_prefix(MAGIC).ok_or(Malformed::Prefix)?;
    let (mut api_version, mut kind, mut raw): (String, String, &[u8]) =
        (String::new(), String::new(), &[]);
    for (number, wire) in fields(envelope)? {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => {
                for (number, wire) in fields(meta)? {
                    match (number, wire) {
                        (1, Wire::Bytes(bytes)) => api_version = text(bytes),
                        (2, Wire::Bytes(bytes)) => kind = text(bytes),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut entries = match find(&api_version, &kind) {
        Some(id) => message(schema, id, raw, 0)?,
        None => Vec::new(),
    };
    entries.insert(0, ("kind".to_owned(), Tree::Text(kind)));
    entries.insert(0, ("apiVersion".to_owned(), Tree::Text(api_version)));
    Ok(Tree::Map(entries))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Malformed::Truncated)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f)
            .checked_shl(shift)
            .unwrap_or_default();
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed::Truncated)
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed::Truncated)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Malformed::Truncated)?;
    *bytes = rest;
    Ok(taken)
}

fn fields(mut bytes: &[u8]) -> Result<Vec<(u64, Wire<'_>)>, Malformed> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            2 => {
                let length = varint(&mut bytes)?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            1 => take(&mut bytes, 8).map(|_| Wire::Skipped)?,
            5 => take(&mut bytes, 4).map(|_| Wire::Skipped)?,
            _ => return Err(Malformed::Truncated),
        };
        found.push((tag >> 3, wire));
    }
    Ok(found)
}

/// The entries of a struct; fields of embedded structs come from their own messages.
fn message(
    schema: &Schema,
    id: DefId,
    bytes: &[u8],
    depth: usize,
) -> Result<Vec<(String, Tree)>, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed::Truncated);
    }
    let mut entries: BTreeMap<&str, Tree> = BTreeMap::new();
    collect(schema, id, bytes, "", depth, &mut entries)?;
    Ok(entries
        .into_iter()
        .map(|(name, tree)| (name.to_owned(), tree))
        .collect())
}

fn collect<'a>(
    schema: &'a Schema,
    id: DefId,
    bytes: &[u8],
    prefix: &str,
    depth: usize,
    entries: &mut BTreeMap<&'a str, Tree>,
) -> Result<(), Malformed> {
    let def = schema.def(id);
    for (number, wire) in fields(bytes)? {
        let path = format!("{prefix}{number}");
        if let Some((name, field)) = def.fields.iter().find(|(_, field)| field.number == path) {
            one(schema, name, &field.ty, &wire, depth, entries)?;
            continue;
        }
        let inside = format!("{path}.");
        if let Wire::Bytes(bytes) = wire
            && def
                .fields
                .values()
                .any(|field| field.number.starts_with(&inside))
        {
            collect(schema, id, bytes, &inside, depth, entries)?;
        }
    }
    Ok(())
}

fn one<'a>(
    schema: &Schema,
    name: &'a str,
    ty: &Type,
    wire: &Wire<'_>,
    depth: usize,
    entries: &mut BTreeMap<&'a str, Tree>,
) -> Result<(), Malformed> {
    match ty {
        Type::List(item) => {
            let values = match (item.as_ref(), wire) {
                // Numbers may come many in one field.
                (Type::Integer(_) | Type::Bool, Wire::Bytes(packed)) => {
                    let mut packed = *packed;
                    let mut values = Vec::new();
                    while !packed.is_empty() {
                        values.push(value(
                            schema,
                            item,
                            &Wire::Number(varint(&mut packed)?),
                            depth,
                        )?);
                    }
                    values
                }
                _ => vec![value(schema, item, wire, depth)?],
            };
            if let Tree::List(list) = entries
                .entry(name)
                .or_insert_with(|| Tree::List(Vec::new()))
            {
                list.extend(values);
            }
        }
        Type::Map(item) => {
            let Wire::Bytes(bytes) = wire else {
                return Ok(());
            };
            let (mut key, mut found) = (String::new(), Tree::Text(String::new()));
            for (number, wire) in fields(bytes)? {
                match (number, &wire) {
                    (1, Wire::Bytes(bytes)) => key = text(bytes),
                    (2, wire) => found = value(schema, item, wire, depth)?,
                    _ => {}
                }
            }
            if let Tree::Map(map) = entries.entry(name).or_insert_with(|| Tree::Map(Vec::new())) {
                map.push((key, found));
            }
        }
        _ => {
            let tree = value(schema, ty, wire, depth)?;
            entries.insert(name, tree);
        }
    }
    Ok(())
}

fn value(schema: &Schema, ty: &Type, wire: &Wire<'_>, depth: usize) -> Result<Tree, Malformed> {
    Ok(match (ty, wire) {
        (Type::Bool, Wire::Number(number)) => Tree::Bool(*number != 0),
        (_, Wire::Number(number)) => Tree::Number(number.cast_signed().into()),
        (Type::Struct(id), Wire::Bytes(bytes)) => {
            Tree::Map(message(schema, *id, bytes, depth + 1)?)
        }
        (Type::Text, Wire::Bytes(bytes)) => Tree::Text(text(bytes)),
        (Type::Bytes, Wire::Bytes(bytes)) => Tree::Text(STANDARD.encode(bytes)),
        (Type::Time, Wire::Bytes(bytes)) => instant(bytes, Precision::Seconds)?,
        (Type::MicroTime, Wire::Bytes(bytes)) => instant(bytes, Precision::Micros)?,
        (Type::Quantity, Wire::Bytes(bytes)) => first_text(bytes)?,
        (Type::IntOrString, Wire::Bytes(bytes)) => int_or_string(bytes)?,
        (Type::Any, Wire::Bytes(bytes)) => {
            match fields(bytes)?.into_iter().find(|(number, _)| *number == 1) {
                Some((_, Wire::Bytes(raw))) => parse::parse(raw).unwrap_or(Tree::Null),
                _ => Tree::Null,
            }
        }
        _ => Tree::Null,
    })
}

fn first_text(bytes: &[u8]) -> Result<Tree, Malformed> {
    let found = fields(bytes)?
        .into_iter()
        .find_map(|(number, wire)| match (number, wire) {
            (1, Wire::Bytes(bytes)) => Some(text(bytes)),
            _ => None,
        });
    Ok(Tree::Text(found.unwrap_or_default()))
}

fn int_or_string(bytes: &[u8]) -> Result<Tree, Malformed> {
    let (mut is_text, mut number, mut string) = (false, 0_i64, String::new());
    for (field, wire) in fields(bytes)? {
        match (field, wire) {
            (1, Wire::Number(kind)) => is_text = kind == 1,
            (2, Wire::Number(value)) => number = value.cast_signed(),
            (3, Wire::Bytes(bytes)) => string = text(bytes),
            _ => {}
        }
    }
    Ok(if is_text {
        Tree::Text(string)
    } else {
        Tree::Number(number.into())
    })
}

fn instant(bytes: &[u8], precision: Precision) -> Result<Tree, Malformed> {
    let (mut seconds, mut nanos) = (None, 0_i32);
    for (number, wire) in fields(bytes)? {
        match (number, wire) {
            (1, Wire::Number(value)) => seconds = Some(value.cast_signed()),
            (2, Wire::Number(value)) => nanos = i32::try_from(value).unwrap_or_default(),
            _ => {}
        }
    }
    let instant = seconds.and_then(|seconds| Timestamp::new(seconds, nanos).ok());
    Ok(instant.map_or(Tree::Null, |instant| {
        Tree::Text(time::write(instant, precision))
    }))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).expect("short")];
        out.extend_from_slice(bytes);
        out
    }

    fn check(raw: &[u8]) -> String {
        let schema = Schema::load();
        let meta = [field(1, b"v1"), field(2, b"ConfigMap")].concat();
        let body = [b"k8s\0".to_vec(), field(1, &meta), field(2, raw)].concat();
        match decode(&schema, &body, |_, _| {
            schema.find("io.k8s.api.core.v1.ConfigMap")
        }) {
            Ok(tree) => tree.into_value().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_config_map_is_read() {
        let metadata = field(1, b"name");
        let entry = [field(1, b"k"), field(2, b"v")].concat();
        let raw = [field(1, &metadata), field(2, &entry), vec![4 << 3, 1]].concat();
        assert_snapshot!(check(&raw), @r#"{"apiVersion":"v1","data":{"k":"v"},"immutable":true,"kind":"ConfigMap","metadata":{"name":"name"}}"#);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        assert_snapshot!(check(&[1 << 3 | 2, 100, 1]), @"unexpected EOF");
        let schema = Schema::load();
        assert_eq!(decode(&schema, b"{}", |_, _| None), Err(Malformed::Prefix));
    }
}
