//! Requests that would cost more than they are: each is carried out, or refused, in a time and
//! with the memory that its own length bounds.

use std::time::Duration;

use http::Request;
use serde_json::{Map, Value, json};

use crate::world::{CONFIG_MAPS, PODS, World, config_map, pod};

/// Long enough for all that grows with a request's length on any machine, and by far too
/// short for what grows with its square.
const PATIENCE: Duration = Duration::from_secs(90);
const JSON_PATCH: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

async fn in_time(what: &str, answer: impl Future<Output = Value>) -> Value {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer.unwrap_or_else(|_| panic!("{what} takes too long"))
}

fn variables(names: impl Iterator<Item = usize>, value: &str) -> Value {
    names
        .map(|name| json!({"name": format!("V{name}"), "value": value}))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_merged_by_their_keys() {
    const MANY: usize = 8_000;
    let world = World::start().await;
    let path = format!("{PODS}/p");
    let with = |env: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "env": env}]}});
    let mut long = pod("p");
    long["spec"]["containers"][0]["env"] = variables(0..MANY, "a");
    let made = in_time("a create", world.post(PODS, &long)).await;
    assert_eq!(made["code"], Value::Null, "{}", made["message"]);
    // A pod's variables cannot change, but that is found when all is merged.
    let backwards = with(variables((0..MANY).rev(), "b"));
    let merged = world.ask("PATCH", &path, STRATEGIC, &backwards);
    let merged = in_time("a strategic merge", merged).await;
    assert_eq!(merged["code"], 422);
    let manager = format!("{path}?fieldManager=a&force=true");
    let same = with(variables(0..MANY, "a"));
    let applied = in_time("an apply", world.ask("PATCH", &manager, APPLY, &same)).await;
    assert_eq!(applied["code"], Value::Null, "{}", applied["message"]);
    let fewer = with(variables(0..MANY / 2, "a"));
    let pruned = in_time("a prune", world.ask("PATCH", &manager, APPLY, &fewer)).await;
    assert_eq!(pruned["code"], Value::Null, "{}", pruned["message"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_maps_are_read_key_by_key() {
    const MANY: usize = 50_000;
    let world = World::start().await;
    let data: Map<String, Value> = (0..MANY).map(|key| (key.to_string(), json!(""))).collect();
    let long = json!({"metadata": {"name": "l"}, "data": data});
    let made = in_time("a create", world.post(CONFIG_MAPS, &long)).await;
    assert_eq!(made["code"], Value::Null, "{}", made["message"]);
    let path = format!("{CONFIG_MAPS}/l");
    let merged = in_time("a merge", world.merge(&path, &json!({"data": data}))).await;
    assert_eq!(merged["data"].as_object().map(Map::len), Some(MANY));
}

#[tokio::test]
async fn a_patch_that_copies_its_copies_is_refused() {
    let world = World::start().await;
    let path = format!("{CONFIG_MAPS}/a");
    world.post(CONFIG_MAPS, &config_map("a")).await;
    let copy = |from: &str, to: &str| json!({"op": "copy", "from": from, "path": to});
    let mut bomb = vec![json!({"op": "add", "path": "/list", "value": ["x"]})];
    bomb.resize(60, copy("/list", "/list/-"));
    let refused = world.ask("PATCH", &path, JSON_PATCH, &json!(bomb)).await;
    assert_eq!(refused["code"], 422, "{refused}");
    let one = json!([copy("/data/a", "/data/b")]);
    let copied = world.ask("PATCH", &path, JSON_PATCH, &one).await;
    assert_eq!(copied["data"], json!({"a": "1", "b": "1"}));
}

#[tokio::test]
async fn what_is_warned_of_fits_into_an_answer() {
    let world = World::start().await;
    let mut odd = config_map("odd");
    for number in 0..40_000 {
        odd[format!("field{number}")] = json!(1);
    }
    let request = Request::post(CONFIG_MAPS)
        .header("content-type", "application/json")
        .body(odd.to_string().into_bytes().into())
        .expect("a request");
    let answer = world.client.send(request).await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let warnings = answer.headers().get_all("warning").iter();
    let length: usize = warnings.map(http::HeaderValue::len).sum();
    assert!((1000..16 * 1024).contains(&length), "{length}");
}

#[tokio::test]
async fn what_is_kept_can_be_read_again() {
    const REVISIONS: &str = "/apis/apps/v1/namespaces/default/controllerrevisions";
    let world = World::start().await;
    let deep = |depth: usize| {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let data: Value = serde_json::from_str(&text).expect("JSON");
        json!({"metadata": {"name": "d"}, "revision": 1, "data": {"deep": data}})
    };
    assert_eq!(world.post(REVISIONS, &deep(110)).await["code"], 400);
    world.post(REVISIONS, &deep(95)).await;
    // Enough others that it is no longer new.
    for number in 0..600 {
        world
            .post(CONFIG_MAPS, &config_map(&format!("m{number}")))
            .await;
    }
    let kept = world.get(&format!("{REVISIONS}/d")).await;
    assert_eq!(kept["data"], deep(95)["data"]);
}

#[tokio::test]
async fn a_patch_makes_nothing_deeper_than_a_document_may_be() {
    let world = World::start().await;
    let path = format!("{CONFIG_MAPS}/a");
    world.post(CONFIG_MAPS, &config_map("a")).await;
    for (depth, code) in [(98, Value::Null), (100, json!(422))] {
        let steps = (1..=depth).map(|steps| {
            let path = "/x".repeat(steps);
            json!({"op": "add", "path": path, "value": {}})
        });
        let steps: Vec<Value> = steps.collect();
        let patched = world.ask("PATCH", &path, JSON_PATCH, &json!(steps)).await;
        assert_eq!(patched["code"], code, "{depth}: {patched}");
    }
}

#[tokio::test]
async fn a_watch_may_be_asked_for_until_the_end_of_time() {
    let world = World::start().await;
    world.post(CONFIG_MAPS, &config_map("a")).await;
    for seconds in ["9223372036854775807", "1"] {
        let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds={seconds}");
        let request = Request::get(path).body(Vec::new()).expect("a request");
        let mut lines = world.client.request_stream(request).await.expect("a watch");
        let mut first = [0; 16];
        futures::AsyncReadExt::read_exact(&mut lines, &mut first)
            .await
            .expect("an event");
        assert_eq!(&first, b"{\"type\":\"ADDED\",");
    }
}
