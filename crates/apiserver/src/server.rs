//! The task that owns the API, and handles to it.
//!
//! Invariants:
//! - One task owns the state; everybody else sends it messages. There is no lock.
//! - The task ends with its [`ApiServer`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::api::request::{Answer, Encoding, Request};
use crate::api::watching::Resumed;
use crate::options::Options;
use crate::status::Status;
use crate::store::Expired;
use crate::transport::{Room, Runner, Unread, run};
use crate::watch::Scope;

/// How many requests may wait for the owner.
const QUEUE: usize = 1024;

/// What the owner is asked.
enum Command {
    Call(Box<Request>, oneshot::Sender<Answer>),
    Resume(Box<Scope>, u64, oneshot::Sender<Result<Resumed, Expired>>),
    Revision(oneshot::Sender<u64>),
    Compact(oneshot::Sender<()>),
}

/// A running API server; it ends when this is dropped.
#[derive(Debug)]
pub struct ApiServer {
    handle: Handle,
    options: Options,
    pub(crate) runner: Runner,
    pub(crate) room: Room,
    pub(crate) unread: Unread,
    pub(crate) tasks: JoinSet<()>,
}

/// A way to the owner; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Handle(mpsc::Sender<Command>);

impl ApiServer {
    /// Starts a server; it needs a tokio runtime.
    pub fn start(options: Options) -> ApiServer {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        tasks.spawn(own(Api::new(options.clone()), receiver));
        let (runner, small_tasks) = Runner::new();
        tasks.spawn(run(small_tasks));
        ApiServer {
            handle: Handle(sender),
            options,
            runner,
            room: Room::new(),
            unread: Unread::new(),
            tasks,
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// How it was started.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Forgets the history of changes: each open watch goes on, but one that comes back with an older revision gets
    /// `410 Gone` and has to list again. For tests of clients.
    pub async fn compact(&self) {
        let (reply, answer) = oneshot::channel();
        if self.handle.0.send(Command::Compact(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

async fn own(mut api: Api, mut commands: mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        // Whoever asked may have gone; then nobody needs the answer.
        match command {
            // A client that asks and takes it back at once, again and again, costs no more than this.
            Command::Call(_, reply) if reply.is_closed() => {}
            Command::Call(request, reply) => drop(reply.send(handle(&mut api, &request))),
            Command::Resume(scope, after, reply) => drop(reply.send(api.resume(&scope, after))),
            Command::Revision(reply) => {
                let _ = reply.send(api.revision());
            }
            Command::Compact(reply) => {
                api.compact();
                let _ = reply.send(());
            }
        }
    }
}

/// Carries out a request. If that panics, it is our mistake: who asked is told so, as by a real
/// server, and everybody else is served on. A request changes the store in its last step.
fn handle(api: &mut Api, request: &Request) -> Answer {
    let handled = catch_unwind(AssertUnwindSafe(|| api.handle(request)));
    handled.unwrap_or_else(|_| {
        let text = "This request caused apiserver to panic. Look in the logs for details.";
        Answer::refusal(&Status::internal(text), Encoding::Json)
    })
}

impl Handle {
    /// Has a request carried out.
    pub(crate) async fn call(&self, request: Request) -> Result<Answer, Status> {
        let (reply, answer) = oneshot::channel();
        self.0
            .send(Command::Call(Box::new(request), reply))
            .await
            .map_err(|_| Status::shutting_down())?;
        answer.await.map_err(|_| Status::shutting_down())
    }

    /// Comes back with the revision up to which all is known; nothing when the server is gone.
    pub(crate) async fn resume(
        &self,
        scope: Scope,
        after: u64,
    ) -> Option<Result<Resumed, Expired>> {
        let (reply, answer) = oneshot::channel();
        self.0
            .send(Command::Resume(Box::new(scope), after, reply))
            .await
            .ok()?;
        answer.await.ok()
    }

    /// The newest revision; everything up to it has been sent to every watcher before.
    pub(crate) async fn revision(&self) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Command::Revision(reply)).await.ok()?;
        answer.await.ok()
    }
}
