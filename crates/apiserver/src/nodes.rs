//! The link to node agents: logs, exec and port-forward of pods.
//!
//! # The contract with a node agent
//!
//! The API server asks its [`NodeDialer`] for a stream to the node that runs the pod and speaks HTTP/1.1 on it: one
//! request a stream, `Host` is the node's name. The agent answers as a kubelet does:
//!
//! | request | answer |
//! |---|---|
//! | `GET /containerLogs/{namespace}/{pod}/{container}?QUERY` | `200`, chunked text; `follow` keeps it open. QUERY is the client's own: `follow`, `previous`, `timestamps`, `tailLines`, `sinceSeconds`, `sinceTime`, `limitBytes` |
//! | `GET` or `POST /exec/{namespace}/{pod}/{container}?QUERY` | `101` and the WebSocket. QUERY: `command` (repeated), and `input=1`, `output=1`, `error=1`, `tty=1` as a kubelet has them |
//! | `GET` or `POST /attach/{namespace}/{pod}/{container}?QUERY` | the same without `command` |
//! | `GET` or `POST /portForward/{namespace}/{pod}?QUERY` | `101` and the WebSocket. QUERY: the client's `ports`, if any |
//!
//! Older clients ask for `SPDY/3.1` where others ask for a WebSocket.
//!
//! - An upgrade carries the client's own `Connection`, `Upgrade`, `Sec-WebSocket-*` and `X-Stream-Protocol-Version`
//!   headers; the agent chooses the sub-protocol (`v5.channel.k8s.io`, `v4.channel.k8s.io`,
//!   `SPDY/3.1+portforward.k8s.io`, `portforward.k8s.io`) and computes `Sec-WebSocket-Accept`. After its `101` the API server copies bytes both ways until either side closes.
//! - Any other answer is passed on with its code, `Content-Type` and body: a refusal is a `Status` in JSON.
//! - When the client goes away, the stream is dropped.
//! - The container is always named: the API server fills in the only one, or `kubectl.kubernetes.io/default-container`,
//!   or refuses in Kubernetes' words. That the pod exists and has a node is checked before the agent is asked.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream to a node agent.
pub trait NodeStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NodeStream for T {}

/// What a dial gives.
pub type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn NodeStream>>> + Send>>;

/// Opens streams to node agents.
pub trait NodeDialer: Send + Sync + 'static {
    /// A new stream to the agent of that node.
    fn dial(&self, node: &str) -> Dialing;
}

/// No node can be reached: for servers without nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNodes;

impl NodeDialer for NoNodes {
    fn dial(&self, node: &str) -> Dialing {
        let error = io::Error::new(
            io::ErrorKind::NotConnected,
            format!("no agent of node `{node}` is known"),
        );
        Box::pin(async move { Err(error) })
    }
}

/// What to ask a node agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeCall {
    /// Which node.
    pub(crate) node: String,
    /// Path and query.
    pub(crate) path: String,
    /// Whether the client must upgrade.
    pub(crate) upgrade: Upgrade,
}

/// Whether a call becomes a stream both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Only with an upgrade.
    Needed,
    /// Plain HTTP.
    Plain,
}
