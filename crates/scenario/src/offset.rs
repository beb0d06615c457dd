//! From a place in a text to the place where it is written.

use std::ops::Range;

use crate::source::{Kind, NodeId, Sources, Span, Style};

/// The piece of the file that a range of bytes of a text node is written in.
pub(crate) fn written(sources: &Sources, node: NodeId, range: &Range<usize>) -> Span {
    let whole = sources.span(node);
    let Kind::Text(text) = sources.kind(node) else {
        return whole;
    };
    let source = &sources.file(node.file).text[whole.range.clone()];
    let style = sources.node(node).style;
    let at = |offset: usize| walk(source, style, text, offset).map(|at| at + whole.range.start);
    match (at(range.start), at(range.end)) {
        (Some(start), Some(end)) if start < end => Span {
            range: start..end,
            ..whole
        },
        (Some(start), _) if start < whole.range.end => Span {
            range: start..start + 1,
            ..whole
        },
        _ => whole,
    }
}

/// Walks over what is written and what it means side by side.
fn walk(source: &str, style: Style, text: &str, offset: usize) -> Option<usize> {
    let mut at = match style {
        Style::Plain => 0,
        Style::Single | Style::Double => 1,
        Style::Block => block_start(source),
    };
    for (done, meant) in text.char_indices() {
        let line_break = source[at..].starts_with(['\n', '\r']);
        if line_break && !matches!(meant, '\n' | ' ') {
            at = skip_space(source, at);
        }
        if done >= offset {
            return Some(at);
        }
        let rest = source.get(at..)?;
        at += match rest.chars().next()? {
            '\\' if style == Style::Double => escape_length(rest),
            '\'' if style == Style::Single => 2,
            found if found == meant && found != '\n' => found.len_utf8(),
            found if found.is_whitespace() => skip_space(source, at) - at,
            found => found.len_utf8(),
        };
    }
    Some(at)
}

fn skip_space(source: &str, at: usize) -> usize {
    source[at..]
        .find(|c: char| !c.is_whitespace())
        .map_or(source.len(), |more| at + more)
}

/// Where the first line of a block scalar has its text.
fn block_start(source: &str) -> usize {
    let body = if source.starts_with(['|', '>']) {
        source.find('\n').map_or(0, |at| at + 1)
    } else {
        0
    };
    skip_space(source, body)
}

fn escape_length(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    }
    .min(rest.len())
}
