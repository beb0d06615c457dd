//! Connections that never get done.

use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use stayput_apiserver::{ApiServer, Https};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::fixed;

async fn secured(https: &Https) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(https.credentials.ca.as_bytes()) {
        let certificate = certificate.expect("a certificate");
        roots.add(certificate).expect("it is an authority's");
    }
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(https.address).await.expect("it accepts");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(std::sync::Arc::new(config));
    connector.connect(name, stream).await.expect("a handshake")
}

/// How a connection is after a while.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Open,
    Closed,
}

/// Whether the server closes the connection, a little after what it says is its patience.
async fn closed(mut stream: impl AsyncRead + Unpin) -> Ended {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    match tokio::time::timeout(Duration::from_secs(15), read).await {
        Ok(_) => Ended::Closed,
        Err(_) => Ended::Open,
    }
}

async fn version(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), token: &str) -> String {
    let head = format!(
        "GET /version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// What each connection does before it falls silent, and whether the server closes it by
/// the time that a client which never asks is given.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_asked_may_be_idle() {
    let mut server = ApiServer::start(fixed());
    let https = server.serve_https().expect("it listens");
    let no_handshake = TcpStream::connect(https.address).await.expect("it accepts");
    let no_request = secured(&https).await;
    let mut half = secured(&https).await;
    let head = b"GET /version HTTP/1.1\r\nHost: loc";
    half.write_all(head).await.expect("it is sent");
    let mut half_of_two = secured(&https).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM";
    half_of_two.write_all(preface).await.expect("it is sent");
    let token = &https.credentials.token;
    let mut asked = secured(&https).await;
    version(&mut asked, token).await;
    let (no_handshake, no_request, half, half_of_two, idle) = futures::join!(
        closed(no_handshake),
        closed(no_request),
        closed(half),
        closed(half_of_two),
        closed(&mut asked)
    );
    assert_eq!(
        [no_handshake, no_request, half, half_of_two, idle],
        [
            Ended::Closed,
            Ended::Closed,
            Ended::Closed,
            Ended::Closed,
            Ended::Open
        ]
    );
    let answer = version(&mut asked, token).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
