//! A cluster of nodes under the small API, and ways to look at it.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::DynamicObject;
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Client};
use stayput_node::images::{Images, Program};
use stayput_node::{Dns, Node, NodeConfig, Powers, fabric};
use stayput_sandbox::{
    ContainerSpec, Identity, PodSpec, Privilege, ProcessSpec, RootKind, Sandbox, Stdio,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Nodes, and what they are made of.
pub(crate) struct Lab {
    /// The API.
    pub(crate) client: Client,
    sandbox: Sandbox,
    directory: PathBuf,
    images: Arc<Images>,
    dns: Dns,
    tasks: JoinSet<()>,
    nodes: u8,
}

impl Lab {
    /// No node yet.
    pub(crate) fn new(client: Client, sandbox: Sandbox, directory: &Path, images: Images) -> Self {
        let dns = Dns {
            server: Ipv4Addr::new(10, 96, 0, 10),
            domain: "cluster.local".to_owned(),
        };
        let mut tasks = JoinSet::new();
        let names = fabric::run(client.clone(), dns.clone());
        tasks.spawn(async move { names.await.unwrap() });
        let directory = directory.to_path_buf();
        Self {
            client,
            sandbox,
            directory,
            images: Arc::new(images),
            dns,
            tasks,
            nodes: 0,
        }
    }

    /// Where a node's disk is.
    pub(crate) fn disk(&self, node: &str) -> PathBuf {
        self.directory.join("disks").join(node)
    }

    /// A node that boots.
    pub(crate) fn node(&mut self, name: &str) -> Node {
        self.nodes += 1;
        let config = NodeConfig {
            name: name.to_owned(),
            address: Ipv4Addr::new(172, 18, 0, 2 + self.nodes),
            pods: Ipv4Addr::new(10, 244, self.nodes, 0),
            disk: self.disk(name),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            version: "v1.34.4".to_owned(),
            images: self.images.clone(),
            dns: self.dns.clone(),
            powers: Powers::of_this_process(),
            heartbeat: Duration::from_secs(10),
            clock: Timestamp::now,
        };
        let (node, life) = Node::new(config, self.client.clone(), self.sandbox.clone()).unwrap();
        self.tasks.spawn(life);
        node
    }

    /// The pods of the one namespace.
    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), "n")
    }

    /// Creates an object of any kind.
    pub(crate) async fn create(&self, text: &str) {
        let object = serde_saphyr::from_str::<DynamicObject>(text).unwrap();
        let types = object.types.clone().unwrap();
        let (group, version) = types
            .api_version
            .split_once('/')
            .unwrap_or(("", &types.api_version));
        let kind = kube::core::GroupVersionKind::gvk(group, version, &types.kind);
        let resource = kube::core::ApiResource::from_gvk(&kind);
        let api = match &object.metadata.namespace {
            Some(namespace) => {
                Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &resource)
            }
            None => Api::<DynamicObject>::all_with(self.client.clone(), &resource),
        };
        api.create(&PostParams::default(), &object).await.unwrap();
    }

    /// Creates a pod from its spec.
    pub(crate) async fn pod(&self, name: &str, spec: &str) {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: n}}, spec: {spec}}}"
        );
        self.create(&text).await;
    }

    /// Waits for a pod to be as wished.
    pub(crate) async fn until(&self, name: &str, wish: impl Fn(&Pod) -> bool) -> Pod {
        let condition = |pod: Option<&Pod>| pod.is_some_and(&wish);
        await_condition(self.pods(), name, condition)
            .await
            .unwrap()
            .unwrap()
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&self, name: &str) -> Pod {
        self.until(name, is_ready).await
    }

    /// Deletes a pod and waits until it is gone.
    pub(crate) async fn delete(&self, name: &str) -> Pod {
        let before = self.pods().get(name).await.unwrap();
        self.pods()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
        let gone = |pod: Option<&Pod>| pod.is_none();
        await_condition(self.pods(), name, gone.not_if_absent())
            .await
            .unwrap();
        before
    }

    /// The events of a pod, one a line, with their counts.
    pub(crate) async fn events(&self, pod: &str) -> String {
        let events = Api::<Event>::namespaced(self.client.clone(), "n")
            .list(&ListParams::default())
            .await
            .unwrap();
        let about = |event: &&Event| event.involved_object.name.as_deref() == Some(pod);
        let line = |event: &Event| {
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            let count = event.count.unwrap_or(0);
            format!(
                "{} {} x{count}: {}\n",
                text(&event.type_),
                text(&event.reason),
                text(&event.message)
            )
        };
        events.items.iter().filter(about).map(line).collect()
    }

    /// How long a redis-server takes from the request to its first answer, in namespaces
    /// of its own and without a node: `pod, container, PONG`.
    pub(crate) async fn bare_redis(&self) -> String {
        let program = self.images.programs["redis-server"].clone();
        let mut times = Vec::new();
        for last in 2..12 {
            let begin = Instant::now();
            let address = Ipv4Addr::new(10, 244, 200, last);
            let pod = self
                .sandbox
                .pod(PodSpec {
                    hostname: "bare".to_owned(),
                    address,
                })
                .await
                .unwrap();
            let made = begin.elapsed();
            let running = self
                .sandbox
                .start(pod, bare(&program), Stdio::null().unwrap())
                .await
                .unwrap();
            let started = begin.elapsed();
            let mut stream = loop {
                match tokio::net::TcpStream::connect((address, 6379)).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            stream.write_all(b"PING\r\n").await.unwrap();
            stream.read_exact(&mut [0; 7]).await.unwrap();
            times.push((begin.elapsed(), started, made));
            self.sandbox.signal(running.id, 9).await.unwrap();
        }
        times.sort();
        let (pong, started, made) = times[times.len() / 2];
        format!(
            "bare redis, median of {}: pod {made:?}, container {started:?}, PONG {pong:?}",
            times.len()
        )
    }

    /// Runs a command on a node and takes what it says.
    pub(crate) async fn on_node(&self, node: &Node, script: &str) -> String {
        let (reader, writer) = stayput_sandbox::pipe().unwrap();
        let stdio = Stdio {
            input: Stdio::null().unwrap().input,
            output: writer.try_clone().unwrap(),
            error: writer,
        };
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        let running = node.run(command, stdio).await.unwrap();
        running.exit.await.unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut File::from(reader), &mut said).unwrap();
        said
    }
}

fn bare(program: &Program) -> ContainerSpec {
    let image = stayput_node::images::Image {
        programs: vec![program.clone()],
        ..Default::default()
    };
    let words = ["redis-server", "--protected-mode", "no", "--save", ""];
    ContainerSpec {
        root: RootKind::Fresh,
        mounts: Vec::new(),
        directories: Vec::new(),
        programs: program.directories.clone(),
        etc: BTreeMap::new(),
        termination_log: None,
        process: ProcessSpec {
            arguments: words.map(str::to_owned).to_vec(),
            environment: image.environment(),
            directory: "/".into(),
            identity: Identity::default(),
            privilege: Privilege::Default,
            terminal: false,
        },
    }
}

/// Being gone is a condition as well.
trait NotIfAbsent {
    fn not_if_absent(self) -> impl Condition<Pod>;
}

impl<F: Fn(Option<&Pod>) -> bool> NotIfAbsent for F {
    fn not_if_absent(self) -> impl Condition<Pod> {
        move |pod: Option<&Pod>| self(pod)
    }
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// GET on a node's endpoint: the whole answer as text.
pub(crate) async fn get(node: &Node, path: &str) -> String {
    let mut stream = node.open();
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Runs a program in a container as kubectl does: output, error output, status.
pub(crate) async fn exec(
    node: &Node,
    place: &str,
    command: &[&str],
    input: Option<&str>,
) -> (String, String, String) {
    let words = command
        .iter()
        .map(|word| format!("&command={}", escape(word)));
    let words = words.collect::<Vec<_>>().concat();
    let sends = if input.is_some() { "&input=1" } else { "" };
    let mut request = format!("ws://node/exec/{place}?output=1&error=1{sends}{words}")
        .into_client_request()
        .unwrap();
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        "v5.channel.k8s.io".parse().unwrap(),
    );
    let (mut socket, _) = tokio_tungstenite::client_async(request, node.open())
        .await
        .unwrap();
    if let Some(input) = input {
        socket
            .send(Message::Binary([&[0], input.as_bytes()].concat().into()))
            .await
            .unwrap();
        socket
            .send(Message::Binary(vec![255, 0].into()))
            .await
            .unwrap();
    }
    let mut said = [const { Vec::new() }; 4];
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message {
            said[usize::from(bytes[0])].extend(&bytes[1..]);
        }
    }
    let text = |channel: usize| String::from_utf8_lossy(&said[channel]).into_owned();
    (text(1), text(2), text(3))
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect::<Vec<_>>()
        .concat()
}

/// Sends bytes to a pod's port over the port-forward WebSocket and takes one answer.
pub(crate) async fn forward(node: &Node, place: &str, port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut request = format!("ws://node/portForward/{place}?ports={port}")
        .into_client_request()
        .unwrap();
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        "v4.channel.k8s.io".parse().unwrap(),
    );
    let (mut socket, _) = tokio_tungstenite::client_async(request, node.open())
        .await
        .unwrap();
    socket
        .send(Message::Binary([&[0], bytes].concat().into()))
        .await
        .unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message
            && bytes[..] != [bytes[0], port.to_le_bytes()[0], port.to_le_bytes()[1]]
        {
            return bytes.to_vec();
        }
    }
    Vec::new()
}
