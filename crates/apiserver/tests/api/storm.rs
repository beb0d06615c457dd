//! Watchers of every sort under writers that do not wait: each event once, in order, and what
//! is replayed is what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{AsyncBufReadExt as _, StreamExt as _, TryStreamExt as _};
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use crate::world::{CONFIG_MAPS, World, fixed};

/// More events than wait for one watcher, so that a late one is let go and comes back.
const STEPS: u64 = 600;
const WRITERS: u64 = 4;

/// The selector of one object.
const ONE: &str = "fieldSelector=metadata.name%3Dm1";

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// At the revision of a list.
    List,
    /// With all there is.
    Initial,
}

/// When a watch is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// As it comes.
    Eager,
    /// When all is written.
    Late,
}

/// What one watcher looks at, and how.
#[derive(Debug, Clone)]
struct Watcher {
    selector: &'static str,
    start: Start,
    reader: Reader,
}

/// What is known of each object: its data.
type State = BTreeMap<String, Value>;

/// What a watcher was told.
struct Told {
    /// The revision it began after.
    from: u64,
    /// The newest it knows of.
    last: u64,
    /// Whether it is still told what is there.
    beginning: bool,
    state: State,
    revisions: Vec<u64>,
    bookmarks: usize,
}

/// Whether more is to be heard.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    More,
    End,
}

async fn ask(client: &Client, method: &str, path: &str, body: Value) -> Option<Value> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(
            "content-type",
            if method == "PATCH" {
                "application/merge-patch+json"
            } else {
                "application/json"
            },
        )
        .body(if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        })
        .expect("a request");
    // What is not there cannot be changed: refusals are part of the game.
    client.request(request).await.ok()
}

fn revision(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Does what its seed says; gives the revisions that it wrote.
async fn write(client: Client, mut seed: u64) -> BTreeSet<u64> {
    let mut written = BTreeSet::new();
    for step in 0..STEPS {
        // Any mixture does that is the same each time (xorshift).
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let name = format!("m{}", seed % 5);
        let path = format!("{CONFIG_MAPS}/{name}");
        let label = if seed & 64 == 0 {
            json!("yes")
        } else {
            json!(null)
        };
        let answer = match seed >> 8 & 7 {
            0 => ask(&client, "DELETE", &path, Value::Null)
                .await
                .map(drop)
                .and(None),
            1..=3 => {
                let map = json!({"metadata": {"name": name, "labels": {"seen": label}}, "data": {"a": "1"}});
                ask(&client, "POST", CONFIG_MAPS, map).await
            }
            _ => {
                let data = json!({"v": format!("{seed}-{step}")});
                ask(
                    &client,
                    "PATCH",
                    &path,
                    json!({"metadata": {"labels": {"seen": label}}, "data": data}),
                )
                .await
            }
        };
        written.extend(answer.as_ref().map(revision));
    }
    written
}

async fn list(client: &Client, selector: &str) -> (State, u64) {
    let list = ask(
        client,
        "GET",
        &format!("{CONFIG_MAPS}?{selector}"),
        Value::Null,
    )
    .await;
    let list = list.expect("a list");
    let items = list["items"].as_array().expect("items").iter();
    let state = items.map(|item| (name(item), item["data"].clone()));
    (state.collect(), revision(&list))
}

fn name(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Follows a watch up to the first object that says it is the end.
async fn follow(
    client: Client,
    watcher: Watcher,
    written: tokio::sync::watch::Receiver<bool>,
) -> Told {
    let (mut state, mut last) = (State::new(), 0);
    let start = match watcher.start {
        Start::List => {
            (state, last) = list(&client, watcher.selector).await;
            format!("resourceVersion={last}")
        }
        Start::Initial => "sendInitialEvents=true&resourceVersionMatch=NotOlderThan".to_owned(),
    };
    let path = format!(
        "{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&{start}&{}",
        watcher.selector
    );
    let request = Request::get(path).body(Vec::new()).expect("a request");
    let mut lines = client
        .request_stream(request)
        .await
        .expect("a watch")
        .lines();
    let mut written = written;
    if watcher.reader == Reader::Late {
        written
            .wait_for(|done| *done)
            .await
            .expect("the writers end");
    }
    let mut told = Told {
        from: last,
        last,
        // What is there first comes by name, not by revision.
        beginning: watcher.start == Start::Initial,
        state,
        revisions: Vec::new(),
        bookmarks: 0,
    };
    while let Some(line) = lines.try_next().await.expect("a line") {
        let event = serde_json::from_str(&line).expect("JSON");
        if told.hear(&event) == Heard::End {
            break;
        }
    }
    told
}

impl Told {
    /// Takes in an event, which has to fit to all before it.
    fn hear(&mut self, event: &Value) -> Heard {
        let object = &event["object"];
        let (name, at) = (name(object), revision(object));
        let known = self.state.contains_key(&name);
        let what = format!("{event} after {}", self.last);
        match event["type"].as_str() {
            Some("BOOKMARK") => {
                assert!(at >= self.last, "a bookmark goes back: {what}");
                self.beginning = false;
                self.bookmarks += 1;
                self.last = at;
                return Heard::More;
            }
            Some("ADDED") => assert!(!known, "added twice: {what}"),
            Some("MODIFIED" | "DELETED") => assert!(known, "it was not there: {what}"),
            _ => panic!("{what}"),
        }
        assert!(self.beginning || at > self.last, "out of order: {what}");
        self.last = self.last.max(at);
        if object["data"]["end"] == "yes" {
            return Heard::End;
        }
        self.revisions.push(at);
        if event["type"] == "DELETED" {
            self.state.remove(&name);
        } else {
            self.state.insert(name, object["data"].clone());
        }
        Heard::More
    }
}

fn watchers() -> Vec<Watcher> {
    let selectors = [
        "",
        "labelSelector=seen%3Dyes",
        "labelSelector=seen%21%3Dyes",
        ONE,
        "fieldSelector=metadata.name%21%3Dm1",
    ];
    let mut all = Vec::new();
    for selector in selectors {
        for start in [Start::List, Start::Initial] {
            for reader in [Reader::Eager, Reader::Late] {
                all.push(Watcher {
                    selector,
                    start,
                    reader,
                });
            }
        }
    }
    all
}

/// Objects that each selector sees one of, so that every watcher comes to an end.
async fn end(client: &Client) {
    for (name, seen) in [("z1", "yes"), ("z2", "no")] {
        let map =
            json!({"metadata": {"name": name, "labels": {"seen": seen}}, "data": {"end": "yes"}});
        ask(client, "POST", CONFIG_MAPS, map).await.expect("an end");
    }
    let path = format!("{CONFIG_MAPS}/m1");
    ask(client, "DELETE", &path, Value::Null).await;
    let map = json!({"metadata": {"name": "m1"}, "data": {"end": "yes"}});
    ask(client, "POST", CONFIG_MAPS, map).await.expect("an end");
}

async fn storm(seed: u64) {
    let world = World::with(fixed()).await;
    let client = &world.client;
    let (done, written) = tokio::sync::watch::channel(false);
    let following = watchers().into_iter().map(|watcher| {
        let follow = follow(client.clone(), watcher.clone(), written.clone());
        async {
            (
                watcher,
                tokio::time::timeout(Duration::from_mins(2), follow).await,
            )
        }
    });
    let writing = async {
        let writers = (1..=WRITERS).map(|number| write(client.clone(), seed * 1000 + number));
        let written = futures::future::join_all(writers).await;
        let selectors: BTreeSet<&str> = watchers().iter().map(|it| it.selector).collect();
        let lists = futures::stream::iter(selectors)
            .then(|selector| async move { (selector, list(client, selector).await.0) });
        let lists: BTreeMap<&str, State> = lists.collect().await;
        end(client).await;
        done.send(true).expect("they watch");
        (
            written.into_iter().flatten().collect::<BTreeSet<u64>>(),
            lists,
        )
    };
    let (told, (written, lists)) = futures::join!(futures::future::join_all(following), writing);
    for (watcher, told) in told {
        let told = told.unwrap_or_else(|_| panic!("{watcher:?} hears no end"));
        let expected = match watcher.selector {
            // It heard of the removal, which is part of the end.
            ONE => &State::new(),
            selector => &lists[selector],
        };
        assert_eq!(&told.state, expected, "seed {seed}: {watcher:?}");
        assert_eq!(
            told.bookmarks >= 1,
            watcher.start == Start::Initial,
            "{watcher:?}"
        );
        if watcher.selector.is_empty() && watcher.start == Start::List {
            let heard: BTreeSet<u64> = told.revisions.into_iter().collect();
            let lost = written
                .range(told.from + 1..)
                .filter(|it| !heard.contains(it));
            let lost: Vec<&u64> = lost.collect();
            assert!(
                lost.is_empty(),
                "seed {seed}: {watcher:?} was not told of {lost:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_watcher_is_told_all_of_a_storm() {
    for seed in [1, 2] {
        storm(seed).await;
    }
}
