//! The way in process: a client whose requests never leave memory.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::header::{HeaderValue, UPGRADE, USER_AGENT};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body as ClientBody;
use tower::Service;

use super::service::{Body, Context, respond};
use crate::rights::User;
use crate::server::ApiServer;

/// Bytes in flight of an upgraded connection.
const PIPE: usize = 64 * 1024;

impl ApiServer {
    /// A client in process, with the rights of an administrator.
    pub fn client(&self) -> kube::Client {
        self.client_as("stayput")
    }

    /// The same, under the name that `managedFields` shows when a request names no manager.
    pub fn client_as(&self, manager: &str) -> kube::Client {
        let agent = HeaderValue::from_str(manager).unwrap_or(HeaderValue::from_static("stayput"));
        kube::Client::new(
            Local {
                context: self.context(),
                user: Arc::new(User::in_process()),
                agent,
            },
            "default",
        )
    }
}

#[derive(Clone)]
struct Local {
    context: Context,
    user: Arc<User>,
    agent: HeaderValue,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, hyper::Error>> + Send>>;

impl Service<Request<ClientBody>> for Local {
    type Response = Response<Body>;
    type Error = hyper::Error;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), hyper::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<ClientBody>) -> Answering {
        request
            .headers_mut()
            .entry(USER_AGENT)
            .or_insert_with(|| self.agent.clone());
        let (context, user) = (self.context.clone(), Arc::clone(&self.user));
        if request.headers().contains_key(UPGRADE) {
            return Box::pin(through_pipe(context, user, request));
        }
        Box::pin(async move { Ok(respond(context, user, request).await) })
    }
}

/// An upgrade needs a connection: a pipe in memory with HTTP on both ends.
async fn through_pipe(
    context: Context,
    user: Arc<User>,
    request: Request<ClientBody>,
) -> Result<Response<Body>, hyper::Error> {
    let (near, far) = tokio::io::duplex(PIPE);
    let runner = context.runner.clone();
    let service = service_fn(move |request| {
        let (context, user) = (context.clone(), Arc::clone(&user));
        async move { Ok::<_, Infallible>(respond(context, user, request).await) }
    });
    let serving = server::Builder::new()
        .serve_connection(TokioIo::new(far), service)
        .with_upgrades();
    runner.spawn(async move { drop(serving.await) });
    let (mut sender, connection) = client::handshake(TokioIo::new(near)).await?;
    runner.spawn(async move { drop(connection.with_upgrades().await) });
    let (mut parts, body) = request.into_parts();
    if let Some(path) = parts.uri.path_and_query() {
        parts.uri = path.as_str().parse().unwrap_or_default();
    }
    let response = sender
        .send_request(Request::from_parts(parts, body))
        .await?;
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}
