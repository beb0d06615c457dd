//! Writes YAML as the API server does: sorted keys, lists not indented under their key.
//!
//! Invariant: what is written reads back as the same value.

use std::fmt::Write as _;

use serde_json::Value;

/// The value as a YAML document.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(&mut out, map, 0),
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0),
        other => {
            scalar(&mut out, other, 0);
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn entries(out: &mut String, map: &serde_json::Map<String, Value>, depth: usize) {
    for (index, (key, value)) in map.iter().enumerate() {
        // The first key of a list's item stands after its dash.
        if index > 0 || !out.ends_with("- ") {
            indent(out, depth);
        }
        text(out, key, depth);
        out.push(':');
        child(out, value, depth);
    }
}

fn child(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            entries(out, map, depth + 1);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            list(out, items, depth);
        }
        other => {
            out.push(' ');
            scalar(out, other, depth + 1);
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        if !out.ends_with("- ") {
            indent(out, depth);
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => entries(out, map, depth + 1),
            Value::Array(inner) if !inner.is_empty() => list(out, inner, depth + 1),
            other => {
                scalar(out, other, depth + 1);
                out.push('\n');
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(string) => text(out, string, depth),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

fn text(out: &mut String, string: &str, depth: usize) {
    if string.contains('\n') && block_suits(string) {
        block(out, string, depth);
    } else if plain_suits(string) {
        out.push_str(string);
    } else if needs_escapes(string) || reads_as_another_type(string) {
        let _ = write!(out, "{}", Value::from(string));
    } else {
        let _ = write!(out, "'{}'", string.replace('\'', "''"));
    }
}

fn needs_escapes(string: &str) -> bool {
    string.chars().any(char::is_control)
}

fn block_suits(string: &str) -> bool {
    !string.starts_with([' ', '\n', '\t'])
        && string
            .chars()
            .all(|letter| letter == '\n' || letter == '\t' || !letter.is_control())
}

fn block(out: &mut String, string: &str, depth: usize) {
    let body = string.trim_end_matches('\n');
    let ends = string.len() - body.len();
    out.push_str(match ends {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in string.strip_suffix('\n').unwrap_or(string).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
    }
}

/// Text that another reader of YAML could take for a number, a boolean, a date or nothing.
fn reads_as_another_type(string: &str) -> bool {
    let lower = string.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".nan"
            | ".inf"
            | "-.inf"
            | "+.inf"
    );
    word || numeric(&lower) || date(string)
}

fn numeric(lower: &str) -> bool {
    let bare = lower.trim_start_matches(['+', '-']);
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| {
        bare.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty())
    });
    let digits = bare.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    prefixed || sexagesimal(bare) || (digits && bare.replace('_', "").parse::<f64>().is_ok())
}

/// `1:30:00`, which old YAML takes for a number.
fn sexagesimal(bare: &str) -> bool {
    let mut parts = bare.split(':');
    let first = parts
        .next()
        .is_some_and(|first| !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()));
    let rest: Vec<&str> = parts.collect();
    let below_sixty =
        |part: &&str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| number < 60);
    first && !rest.is_empty() && rest.iter().all(below_sixty)
}

fn date(string: &str) -> bool {
    let bytes = string.as_bytes();
    bytes.len() >= 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[..4].iter().all(u8::is_ascii_digit)
}

fn plain_suits(string: &str) -> bool {
    let first = string.chars().next();
    let last = string.chars().next_back();
    let starts_badly = first.is_none_or(|letter| "!&*-?:,[]{}#|>@`\"'% =".contains(letter))
        && !starts_like_a_word(string);
    !starts_badly
        && last != Some(' ')
        && last != Some(':')
        && !string.contains(": ")
        && !string.contains(" #")
        && !string.contains(['\n', '\t'])
        && !needs_escapes(string)
        && !reads_as_another_type(string)
}

/// `-x` and `:x` are plain, `- x` is not.
fn starts_like_a_word(string: &str) -> bool {
    string.starts_with(['-', '?', ':']) && string.chars().nth(1).is_some_and(|second| second != ' ')
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    #[test]
    fn written_as_the_api_server_writes() {
        let value = json!({
            "apiVersion": "v1", "data": {"a": "1", "b": "yes", "c": "two\nlines\n", "d": ""},
            "list": [{"x": 1, "y": []}, "s", ["n"]], "time": "2026-01-02T03:04:05Z", "uid": "8f-a"
        });
        assert_snapshot!(to_yaml(&value), @r#"
        apiVersion: v1
        data:
          a: "1"
          b: "yes"
          c: |
            two
            lines
          d: ""
        list:
        - x: 1
          "y": []
        - s
        - - "n"
        time: "2026-01-02T03:04:05Z"
        uid: 8f-a
        "#);
    }
}
