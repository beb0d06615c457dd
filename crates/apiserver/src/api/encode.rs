//! From a document to the bytes of a response.
//!
//! Invariant: a list of stored objects is written piece by piece, as fast as the client reads
//! it: a slow reader holds the objects, which are shared, and two pieces.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::render::{put_whole, shown, whole};
use super::request::{Body, Document, Encoding};
use crate::kinds::Kind;
use crate::store::Object;

/// From so many bytes on, a list is sent in pieces of that size.
pub(crate) const PIECE: usize = 64 * 1024;

/// A body to send.
#[derive(Debug)]
pub(crate) enum Encoded {
    /// At once.
    Whole(Bytes),
    /// Bit by bit.
    Pieces(Pieces),
}

/// The text of a list, made as it is asked for.
#[derive(Debug)]
pub(crate) struct Pieces {
    kind: &'static Kind,
    objects: std::vec::IntoIter<Arc<Object>>,
    /// What comes before the next object.
    next: Vec<u8>,
    done: bool,
}

impl Pieces {
    fn new(kind: &'static Kind, metadata: &Value, objects: Vec<Arc<Object>>) -> Pieces {
        let (name, api_version) = (kind.kind, kind.api_version());
        let start = format!(
            "{{\"kind\":\"{name}List\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":["
        );
        Pieces {
            kind,
            objects: objects.into_iter(),
            next: start.into_bytes(),
            done: false,
        }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.done {
            return None;
        }
        let mut out = BytesMut::with_capacity(PIECE);
        while out.len() < PIECE {
            let Some(object) = self.objects.next() else {
                // Of an empty list the start is still to be written.
                if self.next != b"," {
                    out.put_slice(&self.next);
                }
                out.put_slice(b"]}\n");
                self.done = true;
                break;
            };
            out.put_slice(&self.next);
            self.next.clear();
            self.next.push(b',');
            if self.kind.view.is_some() {
                out.put_slice(shown(self.kind, &object).to_string().as_bytes());
            } else {
                out.put_slice(object.encoded());
            }
        }
        Some(out.freeze())
    }
}

impl Document {
    /// The body, and its `Content-Type`.
    pub(crate) fn encode(self) -> (Encoded, &'static str) {
        let own = self.content_type;
        let content_type = match (&self.body, self.encoding) {
            (Body::Text(_), _) => own.unwrap_or("text/plain; charset=utf-8"),
            (Body::Raw(_), _) => own.unwrap_or("application/octet-stream"),
            (_, Encoding::Yaml) => "application/yaml",
            (_, Encoding::Json | Encoding::Pretty) => own.unwrap_or("application/json"),
        };
        (encode(self.body, self.encoding), content_type)
    }
}

fn encode(body: Body, encoding: Encoding) -> Encoded {
    let whole = match (body, encoding) {
        (Body::Text(text), _) => Bytes::from(text),
        (Body::Raw(bytes), _) => bytes,
        (Body::List(kind, metadata, objects), Encoding::Json) => {
            let large = objects.iter().scan(0, |sum, object| {
                *sum += object.encoded().len();
                Some(*sum)
            });
            let large = large.into_iter().any(|sum| sum > PIECE);
            let mut pieces = Pieces::new(kind, &metadata, objects);
            if large {
                return Encoded::Pieces(pieces);
            }
            pieces.next().unwrap_or_default()
        }
        (Body::Object(kind, object), Encoding::Json) => {
            let mut out = BytesMut::with_capacity(object.encoded().len() + 64);
            put_whole(&mut out, kind, &object);
            ended(out)
        }
        (body, Encoding::Json) => ended(BytesMut::from(value(body).to_string().as_bytes())),
        (body, Encoding::Pretty) => {
            Bytes::from(serde_json::to_string_pretty(&value(body)).unwrap_or_default())
        }
        (body, Encoding::Yaml) => Bytes::from(crate::json::write_yaml::to_yaml(&value(body))),
    };
    Encoded::Whole(whole)
}

/// Go's encoder ends each document with a newline, and scripts rely on it.
fn ended(mut out: BytesMut) -> Bytes {
    out.put_u8(b'\n');
    out.freeze()
}

fn value(body: Body) -> Value {
    match body {
        Body::Value(value) => value,
        Body::Text(text) => json!(text),
        Body::Raw(_) => Value::Null,
        Body::Object(kind, object) => whole(kind, &object),
        Body::List(kind, metadata, objects) => {
            let items: Vec<Value> = objects.iter().map(|object| shown(kind, object)).collect();
            json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": items})
        }
    }
}
