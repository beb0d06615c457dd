//! An answer without what differs in each run.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::text::Texts;

/// Columns whose cells are ages.
const AGES: [&str; 4] = ["Age", "Last Seen", "First Seen", "Duration"];
static AGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d+[smhdy])+$").expect("a pattern of ours"));

/// Makes the answers of one case plain.
#[derive(Debug)]
pub(super) struct Normal {
    pub(super) texts: Texts,
    managers: Managers,
    /// The columns of the last table: a watch tells them once.
    columns: Vec<String>,
}

/// Whether it is compared who manages which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Managers {
    /// It is.
    Kept,
    /// It is not.
    Dropped,
}

/// Whose metadata is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Object,
    List,
}

impl Normal {
    /// For one case.
    pub(super) fn new(texts: Texts, managers: Managers) -> Self {
        Self {
            texts,
            managers,
            columns: Vec::new(),
        }
    }

    /// Makes an answer plain.
    pub(super) fn plain(&mut self, answer: &Value) -> Value {
        self.learn_names(answer);
        self.walk(answer, "", Of::Object)
    }

    /// Puts something else for the ages in a table.
    fn ages(&mut self, table: &mut Map<String, Value>) {
        if let Some(Value::Array(columns)) = table.get("columnDefinitions")
            && !columns.is_empty()
        {
            let names = columns.iter().map(|it| it["name"].as_str());
            self.columns = names.map(|it| it.unwrap_or_default().to_owned()).collect();
        }
        let Some(Value::Array(rows)) = table.get_mut("rows") else {
            return;
        };
        for cells in rows
            .iter_mut()
            .filter_map(|row| row["cells"].as_array_mut())
        {
            for (cell, column) in cells.iter_mut().zip(&self.columns) {
                let age = cell.as_str().is_some_and(|it| AGE.is_match(it));
                if age && AGES.contains(&column.as_str()) {
                    *cell = "<age>".into();
                }
            }
        }
    }

    /// Puts something else for the ages in an answer of which only a part is compared.
    pub(super) fn ages_in(&mut self, body: &mut Value) {
        if let Value::Object(table) = body
            && table.get("kind").is_some_and(|it| it == "Table")
        {
            self.ages(table);
        }
    }

    fn learn_names(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                let metadata = fields.get("metadata");
                let text = |key| metadata.and_then(|it| it.get(key)).and_then(Value::as_str);
                if let (Some(prefix), Some(name)) = (text("generateName"), text("name")) {
                    self.texts.generated(prefix, name);
                }
                fields.values().for_each(|field| self.learn_names(field));
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_names(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn walk(&mut self, value: &Value, key: &str, of: Of) -> Value {
        match value {
            Value::Object(fields) if fields.get("kind").is_some_and(|it| it == "Table") => {
                let mut table = fields.clone();
                self.ages(&mut table);
                self.walk_fields(&table, of)
            }
            Value::Object(fields) => self.walk_fields(fields, of),
            Value::Array(items) => {
                let of = if key == "items" { Of::Object } else { of };
                let items = items.iter().map(|item| self.walk(item, key, of));
                Value::Array(items.collect())
            }
            Value::String(text) => self.texts.plain(text).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn walk_fields(&mut self, fields: &Map<String, Value>, of: Of) -> Value {
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or("");
        let list = (kind.ends_with("List") || kind == "Table") && fields.contains_key("metadata");
        let bookmark = fields.get("type").is_some_and(|it| it == "BOOKMARK");
        let mut plain = Map::new();
        for (key, field) in fields {
            if key == "managedFields" && self.managers == Managers::Dropped {
                continue;
            }
            if let Some(stands) = self.stands_for(key, field, of) {
                plain.insert(key.clone(), stands.into());
                continue;
            }
            let metadata = key == "metadata" && (list || of == Of::List);
            let below = if metadata || bookmark {
                Of::List
            } else {
                Of::Object
            };
            let field = self.walk(field, key, below);
            plain.insert(self.texts.plain(key), field);
        }
        Value::Object(plain)
    }

    /// What stands for a field that is known by its name.
    fn stands_for(&mut self, key: &str, field: &Value, of: Of) -> Option<String> {
        match (key, field) {
            ("resourceVersion", Value::String(text)) => {
                let number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
                match of {
                    _ if !number || text == "0" => None,
                    Of::List => Some("<rv-list>".to_owned()),
                    Of::Object => Some(self.texts.number("rv", text)),
                }
            }
            ("continue", Value::String(text)) if !text.is_empty() => Some("<continue>".to_owned()),
            ("nodePort" | "healthCheckNodePort", Value::Number(port)) => {
                let asked = self.texts.asks_for_port(&port.to_string());
                (!asked).then(|| "<nodePort>".to_owned())
            }
            ("token", Value::String(text)) if text.matches('.').count() == 2 => {
                Some("<token>".to_owned())
            }
            _ => None,
        }
    }
}
