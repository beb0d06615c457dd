//! The cluster's own socket, from inside: commands on nodes, stop, start, the end.
//!
//! Invariants:
//! - A command whose asker is gone is killed.
//! - A stopped node runs nothing, as a stopped container does.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::Signal;
use stayput_cluster::NodeName;
use stayput_node::Node;
use stayput_sandbox::{Running, Sandbox, Stdio};
use tokio::io::AsyncReadExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::message::{self, Order, Reply, Streams};

/// Takes orders.
pub(crate) struct Door {
    listener: UnixListener,
    inside: Within,
}

/// What orders are carried out with. Cheap to clone.
#[derive(Clone)]
struct Within {
    sandbox: Sandbox,
    nodes: BTreeMap<NodeName, Node>,
    stopped: watch::Sender<BTreeSet<NodeName>>,
}

/// Whether the cluster goes on.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

impl Door {
    pub(crate) fn new(
        listener: UnixListener,
        sandbox: Sandbox,
        nodes: BTreeMap<NodeName, Node>,
    ) -> Self {
        let (stopped, _) = watch::channel(BTreeSet::new());
        Self {
            listener,
            inside: Within {
                sandbox,
                nodes,
                stopped,
            },
        }
    }

    /// Serves until the cluster is told to end.
    pub(crate) async fn serve(self) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => if let Ok((stream, _)) = accepted {
                    let inside = self.inside.clone();
                    tasks.spawn(async move { inside.serve(stream).await });
                },
                Some(served) = tasks.join_next() => if served.is_ok_and(|then| then == Then::End) {
                    return;
                },
            }
        }
    }
}

impl Within {
    async fn serve(self, mut stream: UnixStream) -> Then {
        let Ok((order, streams)) = message::take(&mut stream).await else {
            return Then::GoOn;
        };
        let then = match order {
            Order::End => Then::End,
            Order::Run { .. } | Order::Stop { .. } | Order::Start { .. } => Then::GoOn,
        };
        let reply = match order {
            Order::End => Reply::Done,
            Order::Run { node, command } => {
                self.run(&NodeName::new(node), command, streams, &mut stream)
                    .await
            }
            Order::Stop { node } => self.stop(NodeName::new(node)).await,
            Order::Start { node } => self.start(&NodeName::new(node)).await,
        };
        if let Err(error) = message::write(&mut stream, &reply).await {
            tracing::debug!(%error, "nobody waits for a reply");
        }
        then
    }

    async fn stop(&self, name: NodeName) -> Reply {
        let Some(node) = self.nodes.get(&name) else {
            return Reply::UnknownNode;
        };
        self.stopped.send_modify(|stopped| {
            stopped.insert(name);
        });
        node.stop().await;
        Reply::Done
    }

    async fn start(&self, name: &NodeName) -> Reply {
        let Some(node) = self.nodes.get(name) else {
            return Reply::UnknownNode;
        };
        let was = self.stopped.borrow().contains(name);
        // One that runs already is left as it is.
        if was {
            node.start().await;
            self.stopped.send_modify(|stopped| {
                stopped.remove(name);
            });
        }
        Reply::Done
    }

    async fn run(
        &self,
        name: &NodeName,
        command: Vec<String>,
        streams: Option<Streams>,
        stream: &mut UnixStream,
    ) -> Reply {
        let Some(node) = self.nodes.get(name) else {
            return Reply::UnknownNode;
        };
        if self.stopped.borrow().contains(name) {
            return Reply::NodeStopped;
        }
        let Some(streams) = streams else {
            return Reply::Failed("a command without standard streams".to_owned());
        };
        let stdio = Stdio {
            input: streams.input,
            output: streams.output,
            error: streams.error,
        };
        match node.run(command, stdio).await {
            Ok(running) => self.follow(name, running, stream).await,
            Err(error) => Reply::Failed(error.to_string()),
        }
    }

    /// Waits for a command's end, or kills it when its asker goes or its node stops.
    async fn follow(&self, name: &NodeName, running: Running, stream: &mut UnixStream) -> Reply {
        let Running { id, mut exit } = running;
        let mut stopped = self.stopped.subscribe();
        let reply = tokio::select! {
            ended = &mut exit => return match ended {
                Ok(exit) => Reply::Exited(exit.code()),
                Err(_) => Reply::Failed("the sandbox is gone".to_owned()),
            },
            // The asker sends nothing more: whatever is read is its going.
            _ = stream.read_u8() => Reply::Done,
            _ = stopped.wait_for(|stopped| stopped.contains(name)) => Reply::NodeStopped,
        };
        if let Err(error) = self.sandbox.signal(id, Signal::KILL.as_raw()).await {
            tracing::debug!(%error, "a command ended by itself");
        }
        // Its end is awaited, so that nothing of it runs after the reply.
        drop(exit.await);
        reply
    }
}
