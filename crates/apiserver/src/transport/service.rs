//! From an HTTP request to an HTTP response.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT, WARNING,
};
use http::{HeaderMap, Method as HttpMethod, Request as HttpRequest, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Body as HttpBody, Frame};
use tower::BoxError;

use super::events;
use super::node;
use super::receive::{Room, receive};
use super::runner::Runner;
use super::seats::Asking;
use super::unread::{self, Unread};
use super::warnings;
use crate::api::encode::{Encoded, PIECE};
use crate::api::negotiate::refusal_encoding;
use crate::api::request::{Answer, Document, Method, Request};
use crate::nodes::NodeDialer;
use crate::rights::User;
use crate::server::Handle;
use crate::status::Status;

/// A response's body.
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) handle: Handle,
    pub(crate) nodes: Arc<dyn NodeDialer>,
    pub(crate) runner: Runner,
    /// What the bodies of all connections may take together.
    pub(crate) room: Room,
    /// What answers may take that are not read yet.
    pub(crate) unread: Unread,
    /// The bearer token that is good on this way in, if there is one.
    pub(crate) token: Option<Arc<str>>,
    /// What a connection's client is counted by for as long as it asks.
    pub(crate) asking: Option<Arc<Asking>>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Context").finish_non_exhaustive()
    }
}

/// A body that is there already.
pub(super) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// A refusal as a response.
pub(super) fn refuse(status: &Status, accept: &str) -> Response<Body> {
    match Answer::refusal(status, refusal_encoding(accept)) {
        Answer::Document(document) => {
            let (head, body) = head_of(document);
            let body = match body {
                Encoded::Whole(bytes) => full(bytes),
                Encoded::Pieces(_) => full(Bytes::new()),
            };
            head.map(|()| body)
        }
        Answer::Watch(_) | Answer::Node(_) => Response::new(full(Bytes::new())),
    }
}

/// Answers one request of that user.
pub(crate) async fn respond<B>(
    context: Context,
    user: Arc<User>,
    mut request: HttpRequest<B>,
) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Some(path) = decoded(request.uri().path(), Plus::Plain) else {
        return malformed();
    };
    let upgrade = node::Upgrading::take(&mut request);
    let (parts, body) = request.into_parts();
    let accept = header(&parts.headers, &ACCEPT);
    let head_only = parts.method == HttpMethod::HEAD;
    let received = match receive(body, &context.room).await {
        Ok(received) => received,
        Err(status) => return refuse(&status, &accept),
    };
    let request = Request {
        method: method(&parts.method),
        path,
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        query: query(parts.uri.query().unwrap_or_default()),
        accept: accept.clone(),
        content_type: header(&parts.headers, &CONTENT_TYPE),
        agent: header(&parts.headers, &USER_AGENT),
        body: received.bytes.clone(),
        user,
        impersonation: impersonation(&parts.headers),
        token: context.token.clone(),
    };
    let mut response = match context.handle.call(request).await {
        Err(status) => refuse(&status, &accept),
        Ok(Answer::Document(document)) => match document_response(&context, document) {
            Ok(response) => response,
            Err(status) => refuse(&status, &accept),
        },
        Ok(Answer::Watch(watch)) => {
            let lines =
                events::stream(*watch, context.handle.clone()).map(|bytes| Ok(Frame::data(bytes)));
            let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
            set(&mut response, CONTENT_TYPE, "application/json");
            response
        }
        Ok(Answer::Node(call)) => match node::call(&context, call, upgrade).await {
            Ok(response) => response,
            Err(status) => refuse(&status, &accept),
        },
    };
    set(&mut response, CACHE_CONTROL, "no-cache, private");
    if head_only {
        *response.body_mut() = full(Bytes::new());
    }
    response
}

fn document_response(context: &Context, document: Document) -> Result<Response<Body>, Status> {
    let (head, body) = head_of(document);
    let body = match body {
        Encoded::Whole(bytes) if bytes.len() <= PIECE => full(bytes),
        Encoded::Whole(bytes) => context.unread.own(&context.runner, bytes)?,
        Encoded::Pieces(pieces) => unread::shared(&context.runner, pieces),
    };
    Ok(head.map(|()| body))
}

/// The head of a response, and what its body is.
fn head_of(document: Document) -> (Response<()>, Encoded) {
    let code = StatusCode::from_u16(document.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let warnings = warnings::headers(&document.warnings);
    let retry_after = document.retry_after;
    let (body, content_type) = document.encode();
    let mut response = Response::new(());
    *response.status_mut() = code;
    if !content_type.is_empty() {
        set(&mut response, CONTENT_TYPE, content_type);
    }
    for text in warnings {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(WARNING, value);
        }
    }
    if let Some(seconds) = retry_after {
        let seconds = seconds.to_string();
        set(&mut response, http::header::RETRY_AFTER, &seconds);
    }
    (response, body)
}

fn set<B>(response: &mut Response<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(",")
}

/// The headers that ask to be taken for somebody else.
fn impersonation(headers: &HeaderMap) -> Vec<(String, String)> {
    let asks = |(name, _): &(&HeaderName, &HeaderValue)| name.as_str().starts_with("impersonate-");
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let name = name.as_str();
        let name = decoded(name, Plus::Plain).unwrap_or_else(|| name.to_owned());
        (name, value)
    };
    headers.iter().filter(asks).map(text).collect()
}

fn method(method: &HttpMethod) -> Method {
    match *method {
        HttpMethod::GET => Method::Get,
        HttpMethod::HEAD => Method::Head,
        HttpMethod::POST => Method::Post,
        HttpMethod::PUT => Method::Put,
        HttpMethod::PATCH => Method::Patch,
        HttpMethod::DELETE => Method::Delete,
        _ => Method::Other,
    }
}

/// What a plus sign means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plus {
    /// Itself.
    Plain,
    /// A space.
    Space,
}

/// A text without its percent-encoding; nothing where a percent sign begins none.
fn decoded(text: &str, plus: Plus) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
                let byte = digit(at + 1)? * 16 + digit(at + 2)?;
                out.push(u8::try_from(byte).ok()?);
                at += 2;
            }
            b'+' if plus == Plus::Space => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// A request that is none, as Go answers it before anybody has looked at it.
fn malformed() -> Response<Body> {
    let mut response = Response::new(full(Bytes::from_static(b"400 Bad Request")));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

/// The pairs of a query; what is not well-formed is no pair, as in Go.
fn query(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(key, Plus::Space)?, decoded(value, Plus::Space)?))
    };
    text.split('&')
        .filter(|part| !part.is_empty() && !part.contains(';'))
        .filter_map(pair)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let read = query("labelSelector=app+in+(a%2Cb)&watch&x=%zz&y=1;z=2");
        let pairs: Vec<(&str, &str)> = read
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(pairs, [("labelSelector", "app in (a,b)"), ("watch", "")]);
        let plain = |text| decoded(text, Plus::Plain);
        assert_eq!(plain("/a%2Fb+c/%ff").as_deref(), Some("/a/b+c/\u{fffd}"));
        assert_eq!(
            (plain("/%zz"), plain("/%4"), plain("/%")),
            (None, None, None)
        );
    }
}
