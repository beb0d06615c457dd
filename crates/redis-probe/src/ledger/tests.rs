use insta::assert_snapshot;

use super::*;
use crate::slots::SlotRange;

/// A ledger of two shards with two entries each, numbered 0 to 3.
fn ledger() -> Ledger {
    let shards = ["0-8191", "8192-16383"].map(|slots| Shard {
        slots: SlotRange::parse(slots).into_iter().collect(),
        master: "m".to_owned(),
        replicas: Vec::new(),
        config_epoch: 1,
    });
    Ledger::plan(7, 2, &shards)
}

fn record(number: u64, outcome: WriteOutcome) -> Record {
    Record { number, outcome }
}

fn acknowledged(number: u64) -> Record {
    record(number, WriteOutcome::Acknowledged { replicas: 1 })
}

fn error(text: &str) -> String {
    text.to_owned()
}

/// Everything as it was written.
fn kept(ledger: &Ledger) -> Reads {
    let got = ledger
        .entries()
        .iter()
        .map(|entry| (entry.number, Got::Value(entry.value.clone())));
    Reads {
        got: got.collect(),
        key_counts: [(0, Ok(2)), (1, Ok(2))].into(),
    }
}

/// Compares after all entries were acknowledged and some changes were made.
fn check(change: impl Fn(&mut Ledger, &mut Reads)) -> String {
    let mut ledger = ledger();
    ledger.record((0..4).map(acknowledged));
    let mut reads = kept(&ledger);
    change(&mut ledger, &mut reads);
    let comparison = ledger.compare(&reads);
    format!("{:?}: {comparison}", comparison.verdict())
}

/// Compares after entry 0 came to another end than acknowledgement.
fn check_outcome(outcome: &WriteOutcome, got: &Got) -> String {
    let mut ledger = ledger();
    ledger.record((1..4).map(acknowledged));
    ledger.record([record(0, outcome.clone())]);
    let mut reads = kept(&ledger);
    let present = matches!(got, Got::Value(_));
    reads.got.insert(0, got.clone());
    reads.key_counts.insert(0, Ok(if present { 2 } else { 1 }));
    let comparison = ledger.compare(&reads);
    format!("{:?}: {comparison}", comparison.verdict())
}

#[test]
fn everything_is_there() {
    assert_snapshot!(check(|_, _| ()), @"Kept: all 4 acknowledged keys of 2 shards kept, by value");
}

#[test]
fn an_acknowledged_key_is_gone() {
    assert_snapshot!(check(|_, reads| {
        reads.got.insert(1, Got::Absent);
        reads.key_counts.insert(0, Ok(1));
    }), @"Broken: shard 0 (2 acknowledged): 1 acknowledged keys lost: {42163}:seed:1");
}

#[test]
fn a_key_with_another_value() {
    assert_snapshot!(check(|_, reads| {
        reads.got.insert(2, Got::Value(String::new()));
    }), @"Broken: shard 1 (2 acknowledged): 1 keys with another value: {8209}:seed:2");
}

#[test]
fn what_cannot_be_read_is_not_lost_and_no_pass() {
    assert_snapshot!(check(|_, reads| {
        for number in 0..2 {
            reads.got.insert(number, Got::Error(error("CLUSTERDOWN The cluster is down")));
        }
    }), @"Unknown: shard 0 (2 acknowledged): 2 things not known: {265b}:seed:0: CLUSTERDOWN The cluster is down, {42163}:seed:1: CLUSTERDOWN The cluster is down");
    assert_snapshot!(check(|_, reads| { reads.got.remove(&3); }), @"Unknown: shard 1 (2 acknowledged): 1 things not known: {3d43}:seed:3: not read");
    assert_snapshot!(check(|_, reads| { reads.key_counts.clear(); }), @"
    Unknown: shard 0 (2 acknowledged): 1 things not known: number of keys: not read
    shard 1 (2 acknowledged): 1 things not known: number of keys: not read
    ");
}

#[test]
fn a_loss_is_a_loss_even_where_something_else_is_unknown() {
    assert_snapshot!(check(|_, reads| {
        reads.got.insert(0, Got::Error(error("timed out")));
        reads.got.insert(3, Got::Absent);
        reads.key_counts.insert(1, Ok(1));
    }), @"
    Broken: shard 0 (2 acknowledged): 1 things not known: {265b}:seed:0: timed out
    shard 1 (2 acknowledged): 1 acknowledged keys lost: {3d43}:seed:3
    ");
}

#[test]
fn more_keys_than_were_accepted_rose_from_the_dead() {
    assert_snapshot!(check(|_, reads| { reads.key_counts.insert(1, Ok(5)); }), @"Broken: shard 1: 3 keys more than were ever accepted");
}

#[test]
fn other_peoples_keys_can_be_accepted_and_are_missed_then() {
    assert_snapshot!(check(|ledger, reads| {
        reads.key_counts.insert(1, Ok(5));
        ledger.accept_foreign(reads);
    }), @"Kept: all 4 acknowledged keys of 2 shards kept, by value");
    assert_snapshot!(check(|ledger, reads| {
        reads.key_counts.insert(1, Ok(5));
        ledger.accept_foreign(reads);
        reads.key_counts.insert(1, Ok(4));
    }), @"Broken: shard 1: 1 keys fewer than there were");
}

#[test]
fn the_read_back_of_nothing_is_no_pass() {
    let ledger = ledger();
    let nothing = Reads {
        got: (0..4).map(|number| (number, Got::Absent)).collect(),
        key_counts: [(0, Ok(0)), (1, Ok(0))].into(),
    };
    let comparison = ledger.compare(&nothing);
    assert_snapshot!(comparison, @"
    shard 0: no key was acknowledged, so nothing can be shown
    shard 1: no key was acknowledged, so nothing can be shown
    ");
    assert_eq!(comparison.verdict(), Verdict::Unknown);
    assert_eq!(
        Ledger::plan(7, 2, &[]).compare(&nothing).verdict(),
        Verdict::Unknown
    );
}

#[test]
fn an_unknown_write_may_be_there_or_not() {
    let value = Got::Value(ledger().entries()[0].value.clone());
    let unknown = WriteOutcome::Unknown {
        error: error("timed out"),
    };
    assert_snapshot!(check_outcome(&unknown, &value), @"Kept: all 3 acknowledged keys of 2 shards kept, by value");
    assert_snapshot!(check_outcome(&unknown, &Got::Absent), @"Kept: all 3 acknowledged keys of 2 shards kept, by value");
    assert_snapshot!(check_outcome(&unknown, &Got::Value(error("other"))), @"Broken: shard 0 (1 acknowledged): 1 keys with another value: {265b}:seed:0");
    let few = WriteOutcome::TooFewReplicas {
        replicas: 0,
        wanted: 1,
    };
    assert_snapshot!(check_outcome(&few, &Got::Absent), @"Kept: all 3 acknowledged keys of 2 shards kept, by value");
}

#[test]
fn a_refused_write_must_not_be_there() {
    let value = Got::Value(ledger().entries()[0].value.clone());
    let refused = WriteOutcome::Refused {
        error: error("READONLY"),
    };
    assert_snapshot!(check_outcome(&refused, &value), @"Broken: shard 0 (1 acknowledged): 1 keys there that were never accepted: {265b}:seed:0");
    assert_snapshot!(check_outcome(&refused, &Got::Absent), @"Kept: all 3 acknowledged keys of 2 shards kept, by value");
}

#[test]
fn what_was_acknowledged_once_stays_so() {
    assert_snapshot!(check(|ledger, _| {
        ledger.record([record(0, WriteOutcome::Unknown { error: error("timed out") })]);
    }), @"Kept: all 4 acknowledged keys of 2 shards kept, by value");
}

#[test]
fn the_writes_all_told() {
    let mut ledger = ledger();
    assert_snapshot!(ledger.written(), @"0 of 4 keys acknowledged, 4 never sent");
    let down = || WriteOutcome::Refused {
        error: error("CLUSTERDOWN Hash slot not served"),
    };
    ledger.record([acknowledged(0), record(1, down()), record(2, down())]);
    assert_snapshot!(ledger.written(), @"1 of 4 keys acknowledged, 2 refused, 1 never sent; CLUSTERDOWN Hash slot not served (2 times)");
    assert!(!ledger.written().all_acknowledged());
    ledger.record((0..4).map(acknowledged));
    assert!(ledger.written().all_acknowledged());
}
