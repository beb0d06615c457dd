//! HTTPS on loopback: for kubectl and everybody outside the process.
//!
//! Invariants:
//! - Nobody is anonymous: a client certificate of our CA, or the token, or `401`.
//! - A half-open connection is closed; the number of connections is bounded.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, AuthorityError, Credentials};
use super::service::{Body, Context, refuse, respond};
use super::{Runner, run};
use crate::rights::User;
use crate::server::ApiServer;
use crate::status::Status;

/// How long a handshake may take, and then the first request's head.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may be idle, and the head of a later request may take: as long as
/// with a real server, for a client takes a connection that it had lately for a good one.
const IDLE: Duration = Duration::from_secs(90);
/// Most bytes of the headers of a request, as in Go.
const HEADERS: u32 = 1024 * 1024;
/// How many connections are served at once.
const CONNECTIONS: usize = 4096;

/// HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// There is no port.
    #[error("cannot listen on loopback")]
    Listen(#[source] io::Error),
    /// Not on loopback.
    #[error("`{0}` is not a loopback address")]
    NotLoopback(SocketAddr),
    /// There are no certificates.
    #[error("cannot make certificates")]
    Certificates(#[from] AuthorityError),
    /// TLS does not accept them.
    #[error("cannot set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where the server listens, and how to be known there.
#[derive(Debug, Clone)]
pub struct Https {
    /// The address.
    pub address: SocketAddr,
    /// What a client needs.
    pub credentials: Credentials,
}

impl Https {
    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A kubeconfig under that name.
    pub fn kubeconfig(&self, name: &str) -> String {
        self.credentials.kubeconfig(name, &self.url())
    }
}

impl ApiServer {
    pub(crate) fn context(&self) -> Context {
        Context {
            handle: self.handle(),
            nodes: Arc::clone(&self.options().nodes),
            runner: self.runner.clone(),
            room: self.room.clone(),
            token: None,
        }
    }

    /// Serves HTTPS on a free port of loopback.
    pub fn serve_https(&mut self) -> Result<Https, HttpsError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(HttpsError::Listen)?;
        self.serve_https_on(listener)
    }

    /// Serves HTTPS on a listener that was bound before, on loopback.
    pub fn serve_https_on(&mut self, listener: TcpListener) -> Result<Https, HttpsError> {
        let address = listener.local_addr().map_err(HttpsError::Listen)?;
        if !address.ip().is_loopback() {
            return Err(HttpsError::NotLoopback(address));
        }
        let names = [
            "127.0.0.1",
            "::1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "10.96.0.1",
        ];
        let authority = Authority::new(names.map(str::to_owned).to_vec())?;
        let credentials = authority.credentials.clone();
        let hash = authority.client_hash.clone();
        let acceptor = TlsAcceptor::from(Arc::new(tls(authority)?));
        listener.set_nonblocking(true).map_err(HttpsError::Listen)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(HttpsError::Listen)?;
        let context = Context {
            token: Some(Arc::from(credentials.token.as_str())),
            ..self.context()
        };
        let door = Door {
            context,
            acceptor,
            by_token: Arc::new(User::administrator()),
            by_certificate: Arc::new(User::administrator().by_certificate(&hash)),
        };
        self.tasks.spawn(accept(listener, door));
        Ok(Https {
            address,
            credentials,
        })
    }
}

fn tls(authority: Authority) -> Result<ServerConfig, HttpsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(
        Arc::new(authority.roots),
        Arc::clone(&provider),
    )
    .allow_unauthenticated()
    .build()
    .map_err(|error| HttpsError::Tls(Box::new(error)))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpsError::Tls(Box::new(error)))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(authority.chain, authority.key)
        .map_err(|error| HttpsError::Tls(Box::new(error)))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Clone)]
struct Door {
    context: Context,
    acceptor: TlsAcceptor,
    by_token: Arc<User>,
    by_certificate: Arc<User>,
}

/// Whether the connection itself says who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    ByCertificate,
    NotYet,
}

async fn accept(listener: tokio::net::TcpListener, door: Door) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, door.clone()))),
                // Out of file descriptors, say: one connection less will end it.
                Err(_) => drop(connections.join_next().await),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, door: Door) {
    drop(stream.set_nodelay(true));
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, door.acceptor.accept(stream)).await else {
        return;
    };
    let known = if stream.get_ref().1.peer_certificates().is_some() {
        Known::ByCertificate
    } else {
        Known::NotYet
    };
    let first = Arc::new(Notify::new());
    let asked = Arc::clone(&first);
    let service = service_fn(move |request| {
        asked.notify_one();
        answer(door.clone(), known, request)
    });
    let (runner, tasks) = Runner::new();
    let mut builder = auto::Builder::new(runner);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_header_list_size(HEADERS)
        .max_concurrent_streams(1000);
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    // A client that goes away is no news.
    tokio::select! {
        served = serving => drop(served),
        () = run(tasks) => {}
        () = silence(&first) => {}
    }
}

/// Ends when nothing is asked in time.
async fn silence(first: &Notify) {
    if tokio::time::timeout(PATIENCE, first.notified())
        .await
        .is_ok()
    {
        std::future::pending::<()>().await;
    }
}

async fn answer(
    door: Door,
    known: Known,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let header = request.headers().get(AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let user = match known {
        Known::ByCertificate => door.by_certificate,
        Known::NotYet if token.is_some() && token == door.context.token.as_deref() => door.by_token,
        Known::NotYet => return Ok(refuse(&Status::unauthorized(), "")),
    };
    Ok(respond(door.context, user, request).await)
}
