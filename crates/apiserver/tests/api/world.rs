//! A server with a fixed clock and seed, and short ways to talk to it.

use std::sync::Arc;

use http::Request;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use stayput_apiserver::{ApiServer, Options};

/// A server and a client in its process.
pub(crate) struct World {
    pub(crate) server: ApiServer,
    pub(crate) client: Client,
}

/// Options that give the same uids, names and times in each run.
pub(crate) fn fixed() -> Options {
    let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
    Options {
        clock: Arc::new(move || now),
        seed: 1,
        ..Options::default()
    }
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(fixed()).await
    }

    pub(crate) async fn with(options: Options) -> World {
        let server = ApiServer::start(options);
        let client = server.client();
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        let mut account = ServiceAccount::default();
        account.metadata.name = Some("default".to_owned());
        accounts
            .create(&PostParams::default(), &account)
            .await
            .expect("an account is made");
        World { server, client }
    }

    /// One request; the answer, or the Status.
    pub(crate) async fn ask(&self, method: &str, path: &str, kind: &str, body: &Value) -> Value {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .body(bytes)
            .expect("a request");
        match self.client.request::<Value>(request).await {
            Ok(value) => value,
            Err(kube::Error::Api(status)) => {
                json!({"code": status.code, "message": status.message})
            }
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "application/json", &Value::Null)
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, "application/json", body).await
    }

    pub(crate) async fn merge(&self, path: &str, body: &Value) -> Value {
        self.ask("PATCH", path, "application/merge-patch+json", body)
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.ask("DELETE", path, "application/json", &Value::Null)
            .await
    }
}

pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
pub(crate) const PODS: &str = "/api/v1/namespaces/default/pods";

pub(crate) fn config_map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "1"}})
}

pub(crate) fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {
        "automountServiceAccountToken": false, "containers": [{"name": "c", "image": "redis:7"}],
    }})
}
