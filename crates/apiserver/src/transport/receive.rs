//! Reading request bodies.
//!
//! Invariants:
//! - Bytes are copied into one buffer: a body in a million pieces takes no more than in one.
//! - A body is bounded in size and in time, and so are all bodies together: who comes when
//!   there is no room is asked to come again, as by a real server with too much to do.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as HttpBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::status::Status;

/// Most bytes of a request's body, as in Kubernetes.
const LIMIT: usize = 3 * 1024 * 1024;
/// How long a body may take to arrive.
const TIME: Duration = Duration::from_secs(30);
/// What room is counted in.
const UNIT: usize = 1024;
/// Units that all bodies may take together: 128 MiB.
const ROOM: usize = 128 * 1024;

/// The memory that bodies may take; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    /// All of it.
    pub(crate) fn new() -> Room {
        Room(Arc::new(Semaphore::new(ROOM)))
    }
}

/// A body, and the room that it takes until this is dropped.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads a body to its end.
pub(super) async fn receive<B>(body: B, room: &Room) -> Result<Received, Status>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    within(TIME, body, room).await
}

async fn within<B>(time: Duration, body: B, room: &Room) -> Result<Received, Status>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        let bytes = Bytes::new();
        return Ok(Received { bytes, _room: None });
    }
    match tokio::time::timeout(time, whole(body, room)).await {
        Err(_) => Err(Status::timeout()),
        Ok(received) => received,
    }
}

async fn whole<B>(body: B, room: &Room) -> Result<Received, Status>
where
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = std::pin::pin!(body);
    let mut bytes = BytesMut::new();
    let mut taken: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unreadable(error.into().as_ref()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = bytes.len() + data.remaining();
        if length > LIMIT {
            return Err(Status::too_large(LIMIT));
        }
        let more =
            length.div_ceil(UNIT) - taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            let permit = Arc::clone(&room.0).try_acquire_many_owned(more);
            let permit = permit.map_err(|_| Status::busy())?;
            match &mut taken {
                Some(taken) => taken.merge(permit),
                None => taken = Some(permit),
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Received {
        bytes: bytes.freeze(),
        _room: taken,
    })
}

fn unreadable(error: &(dyn std::error::Error + Send + Sync)) -> Status {
    Status::bad_request(format!("the body could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    /// What comes after the last piece.
    #[derive(PartialEq, Eq)]
    enum Last {
        Ends,
        Waits,
    }

    /// Reads pieces of that length.
    async fn check(room: &Room, pieces: usize, length: usize, last: Last) -> Result<usize, u16> {
        let piece = Bytes::from(vec![b'x'; length]);
        let pieces = futures::stream::iter(std::iter::repeat_n(piece, pieces));
        let pieces = pieces.map(|piece| Ok::<_, std::io::Error>(Frame::data(piece)));
        let time = Duration::from_millis(100);
        let received = if last == Last::Ends {
            within(time, StreamBody::new(pieces), room).await
        } else {
            let endless = pieces.chain(futures::stream::pending());
            within(time, StreamBody::new(endless), room).await
        };
        let length = received.map(|received| received.bytes.len());
        length.map_err(|status| status.code)
    }

    #[tokio::test]
    async fn a_body_is_bounded_in_size_and_time() {
        let room = Room::new();
        assert_eq!(check(&room, 3000, 1, Last::Ends).await, Ok(3000));
        assert_eq!(check(&room, 3, LIMIT / 3, Last::Ends).await, Ok(LIMIT));
        assert_eq!(check(&room, 4, LIMIT / 3, Last::Ends).await, Err(413));
        assert_eq!(check(&room, 2, 10, Last::Waits).await, Err(408));
        assert_eq!(room.0.available_permits(), ROOM);
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded() {
        let room = Room::new();
        let most = ROOM * UNIT / LIMIT;
        let held: Vec<OwnedSemaphorePermit> = (0..most)
            .map(|_| {
                let one = u32::try_from(LIMIT / UNIT).expect("it is small");
                let permit = Arc::clone(&room.0).try_acquire_many_owned(one);
                permit.expect("there is room")
            })
            .collect();
        assert_eq!(check(&room, 3, LIMIT / 3, Last::Ends).await, Err(429));
        drop(held);
        assert_eq!(check(&room, 3, LIMIT / 3, Last::Ends).await, Ok(LIMIT));
    }
}
