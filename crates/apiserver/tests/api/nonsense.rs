//! Objects with something in every field that the server says there is, and most of it wrong:
//! each is answered, and the server has not panicked for any of them.

use http::Request;
use serde_json::{Map, Value, json};

use crate::world::World;

/// What a field that takes a text, a number or anything is given.
const TEXTS: [&str; 14] = [
    "",
    "a",
    "A_b",
    "-1",
    "9999999999999999999999",
    "1e18",
    "1Ei",
    "0.0000000001",
    "ä\u{0}\n",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "2026-01-02T03:04:05.000000Z",
    "10.96.0.1/99",
    "%",
];
const NUMBERS: [i64; 9] = [
    0,
    1,
    -1,
    80,
    i64::MAX,
    i64::MIN,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 40,
];

/// Chance that is the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap_or_default()
    }

    fn text(&mut self) -> Value {
        json!(TEXTS[self.below(TEXTS.len())])
    }

    fn number(&mut self) -> Value {
        json!(NUMBERS[self.below(NUMBERS.len())])
    }

    /// A value of a schema, more or less.
    fn value(&mut self, schemas: &Value, schema: &Value, depth: usize) -> Value {
        if let Some(name) = reference(schema) {
            return self.value(schemas, &schemas[name], depth);
        }
        if depth == 0 {
            return Value::Null;
        }
        if let Some(fields) = schema["properties"].as_object() {
            let often = if depth > 6 { 2 } else { 3 };
            let fields = fields.iter().filter(|_| self.below(often) == 0);
            let fields: Vec<_> = fields.collect();
            let values = fields
                .into_iter()
                .map(|(name, field)| (name.clone(), self.value(schemas, field, depth - 1)));
            return Value::Object(values.collect::<Map<_, _>>());
        }
        match schema["type"].as_str() {
            Some("string") => self.text(),
            Some("integer" | "number") => self.number(),
            Some("boolean") => json!(self.below(2) == 0),
            Some("array") => {
                let length = self.below(3);
                (0..length)
                    .map(|_| self.value(schemas, &schema["items"], depth - 1))
                    .collect()
            }
            Some("object") => {
                let value = self.value(schemas, &schema["additionalProperties"], depth - 1);
                json!({"a": value, "B/c": "d"})
            }
            _ if self.below(2) == 0 => self.number(),
            _ => self.text(),
        }
    }
}

fn reference(schema: &Value) -> Option<&str> {
    let whole = schema["$ref"]
        .as_str()
        .or_else(|| schema["allOf"][0]["$ref"].as_str())?;
    whole.rsplit('/').next()
}

/// The kinds of a group's version that can be created: plural, kind, and where.
async fn kinds(world: &World, root: &str) -> Vec<(String, String, String)> {
    let list = world.get(&format!("/{root}")).await;
    let resources = list["resources"].as_array().expect("resources").iter();
    let made = resources.filter(|it| {
        let verbs = it["verbs"].as_array().expect("verbs");
        verbs.contains(&json!("create")) && verbs.contains(&json!("delete"))
    });
    let kind = |it: &Value| {
        let (plural, kind) = (
            it["name"].as_str().expect("a name"),
            it["kind"].as_str().expect("a kind"),
        );
        let place = if it["namespaced"] == true {
            "/namespaces/default"
        } else {
            ""
        };
        (
            plural.to_owned(),
            kind.to_owned(),
            format!("/{root}{place}/{plural}"),
        )
    };
    made.map(kind).collect()
}

/// One request; its code, and that it is no accident of the server's.
async fn send(world: &World, method: &str, path: &str, kind: &str, body: &Value) -> u16 {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .header(
            "accept",
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        )
        .body(body.to_string().into_bytes())
        .expect("a request");
    match world.client.request::<Value>(request).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => {
            let panicked = status.code == 503 || status.message.contains("panic");
            assert!(!panicked, "{method} {path} {body}: {}", status.message);
            status.code
        }
        Err(error) => panic!("{method} {path} {body}: {error}"),
    }
}

async fn pester(
    world: &World,
    chance: &mut Chance,
    schemas: &Value,
    kind: &(String, String, String),
) -> u16 {
    let (_, kind, collection) = kind;
    let suffix = format!(".{kind}");
    let schema = schemas
        .as_object()
        .expect("schemas")
        .iter()
        .find(|(name, _)| name.ends_with(&suffix));
    let (_, schema) = schema.expect("its schema");
    let mut object = chance.value(schemas, schema, 9);
    object["apiVersion"] = Value::Null;
    object["kind"] = Value::Null;
    object["metadata"]["name"] = json!("n");
    object["metadata"]["namespace"] = Value::Null;
    let made = send(world, "POST", collection, "application/json", &object).await;
    let path = format!("{collection}/n");
    let mut patched = chance.value(schemas, schema, 9);
    for odd in ["apiVersion", "kind", "metadata"] {
        patched[odd] = Value::Null;
    }
    for patch in [
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ] {
        send(world, "PATCH", &path, patch, &patched).await;
    }
    send(
        world,
        "PATCH",
        &format!("{path}/status"),
        "application/merge-patch+json",
        &patched,
    )
    .await;
    send(world, "GET", collection, "application/json", &Value::Null).await;
    let options = json!({"gracePeriodSeconds": chance.number(), "propagationPolicy": "Orphan"});
    send(world, "DELETE", &path, "application/json", &options).await;
    let free = json!({"metadata": {"finalizers": null}});
    send(world, "PATCH", &path, "application/merge-patch+json", &free).await;
    let now = json!({"gracePeriodSeconds": 0});
    send(world, "DELETE", &path, "application/json", &now).await;
    made
}

#[tokio::test]
async fn no_object_makes_the_server_panic() {
    const ROUNDS: usize = 60;
    let world = World::start().await;
    let mut chance = Chance(7);
    let index = world.get("/openapi/v3").await;
    let roots = index["paths"].as_object().expect("paths").keys();
    let mut made = 0;
    for root in roots {
        let document = world.get(&format!("/openapi/v3/{root}")).await;
        for kind in kinds(&world, root).await {
            for _ in 0..ROUNDS {
                let code = pester(
                    &world,
                    &mut chance,
                    &document["components"]["schemas"],
                    &kind,
                )
                .await;
                made += usize::from(code == 200);
            }
        }
    }
    assert!(made > 20, "most is refused, but not all: {made}");
}

#[tokio::test]
async fn what_is_asked_for_beyond_all_time_is_answered() {
    let world = World::start().await;
    let pods = crate::world::PODS;
    world.post(pods, &crate::world::pod("p")).await;
    let bound = json!({"target": {"name": "n"}});
    world.post(&format!("{pods}/p/binding"), &bound).await;
    for seconds in [i64::MAX, i64::MIN, 1 << 40] {
        let options = json!({"gracePeriodSeconds": seconds});
        let deleted = send(
            &world,
            "DELETE",
            &format!("{pods}/p"),
            "application/json",
            &options,
        )
        .await;
        assert_eq!(deleted, 200);
        let account = "/api/v1/namespaces/default/serviceaccounts/default/token";
        let token = json!({"spec": {"expirationSeconds": seconds}});
        assert_eq!(
            send(&world, "POST", account, "application/json", &token).await,
            422
        );
    }
}
