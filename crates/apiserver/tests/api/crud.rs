//! Objects from birth to end.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::{CONFIG_MAPS, PODS, World, config_map, pod};

fn message(answer: &Value) -> String {
    answer["message"]
        .as_str()
        .unwrap_or("no message")
        .to_owned()
}

#[tokio::test]
async fn the_same_seed_and_clock_give_the_same_object() {
    let world = World::start().await;
    let made = world
        .post(CONFIG_MAPS, &json!({"metadata": {"generateName": "g-"}}))
        .await;
    let other = World::start().await;
    assert_eq!(
        made,
        other
            .post(CONFIG_MAPS, &json!({"metadata": {"generateName": "g-"}}))
            .await
    );
    assert_snapshot!(made["metadata"]["creationTimestamp"], @r#""2026-01-02T03:04:05Z""#);
}

#[tokio::test]
async fn refusals_are_word_for_word() {
    let world = World::start().await;
    world.post(CONFIG_MAPS, &config_map("one")).await;
    assert_snapshot!(message(&world.post(CONFIG_MAPS, &config_map("one")).await), @r#"configmaps "one" already exists"#);
    assert_snapshot!(message(&world.get(&format!("{CONFIG_MAPS}/no")).await), @r#"configmaps "no" not found"#);
    assert_snapshot!(message(&world.get("/apis/apps/v1/deployments").await), @"the server could not find the requested resource");
    let stale = json!({"metadata": {"resourceVersion": "1"}, "data": {"b": "2"}});
    assert_snapshot!(message(&world.merge(&format!("{CONFIG_MAPS}/one"), &stale).await), @r#"Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again"#);
}

#[tokio::test]
async fn a_finalizer_holds_an_object() {
    let world = World::start().await;
    let path = format!("{CONFIG_MAPS}/held");
    let mut object = config_map("held");
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    world.post(CONFIG_MAPS, &object).await;
    let deleted = world.delete(&path).await;
    assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(world.get(&path).await["metadata"]["name"], "held");
    world
        .merge(&path, &json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(world.get(&path).await["code"], 404);
}

#[tokio::test]
async fn a_running_pod_is_given_time_to_end() {
    let world = World::start().await;
    world.post(PODS, &pod("p")).await;
    let target = json!({"target": {"name": "n1"}});
    world.post(&format!("{PODS}/p/binding"), &target).await;
    let path = format!("{PODS}/p");
    assert_eq!(world.get(&path).await["spec"]["nodeName"], "n1");
    let again = world.post(&format!("{PODS}/p/binding"), &target).await;
    assert_snapshot!(message(&again), @r#"Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1""#);
    let deleted = world.delete(&path).await;
    assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(
        deleted["metadata"]["deletionTimestamp"],
        "2026-01-02T03:04:35Z"
    );
    world.delete(&format!("{path}?gracePeriodSeconds=0")).await;
    assert_eq!(world.get(&path).await["code"], 404);
}

#[tokio::test]
async fn a_budget_stops_an_eviction() {
    let world = World::start().await;
    let mut guarded = pod("p");
    guarded["metadata"]["labels"] = json!({"app": "a"});
    world.post(PODS, &guarded).await;
    world
        .post(
            &format!("{PODS}/p/binding"),
            &json!({"target": {"name": "n1"}}),
        )
        .await;
    let ready = json!([{"type": "Ready", "status": "True"}]);
    world
        .merge(
            &format!("{PODS}/p/status"),
            &json!({"status": {"phase": "Running", "conditions": ready}}),
        )
        .await;
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    let spec = json!({"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}});
    world
        .post(budgets, &json!({"metadata": {"name": "b"}, "spec": spec}))
        .await;
    let status = json!({"status": {"observedGeneration": 1, "desiredHealthy": 1, "currentHealthy": 1, "disruptionsAllowed": 0}});
    world.merge(&format!("{budgets}/b/status"), &status).await;
    let eviction = json!({"metadata": {"name": "p"}});
    let refused = world.post(&format!("{PODS}/p/eviction"), &eviction).await;
    assert_snapshot!(refused, @r#"{"code":429,"message":"Cannot evict pod as it would violate the pod's disruption budget."}"#);
    world
        .merge(
            &format!("{budgets}/b/status"),
            &json!({"status": {"disruptionsAllowed": 1}}),
        )
        .await;
    assert_eq!(
        world.post(&format!("{PODS}/p/eviction"), &eviction).await["status"],
        "Success"
    );
    let budget = world.get(&format!("{budgets}/b")).await;
    assert_eq!(budget["status"]["disruptionsAllowed"], 0);
    let pod = world.get(&format!("{PODS}/p")).await;
    assert_eq!(
        pod["status"]["conditions"][1]["reason"],
        "EvictionByEvictionAPI"
    );
}

#[tokio::test]
async fn pages_show_one_moment() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.post(CONFIG_MAPS, &config_map(name)).await;
    }
    let first = world.get(&format!("{CONFIG_MAPS}?limit=2")).await;
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    world.delete(&format!("{CONFIG_MAPS}/c")).await;
    world.post(CONFIG_MAPS, &config_map("d")).await;
    let token = first["metadata"]["continue"]
        .as_str()
        .expect("there is more");
    let second = world
        .get(&format!("{CONFIG_MAPS}?limit=2&continue={token}"))
        .await;
    assert_eq!(second["items"][0]["metadata"]["name"], "c");
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    world.server.compact().await;
    let stale = world
        .get(&format!("{CONFIG_MAPS}?limit=2&continue={token}"))
        .await;
    assert_eq!(stale["code"], 410);
}

#[tokio::test]
async fn events_have_two_views() {
    let world = World::start().await;
    let event = json!({
        "metadata": {"name": "e", "namespace": "default"}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Why", "message": "because", "count": 2, "type": "Normal", "source": {"component": "me"},
    });
    world
        .post("/api/v1/namespaces/default/events", &event)
        .await;
    let shown = world
        .get("/apis/events.k8s.io/v1/namespaces/default/events/e")
        .await;
    assert_snapshot!(json!([shown["apiVersion"], shown["note"], shown["regarding"], shown["deprecatedCount"]]), @r#"["events.k8s.io/v1","because",{"kind":"Pod","name":"p","namespace":"default"},2]"#);
}

#[tokio::test]
async fn a_service_has_an_address_of_its_own() {
    let world = World::start().await;
    let path = "/api/v1/namespaces/default/services";
    let service =
        |name: &str| json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
    let (one, two) = (
        world.post(path, &service("one")).await,
        world.post(path, &service("two")).await,
    );
    assert_ne!(one["spec"]["clusterIP"], two["spec"]["clusterIP"]);
    let taken = json!({"metadata": {"name": "three"}, "spec": {"clusterIP": one["spec"]["clusterIP"], "ports": [{"port": 80}]}});
    assert_eq!(world.post(path, &taken).await["code"], 422);
    world.delete(&format!("{path}/one")).await;
    assert_eq!(
        world.post(path, &taken).await["spec"]["clusterIP"],
        one["spec"]["clusterIP"]
    );
}
