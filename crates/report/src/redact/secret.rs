//! The values of objects of kind Secret, in YAML and JSON.
//!
//! A text that speaks of a Secret loses the values of every `data` and
//! `stringData` in it: which of them are the Secret's is not worth a mistake.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{MARK, patterns::compile};

static KIND: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"\bkind\\*["']?\s*:\s*\\*["']?Secret(?:List)?\b"#));

/// `data:` at the end of a line, or with a mapping in braces behind it.
static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"^(?P<indent>[ \t]*(?:-[ \t]+)?)["']?(?:data|stringData)["']?:[ \t]*(?P<rest>.*)$"#)
});

/// A key and its value, in a block.
static ENTRY: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"^(?P<key>[ \t]*["']?[\w.-]+["']?:)(?:[ \t].*)?$"#));

/// The beginning of a JSON object under `data`, with its quote.
static OBJECT: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"(?P<escapes>\\*)"(?:data|stringData)\\*"\s*:\s*\{"#));

pub(super) fn manifests(text: &str) -> String {
    if KIND.is_match(text) {
        bodies(text)
    } else {
        text.to_owned()
    }
}

/// What a failure says of an object of kind Secret.
pub(super) fn blank(fields: &mut Map<String, Value>) {
    if is_about_a_secret(fields) {
        for key in ["expected", "seen"] {
            if fields.contains_key(key) {
                fields.insert(key.to_owned(), MARK.into());
            }
        }
    }
    let mismatches = fields.get("mismatches").and_then(Value::as_array);
    let objects = mismatches
        .into_iter()
        .flatten()
        .filter_map(Value::as_object);
    if objects.into_iter().any(is_about_a_secret) {
        for key in ["expected", "seen"] {
            if let Some(Value::String(body)) = fields.get_mut(key) {
                *body = bodies(body);
            }
        }
    }
}

/// Whether it is a mismatch in the values of a Secret.
fn is_about_a_secret(fields: &Map<String, Value>) -> bool {
    let text = |key| fields.get(key).and_then(Value::as_str).unwrap_or("");
    let path = text("path");
    text("object").starts_with("Secret ") && (path.contains("data") || path.contains("stringData"))
}

fn bodies(text: &str) -> String {
    objects(&blocks(text))
}

/// Blocks of YAML: the keys stay, whatever is deeper than they are goes.
fn blocks(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut inside: Option<Inside> = None;
    for line in text.split('\n') {
        if let Some(block) = &mut inside {
            if line.trim().is_empty() {
                continue;
            }
            if depth(line) > block.depth {
                lines.extend(block.kept(line));
                continue;
            }
        }
        inside = None;
        let Some(found) = BLOCK.captures(line) else {
            lines.push(line.to_owned());
            continue;
        };
        let rest = found["rest"].trim();
        // A mapping in braces that ends on its line is left to `objects`
        // where it is JSON.
        if rest.is_empty() || rest.starts_with('#') || rest == MARK {
            lines.push(line.to_owned());
        } else {
            let start = line.len() - found["rest"].len();
            lines.push(format!("{}{MARK}{}", &line[..start], after_braces(rest)));
        }
        inside = Some(Inside {
            depth: found["indent"].len(),
            entries: None,
        });
    }
    lines.join("\n")
}

/// A block that is being read.
struct Inside {
    /// How deep its own key stands; what is deeper belongs to it.
    depth: usize,
    /// How deep its entries stand, once one was seen.
    entries: Option<usize>,
}

impl Inside {
    /// What is kept of a line of the block.
    fn kept(&mut self, line: &str) -> Option<String> {
        let entries = *self.entries.get_or_insert(depth(line));
        let entry = ENTRY.captures(line).filter(|_| depth(line) == entries);
        entry.map(|found| format!("{} {MARK}", &found["key"]))
    }
}

/// The comma after a mapping in braces, if a line ends with one.
fn after_braces(rest: &str) -> &'static str {
    if rest.ends_with(',') { "," } else { "" }
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Objects of JSON under `data`, also inside a string of JSON.
fn objects(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = OBJECT.captures(rest) {
        let (Some(all), escapes) = (found.get(0), found["escapes"].len()) else {
            break;
        };
        let quote = format!("{}\"", "\\".repeat(escapes));
        redacted.push_str(&rest[..all.end() - 1]);
        rest = &rest[all.end() - 1 + object_length(&rest[all.end() - 1..], escapes)..];
        redacted.extend(["{", &quote, MARK, &quote, ":", &quote, &quote, "}"]);
    }
    redacted + rest
}

/// The bytes of the object that the text begins with; all of them where it has
/// no end. `escapes` is the number of backslashes before its quotes.
fn object_length(text: &str, escapes: usize) -> usize {
    let (mut open, mut backslashes, mut in_string) = (0_usize, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\\' => {
                backslashes += 1;
                continue;
            }
            // Of a longer run of backslashes, each full round is an escaped
            // backslash of the string itself.
            b'"' if backslashes % (2 * (escapes + 1)) == escapes => in_string = !in_string,
            b'{' if !in_string => open += 1,
            b'}' if !in_string => {
                open -= 1;
                if open == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        backslashes = 0;
    }
    text.len()
}
