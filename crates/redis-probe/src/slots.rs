//! Hash slots: ranges of them, and the slot of a key.
//!
//! Invariants:
//! - A [`SlotRange`] is not empty and ends below [`SLOTS`].

use std::fmt;

use serde::{Serialize, Serializer};

/// How many hash slots a cluster has.
pub const SLOTS: u16 = 16384;

/// Slots from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotRange {
    first: u16,
    last: u16,
}

impl SlotRange {
    /// The slots from `first` to `last`, where there are such.
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last && last < SLOTS).then_some(Self { first, last })
    }

    /// The lowest slot.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The highest slot.
    pub fn last(self) -> u16 {
        self.last
    }

    /// How many slots these are: at least one.
    pub fn count(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// Whether the slot is one of these.
    pub fn contains(self, slot: u16) -> bool {
        (self.first..=self.last).contains(&slot)
    }

    /// The slots, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }

    /// Reads `5` or `0-5460`.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Self::new(first.parse().ok()?, last.parse().ok()?)
    }
}

impl fmt::Display for SlotRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl Serialize for SlotRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Joins slots, which come in ascending order, to as few ranges as can be.
pub(crate) fn ranges(slots: impl IntoIterator<Item = u16>) -> Vec<SlotRange> {
    let mut ranges: Vec<SlotRange> = Vec::new();
    for slot in slots {
        match ranges.last_mut() {
            Some(range) if range.last + 1 == slot => range.last = slot,
            _ => ranges.extend(SlotRange::new(slot, slot)),
        }
    }
    ranges
}

/// The slot that Redis puts a key in.
///
/// Where the key has a tag in braces that is not empty, the tag decides.
pub fn slot_of(key: &[u8]) -> u16 {
    crc16(tag_of(key)) % SLOTS
}

/// What of a key is hashed.
fn tag_of(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else {
        return key;
    };
    let inside = &key[open + 1..];
    match inside.iter().position(|&byte| byte == b'}') {
        None | Some(0) => key,
        Some(close) => &inside[..close],
    }
}

/// CRC-16 as Redis Cluster's specification names it: XMODEM, polynomial
/// 0x1021, started at 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_one_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn a_tag_decides_unless_it_is_empty_or_open() {
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"user1000"));
        assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
        assert_ne!(slot_of(b"foo{}{bar}"), slot_of(b"bar"));
        assert_ne!(slot_of(b"foo{bar"), slot_of(b"bar"));
    }

    #[test]
    fn ranges_read_back_as_written() {
        for text in ["0", "16383", "0-5460"] {
            let range = SlotRange::parse(text).expect("a range");
            assert_eq!(range.to_string(), text);
        }
        for text in ["", "-", "5-", "7-3", "16384", "0-16384", "[93-<-x]"] {
            assert_eq!(SlotRange::parse(text), None, "{text}");
        }
    }
}
