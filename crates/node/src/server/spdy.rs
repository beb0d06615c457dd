//! SPDY/3.1, as little as kubectl needs: streams with headers and data.
//!
//! Invariants:
//! - No I/O here: bytes in, [`Frame`]s out, and the other way round.
//! - A peer's sizes are bounded before anything is kept for them.

mod dictionary;
mod inflate;

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use inflate::Inflater;

const CONTROL: u16 = 0x8003;
const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const FIN: u8 = 1;
const LARGEST: usize = 1 << 20;
const MOST_HEADERS: u32 = 64;

/// What the peer sends, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A new stream and its headers, names in lower case.
    Open {
        stream: u32,
        headers: BTreeMap<String, String>,
        last: Last,
    },
    /// Bytes of a stream.
    Data {
        stream: u32,
        bytes: Bytes,
        last: Last,
    },
    /// A stream is broken off.
    Reset { stream: u32 },
    /// To be sent back.
    Ping { id: u32 },
}

/// Whether the peer sends more on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// The peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Takes frames out of bytes.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: BytesMut,
    headers: Inflater,
}

impl Reader {
    /// Takes more bytes in.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame that matters.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        while self.bytes.len() >= 8 {
            let word = |at: usize| {
                u32::from_be_bytes([
                    self.bytes[at],
                    self.bytes[at + 1],
                    self.bytes[at + 2],
                    self.bytes[at + 3],
                ])
            };
            let (first, second) = (word(0), word(4));
            let size = (second & 0x00ff_ffff) as usize;
            if size > LARGEST {
                return Err(Broken);
            }
            if self.bytes.len() < 8 + size {
                return Ok(None);
            }
            self.bytes.advance(8);
            let payload = self.bytes.split_to(size).freeze();
            let last = if (second >> 24) as u8 & FIN != 0 {
                Last::Yes
            } else {
                Last::No
            };
            if first >> 31 == 0 {
                return Ok(Some(Frame::Data {
                    stream: first,
                    bytes: payload,
                    last,
                }));
            }
            if (first >> 16) as u16 != CONTROL {
                return Err(Broken);
            }
            if let Some(frame) = self.control((first & 0xffff) as u16, payload, last)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn control(
        &mut self,
        kind: u16,
        mut payload: Bytes,
        last: Last,
    ) -> Result<Option<Frame>, Broken> {
        match kind {
            SYN_STREAM if payload.len() >= 10 => {
                let stream = payload.get_u32() & 0x7fff_ffff;
                payload.advance(6);
                let headers = self.headers.inflate(&payload).ok_or(Broken)?;
                Ok(Some(Frame::Open {
                    stream,
                    headers: parse(&headers).ok_or(Broken)?,
                    last,
                }))
            }
            RST_STREAM if payload.len() >= 8 => Ok(Some(Frame::Reset {
                stream: payload.get_u32() & 0x7fff_ffff,
            })),
            PING if payload.len() >= 4 => Ok(Some(Frame::Ping {
                id: payload.get_u32(),
            })),
            SYN_STREAM | RST_STREAM | PING => Err(Broken),
            // Settings, windows and farewells change nothing here.
            _ => Ok(None),
        }
    }
}

/// A header block in the clear.
fn parse(mut block: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = |block: &mut &[u8]| {
        let size = usize::try_from(block.try_get_u32().ok()?).ok()?;
        let text = String::from_utf8_lossy(block.get(..size)?).into_owned();
        block.advance(size);
        Some(text)
    };
    let count = block
        .try_get_u32()
        .ok()
        .filter(|count| *count <= MOST_HEADERS)?;
    (0..count)
        .map(|_| Some((text(&mut block)?.to_lowercase(), text(&mut block)?)))
        .collect()
}

/// Makes the frames that are sent.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    begun: bool,
}

impl Writer {
    /// Accepts a stream, with no headers of its own.
    pub(crate) fn reply(&mut self, stream: u32) -> Bytes {
        let mut payload = BytesMut::new();
        payload.put_u32(stream);
        // Headers are one compressed stream for the whole connection: its beginning once,
        // then blocks that are stored as they are.
        if !std::mem::replace(&mut self.begun, true) {
            payload.put_slice(&[0x78, 0x01]);
        }
        payload.put_slice(&[0, 4, 0, 0xfb, 0xff]);
        payload.put_u32(0);
        // An empty block: until then a reader keeps back what came before.
        payload.put_slice(&[0, 0, 0, 0xff, 0xff]);
        control(SYN_REPLY, &payload)
    }
}

/// Bytes on a stream.
pub(crate) fn data(stream: u32, bytes: &[u8], last: Last) -> Bytes {
    let mut frame = BytesMut::with_capacity(8 + bytes.len());
    frame.put_u32(stream);
    frame.put_u32(flagged(bytes.len(), last));
    frame.put_slice(bytes);
    frame.freeze()
}

/// The answer to a ping.
pub(crate) fn pong(id: u32) -> Bytes {
    control(PING, &id.to_be_bytes())
}

fn flagged(size: usize, last: Last) -> u32 {
    let flags = if last == Last::Yes {
        u32::from(FIN) << 24
    } else {
        0
    };
    flags | u32::try_from(size & 0x00ff_ffff).unwrap_or(0)
}

fn control(kind: u16, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(8 + payload.len());
    frame.put_u16(CONTROL);
    frame.put_u16(kind);
    frame.put_u32(flagged(payload.len(), Last::No));
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Opens streams of these types, numbered as a client's.
    pub(crate) fn opens(types: &[&str]) -> Vec<Bytes> {
        let numbered = (1..).step_by(2).zip(types);
        let opens = numbered.map(|(stream, name)| {
            let mut block = BytesMut::new();
            block.put_u32(1);
            for text in ["streamtype", name] {
                block.put_u32(u32::try_from(text.len()).unwrap());
                block.put_slice(text.as_bytes());
            }
            let mut payload = BytesMut::new();
            payload.put_u32(stream);
            payload.put_slice(&[0; 6]);
            if stream == 1 {
                payload.put_slice(&[0x78, 0x01]);
            }
            let size = u16::try_from(block.len()).unwrap();
            payload.put_u8(0);
            payload.put_u16_le(size);
            payload.put_u16_le(!size);
            payload.put_slice(&block);
            control(SYN_STREAM, &payload)
        });
        opens.collect()
    }

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let bytes = [
            data(3, b"hello", Last::No),
            pong(7),
            data(3, b"", Last::Yes),
        ]
        .concat();
        let mut reader = Reader::default();
        let mut frames = Vec::new();
        for byte in bytes {
            reader.feed(&[byte]);
            while let Some(frame) = reader.next().unwrap() {
                frames.push(frame);
            }
        }
        let expected = [
            Frame::Data {
                stream: 3,
                bytes: Bytes::from_static(b"hello"),
                last: Last::No,
            },
            Frame::Ping { id: 7 },
            Frame::Data {
                stream: 3,
                bytes: Bytes::new(),
                last: Last::Yes,
            },
        ];
        assert_eq!(frames, expected);
    }

    #[test]
    fn headers_are_read_and_what_is_no_frame_is_refused() {
        let block = [
            &1_u32.to_be_bytes()[..],
            &4_u32.to_be_bytes(),
            b"Port",
            &2_u32.to_be_bytes(),
            b"80",
        ]
        .concat();
        assert_eq!(parse(&block).unwrap()["port"], "80");
        assert_eq!(parse(&block[..9]), None);
        let mut reader = Reader::default();
        reader.feed(&[0x80, 0x09, 0, 1, 0, 0, 0, 0]);
        assert_eq!(reader.next(), Err(Broken));
    }
}
