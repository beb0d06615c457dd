//! Label and field selectors of a query.
//!
//! Invariant: errors are those of Kubernetes' parser.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::find;
use crate::issues::go_quote;
use crate::kinds::{Kind, Refusal};
use crate::rules::names;
use crate::status::Status;
use crate::store::Object;

/// One requirement on labels.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// One requirement on a field: where it is found, the value, whether it must be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRequirement {
    pointers: &'static [&'static str],
    value: String,
    equal: bool,
}

/// What a list or a watch asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

impl Selector {
    /// Reads both selectors.
    pub(crate) fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Selector, Status> {
        Ok(Selector {
            labels: Lexer::new(labels).requirements()?,
            fields: parse_fields(kind, fields)?,
        })
    }

    /// Whether it asks for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether a stored object is what it asks for.
    pub(crate) fn sees(&self, object: &Object) -> bool {
        self.is_empty() || self.matches(&object.value())
    }

    /// Whether an object is what it asks for.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.fields
            .iter()
            .all(|requirement| requirement.matches(object))
            && {
                let labels = &object["metadata"]["labels"];
                self.labels
                    .iter()
                    .all(|requirement| requirement.matches(labels))
            }
    }

    /// The first field that has to have one value: where it is, and the value.
    pub(crate) fn field(&self) -> Option<(&'static [&'static str], &str)> {
        let first = self.fields.iter().find(|requirement| requirement.equal)?;
        Some((first.pointers, &first.value))
    }

    /// The name that the only object it can match must have.
    pub(crate) fn name(&self) -> Option<&str> {
        let names = |requirement: &&FieldRequirement| {
            requirement.equal && requirement.pointers == ["/metadata/name"]
        };
        self.fields
            .iter()
            .find(names)
            .map(|requirement| requirement.value.as_str())
    }
}

impl FieldRequirement {
    fn matches(&self, object: &Value) -> bool {
        (value_at(object, self.pointers) == self.value) == self.equal
    }
}

/// The text of the first of these fields that is not empty.
pub(crate) fn value_at<'a>(object: &'a Value, pointers: &[&'static str]) -> Cow<'a, str> {
    let found = pointers
        .iter()
        .find_map(|pointer| field_text(object, pointer));
    found.unwrap_or_default()
}

/// The text of a field, if it is not empty; "=false" is what an absent field means.
fn field_text<'a>(object: &'a Value, pointer: &'static str) -> Option<Cow<'a, str>> {
    if let Some(default) = pointer.strip_prefix('=') {
        return Some(Cow::Borrowed(default));
    }
    match find(object, pointer)? {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
        Value::Bool(yes) => Some(Cow::Borrowed(if *yes { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

impl Requirement {
    fn matches(&self, labels: &Value) -> bool {
        let get = |key: &String| labels.get(key).and_then(Value::as_str);
        let number = |key: &String| get(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Requirement::In(key, values) => get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => {
                !get(key).is_some_and(|value| values.contains(value))
            }
            Requirement::Exists(key) => get(key).is_some(),
            Requirement::Absent(key) => get(key).is_none(),
            Requirement::Greater(key, limit) => number(key).is_some_and(|value| value > *limit),
            Requirement::Less(key, limit) => number(key).is_some_and(|value| value < *limit),
        }
    }
}

fn parse_fields(kind: &Kind, input: &str) -> Result<Vec<FieldRequirement>, Status> {
    let mut requirements = Vec::new();
    for part in terms(input).into_iter().filter(|part| !part.is_empty()) {
        let (label, value, equal) = if let Some((label, value)) = part.split_once("!=") {
            (label, value, false)
        } else if let Some((label, value)) = part.split_once("==") {
            (label, value, true)
        } else if let Some((label, value)) = part.split_once('=') {
            (label, value, true)
        } else {
            return Err(Status::bad_request(format!(
                "invalid selector: '{input}'; can't understand '{part}'"
            )));
        };
        let value = unescaped(value.trim())
            .map_err(|why| Status::bad_request(format!("invalid field selector: {why}")))?;
        requirements.push(FieldRequirement {
            pointers: pointers(kind, label.trim())?,
            value,
            equal,
        });
    }
    Ok(requirements)
}

/// What stands between commas, unless a backslash stands before them.
fn terms(input: &str) -> Vec<&str> {
    let mut escaped = false;
    let split = |letter: char| {
        let splits = letter == ',' && !escaped;
        escaped = letter == '\\' && !escaped;
        splits
    };
    input.split(split).collect()
}

/// A value without the backslashes before backslashes, commas and equals signs.
fn unescaped(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => return Err(format!("invalid escape sequence: \\{other}")),
                None => return Err("invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => {
                let number = u32::from(letter);
                return Err(format!("unescaped character in value: {number}"));
            }
            other => plain.push(other),
        }
    }
    Ok(plain)
}

fn pointers(kind: &Kind, label: &str) -> Result<&'static [&'static str], Status> {
    match label {
        "metadata.name" => return Ok(&["/metadata/name"]),
        "metadata.namespace" => return Ok(&["/metadata/namespace"]),
        _ => {}
    }
    if let Some((_, pointers)) = kind.fields.known.iter().find(|(known, _)| *known == label) {
        return Ok(pointers);
    }
    Err(Status::bad_request(match kind.fields.refusal {
        Refusal::OnlyMetadata => format!(
            "\"{label}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
        Refusal::NotSupported => format!("field label not supported: {label}"),
    }))
}

struct Lexer<'a> {
    rest: &'a str,
}

const OPERATORS: [&str; 7] = ["==", "!=", "=", "!", ">", "<", ","];

fn is_identifier(token: &str) -> bool {
    !token.is_empty() && !OPERATORS.contains(&token) && token != "(" && token != ")"
}

fn refuse(text: String) -> Status {
    Status::bad_request(text)
}

fn unparsable(text: &str) -> Status {
    refuse(format!("unable to parse requirement: {text}"))
}

impl<'a> Lexer<'a> {
    fn new(rest: &'a str) -> Lexer<'a> {
        Lexer { rest }
    }

    fn peek(&self) -> &'a str {
        let rest = self.rest.trim_start();
        if let Some(operator) = OPERATORS
            .iter()
            .chain(&["(", ")"])
            .find(|operator| rest.starts_with(**operator))
        {
            return &rest[..operator.len()];
        }
        let end = rest
            .find(|letter: char| letter.is_whitespace() || "=!<>,()".contains(letter))
            .unwrap_or(rest.len());
        &rest[..end]
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.rest = &self.rest.trim_start()[token.len()..];
        token
    }

    fn requirements(mut self) -> Result<Vec<Requirement>, Status> {
        let mut requirements = Vec::new();
        if self.peek().is_empty() {
            return Ok(requirements);
        }
        loop {
            let token = self.peek();
            if token != "!" && !is_identifier(token) {
                return Err(refuse(format!(
                    "found '{token}', expected: !, identifier, or 'end of string'"
                )));
            }
            requirements.push(self.requirement()?);
            match self.next() {
                "" => return Ok(requirements),
                "," => {
                    if let token @ ("" | ",") = self.peek() {
                        return Err(refuse(format!(
                            "found '{token}', expected: identifier after ','"
                        )));
                    }
                }
                token => {
                    return Err(refuse(format!(
                        "found '{token}', expected: ',' or 'end of string'"
                    )));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, Status> {
        if self.peek() == "!" {
            self.next();
            return Ok(Requirement::Absent(self.key()?));
        }
        let key = self.key()?;
        let requirement = match self.peek() {
            "" | "," => Requirement::Exists(key),
            "=" | "==" | "!=" => {
                let equal = self.next() != "!=";
                let value = self.value(&key)?;
                if equal {
                    Requirement::In(key, BTreeSet::from([value]))
                } else {
                    Requirement::NotIn(key, BTreeSet::from([value]))
                }
            }
            ">" | "<" | "gt" | "lt" => {
                let greater = matches!(self.next(), ">" | "gt");
                let limit = self.limit()?;
                if greater {
                    Requirement::Greater(key, limit)
                } else {
                    Requirement::Less(key, limit)
                }
            }
            "in" => {
                self.next();
                Requirement::In(key.clone(), self.values(&key)?)
            }
            "notin" => {
                self.next();
                Requirement::NotIn(key.clone(), self.values(&key)?)
            }
            token => {
                return Err(unparsable(&format!(
                    "found '{token}', expected: in, notin, =, ==, !=, gt, lt"
                )));
            }
        };
        Ok(requirement)
    }

    fn key(&mut self) -> Result<String, Status> {
        let key = self.next();
        if !is_identifier(key) {
            return Err(unparsable(&format!("found '{key}', expected: identifier")));
        }
        match names::qualified(key).first() {
            Some(error) => Err(unparsable(&format!(
                "<nil>: Invalid value: {}: {error}",
                go_quote(key)
            ))),
            None => Ok(key.to_owned()),
        }
    }

    fn checked(key: &str, value: &str, index: usize) -> Result<String, Status> {
        match names::label_value(value).first() {
            Some(error) => Err(unparsable(&format!(
                "values[{index}][{key}]: Invalid value: {}: {error}",
                go_quote(value)
            ))),
            None => Ok(value.to_owned()),
        }
    }

    fn value(&mut self, key: &str) -> Result<String, Status> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            _ => Self::checked(key, self.next(), 0),
        }
    }

    fn limit(&mut self) -> Result<i64, Status> {
        let text = self.next();
        let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
        text.parse().map_err(|_| {
            unparsable(&format!(
                "values[0]: Invalid value: {}: {detail}",
                go_quote(text)
            ))
        })
    }

    fn values(&mut self, key: &str) -> Result<BTreeSet<String>, Status> {
        match self.next() {
            "(" => {}
            token => return Err(unparsable(&format!("found '{token}' expected: '('"))),
        }
        match self.peek() {
            ")" => {
                self.next();
                Ok(BTreeSet::from([String::new()]))
            }
            token if token != "," && OPERATORS.contains(&token) || token.is_empty() => {
                Err(unparsable(&format!(
                    "found '{token}', expected: ',', ')' or identifier"
                )))
            }
            _ => self.listed(key),
        }
    }

    /// The values up to the closing parenthesis; between commas a value may be empty.
    fn listed(&mut self, key: &str) -> Result<BTreeSet<String>, Status> {
        let mut values = BTreeSet::new();
        let mut count = 0;
        loop {
            match self.peek() {
                "," | ")" => values.insert(String::new()),
                token if OPERATORS.contains(&token) || token.is_empty() => {
                    return Err(unparsable(&format!(
                        "found '{token}', expected: ',', or identifier"
                    )));
                }
                _ => {
                    let value = self.next();
                    count += 1;
                    values.insert(Self::checked(key, value, count - 1)?)
                }
            };
            match self.next() {
                "," => {}
                ")" => return Ok(values),
                token => {
                    return Err(unparsable(&format!(
                        "found '{token}', expected: ',' or ')'"
                    )));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
