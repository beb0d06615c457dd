//! One connection to one Redis server, over a stream that the caller opened.
//!
//! Invariants:
//! - Nothing is sent before the first command, and no command is sent twice.
//! - Every wait for a reply has the response time-out.

use std::{future::Future, sync::LazyLock, time::Duration};

use redis::{
    AsyncConnectionConfig, Pipeline, RedisConnectionInfo, RedisResult, Value,
    aio::MultiplexedConnection,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ProbeError;

/// The driver borrows what it is told about the connection for as long as it
/// runs, so this has to outlive every connection. The library's name is left
/// out: announcing it would cost a round trip, which old servers answer with
/// an error.
static PLAIN: LazyLock<RedisConnectionInfo> =
    LazyLock::new(|| RedisConnectionInfo::default().set_skip_set_lib_name());

/// A connection to one server.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: MultiplexedConnection,
    response_timeout: Duration,
}

impl Connection {
    /// Makes a connection out of an open stream.
    ///
    /// The future that comes with it moves the bytes: nothing is answered
    /// unless the caller polls it, in a `JoinSet` of its own. It ends when the
    /// stream does, or when the connection and its clones are dropped.
    pub async fn open<S>(
        stream: S,
        response_timeout: Duration,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), ProbeError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(response_timeout));
        let (inner, driver) = MultiplexedConnection::new_with_config(&PLAIN, stream, config)
            .await
            .map_err(|source| ProbeError::Open { source })?;
        let connection = Self {
            inner,
            response_timeout,
        };
        Ok((connection, driver))
    }

    /// Sends all commands at once and gives one result a command.
    ///
    /// The outer error means that no reply is known at all.
    pub(crate) async fn ask(
        &mut self,
        pipeline: &mut Pipeline,
    ) -> RedisResult<Vec<RedisResult<Value>>> {
        pipeline.ignore_errors().query_async(&mut self.inner).await
    }

    /// The same connection for requests that may take `longer` to be answered.
    pub(crate) fn patient(&self, longer: Duration) -> Self {
        let mut patient = self.clone();
        patient.response_timeout = self.response_timeout.saturating_add(longer);
        patient.inner.set_response_timeout(patient.response_timeout);
        patient
    }
}
