use std::time::Duration;

use serde_json::json;

use super::*;

/// An owner without an API: what it sees is said by the test.
struct Lab {
    watches: Watches,
    seen: mpsc::UnboundedSender<Seen>,
    clock: Clock,
    _tasks: JoinSet<()>,
}

impl Lab {
    fn new() -> Self {
        let clock = Clock::started_now();
        let (reports, _) = mpsc::unbounded_channel();
        let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, _>(std::io::Error::other("no API here"))
        });
        let api = Api::without_kinds(kube::Client::new(service, "default"));
        let (mut owner, watches) = Watcher::new(api, clock, reports);
        let stream = owner.streams.spawn(std::future::pending());
        owner.scopes.insert(pods(), stream);
        let seen = owner.seen.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(owner.run());
        Self {
            watches,
            seen,
            clock,
            _tasks: tasks,
        }
    }

    fn sees(&self, version: u64) {
        let event = SeenEvent::Applied(pod(version));
        self.stream_of(pods(), event);
    }

    fn stream_of(&self, scope: WatchScope, event: SeenEvent) {
        assert!(self.seen.send(Seen { scope, event }).is_ok());
    }

    fn later(&self) -> Elapsed {
        self.clock.now().after(Duration::from_mins(1))
    }
}

fn pods() -> WatchScope {
    ("Pod".to_owned(), None)
}

fn pod(version: u64) -> Arc<Value> {
    Arc::new(json!({"kind": "Pod", "metadata": {
        "namespace": "n", "name": "p", "uid": "u", "resourceVersion": version.to_string()}}))
}

/// Decided by the first pod that is there, with its version.
fn any_pod(world: &World, _: Elapsed) -> Progress<u64> {
    match world.of_kind("Pod").next() {
        Some(pod) => Progress::Done(crate::object::version(pod)),
        None => Progress::Wait {
            seen: "no pod".to_owned(),
            wake: None,
        },
    }
}

#[tokio::test]
async fn a_condition_is_decided_by_the_change_that_makes_it_true() {
    let lab = Lab::new();
    let (waiting, ()) = futures::join!(lab.watches.until("a pod", lab.later(), any_pod), async {
        lab.sees(7);
    });
    assert!(matches!(waiting, Ok(Reply::Done(7))));
}

#[tokio::test]
async fn a_wait_that_runs_out_says_what_it_saw_last() {
    let lab = Lab::new();
    let now = lab.clock.now();
    let reply = lab.watches.until("a pod", now, any_pod).await;
    let Ok(Reply::TimedOut { seen }) = reply else {
        panic!("it was decided");
    };
    assert_eq!(seen, "no pod");
}

#[tokio::test]
async fn nothing_older_than_the_runs_own_write_is_judged() {
    let lab = Lab::new();
    let watched = lab.watches.change(|world| world.watches(pods()));
    watched.await.unwrap();
    lab.sees(7);
    lab.watches.wrote((*pod(9)).clone()).await.unwrap();
    let (waiting, ()) = futures::join!(lab.watches.until("a pod", lab.later(), any_pod), async {
        lab.sees(8);
        lab.sees(9);
    });
    assert!(matches!(waiting, Ok(Reply::Done(9))));
}

#[tokio::test]
async fn what_holds_for_a_moment_only_is_judged_too() {
    let lab = Lab::new();
    let at_version_8 = |world: &World, now: Elapsed| match any_pod(world, now) {
        Progress::Done(8) => Progress::Done(()),
        Progress::Done(_) | Progress::Wait { .. } => Progress::Wait {
            seen: "another version".to_owned(),
            wake: None,
        },
    };
    let (waiting, ()) = futures::join!(
        lab.watches.until("version 8", lab.later(), at_version_8),
        async {
            // Answered in order: the wait has begun.
            lab.watches.read(|_| ()).await.unwrap();
            (7..=9).for_each(|version| lab.sees(version));
        }
    );
    assert!(matches!(waiting, Ok(Reply::Done(()))));
}

impl Lab {
    fn begin(&self, scopes: impl IntoIterator<Item = WatchScope>) {
        let (reports, _) = mpsc::unbounded_channel();
        let begun = self.watches.begin(Beginning {
            clock: self.clock,
            reports,
            scopes: scopes.into_iter().collect(),
        });
        begun.unwrap();
    }

    /// How many pods there are, and how many changes there were.
    async fn known(&self) -> (usize, usize) {
        let read = |world: &World| (world.of_kind("Pod").count(), world.history().len());
        self.watches.read(read).await.unwrap()
    }
}

#[tokio::test]
async fn another_play_begins_with_what_is_there_and_without_what_was() {
    let lab = Lab::new();
    lab.sees(7);
    assert_eq!(lab.known().await, (1, 1));
    lab.begin([pods()]);
    assert_eq!(lab.known().await, (1, 0));
    lab.sees(8);
    assert_eq!(lab.known().await, (1, 1));
}

#[tokio::test]
async fn what_another_play_does_not_watch_is_not_known_any_more() {
    let lab = Lab::new();
    lab.sees(7);
    lab.begin([]);
    assert_eq!(lab.known().await, (0, 0));
    // What was under way when the stream ended.
    lab.sees(8);
    assert_eq!(lab.known().await, (0, 0));
}
