//! Keys that cover every shard, and values that nobody can guess.
//!
//! Invariants:
//! - The same seed and shards give the same entries.
//! - The first and the last slot of a shard have an entry each, where it has
//!   more than one entry.

use std::{collections::BTreeMap, fmt::Write as _};

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::{
    Shard,
    slots::{SlotRange, slot_of},
};

/// One key and the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, counted through all shards.
    pub number: u64,
    /// The shard, as an index into the shards that it was planned for.
    pub shard: usize,
    /// The slot of the key.
    pub slot: u16,
    /// The key: `{tag}:seed:<number>`.
    pub key: String,
    /// HMAC-SHA256 of the number under the seed, in hexadecimal digits.
    pub value: String,
}

/// The entries of all shards, shard by shard.
pub(super) fn entries(seed: u64, per_shard: usize, shards: &[Shard]) -> Vec<Entry> {
    let places = shards.iter().enumerate().flat_map(|(shard, of)| {
        let slots = spread(per_shard, &of.slots);
        slots.into_iter().map(move |slot| (shard, slot))
    });
    let places: Vec<_> = places.collect();
    let tags = tags(places.iter().map(|(_, slot)| *slot));
    let entries = (0..).zip(places).map(|(number, (shard, slot))| Entry {
        number,
        shard,
        slot,
        key: format!("{{{}}}:seed:{number}", tags[&slot]),
        value: value(seed, number),
    });
    entries.collect()
}

/// So many slots, evenly over the ranges; none where there are no slots.
fn spread(count: usize, ranges: &[SlotRange]) -> Vec<u16> {
    let slots: Vec<u16> = ranges.iter().flat_map(|range| range.iter()).collect();
    let Some(last) = slots.len().checked_sub(1) else {
        return Vec::new();
    };
    let steps = count.saturating_sub(1).max(1);
    (0..count).map(|step| slots[step * last / steps]).collect()
}

/// The shortest tag for each slot. Counting through numbers finds all 16384
/// in less than 200 000 tries.
fn tags(slots: impl Iterator<Item = u16>) -> BTreeMap<u16, String> {
    let mut tags: BTreeMap<u16, String> = slots.map(|slot| (slot, String::new())).collect();
    let mut missing = tags.len();
    for number in 0_u64.. {
        if missing == 0 {
            break;
        }
        let candidate = format!("{number:x}");
        if let Some(tag) = tags.get_mut(&slot_of(candidate.as_bytes()))
            && tag.is_empty()
        {
            *tag = candidate;
            missing -= 1;
        }
    }
    tags
}

/// HMAC-SHA256 of the number under the seed.
fn value(seed: u64, number: u64) -> String {
    // HMAC itself fills a short key up with zeroes.
    let mut key = [0; 64];
    key[..8].copy_from_slice(&seed.to_be_bytes());
    let mac = Hmac::<Sha256>::new(&key.into());
    let tag = mac.chain_update(number.to_be_bytes()).finalize();
    tag.into_bytes()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn check(per_shard: usize, ranges: &[&str]) -> String {
        let shards = ranges.iter().map(|text| Shard {
            slots: text.split(' ').filter_map(SlotRange::parse).collect(),
            master: "m".to_owned(),
            replicas: Vec::new(),
            config_epoch: 1,
        });
        let entries = entries(7, per_shard, &shards.collect::<Vec<_>>());
        let lines = entries.iter().map(|entry| {
            assert_eq!(slot_of(entry.key.as_bytes()), entry.slot, "{}", entry.key);
            format!(
                "{} {} {} {}",
                entry.shard,
                entry.slot,
                entry.key,
                &entry.value[..8]
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn keys_reach_both_ends_of_every_shard() {
        assert_snapshot!(check(3, &["0-5460", "5461-10922", "10923-16383"]), @"
        0 0 {265b}:seed:0 203a2a9a
        0 2730 {eff9}:seed:1 b144417d
        0 5460 {40b90}:seed:2 11cd047a
        1 5461 {1a6f}:seed:3 d992ea88
        1 8191 {42163}:seed:4 b0104b60
        1 10922 {104e}:seed:5 f7de3cf3
        2 10923 {18948}:seed:6 b22fbafa
        2 13653 {79e9}:seed:7 66b2b3c0
        2 16383 {3d43}:seed:8 fce7b220
        ");
    }

    #[test]
    fn a_shard_of_several_ranges_is_covered_whole() {
        assert_snapshot!(check(4, &["0-1 100 16383"]), @"
        0 0 {265b}:seed:0 203a2a9a
        0 1 {12dd9}:seed:1 b144417d
        0 100 {5fc9}:seed:2 11cd047a
        0 16383 {3d43}:seed:3 d992ea88
        ");
    }

    #[test]
    fn a_shard_without_slots_has_no_keys() {
        assert_snapshot!(check(2, &["", "5"]), @"
        1 5 {460}:seed:0 203a2a9a
        1 5 {460}:seed:1 b144417d
        ");
    }

    #[test]
    fn the_value_is_the_hmac_that_others_compute() {
        // printf '\0\0\0\0\0\0\0\1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0000000000000007
        assert_snapshot!(value(7, 1), @"b144417dcb3493ad4e88b2c2eb7b5b400c31dadcd75d03749006e1d17e9a9e38");
    }

    #[test]
    fn every_slot_has_a_short_tag() {
        let tags = tags(0..crate::slots::SLOTS);
        assert!(
            tags.iter()
                .all(|(slot, tag)| slot_of(tag.as_bytes()) == *slot)
        );
        assert!(tags.values().all(|tag| tag.len() <= 5));
    }
}
