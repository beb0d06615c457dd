//! What of an answer is compared.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::case::{Filter, Step, Unordered};
use super::normal::Normal;
use super::path::{dig, put, remove};

static CONTINUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"continue=[^&]{20,}").expect("a pattern of ours"));
static VERSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"resourceVersion=\d{3,}").expect("a pattern of ours"));

/// The part of an answer that a step is about, made plain.
pub(super) fn compared(step: &Step, mut said: Value, normal: &mut Normal) -> Result<Value, String> {
    if let Some(body) = said.get_mut("body").filter(|it| it.is_object()) {
        normal.ages_in(body);
        *body = part(step, body)?;
    }
    for path in &step.volatile {
        if let Some(Value::Array(events)) = said.get_mut("events") {
            for event in events {
                remove(event, path);
            }
        }
        if let Some(body) = said.get_mut("body").filter(|it| it.is_object()) {
            remove(body, path);
        }
    }
    let mut plain = normal.plain(&said);
    for (pattern, stands) in &step.sub {
        let pattern = Regex::new(pattern).map_err(|error| error.to_string())?;
        let text = plain.to_string();
        let text = pattern.replace_all(&text, stands.as_str());
        plain = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    }
    if let Some(unordered) = step.unordered {
        sort_causes(&mut plain["body"], unordered);
    }
    Ok(plain)
}

/// A request's path without what differs in each run.
pub(super) fn request(path: &str) -> String {
    let path = CONTINUE.replace_all(path, "continue=<continue>");
    VERSION
        .replace_all(&path, "resourceVersion=<rv>")
        .into_owned()
}

fn part(step: &Step, body: &Value) -> Result<Value, String> {
    if let Some(path) = &step.keys_of {
        return match dig(body, path) {
            Some(Value::Object(fields)) => Ok(fields.keys().cloned().map(Value::from).collect()),
            Some(Value::Array(members)) => Ok(members.clone().into()),
            _ => Err(format!("there is no `{path}` in {body}")),
        };
    }
    let mut body = body.clone();
    for filter in &step.filter {
        filter.apply(&mut body);
    }
    if step.pick.is_empty() {
        return Ok(body);
    }
    let found = |path: &String| (path.clone(), dig(&body, path).cloned().unwrap_or_default());
    Ok(Value::Object(
        step.pick.iter().map(found).collect::<Map<_, _>>(),
    ))
}

impl Filter {
    fn apply(&self, body: &mut Value) {
        let Some(Value::Array(members)) = dig(body, &self.list) else {
            return;
        };
        let wanted = |member: &&Value| {
            let value = dig(member, &self.key).and_then(Value::as_str);
            value.is_some_and(|value| self.values.iter().any(|it| it == value))
        };
        let members = members.iter().filter(wanted).cloned().collect();
        put(body, &self.list, members);
    }
}

/// Sorts the causes of an error, and its message if that repeats them.
fn sort_causes(body: &mut Value, unordered: Unordered) {
    let text = |cause: &Value| {
        let text = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("field"), text("message"))
    };
    let Some(causes) = body
        .pointer_mut("/details/causes")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    causes.sort_by_key(text);
    if unordered == Unordered::Message {
        let mut texts: Vec<_> = causes.iter().map(text).collect();
        texts.dedup();
        let message = body["message"].as_str().unwrap_or_default();
        let head = message.split('[').next().unwrap_or_default();
        body["message"] = format!("{head}[{}]", texts.join(", ")).into();
    }
}
