//! Sends requests as they are written and takes answers as they come: no client's
//! convenience stands between.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Map, Value, json};

use super::case::{Step, Window};

/// The headers that are compared.
const KEPT: [(&str, &str); 4] = [
    ("content-type", "Content-Type"),
    ("allow", "Allow"),
    ("retry-after", "Retry-After"),
    ("location", "Location"),
];

/// Longer answers to a watch are cut.
const LIMIT: Duration = Duration::from_secs(70);

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Path and query, not yet escaped.
    pub(super) path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

/// An answer: status, headers, body, or the events of a watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) status: u16,
    headers: Map<String, Value>,
    pub(super) body: Value,
    /// Of a watch: its events, and what it ended with.
    pub(super) watched: Option<(Vec<Value>, End)>,
}

/// How a body is written.
#[derive(Clone, Copy)]
enum Written {
    /// As its content type says.
    Json,
    /// As a text that is compared as it is.
    Otherwise,
}

/// How a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By the server.
    Closed,
    /// Enough events were seen.
    Limit,
    /// The time was over.
    Time,
}

impl Ask {
    /// A request without a body.
    pub(super) fn plain(method: Method, path: String) -> Self {
        let accept = ("Accept".to_owned(), "application/json".to_owned());
        Self {
            method,
            path,
            headers: BTreeMap::from([accept]),
            body: None,
        }
    }

    /// Adds a body.
    pub(super) fn with_body(mut self, media_type: &str, body: String) -> Self {
        let media_type = ("Content-Type".to_owned(), media_type.to_owned());
        self.headers.extend([media_type]);
        self.body = Some(body);
        self
    }

    /// Sets headers as a step says; one without a value is left out.
    pub(super) fn with_headers(mut self, step: &Step) -> Self {
        for (name, value) in &step.headers {
            match value {
                Some(value) => self.headers.insert(name.clone(), value.clone()),
                None => self.headers.remove(name),
            };
        }
        self
    }

    fn request(&self) -> Result<Request<Body>, http::Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(escaped(&self.path))
            .header("User-Agent", "exchange/1");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = self.body.as_ref();
        request.body(body.map_or_else(Body::empty, |it| Body::from(it.clone().into_bytes())))
    }

    /// Sends it; what comes of it, or why nothing does.
    pub(super) async fn send(&self, client: &Client) -> Result<Said, String> {
        let request = self.request().map_err(|error| error.to_string())?;
        let answer = async {
            let answer = client.send(request).await.map_err(|it| it.to_string())?;
            let (mut said, written) = head(&answer);
            said.body = body(answer, written).await?;
            Ok(said)
        };
        let answer = tokio::time::timeout(LIMIT, answer).await;
        answer.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())))
    }

    /// Opens a watch; it runs once this returns.
    pub(super) async fn open(&self, client: &Client) -> Result<Response<Body>, String> {
        let request = self.request().map_err(|error| error.to_string())?;
        client.send(request).await.map_err(|it| it.to_string())
    }
}

/// Reads a watch to its end.
pub(super) async fn watch(answer: Response<Body>, window: Window) -> Result<Said, String> {
    let (mut said, written) = head(&answer);
    if said.status != 200 {
        said.body = body(answer, written).await?;
        said.watched = Some((Vec::new(), End::Closed));
        return Ok(said);
    }
    let mut events = Vec::new();
    let reading = read(answer, window.events, &mut events);
    let end = match tokio::time::timeout(window.time(), reading).await {
        Ok(end) => end?,
        Err(_) => End::Time,
    };
    said.watched = Some((events, end));
    Ok(said)
}

async fn read(answer: Response<Body>, most: usize, events: &mut Vec<Value>) -> Result<End, String> {
    let mut stream = answer.into_body().into_data_stream();
    let mut rest = Vec::new();
    while let Some(part) = stream.next().await {
        rest.extend_from_slice(&part.map_err(|error| error.to_string())?);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            if line.trim_ascii().is_empty() {
                continue;
            }
            let event = serde_json::from_slice(&line);
            events.push(event.map_err(|error| format!("an event is no JSON: {error}"))?);
            if events.len() == most {
                return Ok(End::Limit);
            }
        }
    }
    Ok(End::Closed)
}

/// What is compared of an answer's head, and how its body is written.
fn head(answer: &Response<Body>) -> (Said, Written) {
    let headers = headers(answer.headers());
    let media_type = headers.get("Content-Type").and_then(Value::as_str);
    let written = match media_type {
        Some(media_type) if media_type.contains("json") => Written::Json,
        Some(_) | None => Written::Otherwise,
    };
    let said = Said {
        status: answer.status().as_u16(),
        headers,
        ..Said::default()
    };
    (said, written)
}

fn headers(all: &HeaderMap) -> Map<String, Value> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut kept = Map::new();
    for (name, shown) in KEPT {
        if let Some(value) = all.get(name) {
            kept.insert(shown.to_owned(), text(value).into());
        }
    }
    let warnings: Vec<_> = all.get_all("warning").iter().map(text).collect();
    if !warnings.is_empty() {
        kept.insert("Warning".to_owned(), warnings.into());
    }
    kept
}

async fn body(answer: Response<Body>, written: Written) -> Result<Value, String> {
    let bytes = answer.into_body().collect_bytes();
    let bytes = bytes.await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let parsed = match written {
        Written::Json => serde_json::from_str(&text).ok(),
        Written::Otherwise => None,
    };
    Ok(parsed.unwrap_or(Value::String(text)))
}

impl Said {
    /// All of it as one value.
    pub(super) fn to_value(&self) -> Value {
        let mut value = json!({"status": self.status, "headers": self.headers});
        match &self.watched {
            None => value["body"] = self.body.clone(),
            Some((events, end)) => {
                value["events"] = Value::Array(events.clone());
                value["end"] = end.name().into();
                if !self.body.is_null() {
                    value["body"] = self.body.clone();
                }
            }
        }
        value
    }
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Limit => "limit",
            Self::Time => "time",
        }
    }
}

/// A path in which everything that may not be in one is escaped.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        let fits = byte.is_ascii_alphanumeric() || b"/?&=%:,+@!()~$*;-._".contains(&byte);
        if fits {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(format!("%{byte:02X}").chars());
        }
    }
    escaped
}

/// A path in which nothing is escaped.
pub(super) fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let code = hex.and_then(|it| u8::from_str_radix(it, 16).ok());
        if let (b'%', Some(code)) = (first, code) {
            bytes.push(code);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped_as_a_careful_client_does() {
        let path = "/api?labelSelector=app in (a,b)&x=%3E";
        assert_eq!(escaped(path), "/api?labelSelector=app%20in%20(a,b)&x=%3E");
        assert_eq!(unescaped("a%20b%3"), "a b%3");
    }
}
