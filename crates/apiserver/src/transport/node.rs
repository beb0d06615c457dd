//! Passing requests on to node agents; the contract stands in `nodes.rs`.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::service::{Body, Context, full};
use crate::nodes::{NodeCall, Upgrade};
use crate::status::Status;

/// How long reaching a node may take.
const DIAL_TIME: Duration = Duration::from_secs(10);

/// A client's wish to upgrade, and the way to its bytes.
pub(super) struct Upgrading {
    headers: HeaderMap,
    client: OnUpgrade,
}

impl Upgrading {
    /// Takes the wish out of a request, if there is one.
    pub(super) fn take<B>(request: &mut Request<B>) -> Option<Upgrading> {
        request.headers().get(UPGRADE)?;
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers() {
            if *name == CONNECTION
                || *name == UPGRADE
                || name.as_str().starts_with("sec-websocket-")
                || *name == "x-stream-protocol-version"
            {
                headers.append(name.clone(), value.clone());
            }
        }
        let client = hyper::upgrade::on(request);
        Some(Upgrading { headers, client })
    }
}

/// Asks a node agent and passes its answer on.
pub(super) async fn call(
    context: &Context,
    call: NodeCall,
    upgrading: Option<Upgrading>,
) -> Result<Response<Body>, Status> {
    if call.upgrade == Upgrade::Needed && upgrading.is_none() {
        return Err(Status::bad_request("Upgrade request required"));
    }
    let unreachable = |error: &dyn std::fmt::Display| {
        Status::unreachable(format!("error dialing backend: {error}"))
    };
    let stream = tokio::time::timeout(DIAL_TIME, context.nodes.dial(&call.node))
        .await
        .map_err(|_| unreachable(&"i/o timeout"))?
        .map_err(|error| unreachable(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unreachable(&error))?;
    context.runner.spawn(async move {
        // A broken connection shows itself in the answer.
        drop(connection.with_upgrades().await);
    });
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = call
        .path
        .parse()
        .map_err(|_| Status::bad_request("the path to the node is not valid"))?;
    if let Ok(host) = call.node.parse() {
        request.headers_mut().insert(HOST, host);
    }
    if let Some(upgrading) = &upgrading {
        request.headers_mut().extend(upgrading.headers.clone());
    }
    let mut answer = sender
        .send_request(request)
        .await
        .map_err(|error| unreachable(&error))?;
    let Some(upgrading) = upgrading.filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS)
    else {
        return Ok(pass_on(answer));
    };
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = answer.headers().clone();
    let node = hyper::upgrade::on(&mut answer);
    let client = upgrading.client;
    let asking = context.asking.clone();
    context.runner.spawn(async move {
        let _until_it_ends = asking;
        if let (Ok(client), Ok(node)) = (client.await, node.await) {
            // Either side may close; that ends it.
            drop(copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(node)).await);
        }
    });
    Ok(response)
}

fn pass_on(answer: Response<hyper::body::Incoming>) -> Response<Body> {
    let (parts, body) = answer.into_parts();
    let mut response = Response::new(body.map_err(Into::into).boxed_unsync());
    *response.status_mut() = parts.status;
    if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    response
}
