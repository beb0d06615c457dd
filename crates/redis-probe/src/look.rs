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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::scripted::{self, Then, bulk};

    const DIGEST: &str = "+7fe178da8560bd537d01dc7e3a6be2d32d329b5b\r\n";

    /// The replies of a lone master, DBSIZE and DEBUG DIGEST as given.
    fn replies(dbsize: &str, digest: &str) -> String {
        let texts = bulk(&[
            "cluster_state:ok\r\ncluster_current_epoch:1\r\ncluster_my_epoch:1\r\n",
            "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5\n",
            "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n",
            "# Server\r\nredis_version:7.0.15\r\nrun_id:ab\r\n",
        ]);
        format!("{texts}{dbsize}{digest}")
    }

    async fn check(then: Then) -> String {
        let (mut connection, _tasks) = scripted::connect(then).await;
        match look(&mut connection).await {
            Ok(view) => format!("{} keys, digest {}", view.dbsize, view.digest),
            Err(error) => match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        }
    }

    #[tokio::test]
    async fn a_view_is_one_round_trip() {
        let then = Then::Say(replies(":39\r\n", DIGEST));
        let (mut connection, tasks) = scripted::connect(then).await;
        look(&mut connection).await.unwrap();
        let sent = scripted::sent(connection, tasks).await;
        let words = sent
            .split("\r\n")
            .filter(|word| !word.starts_with(['*', '$']));
        let words: Vec<_> = words.collect();
        assert_snapshot!(words.join(" "), @"CLUSTER INFO CLUSTER NODES INFO replication INFO server DBSIZE DEBUG DIGEST");
    }

    #[tokio::test]
    async fn a_digest_that_is_refused_is_told_in_the_view() {
        assert_snapshot!(check(Then::Say(replies(":39\r\n", DIGEST))).await, @"39 keys, digest 7fe178da8560bd537d01dc7e3a6be2d32d329b5b");
        let refused = "-ERR DEBUG command not allowed.\r\n";
        assert_snapshot!(check(Then::Say(replies(":39\r\n", refused))).await, @"39 keys, digest not given (ERR DEBUG command not allowed.)");
    }

    #[tokio::test]
    async fn a_server_that_loads() {
        let loading = "-LOADING Redis is loading the dataset in memory\r\n".repeat(6);
        assert_snapshot!(check(Then::Say(loading)).await, @"Redis is still loading its data: LOADING Redis is loading the dataset in memory");
    }

    #[tokio::test]
    async fn a_server_without_a_cluster() {
        let refused = "-ERR This instance has cluster support disabled\r\n".repeat(6);
        assert_snapshot!(check(Then::Say(refused)).await, @"Redis refused CLUSTER INFO: ERR This instance has cluster support disabled");
    }

    #[tokio::test]
    async fn a_stream_that_ends() {
        assert_snapshot!(check(Then::SayAndClose(String::new())).await, @"no reply to CLUSTER INFO: broken pipe");
        assert_snapshot!(check(Then::SayAndClose(bulk(&["cluster_state:ok"]))).await, @"no reply to CLUSTER INFO: broken pipe");
    }

    #[tokio::test]
    async fn a_server_that_says_nothing() {
        assert_snapshot!(check(Then::Hang).await, @"no reply to CLUSTER INFO: timed out");
    }

    #[tokio::test]
    async fn replies_of_another_kind() {
        assert_snapshot!(check(Then::Say(replies("+many\r\n", DIGEST))).await, @r#"cannot read the reply to DBSIZE: expected a number, got simple-string("many")"#);
        assert_snapshot!(check(Then::Say(":1\r\n".repeat(6))).await, @"cannot read the reply to CLUSTER INFO: expected a text, got int(1)");
        assert_snapshot!(check(Then::Say(bulk(&["hello"; 6]))).await, @"cannot read the reply to CLUSTER INFO: there is no `cluster_state`");
    }
}
