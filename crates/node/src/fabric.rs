//! What all nodes of a cluster share: names and Service addresses.
//!
//! A DNS server and a TCP proxy for each port of each `clusterIP`, both in the fabric's
//! network namespace, fed by watches on Services and `EndpointSlices`.
//!
//! Invariants:
//! - One task owns what is known; queries and connections ask it by message or watch.
//! - Nothing leaves the cluster: a name that it does not know does not exist.

mod names;
mod packet;
mod proxy;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::blueprint::Dns;
use names::Names;
use proxy::Proxies;

const PORT: u16 = 53;
const LARGEST: usize = 4096;

/// Serves names and Service addresses until it is dropped. Must run in the process that
/// [`stayput_sandbox`] has put in the fabric's network.
pub async fn run(client: Client, dns: Dns) -> io::Result<()> {
    let address = SocketAddr::from((dns.server, PORT));
    let socket = Arc::new(UdpSocket::bind(address).await?);
    let listener = TcpListener::bind(address).await?;
    let (ask, asked) = mpsc::channel(64);
    let mut tasks = JoinSet::new();
    tasks.spawn(datagrams(socket, ask.clone()));
    tasks.spawn(streams(listener, ask));
    let owner = Owner {
        names: Names::new(&dns.domain),
        proxies: Proxies::default(),
    };
    owner.run(client, asked).await;
    Ok(())
}

type Question = (Vec<u8>, oneshot::Sender<Option<Vec<u8>>>);

struct Owner {
    names: Names,
    proxies: Proxies,
}

impl Owner {
    async fn run(mut self, client: Client, mut asked: mpsc::Receiver<Question>) {
        let mut services = watch::<Service>(&client);
        let mut slices = watch::<EndpointSlice>(&client);
        loop {
            tokio::select! {
                Some(event) = services.next() => {
                    let known = &mut self.names.services;
                    apply(event, known);
                    self.proxies.update(&self.names);
                }
                Some(event) = slices.next() => {
                    let known = &mut self.names.slices;
                    apply(event, known);
                    self.proxies.update(&self.names);
                }
                Some((query, answer)) = asked.recv() => drop(answer.send(self.answer(&query))),
                () = self.proxies.tend() => {}
                else => return,
            }
        }
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let query = packet::Query::parse(query)?;
        let found = self.names.look_up(&query.name, query.kind);
        Some(query.answer(&found))
    }
}

fn watch<K>(client: &Client) -> impl Stream<Item = Event<K>> + Unpin + use<K>
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + 'static,
{
    let stream = watcher::watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .default_backoff();
    stream
        .filter_map(|event| std::future::ready(event.ok()))
        .boxed()
}

/// Namespace and name.
pub(crate) type Key = (String, String);
type Known<K> = std::collections::BTreeMap<Key, K>;

fn apply<K: ResourceExt>(event: Event<K>, known: &mut Known<K>) {
    let key = |object: &K| (object.namespace().unwrap_or_default(), object.name_any());
    match event {
        // What was deleted while nobody watched is not in the new list.
        Event::Init => known.clear(),
        Event::InitApply(object) | Event::Apply(object) => drop(known.insert(key(&object), object)),
        Event::InitDone => {}
        Event::Delete(object) => drop(known.remove(&key(&object))),
    }
}

async fn ask(asking: &mpsc::Sender<Question>, query: &[u8]) -> Option<Vec<u8>> {
    let (answer, answered) = oneshot::channel();
    asking.send((query.to_vec(), answer)).await.ok()?;
    answered.await.ok()?
}

async fn datagrams(socket: Arc<UdpSocket>, asking: mpsc::Sender<Question>) {
    let mut buffer = [0; LARGEST];
    loop {
        let Ok((size, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        if let Some(mut answer) = ask(&asking, &buffer[..size]).await {
            packet::fit(&mut answer, 512);
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn streams(listener: TcpListener, asking: mpsc::Sender<Question>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                tasks.spawn(one_stream(stream, asking.clone()));
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn one_stream(mut stream: TcpStream, asking: mpsc::Sender<Question>) -> Option<()> {
    loop {
        let size = stream.read_u16().await.ok()?;
        let mut query = vec![0; usize::from(size)];
        stream.read_exact(&mut query).await.ok()?;
        let answer = ask(&asking, &query).await?;
        stream
            .write_u16(u16::try_from(answer.len()).ok()?)
            .await
            .ok()?;
        stream.write_all(&answer).await.ok()?;
    }
}

/// An address in a text, if it is one.
pub(crate) fn address(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}
