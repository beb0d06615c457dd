//! How SPDY's bytes come and go: in the messages of a WebSocket, or as they are.
//!
//! Invariant: what is sent keeps its order; an end, however it comes about, is the end of all.

use std::pin::Pin;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Sink, SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::channels::Socket;

/// The other side is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Bytes to the client.
pub(crate) type Outward = Pin<Box<dyn Sink<Bytes, Error = Gone> + Send>>;
/// Bytes from the client.
pub(crate) type Inward = BoxStream<'static, Bytes>;

/// Bytes in binary messages; what they are cut into says nothing.
pub(crate) fn of_socket(socket: Socket) -> (Outward, Inward) {
    let (sink, stream) = socket.split();
    let outward = sink
        .with(|bytes| async { Ok(Message::Binary(bytes)) })
        .sink_map_err(|_: tokio_tungstenite::tungstenite::Error| Gone);
    let open = |message: &Result<Message, _>| matches!(message, Ok(message) if !message.is_close());
    let inward = stream
        .take_while(move |message| std::future::ready(open(message)))
        .filter_map(|message| async {
            match message {
                Ok(Message::Binary(bytes)) => Some(bytes),
                _ => None,
            }
        });
    (Box::pin(outward), inward.boxed())
}

/// The bytes of the connection itself.
pub(crate) fn of_connection(upgraded: Upgraded) -> (Outward, Inward) {
    let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
    let outward = futures::sink::unfold(writer, |mut writer, bytes: Bytes| async move {
        let sent = async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        };
        sent.await.map_err(|_| Gone)?;
        Ok(writer)
    });
    let inward = futures::stream::unfold(reader, |mut reader| async move {
        let mut buffer = vec![0; 16 * 1024];
        let count = reader.read(&mut buffer).await.ok().filter(|it| *it > 0)?;
        buffer.truncate(count);
        Some((Bytes::from(buffer), reader))
    });
    (Box::pin(outward), inward.boxed())
}
