//! What is wrong with an object, field by field, in Kubernetes' words.
//!
//! Invariant: validation never stops at the first problem.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    field: String,
    reason: &'static str,
    message: String,
}

/// All problems of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Issues(Vec<Issue>);

/// A value as an error quotes it.
pub(crate) fn quote(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        other => other.to_string(),
    }
}

/// A string as Go's `%q` prints it.
pub(crate) fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\0'..' ' | '\u{7f}' => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(letter));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

impl Issues {
    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, field: impl Into<String>, reason: &'static str, message: String) {
        self.0.push(Issue {
            field: field.into(),
            reason,
            message,
        });
    }

    /// Something needed is missing.
    pub(crate) fn required(&mut self, field: impl Into<String>, detail: &str) {
        let message = if detail.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {detail}")
        };
        self.push(field, "FieldValueRequired", message);
    }

    /// A value that will not do.
    pub(crate) fn invalid(&mut self, field: impl Into<String>, value: &Value, detail: &str) {
        self.invalid_text(field, &quote(value), detail);
    }

    /// A value that will not do, already printed.
    pub(crate) fn invalid_text(&mut self, field: impl Into<String>, value: &str, detail: &str) {
        self.push(
            field,
            "FieldValueInvalid",
            format!("Invalid value: {value}: {detail}"),
        );
    }

    /// Something that may not be.
    pub(crate) fn forbidden(&mut self, field: impl Into<String>, detail: &str) {
        self.push(field, "FieldValueForbidden", format!("Forbidden: {detail}"));
    }

    /// None of the values there are.
    pub(crate) fn unsupported(&mut self, field: impl Into<String>, value: &Value, known: &[&str]) {
        let known: Vec<_> = known.iter().map(|word| go_quote(word)).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            quote(value),
            known.join(", ")
        );
        self.push(field, "FieldValueNotSupported", message);
    }

    /// The same again.
    pub(crate) fn duplicate(&mut self, field: impl Into<String>, value: &str) {
        self.push(
            field,
            "FieldValueDuplicate",
            format!("Duplicate value: {value}"),
        );
    }

    /// A reference to nothing.
    pub(crate) fn not_found(&mut self, field: impl Into<String>, value: &str) {
        self.push(
            field,
            "FieldValueNotFound",
            format!("Not found: {}", go_quote(value)),
        );
    }

    /// Too long.
    pub(crate) fn too_long(&mut self, field: impl Into<String>, detail: &str) {
        self.push(field, "FieldValueTooLong", format!("Too long: {detail}"));
    }

    /// Puts these before all others.
    pub(crate) fn put_first(&mut self, mut first: Issues) {
        first.0.append(&mut self.0);
        self.0 = first.0;
    }

    /// Forgets what was found below a field.
    pub(crate) fn forget(&mut self, prefix: &str) {
        self.0.retain(|issue| !issue.field.starts_with(prefix));
    }

    /// Each problem as a cause of a Status.
    pub(crate) fn causes(&self) -> Vec<Value> {
        let cause = |issue: &Issue| json!({"field": issue.field, "message": issue.message, "reason": issue.reason});
        self.0.iter().map(cause).collect()
    }

    /// All problems as one text.
    pub(crate) fn text(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        for issue in &self.0 {
            let text = format!("{}: {}", issue.field, issue.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        match texts.as_slice() {
            [only] => only.clone(),
            _ => format!("[{}]", texts.join(", ")),
        }
    }
}
