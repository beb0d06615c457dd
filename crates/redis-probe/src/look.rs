//! Asking one pod everything that a judgement needs, in one round trip.
//!
//! Invariants:
//! - One pipeline, so that all parts of a view belong to one moment of the
//!   server, and a hung server costs one response time-out.

use redis::{RedisResult, Value};

use crate::{
    Connection, Digest, ProbeError, ReplyError, View,
    info::{ClusterInfo, Replication, Server},
    nodes,
};

/// What is asked, in this order.
const QUESTIONS: [&str; 6] = [
    "CLUSTER INFO",
    "CLUSTER NODES",
    "INFO replication",
    "INFO server",
    "DBSIZE",
    "DEBUG DIGEST",
];

/// Looks at one server.
pub async fn look(connection: &mut Connection) -> Result<View, ProbeError> {
    let mut pipeline = redis::pipe();
    for question in QUESTIONS {
        let mut words = question.split(' ');
        pipeline.cmd(words.next().unwrap_or_default());
        for argument in words {
            pipeline.arg(argument);
        }
    }
    let replies = connection.ask(&mut pipeline).await;
    let replies = replies.map_err(|error| ProbeError::of(QUESTIONS[0], error))?;
    read(&mut replies.into_iter())
}

/// Makes a view of the replies, which come in the order of [`QUESTIONS`].
fn read(replies: &mut impl Iterator<Item = RedisResult<Value>>) -> Result<View, ProbeError> {
    let [cluster, nodes, replication, server, dbsize, digest] = QUESTIONS;
    Ok(View {
        cluster: parsed(cluster, replies, ClusterInfo::parse)?,
        nodes: parsed(nodes, replies, nodes::parse)?,
        replication: parsed(replication, replies, Replication::parse)?,
        server: parsed(server, replies, Server::parse)?,
        dbsize: count(dbsize, replies)?,
        digest: digest_of(digest, replies)?,
    })
}

fn parsed<T, E: Into<ReplyError>>(
    command: &'static str,
    replies: &mut impl Iterator<Item = RedisResult<Value>>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, ProbeError> {
    let text = text(command, replies)?;
    parse(&text).map_err(|problem| ProbeError::Unreadable {
        command,
        source: problem.into(),
    })
}

fn text(
    command: &'static str,
    replies: &mut impl Iterator<Item = RedisResult<Value>>,
) -> Result<String, ProbeError> {
    match next(command, replies)? {
        Value::BulkString(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
        other => Err(wrong_kind(command, "a text", &other)),
    }
}

fn count(
    command: &'static str,
    replies: &mut impl Iterator<Item = RedisResult<Value>>,
) -> Result<u64, ProbeError> {
    let reply = next(command, replies)?;
    let number = match reply {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| wrong_kind(command, "a number", &reply))
}

/// A digest that is refused is worth a view without it.
fn digest_of(
    command: &'static str,
    replies: &mut impl Iterator<Item = RedisResult<Value>>,
) -> Result<Digest, ProbeError> {
    match text(command, replies) {
        Ok(digest) => Ok(Digest::Known(digest)),
        Err(ProbeError::Refused { text, .. }) => Ok(Digest::Refused(text)),
        Err(error) => Err(error),
    }
}

fn next(
    command: &'static str,
    replies: &mut impl Iterator<Item = RedisResult<Value>>,
) -> Result<Value, ProbeError> {
    match replies.next() {
        Some(reply) => reply.map_err(|error| ProbeError::of(command, error)),
        None => Err(ProbeError::Unreadable {
            command,
            source: ReplyError::Absent,
        }),
    }
}

fn wrong_kind(command: &'static str, expected: &'static str, got: &Value) -> ProbeError {
    ProbeError::Unreadable {
        command,
        source: ReplyError::Kind {
            expected,
            got: format!("{got:?}"),
        },
    }
}
