//! From stored objects to what a client wants to see of them.
//!
//! Invariant: an object that is wanted as it is, is never copied.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::negotiate::{Form, Media};
use super::request::{Body, Document, Request};
use crate::kinds::Kind;
use crate::status::Status;
use crate::store::{Change, Object};
use crate::table::{Ages, Columns, Docs, Include, partial, row};

/// How objects are shown to one client.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// What was agreed on.
    pub(crate) media: Media,
    /// What goes along with a row.
    pub(crate) include: Include,
    /// The texts of column definitions, if there are columns.
    pub(crate) docs: Option<Arc<Docs>>,
}

/// Reads `includeObject`.
pub(crate) fn include(request: &Request, media: Media) -> Result<Include, Status> {
    if !matches!(media.form, Form::Table(_)) {
        return Ok(Include::Metadata);
    }
    match request.param("includeObject") {
        "" | "Metadata" => Ok(Include::Metadata),
        "Object" => Ok(Include::Object),
        "None" => Ok(Include::None),
        other => {
            let detail = "must be 'Metadata', 'Object', 'None', or empty";
            let text = format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"{other}\": {detail}"
            );
            Err(Status::bad_request(text))
        }
    }
}

/// An object as its kind shows it, without `apiVersion` and `kind`.
pub(crate) fn shown(kind: &Kind, object: &Object) -> Value {
    match kind.view {
        Some(view) => (view.show)(&object.value()),
        None => object.value().into_owned(),
    }
}

/// An object with `apiVersion` and `kind`.
pub(crate) fn whole(kind: &Kind, object: &Object) -> Value {
    let mut value = shown(kind, object);
    value["apiVersion"] = json!(kind.api_version());
    value["kind"] = json!(kind.kind);
    value
}

impl View {
    /// A document about one object.
    pub(crate) fn one(
        &self,
        kind: &'static Kind,
        code: u16,
        object: Arc<Object>,
        now: Timestamp,
    ) -> Document {
        let body = match self.media.form {
            Form::Table(version) => {
                let metadata =
                    json!({"resourceVersion": object.value()["metadata"]["resourceVersion"]});
                Body::Value(self.table(
                    kind.columns,
                    kind,
                    &[object],
                    &Frame {
                        version,
                        metadata,
                        header: Header::Shown,
                        now,
                    },
                ))
            }
            Form::Partial(version) => Body::Value(partial_in(version, &object.value())),
            Form::Whole | Form::Aggregated(_) if kind.view.is_some() => {
                Body::Value(whole(kind, &object))
            }
            Form::Whole | Form::Aggregated(_) => Body::Object(kind, object),
        };
        Document::new(code, body, self.media.encoding)
    }

    /// A document about many.
    pub(crate) fn many(
        &self,
        kind: &'static Kind,
        metadata: Value,
        objects: Vec<Arc<Object>>,
        now: Timestamp,
    ) -> Document {
        let body = match self.media.form {
            Form::Table(version) => Body::Value(self.table(
                kind.columns,
                kind,
                &objects,
                &Frame {
                    version,
                    metadata,
                    header: Header::Shown,
                    now,
                },
            )),
            Form::Partial(version) => {
                let item = |object: &Arc<Object>| json!({"metadata": object.value()["metadata"]});
                let items: Vec<Value> = objects.iter().map(item).collect();
                let api_version = format!("meta.k8s.io/{version}");
                Body::Value(
                    json!({"kind": "PartialObjectMetadataList", "apiVersion": api_version, "metadata": metadata, "items": items}),
                )
            }
            Form::Whole | Form::Aggregated(_) => Body::List(kind, metadata, objects),
        };
        Document::new(200, body, self.media.encoding)
    }

    /// A table.
    fn table(
        &self,
        columns: Columns,
        kind: &Kind,
        objects: &[Arc<Object>],
        frame: &Frame<'_>,
    ) -> Value {
        let definitions = match (frame.header, &self.docs) {
            (Header::Shown, Some(docs)) => docs.definitions(columns),
            _ => Value::Null,
        };
        let api_version = kind.api_version();
        let row = |object: &Arc<Object>| {
            row(
                columns,
                &object.value(),
                &api_version,
                kind.kind,
                self.include,
                Ages(frame.now),
            )
        };
        let rows: Vec<Value> = objects.iter().map(row).collect();
        json!({
            "kind": "Table", "apiVersion": format!("meta.k8s.io/{}", frame.version), "metadata": frame.metadata,
            "columnDefinitions": definitions, "rows": rows,
        })
    }

    /// A table with one row made of a value that is stored nowhere.
    pub(crate) fn table_of(
        &self,
        columns: Columns,
        kind: &Kind,
        version: &str,
        value: Value,
        now: Timestamp,
    ) -> Value {
        let object = Arc::new(Object::unstored(value));
        let frame = Frame {
            version,
            metadata: json!({}),
            header: Header::Shown,
            now,
        };
        self.table(columns, kind, &[object], &frame)
    }

    /// One line of a watch.
    pub(crate) fn event(
        &self,
        kind: &'static Kind,
        name: &str,
        object: &Arc<Object>,
        header: Header,
        now: Timestamp,
    ) -> Bytes {
        match self.media.form {
            Form::Table(version) => {
                let metadata =
                    json!({"resourceVersion": object.value()["metadata"]["resourceVersion"]});
                let table = self.table(
                    kind.columns,
                    kind,
                    std::slice::from_ref(object),
                    &Frame {
                        version,
                        metadata,
                        header,
                        now,
                    },
                );
                line(name, &table)
            }
            Form::Partial(version) => line(name, &partial_in(version, &object.value())),
            Form::Whole | Form::Aggregated(_) if kind.view.is_some() => {
                line(name, &whole(kind, object))
            }
            Form::Whole | Form::Aggregated(_) => {
                let mut out = BytesMut::new();
                out.put_slice(format!("{{\"type\":\"{name}\",\"object\":").as_bytes());
                put_whole(&mut out, kind, object);
                out.put_slice(b"}\n");
                out.freeze()
            }
        }
    }
}

/// What a table has besides its rows.
struct Frame<'a> {
    version: &'a str,
    metadata: Value,
    header: Header,
    now: Timestamp,
}

/// Whether a table says what its columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// It does.
    Shown,
    /// The client knows them from before.
    Known,
}

fn partial_in(version: &str, object: &Value) -> Value {
    let mut value = partial(object);
    value["apiVersion"] = json!(format!("meta.k8s.io/{version}"));
    value
}

/// A line of a watch from a value.
pub(crate) fn line(name: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{name}\",\"object\":{object}}}\n"))
}

/// What a change is called in a watch.
pub(crate) fn change_name(change: Change) -> &'static str {
    match change {
        Change::Added => "ADDED",
        Change::Modified => "MODIFIED",
        Change::Deleted => "DELETED",
    }
}

/// The object's shared JSON with its kind put in front.
pub(super) fn put_whole(out: &mut BytesMut, kind: &Kind, object: &Object) {
    let bare = object.encoded();
    out.put_slice(
        format!(
            "{{\"apiVersion\":\"{}\",\"kind\":\"{}\",",
            kind.api_version(),
            kind.kind
        )
        .as_bytes(),
    );
    out.put_slice(bare.get(1..).unwrap_or_default());
}
