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
