//! Finds expressions in text, and bounds them before the CEL parser sees them.
//!
//! Invariants:
//! - A `}}` inside a CEL string or map does not end an expression.
//! - What passes [`check`] is short and balanced, and the weight that it gives
//!   bounds how deep a recursive parser and evaluator go.

use std::ops::Range;

use crate::error::TemplateMistake;

/// The longest expression, in bytes.
pub(crate) const MAX_LENGTH: usize = 4096;
/// How deep brackets may be nested.
const MAX_NESTING: usize = 24;
/// What a level of brackets weighs, counted in operators.
const PER_NESTING: usize = 4;
/// How many operators an expression may have; each may nest its tree once more.
const MAX_OPERATORS: usize = 256;

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it is.
    Text(Range<usize>),
    /// An expression: with its braces, and without them.
    Expression {
        whole: Range<usize>,
        inner: Range<usize>,
    },
}

/// A mistake, and where.
pub(crate) type Fault = (Range<usize>, TemplateMistake);

/// Splits a string into text and expressions.
pub(crate) fn split(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find(OPEN) {
        let open = from + found;
        if open > from {
            parts.push(Part::Text(from..open));
        }
        let start = open + OPEN.len();
        let close = walk(text, start, Until::Braces, &mut Weight::default())
            .map_err(|fault| unended(fault, text, open))?
            .ok_or((open..start, TemplateMistake::Unended))?;
        let whole = open..close + CLOSE.len();
        if text[start..close].trim().is_empty() {
            return Err((whole, TemplateMistake::Empty));
        }
        from = whole.end;
        parts.push(Part::Expression {
            whole,
            inner: start..close,
        });
    }
    if from < text.len() || parts.is_empty() {
        parts.push(Part::Text(from..text.len()));
    }
    Ok(parts)
}

/// Where no `}}` follows at all, that is the mistake, not what the rest of the text looks like.
fn unended(fault: Fault, text: &str, open: usize) -> Fault {
    if text[open..].contains(CLOSE) {
        fault
    } else {
        (open..open + OPEN.len(), TemplateMistake::Unended)
    }
}

/// Checks a whole text that has to be one expression, and says how much it weighs: how deep a
/// recursive parser and evaluator may have to go.
pub(crate) fn check(text: &str) -> Result<usize, Fault> {
    if text.trim().is_empty() {
        return Err((
            0..text.len(),
            TemplateMistake::Syntax("there is no expression".into()),
        ));
    }
    if text.len() > MAX_LENGTH {
        return Err((0..1, TemplateMistake::TooLong(text.len(), MAX_LENGTH)));
    }
    let mut weight = Weight::default();
    walk(text, 0, Until::End, &mut weight)?;
    Ok(weight.operators + PER_NESTING * weight.nesting)
}

/// How deep an expression may go.
#[derive(Default)]
struct Weight {
    operators: usize,
    nesting: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Braces,
    End,
}

/// Walks over an expression to its end; `None` where the text ends before it.
fn walk(
    text: &str,
    start: usize,
    until: Until,
    weight: &mut Weight,
) -> Result<Option<usize>, Fault> {
    let bytes = text.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut at = start;
    while at < bytes.len() {
        if until == Until::Braces && open.is_empty() && bytes[at..].starts_with(CLOSE.as_bytes()) {
            return Ok(Some(at));
        }
        match bytes[at] {
            b'\'' | b'"' => {
                at = end_of_string(text, at, start)?;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                open.push(at);
                weight.operators += 1;
            }
            closing @ (b')' | b']' | b'}') => close(&mut open, bytes, at, closing)?,
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'&' | b'|'
            | b'?' | b':' => weight.operators += 1,
            b'i' if is_word_in(bytes, at) => weight.operators += 1,
            _ => {}
        }
        weight.nesting = weight.nesting.max(open.len());
        if open.len() > MAX_NESTING || weight.operators > MAX_OPERATORS {
            return Err((at..at + 1, TemplateMistake::TooComplex));
        }
        at += 1;
    }
    match open.last() {
        Some(&opening) => Err((opening..opening + 1, unclosed(bytes[opening]))),
        None => Ok(None),
    }
}

fn close(open: &mut Vec<usize>, bytes: &[u8], at: usize, closing: u8) -> Result<(), Fault> {
    let partner = match closing {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    };
    match open.pop() {
        Some(opening) if bytes[opening] == partner => Ok(()),
        Some(opening) if closing == b'}' => Err((opening..opening + 1, unclosed(bytes[opening]))),
        _ => Err((
            at..at + 1,
            TemplateMistake::Syntax(format!("`{}` closes nothing", char::from(closing))),
        )),
    }
}

fn unclosed(opening: u8) -> TemplateMistake {
    TemplateMistake::Syntax(format!("`{}` is not closed", char::from(opening)))
}

/// `in` is the one operator that is a word.
fn is_word_in(bytes: &[u8], at: usize) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|byte| is_word(*byte));
    bytes[at..].starts_with(b"in")
        && !word(bytes.get(at + 2))
        && !word(at.checked_sub(1).and_then(|before| bytes.get(before)))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The end of the CEL string that begins with the quote at `at`.
fn end_of_string(text: &str, at: usize, start: usize) -> Result<usize, Fault> {
    let bytes = text.as_bytes();
    let quote = bytes[at];
    let raw = is_raw(&bytes[start..at]);
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut next = at + if triple { 3 } else { 1 };
    while next < bytes.len() {
        match bytes[next] {
            b'\\' if !raw => next += 2,
            b'\n' | b'\r' if !triple => break,
            byte if byte == quote && !triple => return Ok(next + 1),
            byte if byte == quote && bytes[next..].starts_with(&[quote; 3]) => return Ok(next + 3),
            _ => next += 1,
        }
    }
    Err((
        at..at + 1,
        TemplateMistake::Syntax("the string is not closed".into()),
    ))
}

/// Whether the letters just before a quote make it a raw string.
fn is_raw(before: &[u8]) -> bool {
    let letters = before
        .iter()
        .rev()
        .take_while(|byte| is_word(**byte))
        .count();
    let prefix = &before[before.len() - letters..];
    letters <= 2
        && prefix
            .iter()
            .all(|byte| matches!(byte, b'r' | b'R' | b'b' | b'B'))
        && prefix.iter().any(|byte| matches!(byte, b'r' | b'R'))
}

/// The first place of `wanted` that no expression covers; a string that does not parse is looked
/// at as it is.
pub fn find_outside(text: &str, wanted: char) -> Option<usize> {
    let Ok(parts) = split(text) else {
        return text.find(wanted);
    };
    parts.into_iter().find_map(|part| match part {
        Part::Text(range) => text[range.clone()].find(wanted).map(|at| at + range.start),
        Part::Expression { .. } => None,
    })
}
