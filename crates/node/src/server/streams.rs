//! Channels as kubectl had them before 1.30: a stream of SPDY for each, named by a header.
//!
//! Invariants:
//! - The program begins when every stream that the request speaks of is there, or not at all.
//! - What is said on a channel that the client does not want is dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};

use super::carrier::{Inward, Outward};
use super::channels::{ERROR, Heard, INPUT, OUTPUT, RESIZE, STATUS};
use super::query::Query;
use super::spdy::{self, Broken, Frame, Last, Reader, Writer};

/// What the client says that it speaks, and is answered.
pub(super) const PROTOCOLS: [&str; 1] = ["v4.channel.k8s.io"];
/// How long a client may take to open its streams, as with a kubelet.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most bytes of one frame.
const PIECE: usize = 16 * 1024;

/// The channels of a request, by the names of their streams.
pub(super) fn wanted(query: &Query) -> BTreeMap<&'static str, u8> {
    let terminal = query.is(&["tty"]);
    let all = [
        ("error", STATUS, true),
        ("stdin", INPUT, query.is(&["input", "stdin"])),
        ("stdout", OUTPUT, query.is(&["output", "stdout"])),
        ("stderr", ERROR, query.is(&["error", "stderr"]) && !terminal),
        ("resize", RESIZE, terminal),
    ];
    let on = all.into_iter().filter(|(.., on)| *on);
    on.map(|(name, channel, _)| (name, channel)).collect()
}

/// The sending half.
pub(super) struct Sender {
    outward: Outward,
    streams: BTreeMap<u8, u32>,
}

/// The receiving half.
pub(super) struct Receiver {
    inward: Inward,
    reader: Reader,
    channels: BTreeMap<u32, u8>,
    /// Frames that came before the last stream was opened.
    early: Vec<Frame>,
}

/// Waits until all streams are open.
pub(super) async fn open(
    carrier: (Outward, Inward),
    wanted: BTreeMap<&'static str, u8>,
) -> Option<(Sender, Receiver)> {
    tokio::time::timeout(PATIENCE, opened(carrier, wanted))
        .await
        .ok()?
}

async fn opened(
    (mut outward, mut inward): (Outward, Inward),
    mut wanted: BTreeMap<&'static str, u8>,
) -> Option<(Sender, Receiver)> {
    let mut reader = Reader::default();
    let mut writer = Writer::default();
    let mut streams = BTreeMap::new();
    let mut early = Vec::new();
    while !wanted.is_empty() {
        let Some(frame) = reader.next().ok()? else {
            reader.feed(&inward.next().await?);
            continue;
        };
        match frame {
            Frame::Open {
                stream, headers, ..
            } => {
                let name = headers.get("streamtype")?;
                streams.insert(wanted.remove(name.as_str())?, stream);
                outward.send(writer.reply(stream)).await.ok()?;
            }
            Frame::Ping { id } => outward.send(spdy::pong(id)).await.ok()?,
            Frame::Data { .. } | Frame::Reset { .. } => early.push(frame),
        }
    }
    early.reverse();
    let channels = streams.iter().map(|(channel, stream)| (*stream, *channel));
    let receiver = Receiver {
        inward,
        reader,
        channels: channels.collect(),
        early,
    };
    Some((Sender { outward, streams }, receiver))
}

impl Sender {
    /// Sends bytes on a channel; false when the other side is gone.
    pub(super) async fn send(&mut self, channel: u8, bytes: &[u8]) -> bool {
        let Some(stream) = self.streams.get(&channel) else {
            return true;
        };
        for piece in bytes.chunks(PIECE) {
            let frame = spdy::data(*stream, piece, Last::No);
            if self.outward.send(frame).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Answers a question whether somebody is there.
    pub(super) async fn pong(&mut self, id: u32) {
        // Who has gone notices by itself.
        let _ = self.outward.send(spdy::pong(id)).await;
    }

    /// Ends every stream, the one with the status last.
    pub(super) async fn close(mut self) {
        for channel in [OUTPUT, ERROR, STATUS] {
            if let Some(stream) = self.streams.get(&channel) {
                let _ = self.outward.send(spdy::data(*stream, b"", Last::Yes)).await;
            }
        }
        let _ = self.outward.close().await;
    }
}

impl Receiver {
    /// What comes next; `None` when the other side is gone.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            let frame = match self.early.pop() {
                Some(frame) => Some(frame),
                None => self.reader.next().map_err(|Broken| ()).ok()?,
            };
            match frame {
                None => self.reader.feed(&self.inward.next().await?),
                Some(Frame::Data {
                    stream,
                    bytes,
                    last,
                }) => {
                    let Some(channel) = self.channels.get(&stream).copied() else {
                        continue;
                    };
                    if last == Last::Yes {
                        if !bytes.is_empty() {
                            let end = Bytes::new();
                            let last = Last::Yes;
                            self.early.push(Frame::Data {
                                stream,
                                bytes: end,
                                last,
                            });
                            return Some(Heard::Bytes(channel, bytes));
                        }
                        return Some(Heard::Closed(channel));
                    }
                    if !bytes.is_empty() {
                        return Some(Heard::Bytes(channel, bytes));
                    }
                }
                Some(Frame::Reset { stream }) => {
                    if let Some(channel) = self.channels.remove(&stream) {
                        return Some(Heard::Closed(channel));
                    }
                }
                Some(Frame::Ping { id }) => return Some(Heard::Ping(id)),
                Some(Frame::Open { .. }) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::channel::mpsc;

    use super::super::carrier::Gone;
    use super::super::spdy::tests::opens;
    use super::*;

    /// A client that says all this, and what it is told.
    fn carrier(says: Vec<Bytes>) -> ((Outward, Inward), mpsc::UnboundedReceiver<Bytes>) {
        let (told, telling) = mpsc::unbounded();
        let outward = told.sink_map_err(|_| Gone);
        let inward = futures::stream::iter(says).boxed();
        ((Box::pin(outward), inward), telling)
    }

    #[tokio::test]
    async fn channels_are_streams() {
        let query = Query::parse("input=1&output=1&error=1&command=cat");
        let mut says = opens(&["error", "stdin", "stdout"]);
        // What is said before the last stream is open is heard as well.
        says.push(spdy::data(3, b"early", Last::No));
        says.push(opens(&["error", "stdin", "stdout", "stderr"]).remove(3));
        says.push(spdy::pong(7));
        says.push(spdy::data(3, b"late", Last::Yes));
        let (carrier, telling) = carrier(says);
        let open = open(carrier, wanted(&query)).await;
        let (mut sender, mut receiver) = open.expect("all are open");
        let mut heard = Vec::new();
        while let Some(it) = receiver.next().await {
            heard.push(it);
        }
        let bytes = |text: &'static str| Heard::Bytes(INPUT, Bytes::from_static(text.as_bytes()));
        assert_eq!(
            heard,
            [
                bytes("early"),
                Heard::Ping(7),
                bytes("late"),
                Heard::Closed(INPUT)
            ]
        );
        assert!(sender.send(OUTPUT, b"said").await && sender.send(RESIZE, b"dropped").await);
        sender.send(STATUS, b"{}").await;
        sender.close().await;
        let told: Vec<Bytes> = telling.collect().await;
        let expected = [
            spdy::data(5, b"said", Last::No),
            spdy::data(1, b"{}", Last::No),
            spdy::data(5, b"", Last::Yes),
            spdy::data(7, b"", Last::Yes),
            spdy::data(1, b"", Last::Yes),
        ];
        // Each opened stream was accepted before.
        assert_eq!(told[4..], expected);
    }

    #[tokio::test]
    async fn a_stream_that_nobody_spoke_of_ends_it() {
        let query = Query::parse("output=1&command=true");
        let (carrier, _telling) = carrier(opens(&["error", "stdin"]));
        assert!(open(carrier, wanted(&query)).await.is_none());
    }
}
