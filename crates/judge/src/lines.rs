//! Judges a log: how many of its lines are as asked.

use regex::Regex;
use stayput_events::Mismatch;

use crate::count::Count;

/// What lines are asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Text that a line contains.
    pub contains: Option<String>,
    /// What a line matches.
    pub regex: Option<Regex>,
    /// How many such lines.
    pub count: Count,
}

/// What a log was judged to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In one line.
    pub summary: String,
    /// None where it is as asked.
    pub mismatch: Option<Mismatch>,
}

impl Asked {
    fn finds(&self, line: &str) -> bool {
        self.contains
            .as_ref()
            .is_none_or(|wanted| line.contains(wanted))
            && self.regex.as_ref().is_none_or(|regex| regex.is_match(line))
    }

    /// What a line has to be, in words.
    pub fn words(&self) -> String {
        let contains = self.contains.as_ref().map(|it| format!("with `{it}`"));
        let regex = self.regex.as_ref().map(|it| format!("like `{it}`"));
        match (contains, regex) {
            (None, None) => "of any kind".to_owned(),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(one), Some(other)) => format!("{one} and {other}"),
        }
    }
}

/// Judges a log.
pub fn judge(asked: &Asked, log: &str) -> Verdict {
    let found: Vec<&str> = log.lines().filter(|line| asked.finds(line)).collect();
    let (lines, words) = (log.lines().count(), asked.words());
    let shown = match found.last() {
        Some(line) => format!("; the last: {line}"),
        None => log
            .lines()
            .last()
            .map(|line| format!("; its last line: {line}"))
            .unwrap_or_default(),
    };
    let count = found.len();
    let seen = format!("{count} of {lines}{shown}");
    let mismatch = (!asked.count.admits(count)).then(|| Mismatch {
        object: String::new(),
        path: format!("lines {words}"),
        expected: asked.count.to_string(),
        seen: seen.clone(),
    });
    Verdict {
        summary: format!("lines {words}: {seen}"),
        mismatch,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn check(contains: Option<&str>, regex: Option<&str>, count: Count) -> String {
        let asked = Asked {
            contains: contains.map(str::to_owned),
            regex: regex.map(|it| Regex::new(it).unwrap()),
            count,
        };
        let verdict = judge(&asked, "Ready to accept\nsync 3 of 5\nsync 5 of 5\n");
        match verdict.mismatch {
            None => format!("met: {}", verdict.summary),
            Some(it) => format!("{}: {} / {}", it.path, it.expected, it.seen),
        }
    }

    #[test]
    fn lines_are_found_by_text_and_by_pattern() {
        assert_snapshot!(check(Some("Ready"), None, Count::SOME), @"met: lines with `Ready`: 1 of 3; the last: Ready to accept");
        assert_snapshot!(check(Some("sync"), Some("^sync [45]"), Count::exactly(1)), @"met: lines with `sync` and like `^sync [45]`: 1 of 3; the last: sync 5 of 5");
    }

    #[test]
    fn too_few_and_too_many_are_told() {
        assert_snapshot!(check(Some("panic"), None, Count::SOME), @"lines with `panic`: at least 1 / 0 of 3; its last line: sync 5 of 5");
        assert_snapshot!(check(Some("sync"), None, Count::exactly(0)), @"lines with `sync`: 0 / 2 of 3; the last: sync 5 of 5");
    }
}
