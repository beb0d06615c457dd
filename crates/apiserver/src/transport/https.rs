//! HTTPS on loopback: for kubectl and everybody outside the process.
//!
//! Invariants:
//! - Nobody is anonymous: a client certificate of our CA, or the token, or `401`.
//! - A half-open connection is closed; the number of connections is bounded, and who comes when
//!   all are in use is told so.
//! - What one client has under way is bounded, and so is what is kept for a client that does not read.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
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
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, AuthorityError, Credentials};
use super::seats::{Asking, Guest, Seats};
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
/// How much one HTTP/2 connection may have under way, as with a real server.
const STREAMS: u32 = 100;
/// How many streams a client may have taken back before anybody has looked at them. At once
/// it needs none; who opens and resets them by the thousand is sent away, as by a real server.
const RESETS: usize = 20;
/// Most bytes that are kept of one stream until its client has room for them.
const UNREAD: usize = 64 * 1024;
/// How many connections may wait to be accepted, as with programs in Go.
const BACKLOG: i32 = 4096;
/// How many may be told at once that there is no seat for them.
const REFUSALS: usize = 64;
/// How long who is asked to leave may take.
const PARTING: Duration = Duration::from_secs(1);
/// How long nobody is let in when there are no open files left, unless one is given back.
const PAUSE: Duration = Duration::from_millis(100);

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
            unread: self.unread.clone(),
            token: None,
            asking: None,
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
        // A crowd that arrives at once waits for its turn; beyond it, a client waits a second.
        rustix::net::listen(&listener, BACKLOG)
            .map_err(|error| HttpsError::Listen(error.into()))?;
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
    let mut seats = Seats::new();
    let mut connections = JoinSet::new();
    let mut refused = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if refused.len() < REFUSALS => {
                if let Ok((stream, _)) = accepted {
                    let guest = seats.take();
                    let those = if guest.is_some() { &mut connections } else { &mut refused };
                    those.spawn(serve(stream, door.clone(), guest));
                } else {
                    // Out of open files: one connection less will end it.
                    seats.make_room();
                    drop(timeout(PAUSE, one_ends(&mut connections)).await);
                }
            }
            Some(_) = connections.join_next() => {}
            Some(_) = refused.join_next() => {}
        }
    }
}

async fn one_ends(connections: &mut JoinSet<()>) {
    if connections.join_next().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Serves a connection; one without a seat is answered once, that there is none.
async fn serve(stream: TcpStream, door: Door, guest: Option<Arc<Guest>>) {
    drop(stream.set_nodelay(true));
    let stream = tokio::select! {
        stream = timeout(PATIENCE, door.acceptor.accept(stream)) => stream,
        () = asked_to_leave(guest.as_deref()) => return,
    };
    let Ok(Ok(stream)) = stream else {
        return;
    };
    let known = if stream.get_ref().1.peer_certificates().is_some() {
        Known::ByCertificate
    } else {
        Known::NotYet
    };
    let first = Arc::new(Notify::new());
    let (heard, client) = (Arc::clone(&first), guest.clone());
    let service = service_fn(move |request| {
        heard.notify_one();
        answer(door.clone(), client.clone(), known, request)
    });
    let (runner, tasks) = Runner::new();
    let builder = protocols(runner);
    let serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    // A client that goes away is no news.
    let (mut serving, mut tasks) = (serving, pin!(run(tasks)));
    let parting = tokio::select! {
        _ = serving.as_mut() => return,
        () = tasks.as_mut() => return,
        parting = parting(&first, guest.as_deref()) => parting,
    };
    if parting == Parting::Kindly {
        serving.as_mut().graceful_shutdown();
        let ended = async {
            tokio::select! {
                _ = serving => {}
                () = tasks => {}
            }
        };
        drop(timeout(PARTING, ended).await);
    }
}

fn protocols(runner: Runner) -> auto::Builder<Runner> {
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
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_send_buf_size(UNREAD);
    builder
}

/// How the server parts with a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    /// It said nothing.
    AtOnce,
    /// What is under way is answered, and it is told.
    Kindly,
}

/// Ends when the server wants to part: nothing is asked in time, there is need of the seat,
/// or there was none.
async fn parting(first: &Notify, guest: Option<&Guest>) -> Parting {
    tokio::select! {
        () = asked_to_leave(guest) => return Parting::Kindly,
        spoken = timeout(PATIENCE, first.notified()) => if spoken.is_err() {
            return Parting::AtOnce;
        }
    }
    if guest.is_some() {
        asked_to_leave(guest).await;
    }
    Parting::Kindly
}

async fn asked_to_leave(guest: Option<&Guest>) {
    match guest {
        Some(guest) => guest.asked_to_leave().await,
        None => std::future::pending().await,
    }
}

async fn answer(
    door: Door,
    guest: Option<Arc<Guest>>,
    known: Known,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let Some(guest) = guest else {
        return Ok(refuse(&Status::busy(), ""));
    };
    let header = request.headers().get(AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let user = match known {
        Known::ByCertificate => door.by_certificate,
        Known::NotYet if token.is_some() && token == door.context.token.as_deref() => door.by_token,
        Known::NotYet => return Ok(refuse(&Status::unauthorized(), "")),
    };
    let asking = Arc::new(Asking::begin(&guest));
    let context = Context {
        asking: Some(Arc::clone(&asking)),
        ..door.context
    };
    let answer = respond(context, user, request).await;
    Ok(answer.map(|body| asking.until_read(body)))
}
