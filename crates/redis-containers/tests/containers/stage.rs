//! Stages: each is a thread that owns six containers and plays one story after
//! another on them. Starting and removing containers takes longer than a
//! story.
//!
//! Invariants:
//! - Every story finds a new cluster: empty disks, new ids, healthy.
//! - After a story that failed the containers are removed, and the next story
//!   gets others.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use futures::{FutureExt, future::LocalBoxFuture};
use libtest_mimic::Failed;
use tokio::{runtime::Runtime, time::timeout};

use crate::cluster::Cluster;

/// No story takes a third of this on a slow machine.
const LIMIT: Duration = Duration::from_mins(2);

/// A story that is played on a new cluster.
pub(crate) type Story = fn(&Cluster) -> LocalBoxFuture<'_, ()>;

/// A thread and the way to it.
pub(crate) struct Stage {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

/// One story, and where its end is told.
pub(crate) struct Job {
    story: Story,
    done: Sender<Result<(), String>>,
}

impl Stage {
    /// Opens a stage. Nothing is started before the first story.
    pub(crate) fn open() -> Self {
        let (jobs, queue) = mpsc::channel();
        Self {
            jobs,
            thread: thread::spawn(move || run(&queue)),
        }
    }

    /// The way to this stage.
    pub(crate) fn entrance(&self) -> Sender<Job> {
        self.jobs.clone()
    }

    /// Removes the containers, once every entrance is gone.
    pub(crate) fn close(self) {
        drop(self.jobs);
        // A thread that panicked has dropped, and so removed, its containers.
        let _ = self.thread.join();
    }
}

/// Has a story played, and waits for its end.
pub(crate) fn play(stage: &Sender<Job>, story: Story) -> Result<(), Failed> {
    let (done, end) = mpsc::channel();
    stage
        .send(Job { story, done })
        .map_err(|_| "the stage is closed")?;
    let played = end.recv().map_err(|_| "the stage broke down")?;
    Ok(played?)
}

fn run(queue: &Receiver<Job>) {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut cluster = None;
        for job in queue {
            let performance = AssertUnwindSafe(perform(&mut cluster, job.story)).catch_unwind();
            let played = match timeout(LIMIT, performance).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(panic)) => Err(words(panic.as_ref())),
                Err(_) => Err(format!("not over after {LIMIT:?}")),
            };
            if played.is_err() {
                cluster = None;
            }
            // Nobody waits for the end of a story that was given up.
            let _ = job.done.send(played);
        }
    });
}

async fn perform(cluster: &mut Option<Cluster>, story: Story) {
    let prepared = match cluster.take() {
        Some(used) => used,
        None => Cluster::start().await,
    };
    let cluster = cluster.insert(prepared);
    cluster.form().await;
    story(cluster).await;
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
