//! The descriptions that column definitions carry, read from the schema when first asked for.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::columns::{Columns, Doc};

/// The schema's definitions, for their descriptions.
#[derive(Debug, Default)]
pub(crate) struct Docs(HashMap<(&'static str, &'static str), String>);

impl Docs {
    /// Keeps the descriptions which these columns use.
    pub(crate) fn new(
        definitions: &Map<String, Value>,
        columns: impl Iterator<Item = Columns>,
    ) -> Docs {
        let mut docs = HashMap::new();
        for column in columns.flat_map(|columns| columns.list) {
            if let Doc::Field(def, field) = column.doc {
                let description = definitions
                    .get(def)
                    .and_then(|definition| definition["properties"][field]["description"].as_str());
                let text = description.unwrap_or_default();
                let text = text
                    .split("\n\nPossible enum values")
                    .next()
                    .unwrap_or_default();
                let text = text
                    .split(" (Deprecated) The EndpointSlice")
                    .next()
                    .unwrap_or_default();
                docs.insert((def, field), text.to_owned());
            }
        }
        Docs(docs)
    }

    /// The `columnDefinitions` of a table.
    pub(crate) fn definitions(&self, columns: Columns) -> Value {
        let definition = |column: &super::columns::Column| {
            let description = match column.doc {
                Doc::Text(text) => text,
                Doc::Field(def, field) => self.0.get(&(def, field)).map_or("", String::as_str),
            };
            json!({
                "name": column.name, "type": column.ty, "format": column.format,
                "description": description, "priority": column.priority,
            })
        };
        columns.list.iter().map(definition).collect()
    }
}
