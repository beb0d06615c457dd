use std::time::Duration;

use insta::assert_snapshot;

use super::*;
use crate::{
    scripted::{self, Then, bulk},
    slots::SlotRange,
};

/// So many entries of one shard.
fn entries(count: usize) -> Vec<Entry> {
    let shard = Shard {
        slots: SlotRange::parse("0-16383").into_iter().collect(),
        master: "m".to_owned(),
        replicas: Vec::new(),
        config_epoch: 1,
    };
    Ledger::plan(7, count, &[shard]).shard(0)
}

/// Writes two entries, one replica wanted.
async fn check(then: Then) -> String {
    let (mut connection, _tasks) = scripted::connect(then).await;
    let records = write(&mut connection, &entries(2), 1, Duration::from_millis(100)).await;
    let lines = records
        .iter()
        .map(|record| format!("{} {:?}", record.number, record.outcome));
    lines.collect::<Vec<_>>().join("\n")
}

fn say(replies: &str) -> Then {
    Then::Say(replies.to_owned())
}

#[tokio::test]
async fn a_batch_is_its_writes_and_one_wait_after_them() {
    let (mut connection, tasks) = scripted::connect(say("+OK\r\n+OK\r\n:1\r\n")).await;
    write(&mut connection, &entries(2), 1, Duration::from_millis(100)).await;
    let sent = scripted::sent(connection, tasks).await;
    let words = sent
        .split("\r\n")
        .filter(|word| !word.starts_with(['*', '$']));
    let words: Vec<_> = words.map(|word| &word[..word.len().min(16)]).collect();
    assert_snapshot!(words.join(" "), @"SET {265b}:seed:0 203a2a9af54cc7c7 SET {3d43}:seed:1 b144417dcb3493ad WAIT 1 100");
}

#[tokio::test]
async fn an_acknowledgement_is_ok_and_enough_replicas() {
    assert_snapshot!(check(say("+OK\r\n+OK\r\n:1\r\n")).await, @"
    0 Acknowledged { replicas: 1 }
    1 Acknowledged { replicas: 1 }
    ");
    assert_snapshot!(check(say("+OK\r\n+OK\r\n:0\r\n")).await, @"
    0 TooFewReplicas { replicas: 0, wanted: 1 }
    1 TooFewReplicas { replicas: 0, wanted: 1 }
    ");
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_words() {
    let moved = "-MOVED 866 10.0.0.2:6379\r\n";
    let readonly = "-READONLY You can't write against a read only replica.\r\n";
    assert_snapshot!(check(say(&format!("{moved}{readonly}:0\r\n"))).await, @r#"
    0 Refused { error: "MOVED 866 10.0.0.2:6379" }
    1 Refused { error: "READONLY You can't write against a read only replica." }
    "#);
    let down = "-CLUSTERDOWN The cluster is down\r\n";
    assert_snapshot!(check(say(&format!("+OK\r\n{down}:1\r\n"))).await, @r#"
    0 Acknowledged { replicas: 1 }
    1 Refused { error: "CLUSTERDOWN The cluster is down" }
    "#);
}

#[tokio::test]
async fn ok_without_a_wait_is_no_acknowledgement() {
    let wait = "-ERR WAIT cannot be used with replica instances\r\n";
    assert_snapshot!(check(say(&format!("+OK\r\n+OK\r\n{wait}"))).await, @r#"
    0 Unknown { error: "ERR WAIT cannot be used with replica instances" }
    1 Unknown { error: "ERR WAIT cannot be used with replica instances" }
    "#);
}

#[tokio::test]
async fn what_got_no_reply_is_unknown() {
    assert_snapshot!(check(Then::SayAndClose("+OK\r\n".to_owned())).await, @r#"
    0 Unknown { error: "broken pipe" }
    1 Unknown { error: "broken pipe" }
    "#);
    assert_snapshot!(check(Then::Hang).await, @r#"
    0 Unknown { error: "timed out" }
    1 Unknown { error: "timed out" }
    "#);
}

#[tokio::test]
async fn nothing_is_sent_twice_and_nothing_after_silence() {
    let (mut connection, tasks) = scripted::connect(Then::Hang).await;
    let records = write(&mut connection, &entries(200), 1, Duration::from_millis(1)).await;
    assert_eq!(records.len(), 64);
    let sent = scripted::sent(connection, tasks).await;
    assert_eq!(sent.matches("SET").count(), 64);
}

#[tokio::test]
async fn reads_tell_gone_from_unreadable() {
    let entries = entries(3);
    let down = "-CLUSTERDOWN The cluster is down\r\n";
    let replies = format!("{}$-1\r\n{down}", bulk(&[&entries[0].value]));
    let (mut connection, _tasks) = scripted::connect(Then::Say(replies)).await;
    let reads = read(&mut connection, 0, &entries).await;
    assert_eq!(reads.got[&0], Got::Value(entries[0].value.clone()));
    assert_eq!(reads.got[&1], Got::Absent);
    assert_snapshot!(format!("{:?} {:?}", reads.got[&2], reads.key_counts[&0]), @r#"Error("CLUSTERDOWN The cluster is down") Err("DBSIZE gave bulk-string('\"203a2a9af54cc7c7b5e364ab810f38fb88c333cde63a595588eedd647413b174\"')")"#);
}

#[tokio::test]
async fn a_server_that_ends_leaves_every_read_unknown() {
    let (mut connection, _tasks) = scripted::connect(Then::SayAndClose(String::new())).await;
    let reads = read(&mut connection, 0, &entries(2)).await;
    assert!(reads.got.values().all(|got| matches!(got, Got::Error(_))));
    assert!(reads.key_counts[&0].is_err());
}
