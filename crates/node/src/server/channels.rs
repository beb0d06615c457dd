//! Streams numbered by their first byte, over a WebSocket: `v5` and `v4.channel.k8s.io`.
//!
//! Invariant: a message is one channel's; its first byte says which.

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::{Body, refuse};

/// The socket, once the other side has taken the answer.
pub(crate) type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// The sending half.
pub(crate) struct Sender(SplitSink<Socket, Message>);

/// The receiving half.
pub(crate) struct Receiver(SplitStream<Socket>);

/// An answer that accepts, and what comes after.
pub(crate) struct Accepted {
    pub(crate) response: Response<Body>,
    pub(crate) upgrade: OnUpgrade,
}

/// Chooses the first of `known` that the client offers and answers with it; the answer
/// to a request that is no WebSocket's is an error.
pub(crate) fn accept(
    mut request: Request<Incoming>,
    known: &[&'static str],
) -> Result<Accepted, Box<Response<Body>>> {
    let headers = request.headers();
    let bad = |why: &str| Box::new(refuse(StatusCode::BAD_REQUEST, why));
    let upgrade = headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(bad("Upgrade request required: this node speaks WebSocket"));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or_else(|| bad("no Sec-WebSocket-Key"))?;
    let accepted = derive_accept_key(key.as_bytes());
    let offered = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let offered = offered
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect::<Vec<_>>();
    let chosen = known.iter().find(|known| offered.contains(known));
    let chosen = *chosen.ok_or_else(|| {
        bad(&format!(
            "unable to negotiate protocol: client supports {offered:?}"
        ))
    })?;
    let mut response = Response::new(Empty::new().boxed());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(chosen),
    );
    if let Ok(accepted) = HeaderValue::from_str(&accepted) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    }
    let upgrade = hyper::upgrade::on(&mut request);
    Ok(Accepted { response, upgrade })
}

/// Whether the client offers a protocol.
pub(crate) fn offers(request: &Request<Incoming>, protocol: &str) -> bool {
    let offered = request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter();
    let mut offered = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    offered.any(|offered| offered.trim() == protocol)
}

/// The socket itself.
pub(crate) async fn socket(upgrade: OnUpgrade) -> Option<Socket> {
    let upgraded = TokioIo::new(upgrade.await.ok()?);
    Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await)
}

/// The two halves.
pub(crate) fn halves(socket: Socket) -> (Sender, Receiver) {
    let (sender, receiver) = socket.split();
    (Sender(sender), Receiver(receiver))
}

impl Sender {
    /// Sends bytes on a channel; false when the other side is gone.
    pub(crate) async fn send(&mut self, channel: u8, bytes: &[u8]) -> bool {
        let mut message = BytesMut::with_capacity(bytes.len() + 1);
        message.put_u8(channel);
        message.put_slice(bytes);
        self.0.send(Message::Binary(message.freeze())).await.is_ok()
    }

    /// Ends it, as the protocol does.
    pub(crate) async fn close(mut self) {
        // Without a code clients take it for an accident.
        let end = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        let _ = self.0.send(Message::Close(Some(end))).await;
        let _ = self.0.close().await;
    }
}

impl Receiver {
    /// The next channel's bytes; `None` when the other side is gone.
    pub(crate) async fn next(&mut self) -> Option<(u8, Bytes)> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Binary(bytes) if !bytes.is_empty() => {
                    return Some((bytes[0], bytes.slice(1..)));
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
