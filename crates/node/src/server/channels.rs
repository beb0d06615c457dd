//! Streams numbered by their first byte, over a WebSocket: `v5` and `v4.channel.k8s.io`; and the
//! same as streams of SPDY, for kubectl before 1.30.
//!
//! Invariant: a message is one channel's; its first byte says which.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::carrier::{self, Inward, Outward};
use super::{Body, refuse, streams};

/// What older clients upgrade to.
const SPDY: &str = "SPDY/3.1";
/// Where they say what they speak there.
const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// The channels of `exec` and `attach`.
pub(crate) const INPUT: u8 = 0;
pub(crate) const OUTPUT: u8 = 1;
pub(crate) const ERROR: u8 = 2;
pub(crate) const STATUS: u8 = 3;
pub(crate) const RESIZE: u8 = 4;
/// The channel on which `v5` says that another is closed.
const CLOSE: u8 = 255;

/// The socket, once the other side has taken the answer.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The sending half.
pub(crate) enum Sender {
    Socket(SplitSink<Socket, Message>),
    Spdy(streams::Sender),
}

/// The receiving half.
pub(crate) enum Receiver {
    Socket(SplitStream<Socket>),
    Spdy(streams::Receiver),
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Bytes on a channel.
    Bytes(u8, Bytes),
    /// Nothing more comes on that channel.
    Closed(u8),
    /// It asks whether we are there; [`Sender::pong`] is the answer.
    Ping(u32),
}

/// An answer that accepts, and what comes after.
pub(crate) struct Accepted {
    pub(crate) response: Response<Body>,
    upgrade: OnUpgrade,
    by: By,
}

/// What is spoken after an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    WebSocket,
    Spdy,
}

/// Chooses the first protocol that the client offers, of those known over a WebSocket or over
/// SPDY, and answers with it; the answer to a request that is neither's is an error.
pub(crate) fn accept(
    mut request: Request<Incoming>,
    over_sockets: &[&'static str],
    over_spdy: &[&'static str],
) -> Result<Accepted, Box<Response<Body>>> {
    let headers = request.headers();
    let bad = |why: &str| Box::new(refuse(StatusCode::BAD_REQUEST, why));
    let upgrade = headers.get(header::UPGRADE);
    let upgrade = upgrade.and_then(|value| value.to_str().ok());
    let upgrade = upgrade.unwrap_or_default();
    let (by, name, known) = if is_socket(&request) {
        let name = header::SEC_WEBSOCKET_PROTOCOL;
        (By::WebSocket, name, over_sockets)
    } else if upgrade.eq_ignore_ascii_case(SPDY) {
        (By::Spdy, STREAM_PROTOCOL, over_spdy)
    } else {
        return Err(bad("Upgrade request required"));
    };
    let offered = offers(headers, &name).collect::<Vec<_>>();
    let chosen = known.iter().find(|known| offered.contains(*known));
    let chosen = *chosen.ok_or_else(|| {
        bad(&format!(
            "unable to negotiate protocol: client supports {offered:?}"
        ))
    })?;
    let mut response = Response::new(Empty::new().boxed());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(name, HeaderValue::from_static(chosen));
    let spoken = match by {
        By::Spdy => SPDY,
        By::WebSocket => {
            let key = headers.get(header::SEC_WEBSOCKET_KEY);
            let key = key.ok_or_else(|| bad("no Sec-WebSocket-Key"))?;
            if let Ok(accepted) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
                answer.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
            }
            "websocket"
        }
    };
    answer.insert(header::UPGRADE, HeaderValue::from_static(spoken));
    let upgrade = hyper::upgrade::on(&mut request);
    Ok(Accepted {
        response,
        upgrade,
        by,
    })
}

/// Whether a request is a WebSocket's.
pub(crate) fn is_socket(request: &Request<Incoming>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The protocols that a client offers in a header.
fn offers<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether the client offers to speak SPDY, inside of a WebSocket or without.
pub(crate) fn offers_spdy(request: &Request<Incoming>, tunnelled: &str) -> bool {
    let headers = request.headers();
    let mut in_sockets = offers(headers, &header::SEC_WEBSOCKET_PROTOCOL);
    in_sockets.any(|offered| offered == tunnelled) || headers.contains_key(STREAM_PROTOCOL)
}

impl Accepted {
    /// The answer, and the connection, once the other side has taken that.
    pub(crate) fn parts(self) -> (Response<Body>, Connection) {
        let (upgrade, by) = (self.upgrade, self.by);
        (self.response, Connection { upgrade, by })
    }
}

/// A connection that is about to be upgraded.
pub(crate) struct Connection {
    upgrade: OnUpgrade,
    by: By,
}

impl Connection {
    /// The bytes of SPDY.
    pub(crate) async fn carrier(self) -> Option<(Outward, Inward)> {
        let upgraded = self.upgrade.await.ok()?;
        Some(match self.by {
            By::WebSocket => carrier::of_socket(socket(upgraded).await),
            By::Spdy => carrier::of_connection(upgraded),
        })
    }

    /// Channels; over SPDY each has to be wanted, by the name of its stream.
    pub(crate) async fn channels(
        self,
        wanted: BTreeMap<&'static str, u8>,
    ) -> Option<(Sender, Receiver)> {
        let upgraded = self.upgrade.await.ok()?;
        match self.by {
            By::WebSocket => {
                let (sender, receiver) = socket(upgraded).await.split();
                Some((Sender::Socket(sender), Receiver::Socket(receiver)))
            }
            By::Spdy => {
                let carrier = carrier::of_connection(upgraded);
                let (sender, receiver) = streams::open(carrier, wanted).await?;
                Some((Sender::Spdy(sender), Receiver::Spdy(receiver)))
            }
        }
    }
}

async fn socket(upgraded: Upgraded) -> Socket {
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await
}

impl Sender {
    /// Sends bytes on a channel; false when the other side is gone.
    pub(crate) async fn send(&mut self, channel: u8, bytes: &[u8]) -> bool {
        match self {
            Sender::Spdy(sender) => sender.send(channel, bytes).await,
            Sender::Socket(socket) => {
                let mut message = BytesMut::with_capacity(bytes.len() + 1);
                message.put_u8(channel);
                message.put_slice(bytes);
                socket.send(Message::Binary(message.freeze())).await.is_ok()
            }
        }
    }

    /// What an accident is called here: a WebSocket's is passed on by somebody who says so again.
    pub(crate) fn accident(&self, why: &str) -> String {
        match self {
            Sender::Spdy(_) => format!("Internal error occurred: {why}"),
            Sender::Socket(_) => {
                format!("Internal error occurred: Internal error occurred: {why}")
            }
        }
    }

    /// Answers [`Heard::Ping`].
    pub(crate) async fn pong(&mut self, id: u32) {
        match self {
            Sender::Spdy(sender) => sender.pong(id).await,
            // Done by the socket itself.
            Sender::Socket(_) => {}
        }
    }

    /// Ends it, as the protocol does.
    pub(crate) async fn close(self) {
        let mut socket = match self {
            Sender::Spdy(sender) => return sender.close().await,
            Sender::Socket(socket) => socket,
        };
        // Without a code clients take it for an accident.
        let end = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        let _ = socket.send(Message::Close(Some(end))).await;
        let _ = socket.close().await;
    }
}

impl Receiver {
    /// What comes next; `None` when the other side is gone.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        let socket = match self {
            Receiver::Spdy(receiver) => return receiver.next().await,
            Receiver::Socket(socket) => socket,
        };
        loop {
            match socket.next().await?.ok()? {
                Message::Binary(bytes) if bytes.len() == 2 && bytes[0] == CLOSE => {
                    return Some(Heard::Closed(bytes[1]));
                }
                Message::Binary(bytes) if !bytes.is_empty() => {
                    return Some(Heard::Bytes(bytes[0], bytes.slice(1..)));
                }
                Message::Close(_) => return None,
                Message::Binary(_)
                | Message::Text(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Frame(_) => {}
            }
        }
    }
}
