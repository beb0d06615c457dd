//! The CEL parser's complaints, in our words and counted in bytes.

use std::ops::Range;

use cel::ParseErrors;

/// The first complaint: where, and what.
pub(crate) fn complaint(errors: &ParseErrors, text: &str) -> (Range<usize>, String) {
    let Some(first) = errors.errors.first() else {
        return (0..text.len(), "this is not an expression".to_owned());
    };
    let range = token_at(text, byte_of(text, first.pos));
    if range.is_empty() {
        return (
            last_character(text),
            "the expression ends too early".to_owned(),
        );
    }
    let reason = first.msg.trim_start_matches("Syntax error: ");
    let token = &text[range.clone()];
    if [
        "mismatched",
        "extraneous",
        "no viable",
        "missing",
        "token recognition",
    ]
    .iter()
    .any(|kind| reason.starts_with(kind))
    {
        (range, format!("unexpected `{token}` in the expression"))
    } else {
        (range, reason.lines().next().unwrap_or_default().to_owned())
    }
}

/// From a line and a column, both from 1, to bytes.
fn byte_of(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let mut start = 0;
    for (number, content) in text.split_inclusive('\n').enumerate() {
        if number == line {
            let within = content
                .char_indices()
                .nth(column)
                .map_or(content.len(), |(at, _)| at);
            return start + within;
        }
        start += content.len();
    }
    text.len()
}

/// The word or character at a place; empty at the end.
fn token_at(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..];
    if rest.trim().is_empty() {
        return at..at;
    }
    let word = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    at..at + word.max(first)
}

fn last_character(text: &str) -> Range<usize> {
    let trimmed = text.trim_end();
    let last = trimmed.chars().next_back().map_or(0, char::len_utf8);
    trimmed.len() - last..trimmed.len()
}
