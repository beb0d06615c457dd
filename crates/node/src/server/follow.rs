//! `/containerLogs`: what a container has said, and what it goes on saying.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use jiff::{SignedDuration, Timestamp};

use super::query::Query;
use super::{Body, Place, look, refuse};
use crate::boot::Shared;
use crate::logs::{Log, LogOptions};

pub(crate) async fn logs(shared: &Arc<Shared>, place: &Place, query: &Query) -> Response<Body> {
    let options = options(query, (shared.config.clock)());
    let container = place.container.as_deref().unwrap_or_default();
    let Some(view) = look(shared, place).await else {
        let why = format!("pod \"{}\" not found\n", place.pod);
        return refuse(StatusCode::NOT_FOUND, &why);
    };
    if !view.known {
        let why = format!(
            "container \"{container}\" in pod \"{}\" is not available",
            place.pod
        );
        return refuse(StatusCode::NOT_FOUND, &why);
    }
    match chosen(view.logs, &options, view.live.is_some()) {
        Some(log) => answer(log, &options),
        None if options.previous => {
            let why = format!(
                "previous terminated container \"{container}\" in pod \"{}\" not found",
                place.pod
            );
            refuse(StatusCode::BAD_REQUEST, &why)
        }
        None => {
            let why = format!(
                "container \"{container}\" in pod \"{}\" is waiting to start: {}",
                place.pod, view.waits_for
            );
            refuse(StatusCode::BAD_REQUEST, &why)
        }
    }
}

/// The instance that is meant. The one before a container that waits to start again is
/// the one whose end is its `lastState`: the latest.
#[expect(
    clippy::fn_params_excessive_bools,
    reason = "whether the container runs is a fact, not a mode"
)]
fn chosen(mut logs: Vec<Log>, options: &LogOptions, runs: bool) -> Option<Log> {
    let latest = logs.pop()?;
    match (options.previous, runs) {
        (false, _) => Some(latest),
        (true, true) => logs.pop(),
        (true, false) => logs.pop().or(Some(latest)),
    }
}

fn options(query: &Query, now: Timestamp) -> LogOptions {
    let seconds = query
        .number::<i64>("sinceSeconds")
        .map(|seconds| now - SignedDuration::from_secs(seconds));
    LogOptions {
        follow: query.is(&["follow"]),
        timestamps: query.is(&["timestamps"]),
        previous: query.is(&["previous"]),
        tail: query.number("tailLines").or_else(|| query.number("tail")),
        since: seconds.or_else(|| query.first("sinceTime").and_then(|time| time.parse().ok())),
        limit: query.number("limitBytes"),
    }
}

fn answer(log: Log, options: &LogOptions) -> Response<Body> {
    let (first, at) = match log.read(options) {
        Ok(read) => read,
        Err(error) => return refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    };
    let follow = options.follow;
    let frame = |bytes: Vec<u8>| Ok::<_, Infallible>(Frame::data(Bytes::from(bytes)));
    let head = stream::iter((!first.is_empty()).then_some(first).map(frame));
    // Those that were chosen by number are out; of what follows all is wanted.
    let rest = LogOptions {
        tail: None,
        ..options.clone()
    };
    let more = stream::unfold((log, at, rest), |(mut log, at, options)| async move {
        let (bytes, at) = log.next(at, &options).await.ok()??;
        Some((Ok(Frame::data(Bytes::from(bytes))), (log, at, options)))
    });
    let body = if follow {
        BodyExt::boxed(StreamBody::new(futures::StreamExt::chain(head, more)))
    } else {
        BodyExt::boxed(StreamBody::new(head))
    };
    let mut response = Response::new(body);
    let kind = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
