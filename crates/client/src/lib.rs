//! How the house reaches an API server.
//!
//! Invariants:
//! - What is answered at once goes over one HTTP/2 connection: a hundred lists cost
//!   one TLS handshake, not a hundred.
//! - No request waits for one that lasts: a server bounds the streams of one
//!   connection (kubernetes 1.34: 100), so a few watches may share it, and the
//!   others, with all that take a connection over, have each their own.
//! - Nothing is retried here: the client would wait as long as the server likes,
//!   and longer than a step may.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{UPGRADE, USER_AGENT},
};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Builder, Client as HyperClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder, ConfigExt as _, DynBody},
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt as _,
    layer::layer_fn,
    service_fn,
    steer::Steer,
    util::{BoxCloneService, BoxService},
};

/// How often a connection is asked whether its server is still there.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// How many requests that last share the connection with those that do not.
const PLACES: usize = 50;

/// Who asks, as a cluster's audit log has it.
const NAME: &str = concat!("stayput/", env!("CARGO_PKG_VERSION"));

/// There is no way to reach a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What the kubeconfig says cannot be used.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// Certificates or credentials cannot be used.
    #[error(transparent)]
    Client(#[from] kube::Error),
    /// The name that the server's certificate is to have is none.
    #[error("`tls-server-name: {0}` is not a name that a certificate can have")]
    ServerName(String),
}

/// A client of the cluster that a kubeconfig's file speaks of.
pub async fn connect_by(file: &Path) -> Result<Client, ClientError> {
    connect(Kubeconfig::read_from(file)?, None).await
}

/// A client of the cluster of a kubeconfig's context, or of its current one.
pub async fn connect(
    kubeconfig: Kubeconfig,
    context: Option<String>,
) -> Result<Client, ClientError> {
    let options = KubeConfigOptions {
        context,
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
    config.default_retry = false;
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(NAME)));
    // A proxy speaks HTTP/1, and a program that gives credentials is asked once.
    if config.proxy_url.is_some() || config.auth_info.exec.is_some() {
        return Ok(Client::try_from(config)?);
    }
    let shared = shared(&config)?;
    let own = ClientBuilder::try_from(config)?;
    Ok(own
        .with_layer(&layer_fn(move |own| both(own, shared.clone())))
        .build())
}

type Answered = Response<UnsyncBoxBody<Bytes, BoxError>>;
type Stack = BoxCloneService<Request<Body>, Answered, BoxError>;

/// What goes over the one connection that requests share.
fn shared(config: &Config) -> Result<Stack, ClientError> {
    let client = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(ASKED_EVERY)
        .build(connector(config)?);
    let client: HyperClient<_, Body> = client;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_response(|answer: Response<_>| answer.map(boxed))
        .map_err(BoxError::from)
        .service(client);
    Ok(Stack::new(service))
}

fn connector(config: &Config) -> Result<HttpsConnector<HttpConnector>, ClientError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // A request's body follows its head at once, not when the head was acknowledged.
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(config.connect_timeout);
    let mut tls = HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http();
    if let Some(name) = &config.tls_server_name {
        let known = name.clone().try_into();
        let known = known.map_err(|_| ClientError::ServerName(name.clone()))?;
        tls = tls.with_server_name_resolver(FixedServerNameResolver::new(known));
    }
    Ok(tls.enable_all_versions().wrap_connector(tcp))
}

/// A place on the shared connection for a request that lasts.
type Place = Arc<OwnedSemaphorePermit>;

/// Sends by `own` what the shared connection cannot take, or has no place for.
fn both<S>(own: S, shared: Stack) -> BoxService<Request<Body>, Answered, BoxError>
where
    S: Service<Request<Body>, Response = Response<Box<DynBody>>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
{
    let own = own.map_response(|answer| answer.map(boxed));
    let shared = service_fn(move |request| held(shared.clone(), request));
    let stacks = [BoxService::new(own), BoxService::new(shared)];
    let choice = |request: &Request<Body>, _: &[_]| usize::from(is_shared(request));
    let places = Arc::new(Semaphore::new(PLACES));
    let both = Steer::new(stacks, choice).map_request(move |mut request: Request<Body>| {
        if lasts(request.uri())
            && let Ok(place) = Arc::clone(&places).try_acquire_owned()
        {
            request.extensions_mut().insert(Place::new(place));
        }
        request
    });
    BoxService::new(both)
}

/// HTTP/2 cannot hand a connection over.
fn is_shared(request: &Request<Body>) -> bool {
    let has_place = request.extensions().get::<Place>().is_some();
    !request.headers().contains_key(UPGRADE) && (has_place || !lasts(request.uri()))
}

/// An answer that holds its place until it has ended.
async fn held(shared: Stack, mut request: Request<Body>) -> Result<Answered, BoxError> {
    let place = request.extensions_mut().remove::<Place>();
    let answer = shared.oneshot(request).await?;
    let holding = |body: UnsyncBoxBody<_, _>| {
        let hold = move |frame| {
            let _ = &place;
            frame
        };
        body.map_frame(hold).boxed_unsync()
    };
    Ok(answer.map(holding))
}

fn boxed<B>(body: B) -> UnsyncBoxBody<Bytes, BoxError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    body.map_err(Into::into).boxed_unsync()
}

/// Whether a request is answered for as long as it likes.
fn lasts(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    parameters.any(|it| matches!(it, "watch=true" | "watch=1" | "follow=true" | "follow=1"))
}

#[cfg(test)]
mod tests;
