//! A request as the API sees it, and its answer: no connection, no encoding.
//!
//! Invariant: both are plain data; transports turn them into HTTP.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::kinds::Kind;
use crate::nodes::NodeCall;
use crate::rights::User;
use crate::status::Status;
use crate::store::Object;
use crate::watch::Watch;

/// An HTTP method that the API knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// GET
    Get,
    /// HEAD: nothing knows it but what is no object; the transport leaves the body out.
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// Any other.
    Other,
}

impl Method {
    /// As a path that is no object's is asked.
    pub(crate) fn lower(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Head => "head",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Other => "options",
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What is done.
    pub(crate) method: Method,
    /// The path, percent-encoding undone.
    pub(crate) path: String,
    /// The query as it was written.
    pub(crate) raw_query: String,
    /// The query, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// `Accept`
    pub(crate) accept: String,
    /// `Content-Type`
    pub(crate) content_type: String,
    /// `User-Agent`
    pub(crate) agent: String,
    /// The body, whole.
    pub(crate) body: Bytes,
    /// Who asks.
    pub(crate) user: Arc<User>,
    /// The headers that ask to be taken for somebody else, names in lower case.
    pub(crate) impersonation: Vec<(String, String)>,
    /// The bearer token that is good on this way in, if there is one.
    pub(crate) token: Option<Arc<str>>,
}

impl Request {
    /// The first value of a query parameter, or "".
    pub(crate) fn param(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// All values of a query parameter.
    pub(crate) fn params(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// JSON
    Json,
    /// JSON for people
    Pretty,
    /// YAML
    Yaml,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One document.
    Document(Document),
    /// Events, as they come.
    Watch(Box<Watch>),
    /// What a node says.
    Node(NodeCall),
}

/// One document.
#[derive(Debug)]
pub(crate) struct Document {
    /// The HTTP code.
    pub(crate) code: u16,
    /// What it holds.
    pub(crate) body: Body,
    /// How it is written.
    pub(crate) encoding: Encoding,
    /// `Content-Type`, when it is not that of the encoding.
    pub(crate) content_type: Option<&'static str>,
    /// Each becomes a `Warning` header.
    pub(crate) warnings: Vec<String>,
    /// Seconds to wait.
    pub(crate) retry_after: Option<u32>,
}

/// What a document holds.
#[derive(Debug)]
pub(crate) enum Body {
    /// A value.
    Value(Value),
    /// A stored object, whose JSON is made once.
    Object(&'static Kind, Arc<Object>),
    /// Stored objects of one kind.
    List(&'static Kind, Value, Vec<Arc<Object>>),
    /// Plain text.
    Text(String),
    /// Bytes of another format.
    Raw(Bytes),
}

impl Answer {
    /// A value as JSON.
    pub(crate) fn value(code: u16, value: Value, encoding: Encoding) -> Answer {
        Answer::Document(Document::new(code, Body::Value(value), encoding))
    }

    /// Plain text.
    pub(crate) fn text(code: u16, text: impl Into<String>) -> Answer {
        let mut document = Document::new(code, Body::Text(text.into()), Encoding::Json);
        document.content_type = Some("text/plain; charset=utf-8");
        Answer::Document(document)
    }

    /// A refusal.
    pub(crate) fn refusal(status: &Status, encoding: Encoding) -> Answer {
        let mut document = Document::new(status.code, Body::Value(status.body()), encoding);
        document.retry_after = status.retry_after;
        Answer::Document(document)
    }
}

impl Document {
    /// A document without warnings.
    pub(crate) fn new(code: u16, body: Body, encoding: Encoding) -> Document {
        Document {
            code,
            body,
            encoding,
            content_type: None,
            warnings: Vec::new(),
            retry_after: None,
        }
    }
}
