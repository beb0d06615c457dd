//! A control as it is written.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{Step, one_of, verb::DURATION};
use crate::spanned::{Anything, Spanned, Text};

/// A sabotage, and the step that has to notice it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&["before", "instead"])))]
pub(crate) struct Control {
    /// Its name.
    pub(crate) name: Text,
    /// What it does, in a sentence, where the name does not say it.
    pub(crate) about: Option<Text>,
    /// The step just before which it happens, or `leak check`.
    pub(crate) before: Option<Text>,
    /// The step in whose place it happens.
    pub(crate) instead: Option<Text>,
    /// What is done.
    pub(crate) r#do: Vec<Spanned<Step>>,
    /// What undoes it, whatever happened.
    pub(crate) undo: Option<Vec<Spanned<Step>>>,
    /// More that is done, at other moments.
    pub(crate) also: Option<Vec<Act>>,
    /// Steps that it does not need, or `all`.
    pub(crate) skip: Option<Skip>,
    /// A time for the step that has to fail, shorter than its own.
    #[schemars(extend("pattern" = DURATION))]
    pub(crate) within: Option<Text>,
    /// The step that has to fail, or `leak check`.
    pub(crate) fails_at: Text,
}

/// One act of a sabotage.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&["before", "instead"])))]
pub(crate) struct Act {
    /// The step just before which it happens, or `leak check`.
    pub(crate) before: Option<Text>,
    /// The step in whose place it happens.
    pub(crate) instead: Option<Text>,
    /// What is done.
    pub(crate) r#do: Vec<Spanned<Step>>,
    /// What undoes it, whatever happened.
    pub(crate) undo: Option<Vec<Spanned<Step>>>,
}

/// Steps that are left out.
#[derive(Debug)]
pub(crate) enum Skip {
    All,
    /// Names, or lists of names: an alias of a list may stand among names.
    Some(Vec<Anything>),
}

impl<'de> Deserialize<'de> for Skip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllOrList;

        impl<'de> Visitor<'de> for AllOrList {
            type Value = Skip;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, or a list of steps")
            }

            fn visit_str<E>(self, _: &str) -> Result<Skip, E> {
                Ok(Skip::All)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Skip, A::Error> {
                let mut steps = Vec::new();
                while let Some(step) = list.next_element()? {
                    steps.push(step);
                }
                Ok(Skip::Some(steps))
            }
        }

        deserializer.deserialize_any(AllOrList)
    }
}

impl JsonSchema for Skip {
    fn schema_name() -> Cow<'static, str> {
        "Skip".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let name = json_schema!({"type": "string"});
        json_schema!({
            "description": "Names of steps, or `all`; a list among them counts as its names.",
            "anyOf": [
                {"const": "all"},
                {"type": "array", "items": {"anyOf": [name, {"type": "array", "items": name}]}}
            ]
        })
    }
}
