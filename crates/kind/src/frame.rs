//! The protocol of one shell that runs many scripts: what goes in, and how
//! the end of each output is found.
//!
//! Invariants:
//! - Pure: text and bytes in, bytes out.
//! - A script's output may be any bytes: only the call's own random mark ends it.
//! - A script runs in a subshell: it cannot change, read from, or end the shell.

use std::hash::{BuildHasher, RandomState};

/// The random word that frames one call's outputs.
#[derive(Clone, Debug)]
pub(crate) struct Mark(String);

/// Finds one output of one call in what a stream of the shell gives.
#[derive(Debug)]
pub(crate) struct Scanner {
    opening: Vec<u8>,
    closing: Vec<u8>,
    seen: Vec<u8>,
    searched: usize,
    opened: bool,
}

/// An output that has come to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    /// What stands in the closing mark: the exit code, on standard output.
    pub(crate) trailer: String,
}

impl Mark {
    pub(crate) fn random() -> Self {
        let word = || RandomState::new().hash_one(0_u8);
        Self(format!("{:016x}{:016x}", word(), word()))
    }

    /// What is written to the shell to run `script`.
    ///
    /// The script is one quoted word, so nothing in it can end the quotation;
    /// the leading newline keeps `eval` from taking a dash for an option.
    pub(crate) fn wrap(&self, script: &str) -> String {
        let Self(mark) = self;
        let quoted = script.replace('\'', r"'\''");
        format!(
            "printf '{mark}('; printf '{mark}(' >&2; (eval '\n{quoted}\n') </dev/null; \
             printf '){mark}:%d;' \"$?\"; printf '){mark}:;' >&2\n"
        )
    }

    pub(crate) fn scanner(&self) -> Scanner {
        Scanner {
            opening: format!("{}(", self.0).into_bytes(),
            closing: format!("){}:", self.0).into_bytes(),
            seen: Vec::new(),
            searched: 0,
            opened: false,
        }
    }
}

impl Scanner {
    /// Takes more bytes; gives the frame once its end was among them.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<Frame> {
        self.seen.extend_from_slice(bytes);
        if !self.opened {
            let start = find(&self.opening, &self.seen, &mut self.searched)?;
            self.seen.drain(..start + self.opening.len());
            self.searched = 0;
            self.opened = true;
        }
        let end = find(&self.closing, &self.seen, &mut self.searched)?;
        let trailer = &self.seen[end + self.closing.len()..];
        let Some(stop) = trailer.iter().position(|byte| *byte == b';') else {
            self.searched = end;
            return None;
        };
        let trailer = String::from_utf8_lossy(&trailer[..stop]).into_owned();
        let mut bytes = std::mem::take(&mut self.seen);
        bytes.truncate(end);
        Some(Frame { bytes, trailer })
    }

    /// How much of the output is held.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// What is to be read of an output that will have no more than `rest`.
    pub(crate) fn last_words(mut self, rest: &[u8]) -> Vec<u8> {
        match self.push(rest) {
            Some(frame) => frame.bytes,
            None => self.seen,
        }
    }

    /// What came so far.
    pub(crate) fn so_far(&self) -> &[u8] {
        &self.seen
    }
}

/// Looks for a mark in what came since the last search.
fn find(needle: &[u8], seen: &[u8], searched: &mut usize) -> Option<usize> {
    let from = searched.saturating_sub(needle.len());
    let found = seen[from..]
        .windows(needle.len())
        .position(|window| window == needle);
    *searched = seen.len();
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, body: &[u8], trailer: &str) {
        let mark = Mark::random();
        let mut wire = format!("{before}{}(", mark.0).into_bytes();
        wire.extend_from_slice(body);
        wire.extend_from_slice(format!("){}:{trailer};", mark.0).as_bytes());
        for size in 1..=wire.len() {
            let mut scanner = mark.scanner();
            let frames: Vec<_> = wire
                .chunks(size)
                .filter_map(|chunk| scanner.push(chunk))
                .collect();
            let expected = Frame {
                bytes: body.to_vec(),
                trailer: trailer.to_owned(),
            };
            assert_eq!(frames, [expected], "in chunks of {size}");
        }
    }

    #[test]
    fn a_frame_is_found_however_it_is_cut() {
        check("", b"", "0");
        check("late words of another call", b"hello\n", "1");
        check("", b"no newline, \0 and \xff and )", "137");
    }

    #[test]
    fn last_words_are_without_the_mark_whenever_they_are_read() {
        let mark = Mark::random();
        let open = format!("{}(the end is near", mark.0).into_bytes();
        let closed = format!("{}(the end is near){}:;", mark.0, mark.0).into_bytes();
        for wire in [open, closed] {
            for seen in 0..wire.len() {
                let mut scanner = mark.scanner();
                assert_eq!(scanner.push(&wire[..seen]), None);
                assert_eq!(scanner.last_words(&wire[seen..]), b"the end is near");
            }
        }
    }

    #[test]
    fn marks_differ() {
        assert_ne!(Mark::random().0, Mark::random().0);
    }
}
