//! Who is connected: so many at once, and who asks nothing makes room for who does.
//!
//! Invariants:
//! - A connection is counted until nothing of it is left, a stream that it became included.
//! - Who is asked to leave has nothing under way, and has been idle for longer than all others.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use rustix::process::{Resource, getrlimit};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower::BoxError;

use super::service::Body;

/// How many connections stay, though nothing is asked on them.
const MOST: usize = 4096;
/// How many more there may be while others are on their way out.
const SPARE: usize = 128;

/// All seats.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    guests: BTreeMap<u64, Weak<Guest>>,
    /// Counts guests and their moments of rest: what is lower was earlier.
    moments: Arc<AtomicU64>,
}

/// One who is connected.
#[derive(Debug)]
pub(super) struct Guest {
    _seat: OwnedSemaphorePermit,
    moments: Arc<AtomicU64>,
    asking: AtomicUsize,
    idle_since: AtomicU64,
    leave: Notify,
}

/// Something that a guest asked, until the answer has been read, or its stream has ended.
#[derive(Debug)]
pub(crate) struct Asking(Arc<Guest>);

impl Seats {
    /// As many as the process may have open files for, half of which are others'.
    pub(super) fn new() -> Seats {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        Seats::of((files / 2).saturating_sub(SPARE).clamp(1, MOST))
    }

    fn of(most: usize) -> Seats {
        Seats {
            free: Arc::new(Semaphore::new(most + SPARE)),
            guests: BTreeMap::new(),
            moments: Arc::default(),
        }
    }

    /// A seat for one more, if there is one. When seats are getting few, the one who has been
    /// idle for longest is asked to leave.
    pub(super) fn take(&mut self) -> Option<Arc<Guest>> {
        if self.free.available_permits() <= SPARE {
            self.make_room();
        }
        let seat = Arc::clone(&self.free).try_acquire_owned().ok()?;
        if self.guests.len() > 2 * MOST {
            self.guests.retain(|_, guest| guest.strong_count() > 0);
        }
        let now = self.moments.fetch_add(1, Ordering::Relaxed);
        let guest = Arc::new(Guest {
            _seat: seat,
            moments: Arc::clone(&self.moments),
            asking: AtomicUsize::new(0),
            idle_since: AtomicU64::new(now),
            leave: Notify::new(),
        });
        self.guests.insert(now, Arc::downgrade(&guest));
        Some(guest)
    }

    /// Asks the one who has been idle for longest to leave.
    pub(super) fn make_room(&mut self) {
        let mut longest: Option<(u64, u64, Arc<Guest>)> = None;
        self.guests.retain(|number, guest| {
            let Some(guest) = guest.upgrade() else {
                return false;
            };
            let since = guest.idle_since.load(Ordering::Acquire);
            let idle = guest.asking.load(Ordering::Acquire) == 0;
            if idle && longest.as_ref().is_none_or(|(least, ..)| since < *least) {
                longest = Some((since, *number, guest));
            }
            true
        });
        if let Some((_, number, guest)) = longest {
            self.guests.remove(&number);
            guest.leave.notify_one();
        }
    }
}

impl Guest {
    /// Ends when there is need of the seat.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Asking {
    /// Something is asked from now on.
    pub(super) fn begin(guest: &Arc<Guest>) -> Asking {
        guest.asking.fetch_add(1, Ordering::AcqRel);
        Asking(Arc::clone(guest))
    }

    /// The same body; it is being asked for until it has been read or dropped.
    pub(super) fn until_read(self: Arc<Self>, body: Body) -> Body {
        Awaited {
            body,
            _asking: self,
        }
        .boxed_unsync()
    }
}

struct Awaited {
    body: Body,
    _asking: Arc<Asking>,
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let now = self.0.moments.fetch_add(1, Ordering::Relaxed);
        self.0.idle_since.store(now, Ordering::Release);
        self.0.asking.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn leaves(guest: &Guest) -> bool {
        guest.asked_to_leave().now_or_never().is_some()
    }

    #[test]
    fn who_is_idle_for_longest_makes_room_and_who_asks_stays() {
        let mut seats = Seats::of(3);
        let mut take = || seats.take().expect("a seat");
        let (first, second, third) = (take(), take(), take());
        let asking = Asking::begin(&second);
        // The first has asked since.
        drop(Asking::begin(&first));
        let fourth = take();
        let all = [&first, &second, &third, &fourth];
        assert_eq!(all.map(|it| leaves(it)), [false, false, true, false]);
        let fifth = take();
        let all = [&first, &second, &fourth, &fifth];
        assert_eq!(all.map(|it| leaves(it)), [true, false, false, false]);
        drop(asking);
        drop((take(), take()));
        assert!(leaves(&fourth) && leaves(&fifth) && !leaves(&second));
    }

    #[test]
    fn seats_are_given_back_when_nothing_is_left_of_a_guest() {
        let mut seats = Seats::of(1);
        let guests: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!(guests.len(), 1 + SPARE);
        let asking: Vec<_> = guests.iter().map(Asking::begin).collect();
        drop(guests);
        assert!(seats.take().is_none());
        drop(asking);
        for _ in 0..3 * MOST {
            assert!(seats.take().is_some());
        }
        assert!(seats.guests.len() <= 2 * MOST + 1);
    }
}
