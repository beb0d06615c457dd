//! Why one pod could not be looked at.
//!
//! Invariants:
//! - What a server refused and what got no reply are never mixed: after the
//!   first nothing was written, after the second nobody knows.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

use crate::{info::InfoError, nodes::NodesError};

/// Why a server could not be asked, or what it answered instead.
#[derive(Debug, Clone, Error)]
pub enum ProbeError {
    /// No connection over this stream.
    #[error("cannot talk to Redis over the stream")]
    Open {
        /// Why not.
        source: RedisError,
    },
    /// The stream broke or no reply came in time: whether the server acted on
    /// the request is not known.
    #[error("no reply to {command}")]
    NoReply {
        /// What was asked.
        command: &'static str,
        /// Why there is no reply.
        source: RedisError,
    },
    /// The server is reading its data from the disk and answers nothing else.
    #[error("Redis is still loading its data: {text}")]
    Loading {
        /// The server's words.
        text: String,
    },
    /// The server answered with an error.
    #[error("Redis refused {command}: {text}")]
    Refused {
        /// What was asked.
        command: &'static str,
        /// The server's words.
        text: String,
    },
    /// The reply is not what this command gives.
    #[error("cannot read the reply to {command}")]
    Unreadable {
        /// What was asked.
        command: &'static str,
        /// What is wrong with it.
        source: ReplyError,
    },
}

/// What is wrong with a reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// A line of CLUSTER NODES.
    #[error(transparent)]
    Nodes(#[from] NodesError),
    /// CLUSTER INFO or INFO.
    #[error(transparent)]
    Info(#[from] InfoError),
    /// Another type, a text where a number should be.
    #[error("expected {expected}, got {got}")]
    Kind {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// Fewer replies than requests.
    #[error("there is none")]
    Absent,
}

impl ProbeError {
    /// What an error is that came in place of a reply to `command`.
    pub(crate) fn of(command: &'static str, error: RedisError) -> Self {
        let text = words(&error);
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::BusyLoading) => Self::Loading { text },
            _ if is_answer(&error) => Self::Refused { command, text },
            _ => Self::NoReply {
                command,
                source: error,
            },
        }
    }
}

/// Whether the server itself said this: then the request was not carried out.
pub(crate) fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

/// The error as the server wrote it, or as the library puts it.
pub(crate) fn words(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => error.to_string(),
    }
}
