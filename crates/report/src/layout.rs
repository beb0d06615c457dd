//! Text in columns: how wide it is, and how it is made to fit.
//!
//! Invariants:
//! - Widths are columns of a terminal, not bytes or characters.
//! - No colour here: text is laid out first and painted last.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a line takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, with spaces after it up to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(spaces))
}

/// The text, cut to `columns` with an ellipsis where it is longer.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (head, _) = split_at(text, columns.saturating_sub(1));
    format!("{}…", head.trim_end())
}

/// The text in lines of at most `columns`, broken between words, and inside
/// one only where it is longer than a line.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            let (head, rest) = split_at(word, columns);
            lines.push(head.to_owned());
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text wrapped, its first line after `first` and the others below it.
pub(crate) fn hang(first: &str, text: &str, columns: usize) -> Vec<String> {
    let indent = width(first);
    let lines = wrap(text, columns.saturating_sub(indent).max(20));
    let under = " ".repeat(indent);
    let start = |index: usize| if index == 0 { first } else { &*under };
    let lines = lines.iter().enumerate();
    lines
        .map(|(index, line)| format!("{}{line}", start(index)).trim_end().to_owned())
        .collect()
}

/// The text as it may go to a terminal: no control character but the line
/// feed, no escape sequence, tabs as spaces.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // A control sequence ends at its first letter or one of @[\]^_`{|}~.
                while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\n' => cleaned.push('\n'),
            '\t' => cleaned.push_str("    "),
            other if other.is_control() => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// The text before and from the first character that no longer fits; the first
/// one always does, so that whoever goes on with the rest comes to an end.
fn split_at(text: &str, columns: usize) -> (&str, &str) {
    let mut taken = 0;
    for (index, char) in text.char_indices() {
        taken += char.width().unwrap_or(0);
        if taken > columns && index > 0 {
            return text.split_at(index);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_wrap_and_long_ones_break() {
        let text = "a pod on hostPath may be abcdefghijklmnopqrstuvwxyz moved";
        assert_snapshot!(wrap(text, 12).join("\n"), @r"
    a pod on
    hostPath may
    be
    abcdefghijkl
    mnopqrstuvwx
    yz moved
    ");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_snapshot!(wrap("使用作为存储", 5).join("\n"), @r"
    使用
    作为
    存储
    ");
        assert_snapshot!(cut("使用作为存储", 8), @"使用作…");
    }

    #[test]
    fn escape_sequences_are_taken_out() {
        assert_snapshot!(clean("\u{1b}[31;1mred\u{1b}[0m\r\tand\u{7}"), @"red    and");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "\\PC{0,80}", columns in 2_usize..40) {
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
        }
    }
}
