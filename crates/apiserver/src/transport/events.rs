//! The body of a watch: events as they come, until its time is over.
//!
//! Invariants:
//! - Memory is bounded: what the client does not read waits in the watch's queue, which is bounded
//!   too, and only the piece that is being sent is held.
//! - A watch that was let go comes back by itself from the last event it sent, or ends with `410 Gone`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Instant, sleep_until};

use crate::api::negotiate::Form;
use crate::api::render::{Header, change_name, line};
use crate::server::Handle;
use crate::status::Status;
use crate::store::{Change, Expired, Object};
use crate::watch::{Seen, Watch};

/// A watch without a time-out of its own ends after this.
const LONGEST: Duration = Duration::from_hours(1);
/// No watch goes on for longer, whatever is asked for.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Time between bookmarks.
const BOOKMARKS: Duration = Duration::from_mins(1);
/// The last bookmark comes this long before the end.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);
/// Most bytes written at once.
const CHUNK: usize = 64 * 1024;

struct State {
    watch: Watch,
    handle: Handle,
    waiting: VecDeque<Seen>,
    /// All up to here has been written; nothing before all that there was has been.
    written: Option<u64>,
    header: Header,
    deadline: Instant,
    bookmark: Instant,
    ended: bool,
}

/// What wakes a watch.
enum Wake {
    Seen(Seen),
    LetGo,
    Bookmark,
    Over,
}

/// The lines of a watch.
pub(super) fn stream(mut watch: Watch, handle: Handle) -> impl Stream<Item = Bytes> + Send {
    let now = Instant::now();
    // No clock counts as far as the longest time that can be asked for.
    let length = watch
        .timeout
        .map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(FOREVER));
    let before_end = length
        .checked_sub(LAST_BOOKMARK)
        .filter(|time| *time > LAST_BOOKMARK);
    let first_bookmark = before_end.map_or(LONGEST, |time| time.min(BOOKMARKS));
    let waiting = VecDeque::from(std::mem::take(&mut watch.first));
    let state = State {
        written: if waiting.is_empty() {
            Some(watch.revision)
        } else {
            watch.after
        },
        watch,
        handle,
        waiting,
        header: Header::Shown,
        deadline: now + length,
        bookmark: now + first_bookmark,
        ended: false,
    };
    futures::stream::unfold(state, |mut state| async move {
        let bytes = state.next().await?;
        Some((bytes, state))
    })
}

impl State {
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if let Some(expired) = self.watch.expired.take() {
            return Some(self.end(expired));
        }
        loop {
            if !self.waiting.is_empty() {
                let bytes = self.write();
                if !bytes.is_empty() {
                    return Some(bytes);
                }
                if let Some(bytes) = self.come_back().await? {
                    return Some(bytes);
                }
                continue;
            }
            match self.wait().await {
                Wake::Over => return None,
                Wake::Bookmark => self.bookmark().await?,
                Wake::LetGo => {
                    if let Some(bytes) = self.come_back().await? {
                        return Some(bytes);
                    }
                }
                Wake::Seen(seen) => self.take(seen),
            }
            while let Ok(seen) = self.watch.events.try_recv() {
                self.take(seen);
            }
        }
    }

    async fn wait(&mut self) -> Wake {
        tokio::select! {
            seen = self.watch.events.recv() => seen.map_or(Wake::LetGo, Wake::Seen),
            () = sleep_until(self.deadline) => Wake::Over,
            () = sleep_until(self.bookmark), if self.watch.bookmarks => Wake::Bookmark,
        }
    }

    /// Queues an event, unless it was told before.
    fn take(&mut self, seen: Seen) {
        let known = match &seen {
            Seen::Changed { revision, .. } => Some(*revision) <= self.written,
            Seen::InitialEnd(_) | Seen::Bookmark(_) => false,
        };
        if !known {
            self.waiting.push_back(seen);
        }
    }

    /// Writes what waits, up to a chunk; nothing when what comes next is forgotten.
    fn write(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        while out.len() < CHUNK
            && let Some(seen) = self.waiting.front()
        {
            let Some(line) = self.line(&seen.clone()) else {
                return out.freeze();
            };
            out.extend_from_slice(&line);
            self.waiting.pop_front();
        }
        if self.waiting.is_empty() {
            // All that was there at the start has been told.
            self.written = self.written.max(Some(self.watch.revision));
        }
        out.freeze()
    }

    /// The line of what is seen; none when nobody has the object any more.
    fn line(&mut self, seen: &Seen) -> Option<Bytes> {
        let (change, object, revision) = match seen {
            Seen::InitialEnd(revision) => {
                let end = json!({"k8s.io/initial-events-end": "true"});
                return Some(self.mark(*revision, end));
            }
            Seen::Bookmark(revision) => {
                let revision = self.written.max(Some(*revision));
                self.written = revision;
                return Some(self.mark(revision.unwrap_or_default(), Value::Null));
            }
            Seen::Changed {
                change,
                object,
                revision,
            } => (*change, object.upgrade()?, *revision),
        };
        let object = if change == Change::Deleted && object.revision() != revision {
            // Its last sight, at the revision of the change.
            Arc::new(Object::new(object.value().into_owned(), revision))
        } else {
            object
        };
        let (kind, name) = (self.watch.scope.served.kind, change_name(change));
        let now = (self.watch.clock)();
        let view = &self.watch.view;
        let line = view.event(kind, name, &object, self.header, now);
        self.header = Header::Known;
        // What is there at the start comes by name, not by revision.
        self.written = self.written.map(|written| written.max(revision));
        Some(line)
    }

    /// A bookmark of a revision up to which all has been written.
    fn mark(&mut self, revision: u64, annotations: Value) -> Bytes {
        let kind = self.watch.scope.served.kind;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if annotations.is_object() {
            metadata["annotations"] = annotations;
        }
        let value = json!({"metadata": metadata});
        match self.watch.view.media.form {
            Form::Whole | Form::Aggregated(_) => {
                let mut value = value;
                value["kind"] = json!(kind.kind);
                value["apiVersion"] = json!(kind.api_version());
                line("BOOKMARK", &value)
            }
            Form::Table(_) | Form::Partial(_) => {
                let now = (self.watch.clock)();
                self.watch.view.event(
                    kind,
                    "BOOKMARK",
                    &Arc::new(Object::unstored(value)),
                    self.header,
                    now,
                )
            }
        }
    }

    /// Queues a bookmark behind all that it is about; nothing when the server is gone.
    async fn bookmark(&mut self) -> Option<()> {
        let now = Instant::now();
        let last = self.deadline - LAST_BOOKMARK;
        self.bookmark = if now < last {
            (now + BOOKMARKS).min(last)
        } else {
            self.deadline + LONGEST
        };
        let revision = self.handle.revision().await?;
        // Everything up to it is in the queue by now, unless the queue was full.
        loop {
            match self.watch.events.try_recv() {
                Ok(seen) => self.take(seen),
                Err(TryRecvError::Empty) => {
                    self.waiting.push_back(Seen::Bookmark(revision));
                    return Some(());
                }
                // It was let go, and comes back before the next bookmark.
                Err(TryRecvError::Disconnected) => return Some(()),
            }
        }
    }

    /// Comes back after having been let go, or having been too slow; nothing when the server is
    /// gone, an error event when it was too long.
    async fn come_back(&mut self) -> Option<Option<Bytes>> {
        let after = self.written.unwrap_or_default();
        let resumed = self.handle.resume(self.watch.scope.clone(), after).await?;
        Some(match resumed {
            Ok(resumed) => {
                self.waiting.clear();
                self.watch.events = resumed.events;
                resumed.missed.into_iter().for_each(|seen| self.take(seen));
                self.watch.revision = resumed.revision;
                None
            }
            Err(expired) => Some(self.end(expired)),
        })
    }

    fn end(&mut self, expired: Expired) -> Bytes {
        self.ended = true;
        line("ERROR", &Status::expired(expired.to_string()).body())
    }
}
