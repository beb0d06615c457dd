//! Values that know where they stand, through serde.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use crate::source::NodeId;

/// The name by which our deserializer knows [`Spanned`].
pub(crate) const SPANNED: &str = "$stayput::spanned";
/// Its fields.
pub(crate) const FIELDS: [&str; 2] = ["node", "value"];
/// The name by which our deserializer knows [`Anything`].
pub(crate) const ANYTHING: &str = "$stayput::anything";
/// The name by which it knows something that may be a list of them.
pub(crate) const ONE_OR_MORE: &str = "$stayput::one_or_more";

/// A value and the node that it was read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spanned<T> {
    pub(crate) node: NodeId,
    pub(crate) value: T,
}

/// Text and where it stands.
pub(crate) type Text = Spanned<String>;

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Both<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spanned<T>, A::Error> {
                let (Some((_, node)), Some((_, value))) = (
                    map.next_entry::<String, u64>()?,
                    map.next_entry::<String, T>()?,
                ) else {
                    return Err(A::Error::custom("only our own deserializer knows places"));
                };
                Ok(Spanned {
                    node: NodeId::unpack(node),
                    value,
                })
            }
        }

        deserializer.deserialize_struct(SPANNED, &FIELDS, Both(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A node of any shape, read later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anything(pub(crate) NodeId);

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Packed;

        impl Visitor<'_> for Packed {
            type Value = Anything;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place")
            }

            fn visit_u64<E: Error>(self, packed: u64) -> Result<Anything, E> {
                Ok(Anything(NodeId::unpack(packed)))
            }
        }

        deserializer.deserialize_newtype_struct(ANYTHING, Packed)
    }
}

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}
