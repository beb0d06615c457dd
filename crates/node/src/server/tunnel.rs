//! Port-forward as kubectl has it: SPDY frames, from 1.31 on inside a WebSocket.
//!
//! For each connection the client opens an error stream and a data stream that carry the
//! same request number.
//!
//! Invariant: a connection that fails says so on its error stream and leaves the others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{Request, Response};
use hyper::body::Incoming;
use stayput_sandbox::PodId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::carrier::{Inward, Outward};
use super::channels;
use super::forward::dial;
use super::spdy::{self, Broken, Frame, Last, Reader, Writer};
use super::{Body, Later};
use crate::boot::Shared;

/// What it is called inside of a WebSocket.
pub(crate) const IN_SOCKETS: &str = "SPDY/3.1+portforward.k8s.io";
/// What it is called without.
const PROTOCOL: &str = "portforward.k8s.io";

pub(crate) fn start(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    pod: PodId,
    later: &mpsc::UnboundedSender<Later>,
) -> Response<Body> {
    let (response, connection) = match channels::accept(request, &[IN_SOCKETS], &[PROTOCOL]) {
        Ok(accepted) => accepted.parts(),
        Err(refused) => return *refused,
    };
    let shared = shared.clone();
    let session = async move {
        if let Some((outward, inward)) = connection.carrier().await {
            let (said, saying) = mpsc::channel(32);
            let tunnel = Tunnel {
                shared,
                pod,
                writer: Writer::default(),
                errors: HashMap::new(),
                inputs: HashMap::new(),
                said,
                tasks: JoinSet::new(),
            };
            tunnel.carry(outward, inward, saying).await;
        }
    };
    let _ = later.send(Box::pin(session));
    response
}

/// What a connection has to say on a stream.
type Said = (u32, Bytes, Last);

struct Tunnel {
    shared: Arc<Shared>,
    pod: PodId,
    writer: Writer,
    /// Request number → its error stream.
    errors: HashMap<String, u32>,
    /// Data stream → what the client sends; closed by being dropped.
    inputs: HashMap<u32, mpsc::Sender<Bytes>>,
    said: mpsc::Sender<Said>,
    tasks: JoinSet<()>,
}

impl Tunnel {
    async fn carry(
        mut self,
        mut outward: Outward,
        mut inward: Inward,
        mut saying: mpsc::Receiver<Said>,
    ) {
        let mut reader = Reader::default();
        loop {
            let out = tokio::select! {
                bytes = inward.next() => {
                    let Some(bytes) = bytes else { break };
                    reader.feed(&bytes);
                    match self.take_all(&mut reader).await {
                        Ok(frames) => frames,
                        Err(Broken) => break,
                    }
                }
                Some((stream, bytes, last)) = saying.recv() => vec![spdy::data(stream, &bytes, last)],
                Some(_) = self.tasks.join_next() => Vec::new(),
            };
            for frame in out {
                if outward.send(frame).await.is_err() {
                    return;
                }
            }
        }
        let _ = outward.close().await;
    }

    async fn take_all(&mut self, reader: &mut Reader) -> Result<Vec<Bytes>, Broken> {
        let mut out = Vec::new();
        while let Some(frame) = reader.next()? {
            match frame {
                Frame::Open {
                    stream, headers, ..
                } => {
                    out.push(self.writer.reply(stream));
                    self.open(stream, &headers);
                }
                Frame::Data {
                    stream,
                    bytes,
                    last,
                } => {
                    if let Some(input) = self.inputs.get(&stream)
                        && !bytes.is_empty()
                    {
                        let _ = input.send(bytes).await;
                    }
                    if last == Last::Yes {
                        self.inputs.remove(&stream);
                    }
                }
                Frame::Reset { stream } => drop(self.inputs.remove(&stream)),
                Frame::Ping { id } => out.push(spdy::pong(id)),
            }
        }
        Ok(out)
    }

    fn open(&mut self, stream: u32, headers: &BTreeMap<String, String>) {
        let text = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let request = text("requestid");
        match text("streamtype").as_str() {
            "error" => drop(self.errors.insert(request, stream)),
            "data" => {
                let error = self.errors.remove(&request).unwrap_or(0);
                let port = text("port").parse().unwrap_or(0);
                let (input, heard) = mpsc::channel(32);
                self.inputs.insert(stream, input);
                let (shared, pod, said) = (self.shared.clone(), self.pod, self.said.clone());
                self.tasks.spawn(async move {
                    let why = match dial(&shared, pod, port).await {
                        Ok(connection) => {
                            pump(connection, stream, &said, heard).await;
                            Bytes::new()
                        }
                        Err(why) => {
                            Bytes::from(format!("error forwarding port {port} to pod: {why}"))
                        }
                    };
                    let _ = said.send((error, why, Last::Yes)).await;
                    let _ = said.send((stream, Bytes::new(), Last::Yes)).await;
                });
            }
            _ => {}
        }
    }
}

/// Carries bytes both ways until the server hangs up.
async fn pump(
    connection: TcpStream,
    stream: u32,
    said: &mpsc::Sender<Said>,
    mut heard: mpsc::Receiver<Bytes>,
) {
    let _ = connection.set_nodelay(true);
    let (mut reader, mut writer) = connection.into_split();
    let inward = async move {
        while let Some(bytes) = heard.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
        // Its end alone does not end the connection.
        std::future::pending::<()>().await;
    };
    let outward = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            if said
                .send((stream, Bytes::copy_from_slice(&buffer[..count]), Last::No))
                .await
                .is_err()
            {
                return;
            }
        }
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
}
