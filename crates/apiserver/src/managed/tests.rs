//! Apply and update, as stories of several managers.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::schema::{Schema, Type};

struct Story {
    schema: Schema,
    object: Option<Value>,
}

fn manager(name: &str) -> Manager {
    Manager {
        name: name.to_owned(),
        subresource: "",
        api_version: "v1".to_owned(),
        time: "2026-01-01T00:00:00Z".to_owned(),
        status: StatusDoor::None,
    }
}

impl Story {
    fn new() -> Story {
        Story {
            schema: Schema::load(),
            object: None,
        }
    }

    fn ty(&self) -> Type {
        Type::Struct(
            self.schema
                .find("io.k8s.api.core.v1.ConfigMap")
                .expect("config maps are served"),
        )
    }

    fn apply(&mut self, name: &str, config: &Value, force: Force) -> String {
        match apply(
            &self.schema,
            &self.ty(),
            self.object.as_ref(),
            config,
            &manager(name),
            force,
        ) {
            Ok(Applied(mut object)) => {
                object["metadata"]["uid"] = json!("u");
                self.object = Some(object);
                self.look()
            }
            Err(conflicts) => conflicts.message(),
        }
    }

    fn update(&mut self, name: &str, mut new: Value) -> String {
        let old = self.object.clone().unwrap_or_else(|| json!({}));
        new["metadata"]["uid"] = json!("u");
        update(&self.schema, &self.ty(), &old, &mut new, &manager(name));
        self.object = Some(new);
        self.look()
    }

    fn look(&self) -> String {
        let object = self.object.clone().unwrap_or_default();
        let entries = object["metadata"]["managedFields"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let entries: Vec<String> = entries
            .iter()
            .map(|entry| {
                format!(
                    "{} {}",
                    entry["manager"].as_str().unwrap_or_default(),
                    entry["fieldsV1"]
                )
            })
            .collect();
        format!("{} | {}", object["data"], entries.join(" | "))
    }
}

#[test]
fn two_managers_share_and_quarrel() {
    let mut story = Story::new();
    assert_snapshot!(story.apply("one", &json!({"data": {"x": "1", "y": "2"}}), Force::Refuse), @r#"{"x":"1","y":"2"} | one {"f:data":{"f:x":{},"f:y":{}}}"#);
    assert_snapshot!(story.apply("two", &json!({"data": {"x": "1", "z": "3"}}), Force::Refuse), @r#"{"x":"1","y":"2","z":"3"} | one {"f:data":{"f:x":{},"f:y":{}}} | two {"f:data":{"f:x":{},"f:z":{}}}"#);
    assert_snapshot!(story.apply("two", &json!({"data": {"x": "9"}}), Force::Refuse), @r#"Apply failed with 1 conflict: conflict with "one": .data.x"#);
    assert_snapshot!(story.apply("two", &json!({"data": {"x": "9"}}), Force::Overrule), @r#"{"x":"9","y":"2"} | one {"f:data":{"f:y":{}}} | two {"f:data":{"f:x":{}}}"#);
    assert_snapshot!(story.update("hand", json!({"metadata": {}, "data": {"x": "9", "y": "hand"}})), @r#"{"x":"9","y":"hand"} | two {"f:data":{"f:x":{}}} | hand {"f:data":{"f:y":{}}}"#);
    assert_snapshot!(story.apply("one", &json!({"data": {"y": "2"}}), Force::Refuse), @r#"Apply failed with 1 conflict: conflict with "hand" using v1: .data.y"#);
}

#[test]
fn what_does_not_fit_is_refused() {
    let schema = Schema::load();
    let config = Type::Struct(schema.find("io.k8s.api.core.v1.ConfigMap").expect("served"));
    assert_snapshot!(check_typed(&schema, &config, &json!({"data": ["a"]})).unwrap_or_default(), @".data: expected map, got &{[a]}");
    assert_snapshot!(check_typed(&schema, &config, &json!({"foo": 1})).unwrap_or_default(), @".foo: field not declared in schema");
}

/// What `kubectl apply` leaves on an object that it made by itself.
fn made_by_kubectl(data: &Value) -> Value {
    let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {}, "name": "m"}, "data": data});
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    json!({"metadata": {"annotations": {annotation: applied.to_string()}}, "data": data})
}

#[test]
fn kubectl_takes_over_what_it_applied_by_itself() {
    let made = || {
        let mut story = Story::new();
        let data = json!({"x": "1"});
        story.update("kubectl-client-side-apply", made_by_kubectl(&data));
        story
    };
    let config = json!({"data": {"x": "2"}});
    let mut story = made();
    assert_snapshot!(story.apply("other", &config, Force::Refuse), @r#"Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.x"#);
    let taken = story.apply("kubectl", &config, Force::Refuse);
    assert!(
        taken.starts_with(r#"{"x":"2"} | kubectl {"f:data":{"f:x":{}}}"#),
        "{taken}"
    );
    // What somebody has changed since is not kubectl's.
    let mut story = made();
    let mut changed = made_by_kubectl(&json!({"x": "1"}));
    changed["data"]["x"] = json!("hand");
    story.update("hand", changed);
    assert_snapshot!(story.apply("kubectl", &config, Force::Refuse), @r#"Apply failed with 1 conflict: conflict with "hand" using v1: .data.x"#);
}

#[test]
fn the_annotation_follows_what_kubectl_has_had_applied() {
    let config = json!({"metadata": {"name": "m"}, "data": {"b": "<&>", "a": "1"}});
    let after = |object: Value, name: &str| {
        let mut object = object;
        follow(&mut object, &config, "ConfigMap", &manager(name));
        let annotations = &object["metadata"]["annotations"];
        annotations["kubectl.kubernetes.io/last-applied-configuration"].clone()
    };
    let made = || made_by_kubectl(&json!({}));
    assert_snapshot!(after(made(), "kubectl").as_str().unwrap_or_default(), @r#"{"apiVersion":"v1","data":{"a":"1","b":"\u003c\u0026\u003e"},"kind":"ConfigMap","metadata":{"name":"m"}}"#);
    assert_eq!(after(made(), "other"), after(made(), "another"));
    assert_eq!(after(json!({"metadata": {}}), "kubectl"), Value::Null);
}

#[test]
fn the_time_is_that_of_the_last_change() {
    let mut story = Story::new();
    let times = |story: &Story| {
        let object = story.object.clone().unwrap_or_default();
        let entries = object["metadata"]["managedFields"].as_array().cloned();
        let entries = entries.unwrap_or_default();
        let times = entries.iter().map(|entry| {
            let time = entry["time"].as_str().unwrap_or("never");
            format!("{} {time}", entry["manager"].as_str().unwrap_or_default())
        });
        times.collect::<Vec<_>>().join(", ")
    };
    story.apply("one", &json!({"data": {"x": "1"}}), Force::Refuse);
    story.apply("two", &json!({"data": {"x": "1"}}), Force::Refuse);
    assert_snapshot!(times(&story), @"two never, one 2026-01-01T00:00:00Z");
    let later = Manager {
        time: "2026-02-02T00:00:00Z".to_owned(),
        ..manager("hand")
    };
    for value in ["2", "3"] {
        let old = story.object.clone().unwrap_or_default();
        let mut new = old.clone();
        new["data"]["x"] = json!(value);
        let by = if value == "3" {
            later.clone()
        } else {
            manager("hand")
        };
        update(&story.schema, &story.ty(), &old, &mut new, &by);
        story.object = Some(new);
    }
    assert_snapshot!(times(&story), @"hand 2026-02-02T00:00:00Z");
}
