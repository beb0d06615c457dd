//! Answers that are too long to be sent at once.
//!
//! Invariants:
//! - What a client does not read is not kept for ever: after some time the answer breaks off,
//!   and whatever it held is let go, though nobody has touched the connection.
//! - What an answer holds for itself alone is bounded, together with all others.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::runner::Runner;
use super::service::Body;
use crate::api::encode::PIECE;
use crate::status::Status;

/// How long a client may take over an answer: as long as with a real server
/// (`--request-timeout`).
const TIME: Duration = Duration::from_mins(1);
/// What memory is counted in.
const UNIT: usize = 1024;
/// Units that all answers may take together: 256 MiB.
const ALL: u32 = 256 * 1024;

/// The answer was not read in time.
#[derive(Debug, thiserror::Error)]
#[error("the answer was not read in time")]
struct NotRead;

/// The memory that answers may take which nobody else shares; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Unread(Arc<Semaphore>);

impl Unread {
    /// All of it.
    pub(crate) fn new() -> Unread {
        let all = usize::try_from(ALL).unwrap_or(Semaphore::MAX_PERMITS);
        Unread(Arc::new(Semaphore::new(all)))
    }

    /// A body of bytes that are its own. Who comes when there is no memory for them is asked to
    /// come again, as by a real server with too much to do.
    pub(super) fn own(&self, runner: &Runner, bytes: Bytes) -> Result<Body, Status> {
        self.within(TIME, runner, bytes)
    }

    fn within(&self, time: Duration, runner: &Runner, bytes: Bytes) -> Result<Body, Status> {
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).unwrap_or(ALL);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(units.min(ALL));
        let permit = permit.map_err(|_| Status::busy())?;
        let pieces = Cut {
            bytes,
            _permit: permit,
        };
        Ok(within(time, runner, pieces))
    }
}

/// Bytes, piece by piece.
struct Cut {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl Iterator for Cut {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = self.bytes.len().min(PIECE);
        (length > 0).then(|| self.bytes.split_to(length))
    }
}

/// A body of pieces that take no memory of their own until they are made.
pub(super) fn shared(
    runner: &Runner,
    pieces: impl Iterator<Item = Bytes> + Send + 'static,
) -> Body {
    within(TIME, runner, pieces)
}

fn within(
    time: Duration,
    runner: &Runner,
    pieces: impl Iterator<Item = Bytes> + Send + 'static,
) -> Body {
    let (sender, receiver) = mpsc::channel(1);
    runner.spawn(async move {
        let all = async {
            for piece in pieces {
                if sender.send(Some(piece)).await.is_err() {
                    return;
                }
            }
            // Without it, what was sent is not all.
            drop(sender.send(None).await);
        };
        drop(timeout(time, all).await);
    });
    let read = |mut receiver: mpsc::Receiver<Option<Bytes>>| async {
        match receiver.recv().await {
            Some(Some(piece)) => Some((Ok(Frame::data(piece)), Some(receiver))),
            Some(None) => None,
            None => Some((Err(NotRead.into()), None)),
        }
    };
    let frames = futures::stream::unfold(Some(receiver), move |receiver| async move {
        read(receiver?).await
    });
    StreamBody::new(frames).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::super::runner::run;
    use super::*;

    fn runner(tasks: &mut JoinSet<()>) -> Runner {
        let (runner, receiver) = Runner::new();
        tasks.spawn(run(receiver));
        runner
    }

    #[tokio::test]
    async fn what_nobody_reads_is_let_go() {
        let mut tasks = JoinSet::new();
        let (runner, unread) = (runner(&mut tasks), Unread::new());
        let long = Bytes::from(vec![b'x'; 10 * PIECE]);
        let body = |time| unread.within(time, &runner, long.clone());
        let read = body(TIME).expect("room").collect().await;
        assert_eq!(read.expect("all").to_bytes(), long);
        let body = body(Duration::from_millis(50)).expect("room");
        // Nothing but the time ends this: nobody has touched the body.
        drop(unread.0.acquire_many(ALL).await.expect("it is open"));
        let broken = body.collect().await.map(drop);
        let broken = broken.map_err(|error| error.to_string());
        assert_eq!(broken, Err(NotRead.to_string()));
    }

    #[tokio::test]
    async fn all_answers_together_are_bounded() {
        let mut tasks = JoinSet::new();
        let (runner, unread) = (runner(&mut tasks), Unread::new());
        let large = Bytes::from(vec![b'x'; 100 * 1024 * 1024]);
        let held = unread.own(&runner, large.clone()).expect("room");
        let more = unread.own(&runner, large.clone()).expect("room");
        let refused = unread.own(&runner, large.clone());
        assert_eq!(refused.map(drop).map_err(|status| status.code), Err(429));
        drop(held);
        // It is given back by whoever sends it.
        assert_eq!(more.collect().await.expect("all").to_bytes(), large);
        unread.own(&runner, large).expect("room");
    }
}
