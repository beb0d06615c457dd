//! Trees to the raw types, through serde.
//!
//! What the schema refused is left out as if it were not written, so that the
//! rest is still read and checked.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, VariantAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer, StrDeserializer, U64Deserializer},
    },
    forward_to_deserialize_any,
};

use crate::{
    source::{Kind, NodeId, Sources},
    spanned::{ANYTHING, FIELDS, ONE_OR_MORE, SPANNED},
};

/// Why a value cannot be read though the schema allows it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DecodeError(Box<str>);

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

/// Reads a node; nodes in `refused` are left out of lists and maps.
pub(crate) fn decode<'de, T: Deserialize<'de>>(
    sources: &'de Sources,
    refused: &'de HashSet<NodeId>,
    node: NodeId,
) -> Result<T, DecodeError> {
    T::deserialize(At {
        sources,
        refused,
        node,
    })
}

#[derive(Clone, Copy)]
struct At<'de> {
    sources: &'de Sources,
    refused: &'de HashSet<NodeId>,
    node: NodeId,
}

impl<'de> At<'de> {
    fn to(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    fn list(
        self,
        items: &'de [NodeId],
    ) -> SeqDeserializer<impl Iterator<Item = At<'de>>, DecodeError> {
        SeqDeserializer::new(
            items
                .iter()
                .filter(move |item| !self.refused.contains(item))
                .map(move |item| self.to(*item)),
        )
    }

    fn map(
        self,
        entries: &'de [(NodeId, NodeId)],
    ) -> MapDeserializer<'de, impl Iterator<Item = (&'de str, At<'de>)>, DecodeError> {
        MapDeserializer::new(
            entries
                .iter()
                .filter(move |(key, value)| {
                    !self.refused.contains(key) && !self.refused.contains(value)
                })
                .map(move |(key, value)| {
                    (self.sources.text(*key).unwrap_or_default(), self.to(*value))
                }),
        )
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for At<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for At<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.sources.kind(self.node) {
            Kind::Unreadable | Kind::Null => visitor.visit_unit(),
            Kind::Bool(truth) => visitor.visit_bool(*truth),
            Kind::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(unsigned), _, _) => visitor.visit_u64(unsigned),
                (_, Some(signed), _) => visitor.visit_i64(signed),
                (_, _, float) => visitor.visit_f64(float.unwrap_or(f64::NAN)),
            },
            Kind::Text(text) => visitor.visit_borrowed_str(text),
            Kind::List(items) => visitor.visit_seq(self.list(items)),
            Kind::Map(entries) => visitor.visit_map(self.map(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if name == ANYTHING {
            visitor.visit_u64(self.node.pack())
        } else if name == ONE_OR_MORE {
            match self.sources.kind(self.node) {
                Kind::List(items) => visitor.visit_seq(self.list(items)),
                _ => visitor.visit_newtype_struct(self),
            }
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if name == SPANNED {
            visitor.visit_map(Placed { at: self, given: 0 })
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match (
            self.sources.kind(self.node),
            self.sources.entries(self.node),
        ) {
            (Kind::Text(text), _) => visitor.visit_enum(Variant {
                name: text,
                content: None,
            }),
            (_, [(key, value)]) => visitor.visit_enum(Variant {
                name: self.sources.text(*key).unwrap_or_default(),
                content: Some(self.to(*value)),
            }),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The two fields of a `Spanned`.
struct Placed<'de> {
    at: At<'de>,
    given: usize,
}

impl<'de> MapAccess<'de> for Placed<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let name = FIELDS.get(self.given);
        self.given += 1;
        name.map(|name| seed.deserialize(StrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        if self.given == 1 {
            seed.deserialize(U64Deserializer::new(self.at.node.pack()))
        } else {
            seed.deserialize(self.at)
        }
    }
}

/// A choice: its name, and what it holds.
struct Variant<'de> {
    name: &'de str,
    content: Option<At<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'de>), DecodeError> {
        let name = seed.deserialize(StrDeserializer::<DecodeError>::new(self.name))?;
        Ok((name, Content(self.content)))
    }
}

struct Content<'de>(Option<At<'de>>);

impl<'de> Content<'de> {
    fn needed(self) -> Result<At<'de>, DecodeError> {
        self.0
            .ok_or_else(|| DecodeError("this choice needs more than its name".into()))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.needed()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.needed()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.needed()?.deserialize_any(visitor)
    }
}
