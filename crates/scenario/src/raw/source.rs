//! Where manifests come from.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use crate::spanned::{Anything, ONE_OR_MORE, Text};

/// A manifest file, a folder of them, or what a program renders.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct Source(pub(crate) Anything);

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A manifest file, relative to this one; a folder of them, which ends \
                            with `/`; or what kustomize or helm renders.",
            "anyOf": [{"type": "string"}, generator.subschema_for::<Rendered>()]
        })
    }
}

/// Manifests that a program renders before anything runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Rendered {
    /// A folder with a `kustomization.yaml`, for `kubectl kustomize`.
    Kustomize(Text),
    /// A chart, for `helm template`.
    Helm(Helm),
}

/// A chart and its values.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Helm {
    /// The chart: a folder or an archive, relative to this file.
    pub(crate) chart: Text,
    /// The name of the release.
    pub(crate) release: Text,
    /// Its namespace.
    pub(crate) namespace: Option<Text>,
    /// Files of values, relative to this file, the later ones stronger.
    pub(crate) values: Option<Vec<Text>>,
    /// Single values, as `helm --set` takes them: `image.tag: 7.2`.
    #[schemars(extend("type" = "object"))]
    pub(crate) set: Option<Anything>,
}

/// One source or several.
#[derive(Debug)]
pub(crate) struct Sources(pub(crate) Vec<Source>);

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Vec<Source>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("manifests, or a list of them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Source>, A::Error> {
                let mut sources = Vec::new();
                while let Some(source) = list.next_element()? {
                    sources.push(source);
                }
                Ok(sources)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                one: D,
            ) -> Result<Vec<Source>, D::Error> {
                Ok(vec![Source::deserialize(one)?])
            }
        }

        deserializer
            .deserialize_newtype_struct(ONE_OR_MORE, OneOrMore)
            .map(Sources)
    }
}

impl JsonSchema for Sources {
    fn schema_name() -> Cow<'static, str> {
        "Sources".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Source>();
        let rendered = generator.subschema_for::<Rendered>();
        json_schema!({
            "description": "Manifests from one place, or from several.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": one}, rendered]
        })
    }
}
