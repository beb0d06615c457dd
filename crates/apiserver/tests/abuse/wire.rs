//! Connections of the polite sort, and such whose every byte is the test's own.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server::Server;

pub(crate) type Stream = TlsStream<TcpStream>;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

/// What is needed to reach a server.
pub(crate) struct Way {
    address: SocketAddr,
    token: String,
    roots: RootCertStore,
}

impl Way {
    pub(crate) fn to(server: &Server) -> Way {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(server.ca.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        Way {
            address: server.address,
            token: server.token.clone(),
            roots,
        }
    }

    /// A connection that says nothing.
    pub(crate) async fn silent(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection that is ready for its first request.
    pub(crate) async fn open(&self, http: Http) -> Stream {
        let provider = rustls::crypto::ring::default_provider();
        let mut config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name: &[u8] = match http {
            Http::One => b"http/1.1",
            Http::Two => b"h2",
        };
        config.alpn_protocols = vec![name.to_vec()];
        let stream = self.silent().await;
        stream.set_nodelay(true).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        if http == Http::Two {
            stream.write_all(&preface()).await.unwrap();
        }
        stream
    }

    /// A connection with a watch or a list on it that has been answered, and is never read.
    pub(crate) async fn unread(&self, path: &str) -> Stream {
        let mut stream = self.open(Http::One).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            self.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 15];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        stream
    }

    /// A client that does as it should.
    pub(crate) async fn polite(&self) -> Polite {
        let stream = self.open(Http::One).await;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(connection.await) });
        Polite {
            sender,
            token: self.token.clone(),
            _tasks: tasks,
        }
    }

    /// The frame with the head of a GET.
    pub(crate) fn get(&self, stream: u32, path: &str) -> Vec<u8> {
        // Indices of HPACK's table: GET, https, a path, an authority, an authorization.
        let mut block = vec![0x82, 0x87, 0x04];
        put(&mut block, path);
        block.push(0x01);
        put(&mut block, "localhost");
        block.extend([0x0f, 0x08]);
        put(&mut block, &format!("Bearer {}", self.token));
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)
    }
}

/// A client that reads every answer.
pub(crate) struct Polite {
    sender: SendRequest<Full<Bytes>>,
    token: String,
    _tasks: JoinSet<()>,
}

impl Polite {
    /// One request and its whole answer.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::from(body.to_owned()))
            .unwrap();
        let answer = self.sender.send_request(request).await.unwrap();
        let code = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8_lossy(&body).into_owned())
    }

    /// Whether the server answers.
    pub(crate) async fn is_answered(&mut self) {
        let (code, answer) = self.ask("GET", "/api/v1/namespaces/default", "").await;
        assert_eq!(code, 200, "{answer}");
    }
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
/// What the server says before it closes a connection.
pub(crate) const GO_AWAY: u8 = 7;
const WINDOW: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// The largest window that there may be.
const ALL: u32 = 0x7fff_ffff;

/// How a client begins that has room for everything.
fn preface() -> Vec<u8> {
    let mut window = vec![0, 4];
    window.extend(ALL.to_be_bytes());
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &window));
    bytes.extend(frame(WINDOW, 0, 0, &(ALL - 65_535).to_be_bytes()));
    bytes
}

/// Takes a stream back.
pub(crate) fn reset(stream: u32) -> Vec<u8> {
    const CANCEL: u32 = 8;
    frame(RESET, 0, stream, &CANCEL.to_be_bytes())
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A text as HPACK has it, of less than 127 bytes.
fn put(block: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 127, "{text}");
    block.push(length);
    block.extend(text.bytes());
}

/// The next frame: its kind and what is in it; none when the server has closed the connection.
pub(crate) async fn next_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], payload))
}
