//! The task that owns the world, and the handle by which others ask it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::StreamExt;
use kube::{core::ApiResource, runtime::watcher::Event};
use serde_json::Value;
use stayput_events::Elapsed;
use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
};

use super::{
    Change, World,
    stream::{self, Events, typed},
};
use crate::{
    api::{Api, Kind, Revision, WatchScope},
    clock::Clock,
    error::RunError,
    object::ObjectKey,
};

/// What a condition says of the world.
pub(crate) enum Progress<T> {
    /// It is decided.
    Done(T),
    /// Not yet; what is seen, and when to look again though nothing changed.
    Wait { seen: String, wake: Option<Elapsed> },
}

/// Something that is judged at every change until it is decided.
pub(crate) trait Condition<T>:
    FnMut(&World, Elapsed) -> Progress<T> + Send + 'static
{
}

impl<T, F: FnMut(&World, Elapsed) -> Progress<T> + Send + 'static> Condition<T> for F {}

/// How a wait ended.
pub(crate) enum Reply<T> {
    /// It was decided.
    Done(T),
    /// The deadline came first; what was last seen.
    TimedOut { seen: String },
}

/// What a wait shows of itself while it lasts.
pub(crate) enum Watched {
    /// A wait sees something else now.
    Seen {
        /// What it waits for.
        what: String,
        /// What it sees.
        seen: String,
    },
    /// An object changed.
    Changed(Change),
}

/// Asks the owner of the world.
#[derive(Clone)]
pub(crate) struct Watches {
    asks: mpsc::UnboundedSender<Ask>,
}

/// The owner of the world: runs until the last [`Watches`] is gone.
pub(crate) struct Watcher {
    api: Api,
    clock: Clock,
    world: World,
    scopes: BTreeMap<WatchScope, AbortHandle>,
    waits: Vec<Waiting>,
    streams: JoinSet<()>,
    seen: mpsc::UnboundedSender<Seen>,
    sights: mpsc::UnboundedReceiver<Seen>,
    asks: mpsc::UnboundedReceiver<Ask>,
    reports: mpsc::UnboundedSender<Watched>,
}

enum Ask {
    Wait(Waiting),
    Read(Box<dyn FnOnce(&mut World) + Send>),
    Watch(Opening),
    Begin(Beginning),
}

/// A watch that is to be open.
struct Opening {
    kind: Kind,
    scope: WatchScope,
    /// The revision whose state is to be known first; the newest without one.
    from: Option<Revision>,
    ready: oneshot::Sender<()>,
}

/// What another play brings along.
pub(crate) struct Beginning {
    /// Its clock.
    pub(crate) clock: Clock,
    /// Who is told what is seen.
    pub(crate) reports: mpsc::UnboundedSender<Watched>,
    /// What it watches from the start: nothing else is watched any more.
    pub(crate) scopes: BTreeSet<WatchScope>,
}

/// A condition whose type and answer are its own affair.
struct Waiting {
    what: String,
    last: String,
    judge: Judge,
    deadline: Elapsed,
    wake: Option<Elapsed>,
}

/// Judges, and answers once it is decided; `None` from then on.
type Judge = Box<dyn FnMut(&World, Elapsed, Turn) -> Option<Judged> + Send>;

/// Whether the deadline has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Look,
    Last,
}

/// A wait that goes on.
struct Judged {
    seen: String,
    wake: Option<Elapsed>,
}

/// What a stream saw.
struct Seen {
    scope: WatchScope,
    event: SeenEvent,
}

enum SeenEvent {
    Applied(Arc<Value>),
    Deleted(Arc<Value>),
    Relisted(Vec<Arc<Value>>, Option<oneshot::Sender<()>>),
    Stumbled(String),
}

impl Watches {
    /// Waits until a condition is decided, or the deadline.
    ///
    /// `condition` is judged as soon as the watch has seen the run's own last
    /// write, then at every change.
    pub(crate) async fn until<T: Send + 'static>(
        &self,
        what: &str,
        deadline: Elapsed,
        mut condition: impl Condition<T>,
    ) -> Result<Reply<T>, RunError> {
        let (answer, answered) = oneshot::channel();
        let mut answer = Some(answer);
        let judge = move |world: &World, now: Elapsed, turn: Turn| {
            let progress = if world.caught_up() {
                condition(world, now)
            } else {
                let seen = "not yet what the run wrote last".to_owned();
                Progress::Wait { seen, wake: None }
            };
            let reply = match (progress, turn) {
                (Progress::Done(value), _) => Reply::Done(value),
                (Progress::Wait { seen, .. }, Turn::Last) => Reply::TimedOut { seen },
                (Progress::Wait { seen, wake }, Turn::Look) => return Some(Judged { seen, wake }),
            };
            // Nobody listens any more where the step was given up.
            let _ = answer.take().map(|answer| answer.send(reply));
            None
        };
        self.ask(Ask::Wait(Waiting {
            what: what.to_owned(),
            last: String::new(),
            judge: Box::new(judge),
            deadline,
            wake: None,
        }))?;
        answered.await.map_err(|_| RunError::WatchesEnded)
    }

    /// Reads the world as it is now.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Result<T, RunError> {
        self.change(|world| read(world)).await
    }

    /// Tells the world of a write: nothing is judged before the watch has seen it.
    pub(crate) async fn wrote(&self, answer: Value) -> Result<(), RunError> {
        self.change(move |world| world.expect(&answer)).await
    }

    /// Tells the world that an object is gone at once.
    pub(crate) async fn removed(&self, key: ObjectKey, uid: String) -> Result<(), RunError> {
        self.change(move |world| world.expect_gone(key, &uid)).await
    }

    /// Sees to it that a kind is watched, and returns when its present state is known.
    pub(crate) async fn watch(&self, kind: &Kind, namespace: Option<&str>) -> Result<(), RunError> {
        self.open(kind, namespace, None).await
    }

    /// The same, but what is known first is the state at a revision: nothing that
    /// comes after it is missed.
    pub(crate) async fn watch_from(
        &self,
        from: Revision,
        kind: &Kind,
        namespace: Option<&str>,
    ) -> Result<(), RunError> {
        self.open(kind, namespace, Some(from)).await
    }

    async fn open(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        from: Option<Revision>,
    ) -> Result<(), RunError> {
        let (ready, is_ready) = oneshot::channel();
        self.ask(Ask::Watch(Opening {
            kind: kind.clone(),
            scope: kind.watch_scope(namespace),
            from,
            ready,
        }))?;
        is_ready.await.map_err(|_| RunError::WatchesEnded)
    }

    /// Begins another play with what is watched already.
    pub(crate) fn begin(&self, beginning: Beginning) -> Result<(), RunError> {
        self.ask(Ask::Begin(beginning))
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> Result<T, RunError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Ask::Read(Box::new(move |world| {
            // Nobody listens any more where the step was given up.
            let _ = answer.send(change(world));
        })))?;
        answered.await.map_err(|_| RunError::WatchesEnded)
    }

    fn ask(&self, ask: Ask) -> Result<(), RunError> {
        self.asks.send(ask).map_err(|_| RunError::WatchesEnded)
    }
}

impl Watcher {
    /// The owner and the first handle; `reports` is told what is seen.
    pub(crate) fn new(
        api: Api,
        clock: Clock,
        reports: mpsc::UnboundedSender<Watched>,
    ) -> (Self, Watches) {
        let (asks_sender, asks) = mpsc::unbounded_channel();
        let (seen, sights) = mpsc::unbounded_channel();
        let watcher = Self {
            api,
            clock,
            world: World::default(),
            scopes: BTreeMap::new(),
            waits: Vec::new(),
            streams: JoinSet::new(),
            seen,
            sights,
            asks,
            reports,
        };
        (watcher, Watches { asks: asks_sender })
    }

    /// Runs until every handle is gone.
    pub(crate) async fn run(mut self) {
        loop {
            let next = self.next_wake();
            tokio::select! {
                biased;
                Some(seen) = self.sights.recv() => self.take_in(seen),
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.answer(ask),
                    None => return,
                },
                () = tokio::time::sleep_until(self.clock.instant(next)) => self.judge_all(),
            }
        }
    }

    fn next_wake(&self) -> Elapsed {
        let far = self.clock.now().after(std::time::Duration::from_hours(1));
        self.waits
            .iter()
            .map(|wait| wait.wake.map_or(wait.deadline, |w| w.min(wait.deadline)))
            .fold(far, Elapsed::min)
    }

    fn take_in(&mut self, seen: Seen) {
        let at = self.clock.now();
        let before = self.world.history().len();
        // The last words of a stream that was ended.
        if !self.scopes.contains_key(&seen.scope) {
            return;
        }
        match seen.event {
            SeenEvent::Applied(object) => {
                self.world.applied(at, object);
            }
            SeenEvent::Deleted(object) => {
                self.world.deleted(at, &object);
            }
            SeenEvent::Stumbled(what) => self.world.stumbled(at, what),
            SeenEvent::Relisted(objects, ready) => {
                self.world.relisted(at, &seen.scope, objects);
                let _ = ready.map(|ready| ready.send(()));
            }
        }
        for change in &self.world.history()[before..] {
            let _ = self.reports.send(Watched::Changed(change.clone()));
        }
        self.judge_all();
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Wait(waiting) => {
                self.waits.push(waiting);
                self.judge_all();
            }
            Ask::Read(read) => {
                read(&mut self.world);
            }
            Ask::Watch(opening) => self.watch(opening),
            Ask::Begin(beginning) => self.begin(beginning),
        }
    }

    fn begin(&mut self, beginning: Beginning) {
        let Beginning {
            clock,
            reports,
            scopes,
        } = beginning;
        (self.clock, self.reports) = (clock, reports);
        self.waits.clear();
        let world = &mut self.world;
        self.scopes.retain(|scope, stream| {
            let goes_on = scopes.contains(scope);
            if !goes_on {
                stream.abort();
                world.forgets(scope);
            }
            goes_on
        });
        world.begin();
    }

    fn watch(&mut self, opening: Opening) {
        let Opening {
            kind,
            scope,
            from,
            ready,
        } = opening;
        if self.world.shows(&scope) {
            let _ = ready.send(());
            return;
        }
        self.world.watches(scope.clone());
        let stream = stream::events(self.api.client(), &kind, scope.1.as_deref(), from);
        let following = follow(
            stream,
            kind.resource,
            scope.clone(),
            ready,
            self.seen.clone(),
        );
        let following = self.streams.spawn(following);
        self.scopes.insert(scope, following);
    }

    fn judge_all(&mut self) {
        let now = self.clock.now();
        let (world, reports) = (&self.world, &self.reports);
        self.waits.retain_mut(|wait| {
            let turn = if now >= wait.deadline {
                Turn::Last
            } else {
                Turn::Look
            };
            let Some(judged) = (wait.judge)(world, now, turn) else {
                return false;
            };
            wait.wake = judged.wake;
            if wait.last != judged.seen {
                wait.last.clone_from(&judged.seen);
                let what = wait.what.clone();
                let seen = judged.seen;
                let _ = reports.send(Watched::Seen { what, seen });
            }
            true
        });
    }
}

/// Hands on what one stream sees, until the owner is gone.
async fn follow(
    mut stream: Events,
    kind: ApiResource,
    scope: WatchScope,
    ready: oneshot::Sender<()>,
    seen: mpsc::UnboundedSender<Seen>,
) {
    let mut ready = Some(ready);
    let mut listed = Vec::new();
    while let Some(event) = stream.next().await {
        let event = match event {
            Ok(Event::Init) => {
                listed.clear();
                continue;
            }
            Ok(Event::InitApply(object)) => {
                listed.push(typed(object.json, &kind));
                continue;
            }
            Ok(Event::InitDone) => SeenEvent::Relisted(std::mem::take(&mut listed), ready.take()),
            Ok(Event::Apply(object)) => SeenEvent::Applied(typed(object.json, &kind)),
            Ok(Event::Delete(object)) => SeenEvent::Deleted(typed(object.json, &kind)),
            Err(error) => SeenEvent::Stumbled(format!("watch of {}: {error}", kind.kind)),
        };
        let seen_now = Seen {
            scope: scope.clone(),
            event,
        };
        if seen.send(seen_now).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
