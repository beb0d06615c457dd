//! Input that is wrong in every way: the right status, bounded memory, no panic.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use http::Request;
use stayput_apiserver::ApiServer;

use crate::world::{CONFIG_MAPS, World, fixed};

async fn code(world: &World, kind: &str, body: Vec<u8>) -> u16 {
    let request = Request::post(CONFIG_MAPS)
        .header("content-type", kind)
        .body(body)
        .expect("a request");
    match world.client.request::<serde_json::Value>(request).await {
        Ok(_) => 201,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn malformed_bodies_are_refused() {
    let world = World::start().await;
    let deep = format!("{{\"data\":{}", "[".repeat(200_000));
    let deep_yaml = format!("data: {}", "[".repeat(100_000));
    let huge = format!("{{\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(4 * 1024 * 1024));
    let large = format!(
        "{{\"metadata\":{{\"name\":\"l\"}},\"data\":{{\"a\":\"{}\"}}}}",
        "x".repeat(2 * 1024 * 1024)
    );
    let json = "application/json";
    for (kind, body, expected) in [
        (json, b"".to_vec(), 400),
        (json, b"{".to_vec(), 400),
        (json, b"[1,2".to_vec(), 400),
        (json, b"\xff\xfe".to_vec(), 400),
        (json, b"\"text\"".to_vec(), 400),
        (json, deep.into_bytes(), 400),
        (json, huge.into_bytes(), 413),
        (json, large.into_bytes(), 422),
        ("application/yaml", b"a: [".to_vec(), 400),
        ("application/yaml", b"\xff\xfe".to_vec(), 400),
        ("application/yaml", deep_yaml.into_bytes(), 400),
        (
            "application/vnd.kubernetes.protobuf",
            b"k8s\0\x0a\xff".to_vec(),
            400,
        ),
        ("application/cbor", b"x".to_vec(), 415),
        ("text/plain", b"{}".to_vec(), 415),
    ] {
        let start = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        assert_eq!(code(&world, kind, body).await, expected, "{kind} {start}");
    }
}

#[tokio::test]
async fn aliases_that_multiply_are_refused() {
    let world = World::start().await;
    let mut yaml = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in [
        ("b", "a"),
        ("c", "b"),
        ("d", "c"),
        ("e", "d"),
        ("f", "e"),
        ("g", "f"),
        ("h", "g"),
    ] {
        let many = vec![format!("*{before}"); 10].join(",");
        yaml = format!(
            "{yaml}{name}: &{name} [{many}]
"
        );
    }
    assert_eq!(
        code(&world, "application/yaml", yaml.into_bytes()).await,
        400
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_connections_hold_nobody_up() {
    let mut server = ApiServer::start(fixed());
    let https = server.serve_https().expect("it listens");
    let address = https.address;
    let idle: Vec<TcpStream> = (0..50)
        .map(|_| TcpStream::connect(address).expect("it accepts"))
        .collect();
    let garbage = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it accepts");
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("a timeout");
        drop(stream.write_all(b"GET / HTTP/1.1\r\n\r\n"));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        answer
    });
    let answer = garbage.await.expect("it answers");
    assert!(!answer.starts_with(b"HTTP"), "no HTTP without TLS");
    let config = kube::config::Kubeconfig::from_yaml(&https.kubeconfig("t")).expect("a kubeconfig");
    let config =
        kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default())
            .await;
    let client = kube::Client::try_from(config.expect("a configuration")).expect("a client");
    let version = tokio::time::timeout(Duration::from_secs(5), client.apiserver_version()).await;
    assert_eq!(version.expect("in time").expect("a version").minor, "34");
    drop(idle);
}
