//! Logs and exec, passed on to a node agent that a test plays.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::SinkExt as _;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, LogParams};
use serde_json::json;
use stayput_apiserver::{Dialing, NodeDialer, NodeStream};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::world::{PODS, World, fixed, pod};

/// Dials agents that a task of the test plays.
struct Played(mpsc::UnboundedSender<tokio::io::DuplexStream>);

impl NodeDialer for Played {
    fn dial(&self, _: &str) -> Dialing {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let sent = self.0.send(far);
        Box::pin(async move {
            sent.map_err(|_| std::io::Error::other("no agent"))?;
            Ok(Box::new(near) as Box<dyn NodeStream>)
        })
    }
}

/// Answers as an agent: logs say what was asked, exec says hello on channel 1.
fn agent(
    mut request: Request<Incoming>,
    tasks: &mpsc::UnboundedSender<hyper::upgrade::OnUpgrade>,
) -> Response<Full<Bytes>> {
    let asked = request.uri().to_string();
    if asked.starts_with("/containerLogs") {
        return Response::new(Full::new(Bytes::from(format!("{asked}\n"))));
    }
    let key = request.headers()["sec-websocket-key"]
        .to_str()
        .unwrap_or_default()
        .to_owned();
    drop(tasks.send(hyper::upgrade::on(&mut request)));
    let accept = websocket_accept(&key);
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .header("sec-websocket-protocol", "v5.channel.k8s.io")
        .body(Full::default())
        .expect("a response")
}

fn websocket_accept(key: &str) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
}

async fn play(mut streams: mpsc::UnboundedReceiver<tokio::io::DuplexStream>) {
    let (sender, mut upgrades) = mpsc::unbounded_channel();
    let mut running = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Some(stream) = streams.recv() => {
                let sender = sender.clone();
                let service = service_fn(move |request| {
                    let answer = agent(request, &sender);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                running.spawn(async move { drop(serving.with_upgrades().await) });
            }
            Some(upgrade) = upgrades.recv() => drop(running.spawn(speak(upgrade))),
            Some(_) = running.join_next() => {}
            else => return,
        }
    }
}

/// `hello` on channel 1, then success on channel 3.
async fn speak(upgrade: hyper::upgrade::OnUpgrade) {
    use tokio_tungstenite::tungstenite::{Message, protocol::Role};
    let Ok(upgraded) = upgrade.await else { return };
    let io = TokioIo::new(upgraded);
    let mut socket =
        tokio_tungstenite::WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    let status = json!({"metadata": {}, "status": "Success"}).to_string();
    drop(socket.send(Message::binary(b"\x01hello".to_vec())).await);
    drop(
        socket
            .send(Message::binary([b"\x03", status.as_bytes()].concat()))
            .await,
    );
    drop(socket.close(None).await);
}

async fn world() -> (World, tokio::task::JoinSet<()>) {
    let (sender, streams) = mpsc::unbounded_channel();
    let mut options = fixed();
    options.nodes = Arc::new(Played(sender));
    let world = World::with(options).await;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(play(streams));
    let node = json!({"metadata": {"name": "n1"}});
    world.post("/api/v1/nodes", &node).await;
    world.post(PODS, &pod("p")).await;
    world
        .post(
            &format!("{PODS}/p/binding"),
            &json!({"target": {"name": "n1"}}),
        )
        .await;
    world
        .merge(
            &format!("{PODS}/p/status"),
            &json!({"status": {"phase": "Running"}}),
        )
        .await;
    (world, tasks)
}

#[tokio::test]
async fn logs_come_from_the_node() {
    let (world, _tasks) = world().await;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    let params = LogParams {
        tail_lines: Some(5),
        ..LogParams::default()
    };
    let text = pods.logs("p", &params).await.expect("logs");
    insta::assert_snapshot!(text, @"/containerLogs/default/p/c?&tailLines=5");
}

#[tokio::test]
async fn exec_is_a_stream_both_ways() {
    let (world, _tasks) = world().await;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    let mut exec = pods
        .exec("p", ["echo", "a b"], &AttachParams::default().stderr(false))
        .await
        .expect("exec");
    let mut out = String::new();
    exec.stdout()
        .expect("stdout")
        .read_to_string(&mut out)
        .await
        .expect("it ends");
    assert_eq!(out, "hello");
}

#[tokio::test]
async fn a_pod_on_a_node_that_is_gone_has_no_logs() {
    let (world, _tasks) = world().await;
    world.delete("/api/v1/nodes/n1").await;
    let refused = world.get(&format!("{PODS}/p/log")).await;
    insta::assert_snapshot!(refused["message"], @r#""pods \"n1\" not found""#);
}

#[tokio::test]
async fn a_pod_without_a_node_is_refused() {
    let (world, _tasks) = world().await;
    world.post(PODS, &pod("q")).await;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "default");
    assert_eq!(
        pods.logs("q", &LogParams::default())
            .await
            .expect("nothing yet"),
        ""
    );
    let refused = world.get(&format!("{PODS}/p/log?container=nope")).await;
    insta::assert_snapshot!(refused["message"], @r#""container nope is not valid for pod p""#);
}
