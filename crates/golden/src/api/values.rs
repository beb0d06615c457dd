//! What a request says of earlier answers, as `{{uid.made}}` or `{$from: made}`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;
use serde_yaml::Value as Yaml;

use super::path::{dig, put, remove};

static HOLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\s*([^}\s]+)\s*\}\}").expect("a pattern of ours"));

/// What is known while a case is played.
#[derive(Debug)]
pub(super) struct Values {
    /// The names that a case may use: `ns`, `run`, `node`, `c`, `a`.
    names: BTreeMap<&'static str, String>,
    /// The bodies of earlier answers.
    answers: BTreeMap<String, Value>,
}

impl Values {
    /// Before the first answer.
    pub(super) fn new(names: BTreeMap<&'static str, String>) -> Self {
        Self {
            names,
            answers: BTreeMap::new(),
        }
    }

    /// Remembers an answer.
    pub(super) fn remember(&mut self, name: &str, body: &Value) {
        if body.is_object() {
            self.answers.insert(name.to_owned(), body.clone());
        }
    }

    /// A text without holes.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut missing = None;
        let filled = HOLE.replace_all(text, |found: &Captures<'_>| {
            self.named(&found[1]).unwrap_or_else(|| {
                missing = Some(format!("nothing is known of `{}`", &found[1]));
                String::new()
            })
        });
        let filled = filled.into_owned();
        missing.map_or(Ok(filled), Err)
    }

    fn named(&self, name: &str) -> Option<String> {
        if let Some(value) = self.names.get(name) {
            return Some(value.clone());
        }
        let (what, rest) = name.split_once('.')?;
        let (answer, path) = match what {
            "val" => rest.split_once('.')?,
            "uid" => (rest, "metadata.uid"),
            "rv" => (rest, "metadata.resourceVersion"),
            "name" => (rest, "metadata.name"),
            "continue" => (rest, "metadata.continue"),
            _ => return None,
        };
        match dig(self.answers.get(answer)?, path)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A body as it is sent. Fields keep their order, for a server's message has it.
    pub(super) fn body(&self, body: &Yaml) -> Result<String, String> {
        match body {
            Yaml::String(text) => self.fill(text),
            other => self.json(other),
        }
    }

    fn json(&self, value: &Yaml) -> Result<String, String> {
        match value {
            Yaml::Mapping(fields) => match fields.get("$from").and_then(Yaml::as_str) {
                Some(answer) => self.changed(answer, fields),
                None => self.object(fields),
            },
            Yaml::Sequence(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|it| self.json(it)).collect();
                Ok(format!("[{}]", items?.join(",")))
            }
            Yaml::String(text) => Ok(Value::from(self.fill(text)?).to_string()),
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::Tagged(_) => {
                serde_json::to_string(value).map_err(|error| error.to_string())
            }
        }
    }

    fn object(&self, fields: &serde_yaml::Mapping) -> Result<String, String> {
        let field = |(key, value): (&Yaml, &Yaml)| {
            let key = match key {
                Yaml::String(text) => self.fill(text)?,
                other => self.json(other)?,
            };
            Ok(format!("{}:{}", Value::from(key), self.json(value)?))
        };
        let fields: Result<Vec<_>, String> = fields.iter().map(field).collect();
        Ok(format!("{{{}}}", fields?.join(",")))
    }

    /// An earlier answer with `$set` and `$unset` done to it.
    fn changed(&self, answer: &str, how: &serde_yaml::Mapping) -> Result<String, String> {
        let known = self.answers.get(answer);
        let known = known.ok_or_else(|| format!("there is no answer `{answer}`"))?;
        let mut changed = known.clone();
        remove(&mut changed, "metadata.managedFields");
        if let Some(Yaml::Mapping(set)) = how.get("$set") {
            for (path, value) in set {
                let value = serde_json::from_str(&self.json(value)?);
                let value = value.map_err(|error| error.to_string())?;
                put(&mut changed, path.as_str().unwrap_or_default(), value);
            }
        }
        if let Some(Yaml::Sequence(unset)) = how.get("$unset") {
            for path in unset.iter().filter_map(Yaml::as_str) {
                remove(&mut changed, path);
            }
        }
        Ok(changed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> Values {
        let mut values = Values::new(BTreeMap::from([("run", "bcdfg5".to_owned())]));
        let made = json!({"metadata": {"uid": "u", "name": "n", "managedFields": []}, "a": 1});
        values.remember("made", &made);
        values
    }

    #[test]
    fn holes_are_filled_from_names_and_answers() {
        let filled = values().fill("pv-{{run}} {{uid.made}} {{val.made.a}}");
        assert_eq!(filled.unwrap(), "pv-bcdfg5 u 1");
        assert_eq!(
            values().fill("{{uid.nope}}").unwrap_err(),
            "nothing is known of `uid.nope`"
        );
    }

    #[test]
    fn a_body_keeps_its_order_or_is_a_changed_answer() {
        let body = |text: &str| {
            let body: Yaml = serde_yaml::from_str(text).unwrap();
            values().body(&body).unwrap()
        };
        assert_eq!(body("{b: 1, a: [x, 1.5]}"), r#"{"b":1,"a":["x",1.5]}"#);
        assert_eq!(
            body("{$from: made, $set: {metadata.name: m}, $unset: [a]}"),
            r#"{"metadata":{"name":"m","uid":"u"}}"#
        );
        assert_eq!(body("'{\"a\": '"), "{\"a\": ");
    }
}
