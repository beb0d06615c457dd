//! The node's HTTP endpoint, on any stream: logs, exec, port-forward, as a kubelet
//! serves them.
//!
//! Invariants:
//! - HTTP/1.1 on a stream it is handed; it never listens.
//! - Asks the owner of the pods what there is, and touches no pod otherwise.

mod attach;
mod carrier;
mod channels;
mod exec;
mod follow;
mod forward;
mod query;
mod spdy;
mod streams;
mod tunnel;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use stayput_sandbox::{PodId, ProcessId, ProcessSpec};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::boot::{Report, Shared};
use crate::logs::Log;
use query::Query;

/// What a request's answer is made of.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// A question to the owner of the pods.
pub(crate) struct Ask {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: Option<String>,
    pub(crate) answer: oneshot::Sender<Option<View>>,
}

/// What there is of a container.
pub(crate) struct View {
    pub(crate) sandbox: Option<PodId>,
    /// The pod has a container of that name.
    pub(crate) known: bool,
    pub(crate) live: Option<(ProcessId, ProcessSpec)>,
    pub(crate) logs: Vec<Log>,
    /// What it waits for if it never ran.
    pub(crate) waits_for: &'static str,
}

/// Work that goes on after a request was answered, such as an upgraded stream.
pub(crate) type Later = futures::future::BoxFuture<'static, ()>;

/// Serves one stream until it closes, and everything that was begun on it.
pub(crate) async fn serve<S>(stream: S, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (later, mut queue) = tokio::sync::mpsc::unbounded_channel::<Later>();
    let service = service_fn(move |request| {
        let (shared, later) = (shared.clone(), later.clone());
        async move { Ok::<_, Infallible>(route(request, &shared, &later).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = Box::pin(connection.with_upgrades());
    let mut tasks = JoinSet::new();
    let mut open = true;
    while open || !tasks.is_empty() {
        tokio::select! {
            _ = &mut connection, if open => {
                open = false;
                while let Ok(work) = queue.try_recv() {
                    tasks.spawn(work);
                }
            }
            Some(work) = queue.recv(), if open => drop(tasks.spawn(work)),
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn route(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    later: &tokio::sync::mpsc::UnboundedSender<Later>,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let parts = path.split('/').skip(1).collect::<Vec<_>>();
    let reading = request.method() == Method::GET;
    match parts[..] {
        ["healthz"] => text(StatusCode::OK, "ok"),
        ["containerLogs", namespace, pod, container] if reading => {
            follow::logs(shared, &place(namespace, pod, Some(container)), &query).await
        }
        ["exec", namespace, pod, container] => {
            exec::start(
                request,
                shared,
                &place(namespace, pod, Some(container)),
                &query,
                later,
            )
            .await
        }
        ["attach", namespace, pod, container] => {
            attach::start(
                request,
                shared,
                &place(namespace, pod, Some(container)),
                &query,
                later,
            )
            .await
        }
        ["portForward", namespace, pod] => {
            forward::start(request, shared, &place(namespace, pod, None), &query, later).await
        }
        _ => refuse(
            StatusCode::NOT_FOUND,
            "the server could not find the requested resource",
        ),
    }
}

/// Where a request points.
pub(crate) struct Place {
    namespace: String,
    pod: String,
    container: Option<String>,
}

fn place(namespace: &str, pod: &str, container: Option<&str>) -> Place {
    Place {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container: container.map(str::to_owned),
    }
}

/// Asks the owner.
pub(crate) async fn look(shared: &Shared, place: &Place) -> Option<View> {
    let (answer, answered) = oneshot::channel();
    let ask = Ask {
        namespace: place.namespace.clone(),
        pod: place.pod.clone(),
        container: place.container.clone(),
        answer,
    };
    shared.reports.send(Report::Ask(ask)).ok()?;
    answered.await.ok()?
}

/// An answer that is a text.
pub(crate) fn text(status: StatusCode, text: &str) -> Response<Body> {
    answer(status, "text/plain", text)
}

/// A refusal, as the API says it.
pub(crate) fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    let reason = match status {
        StatusCode::BAD_REQUEST => "BadRequest",
        StatusCode::NOT_FOUND => "NotFound",
        _ => "InternalError",
    };
    let body = serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status.as_u16(),
    });
    answer(status, "application/json", &body.to_string())
}

fn answer(status: StatusCode, kind: &'static str, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}
