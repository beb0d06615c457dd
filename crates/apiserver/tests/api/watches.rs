//! Properties of watches: no event lost, doubled or out of order; a list and the watch from it give the final state.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::{
    Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{CONFIG_MAPS, World, config_map, fixed};

/// What one writer does.
#[derive(Debug, Clone)]
enum Step {
    Create(u8),
    Change(u8, u8),
    Delete(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4_u8).prop_map(Step::Create),
        (0..4_u8, any::<u8>()).prop_map(|(name, value)| Step::Change(name, value)),
        (0..4_u8).prop_map(Step::Delete),
    ];
    proptest::collection::vec(step, 0..30)
}

async fn write(maps: Api<ConfigMap>, steps: Vec<Step>) {
    for step in steps {
        // What is not there cannot be changed: refusals are part of the game.
        match step {
            Step::Create(name) => {
                let mut map = ConfigMap::default();
                map.metadata.name = Some(format!("m{name}"));
                drop(maps.create(&PostParams::default(), &map).await);
            }
            Step::Change(name, value) => {
                let label = if value % 3 == 0 {
                    json!(null)
                } else {
                    json!("yes")
                };
                let patch = json!({"metadata": {"labels": {"seen": label}}, "data": {"v": value.to_string()}});
                drop(
                    maps.patch(
                        &format!("m{name}"),
                        &PatchParams::default(),
                        &Patch::Merge(patch),
                    )
                    .await,
                );
            }
            Step::Delete(name) => drop(
                maps.delete(&format!("m{name}"), &DeleteParams::default())
                    .await,
            ),
        }
    }
}

type State = BTreeMap<String, Option<BTreeMap<String, String>>>;

fn state(maps: impl IntoIterator<Item = ConfigMap>) -> State {
    maps.into_iter()
        .map(|map| (map.name_any(), map.data))
        .collect()
}

/// Replays a watch until a marker comes; checks the order on the way.
async fn replay(
    maps: &Api<ConfigMap>,
    selector: &str,
    from: &str,
    mut known: State,
) -> Result<State, String> {
    let watch = WatchParams::default().labels(selector).timeout(20);
    let mut events = maps
        .watch(&watch, from)
        .await
        .map_err(|error| error.to_string())?
        .boxed();
    let mut last: u64 = from.parse().map_err(|_| "no revision")?;
    while let Some(event) = events.next().await {
        let (object, gone) = match event.map_err(|error| error.to_string())? {
            WatchEvent::Added(object) => {
                if known.contains_key(&object.name_any()) {
                    return Err(format!("{} was added twice", object.name_any()));
                }
                (object, false)
            }
            WatchEvent::Modified(object) => {
                if !known.contains_key(&object.name_any()) {
                    return Err(format!(
                        "{} was changed before it was added",
                        object.name_any()
                    ));
                }
                (object, false)
            }
            WatchEvent::Deleted(object) => (object, true),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(status) => return Err(status.message),
        };
        let revision: u64 = object
            .resource_version()
            .and_then(|text| text.parse().ok())
            .ok_or("no revision")?;
        if revision <= last {
            return Err(format!("revision {revision} came after {last}"));
        }
        last = revision;
        if object.name_any() == "marker" {
            return Ok(known);
        }
        if gone {
            known
                .remove(&object.name_any())
                .ok_or("gone before it came")?;
        } else {
            known.insert(object.name_any(), object.data.clone());
        }
    }
    Err("the watch ended before the marker".to_owned())
}

async fn story(writers: Vec<Vec<Step>>, selector: &str) -> Result<(), String> {
    let world = World::with(fixed()).await;
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "default");
    let params = ListParams::default().labels(selector);
    let start = maps
        .list(&params)
        .await
        .map_err(|error| error.to_string())?;
    let from = start.metadata.resource_version.clone().unwrap_or_default();
    let watching = replay(&maps, selector, &from, state(start));
    let writing = async {
        futures::future::join_all(writers.into_iter().map(|steps| write(maps.clone(), steps)))
            .await;
        let mut marker = config_map("marker");
        marker["metadata"]["labels"] = json!({"seen": "yes"});
        world.post(CONFIG_MAPS, &marker).await;
    };
    let (replayed, ()) = futures::join!(watching, writing);
    let end = maps
        .list(&params)
        .await
        .map_err(|error| error.to_string())?;
    let mut end = state(end);
    end.remove("marker");
    let replayed = replayed?;
    if replayed == end {
        Ok(())
    } else {
        Err(format!("replayed {replayed:?}, there is {end:?}"))
    }
}

fn run(writers: Vec<Vec<Step>>, selector: &str) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime
        .block_on(story(writers, selector))
        .map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_watch_tells_all_in_order(writers in proptest::collection::vec(steps(), 1..5)) {
        run(writers, "")?;
    }

    #[test]
    fn a_selector_sees_things_come_and_go(writers in proptest::collection::vec(steps(), 1..5)) {
        run(writers, "seen=yes")?;
    }
}

/// Reads the lines of a watch until it ends.
async fn lines(world: &World, path: &str) -> Vec<Value> {
    let request = http::Request::get(path)
        .body(Vec::new())
        .expect("a request");
    let text = world
        .client
        .request_text(request)
        .await
        .expect("the watch ends by itself");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

#[tokio::test]
async fn a_compacted_past_is_gone() {
    let world = World::start().await;
    let made = world.post(CONFIG_MAPS, &config_map("a")).await;
    world.post(CONFIG_MAPS, &config_map("b")).await;
    world.server.compact().await;
    let revision = made["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    let events = lines(
        &world,
        &format!("{CONFIG_MAPS}?watch=1&resourceVersion={revision}&timeoutSeconds=5"),
    )
    .await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "ERROR");
    assert_eq!(events[0]["object"]["code"], 410);
}

#[tokio::test]
async fn a_slow_watcher_loses_nothing_and_holds_nobody_up() {
    let world = World::start().await;
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "default");
    let from = maps
        .list(&ListParams::default())
        .await
        .expect("a list")
        .metadata
        .resource_version
        .unwrap_or_default();
    let mut events = maps
        .watch(&WatchParams::default(), &from)
        .await
        .expect("a watch")
        .boxed();
    // More than its queue holds, before it reads anything.
    for number in 0..3000 {
        world
            .post(CONFIG_MAPS, &config_map(&format!("m{number}")))
            .await;
    }
    let mut seen = 0;
    let all = async {
        while seen < 3000 {
            match events.next().await {
                Some(Ok(WatchEvent::Added(object))) => {
                    assert_eq!(object.name_any(), format!("m{seen}"));
                    seen += 1;
                }
                other => panic!("after {seen}: {other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .expect("all events come");
}

#[tokio::test]
async fn what_fell_out_of_the_history_is_gone_for_a_slow_watcher() {
    let mut options = fixed();
    options.history = 100;
    let world = World::with(options).await;
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "default");
    let from = maps
        .list(&ListParams::default())
        .await
        .expect("a list")
        .metadata
        .resource_version
        .unwrap_or_default();
    let mut events = maps
        .watch(&WatchParams::default(), &from)
        .await
        .expect("a watch")
        .boxed();
    for number in 0..3000 {
        world
            .post(CONFIG_MAPS, &config_map(&format!("m{number}")))
            .await;
    }
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Ok(WatchEvent::Error(status))) if status.code == 410));
}
