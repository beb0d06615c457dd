//! Where small tasks run: connections, copies after an upgrade.
//!
//! Invariant: no task outlives the set that [`run`] owns.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A way to have something run; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Runner(mpsc::UnboundedSender<Task>);

impl Runner {
    /// A runner and what it runs, for [`run`].
    pub(crate) fn new() -> (Runner, mpsc::UnboundedReceiver<Task>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Runner(sender), receiver)
    }

    /// Runs it until it ends or the server does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // When the server is gone, nothing needs to run any more.
        drop(self.0.send(Box::pin(task)));
    }
}

impl<F> hyper::rt::Executor<F> for Runner
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        self.spawn(async move {
            task.await;
        });
    }
}

/// Runs what is sent, until the last sender is gone.
pub(crate) async fn run(mut tasks: mpsc::UnboundedReceiver<Task>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            next = tasks.recv() => match next {
                Some(task) => drop(running.spawn(task)),
                None => return,
            },
            Some(_) = running.join_next() => {}
        }
    }
}
