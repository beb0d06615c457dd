//! What an unquoted word means.
//!
//! A scenario is read strictly: only `true` and `false` are booleans, and a
//! word that merely looks like a number (`0755`, `1_000`) stays text. A
//! manifest is read as kubectl reads it.

use serde_json::Number;

use crate::source::Kind;

/// Whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Our own files.
    Scenario,
    /// What `kubectl apply -f` would send.
    Manifest,
}

/// What a plain scalar means.
pub(crate) fn plain(text: &str, dialect: Dialect) -> Kind {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Null;
    }
    let read = match dialect {
        Dialect::Scenario => strict(text),
        Dialect::Manifest => like_kubectl(text),
    };
    read.unwrap_or_else(|| Kind::Text(text.to_owned()))
}

fn strict(text: &str) -> Option<Kind> {
    match text {
        "true" => return Some(Kind::Bool(true)),
        "false" => return Some(Kind::Bool(false)),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if leading_zero {
        return None;
    }
    whole(text, digits, 10).or_else(|| fraction(text))
}

fn like_kubectl(text: &str) -> Option<Kind> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => return Some(Kind::Bool(true)),
        "false" | "no" | "n" | "off" => return Some(Kind::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let prefixed = |prefix: [&str; 2], radix| {
        let digits = prefix
            .iter()
            .find_map(|prefix| unsigned.strip_prefix(prefix))?;
        whole(text, &digits.replace('_', ""), radix)
    };
    prefixed(["0x", "0X"], 16)
        .or_else(|| prefixed(["0o", "0O"], 8))
        .or_else(|| prefixed(["0b", "0B"], 2))
        .or_else(|| {
            let digits = unsigned.replace('_', "");
            let octal = digits.len() > 1 && digits.starts_with('0');
            whole(text, &digits, if octal { 8 } else { 10 })
        })
        .or_else(|| fraction(text))
}

/// A whole number of the sign that `text` begins with.
fn whole(text: &str, digits: &str, radix: u32) -> Option<Kind> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let signed = if text.starts_with('-') {
        i64::from_str_radix(&format!("-{digits}"), radix)
            .ok()
            .map(Number::from)
    } else {
        u64::from_str_radix(digits, radix).ok().map(Number::from)
    };
    signed.map(Kind::Number)
}

/// A number with a point or an exponent, as JSON can hold it.
fn fraction(text: &str) -> Option<Kind> {
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit || !text.bytes().all(allowed) {
        return None;
    }
    text.parse()
        .ok()
        .and_then(Number::from_f64)
        .map(Kind::Number)
}
