//! Service addresses: each port of each is a listener that passes connections on.
//!
//! Invariants:
//! - A port that no Service has any more is closed; its connections live on.
//! - Connections take turns over what is ready at their begin.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::names::Names;

/// The listeners.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    ports: BTreeMap<SocketAddrV4, (watch::Sender<Vec<SocketAddrV4>>, AbortHandle)>,
    tasks: JoinSet<()>,
}

impl Proxies {
    /// Brings the listeners in line with what is known.
    pub(crate) fn update(&mut self, names: &Names) {
        let routes = names.routes();
        self.ports.retain(|at, (_, task)| {
            let kept = routes.contains_key(at);
            if !kept {
                task.abort();
            }
            kept
        });
        for (at, backends) in routes {
            if let Some((sender, _)) = self.ports.get(&at) {
                sender.send_if_modified(|known| {
                    std::mem::replace(known, backends.clone()) != backends
                });
            } else {
                let (sender, receiver) = watch::channel(backends);
                let task = self.tasks.spawn(listen(at, receiver));
                self.ports.insert(at, (sender, task));
            }
        }
    }

    /// Takes note of tasks that have ended; never returns while there are none.
    pub(crate) async fn tend(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

async fn listen(at: SocketAddrV4, backends: watch::Receiver<Vec<SocketAddrV4>>) {
    let listener = match TcpListener::bind(at).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%at, %error, "no listener for a Service");
            return;
        }
    };
    let mut connections = JoinSet::new();
    let mut turn = 0_usize;
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                turn = turn.wrapping_add(1);
                let chosen = {
                    let known = backends.borrow();
                    (!known.is_empty()).then(|| known[turn % known.len()])
                };
                // Without a backend the connection is closed: refused, as far as a proxy can.
                if let Some(backend) = chosen {
                    connections.spawn(pass(stream, backend));
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn pass(mut stream: TcpStream, backend: SocketAddrV4) {
    if let Ok(mut other) = TcpStream::connect(backend).await {
        let _ = stream.set_nodelay(true);
        let _ = other.set_nodelay(true);
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut other).await;
    }
}
