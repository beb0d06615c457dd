//! `/portForward`: connections to a pod's ports, dialled from inside the pod.
//!
//! Over `v4.channel.k8s.io` each port has two channels, for data and for errors; the
//! first message of each is the port's number.
//!
//! Invariant: what cannot be dialled is said on the error channel and closes nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use stayput_sandbox::PodId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::channels::{self, Heard, Receiver, Sender};
use super::query::Query;
use super::{Body, Later, Place, look, refuse, tunnel};
use crate::boot::Shared;

/// What a port has to say: its channel and bytes.
type Said = (u8, Bytes);

pub(crate) async fn start(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: &Place,
    query: &Query,
    later: &mpsc::UnboundedSender<Later>,
) -> Response<Body> {
    let Some(pod) = look(shared, place).await.and_then(|view| view.sandbox) else {
        let why = format!("pod not found (\"{}_{}\")", place.pod, place.namespace);
        return refuse(StatusCode::NOT_FOUND, &why);
    };
    if channels::offers_spdy(&request, tunnel::IN_SOCKETS) {
        return tunnel::start(request, shared, pod, later);
    }
    let given = query
        .all("ports")
        .chain(query.all("port"))
        .flat_map(|ports| ports.split(','));
    let ports = given
        .filter_map(|port| port.parse().ok())
        .collect::<Vec<u16>>();
    if ports.is_empty() || ports.len() > 64 {
        return refuse(
            StatusCode::BAD_REQUEST,
            "query parameter \"ports\" is required",
        );
    }
    let (response, connection) = match channels::accept(request, &["v4.channel.k8s.io"], &[]) {
        Ok(accepted) => accepted.parts(),
        Err(refused) => return *refused,
    };
    let shared = shared.clone();
    let session = async move {
        if let Some((sender, receiver)) = connection.channels(BTreeMap::new()).await {
            carry(&shared, pod, &ports, sender, receiver).await;
        }
    };
    let _ = later.send(Box::pin(session));
    response
}

async fn carry(
    shared: &Arc<Shared>,
    pod: PodId,
    ports: &[u16],
    mut sender: Sender,
    mut receiver: Receiver,
) {
    let (said, mut saying) = mpsc::channel::<Said>(32);
    let mut tasks = JoinSet::new();
    let mut inputs = Vec::new();
    for (port, channel) in ports.iter().zip((0_u8..).step_by(2)) {
        for channel in [channel, channel + 1] {
            if !sender.send(channel, &port.to_le_bytes()).await {
                return;
            }
        }
        let (input, heard) = mpsc::channel::<Bytes>(32);
        inputs.push(Some(input));
        tasks.spawn(serve_port(
            shared.clone(),
            pod,
            *port,
            channel,
            said.clone(),
            heard,
        ));
    }
    drop(said);
    loop {
        tokio::select! {
            message = receiver.next() => match message {
                Some(Heard::Closed(channel)) => {
                    if let Some(input) = inputs.get_mut(usize::from(channel / 2)) {
                        *input = None;
                    }
                }
                Some(Heard::Ping(id)) => sender.pong(id).await,
                Some(Heard::Bytes(channel, bytes)) => {
                    if let Some(Some(input)) = inputs.get(usize::from(channel / 2)) {
                        let _ = input.send(bytes).await;
                    }
                }
                None => break,
            },
            said = saying.recv() => match said {
                Some((channel, bytes)) => if !sender.send(channel, &bytes).await { break },
                None => break,
            },
        }
    }
    sender.close().await;
}

async fn serve_port(
    shared: Arc<Shared>,
    pod: PodId,
    port: u16,
    channel: u8,
    said: mpsc::Sender<Said>,
    heard: mpsc::Receiver<Bytes>,
) {
    match dial(&shared, pod, port).await {
        Ok(stream) => pump(stream, channel, &said, heard).await,
        Err(why) => {
            let why = format!("error forwarding port {port} to pod: {why}");
            let _ = said.send((channel + 1, Bytes::from(why))).await;
        }
    }
}

/// Connects to a port inside of a pod.
pub(crate) async fn dial(shared: &Shared, pod: PodId, port: u16) -> Result<TcpStream, String> {
    match shared.sandbox.dial(pod, port).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => Err(format!(
            "failed to connect to localhost:{port} inside namespace: dial tcp4 127.0.0.1:{port}: connect: connection refused"
        )),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn pump(
    stream: TcpStream,
    channel: u8,
    said: &mpsc::Sender<Said>,
    mut heard: mpsc::Receiver<Bytes>,
) {
    let _ = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let inward = async {
        while let Some(bytes) = heard.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = writer.shutdown().await;
    };
    let outward = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            if said
                .send((channel, Bytes::copy_from_slice(&buffer[..count])))
                .await
                .is_err()
            {
                return;
            }
        }
    };
    tokio::pin!(inward);
    tokio::select! {
        // The server has hung up: nothing more will come.
        () = outward => {}
        () = async { (&mut inward).await; std::future::pending::<()>().await } => {}
    }
}
