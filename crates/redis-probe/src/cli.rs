//! What `redis-cli` and `valkey-cli` print for `--cluster`.
//!
//! Invariants:
//! - An exit code is never asked for: it is 0 for a dead replica and for a
//!   shard whose data is gone.
//! - Colour codes may be there or not.

pub mod check;
pub mod create;

/// The lines that say something, without colour codes, line ends and the dots
/// that are printed while it waits.
fn plain_lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(|line| {
        let line = without_colour(line);
        let line = line.trim_end().trim_start_matches('.');
        line.to_owned()
    });
    lines.filter(|line| !line.is_empty())
}

/// Leaves out what is between an escape character and the `m` after it.
fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((code, rest)) if is_code(code) => plain.push_str(rest),
            _ => plain.push_str(part),
        }
    }
    plain
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('[');
    digits.is_some_and(|digits| {
        digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b';'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_codes_and_dots_are_left_out() {
        let text = "\u{1b}[32;1m[OK] All nodes\u{1b}[0m\r\n\n...\n...>>> Check\n\u{1b}[x\n";
        let lines: Vec<_> = plain_lines(text).collect();
        assert_eq!(lines, ["[OK] All nodes", ">>> Check", "[x"]);
    }
}
