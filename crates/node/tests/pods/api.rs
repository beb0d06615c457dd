//! An API just large enough for a node: objects in memory, list, watch, create, merge
//! patch, delete. The real one is `stayput-apiserver`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

type Answer = Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>;
type Call = (Request<Bytes>, oneshot::Sender<Answer>);

/// A client of a new, empty API, and the task that is the API.
pub(crate) fn start() -> (kube::Client, impl Future<Output = ()> + Send) {
    let (calls, mut queue) = mpsc::unbounded_channel::<Call>();
    let service = tower::service_fn(move |request: Request<Body>| {
        let calls = calls.clone();
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body
                .collect()
                .await
                .map_err(std::io::Error::other)?
                .to_bytes();
            let (answer, answered) = oneshot::channel();
            let _ = calls.send((Request::from_parts(parts, bytes), answer));
            answered.await.map_err(std::io::Error::other)
        }
    });
    let api = async move {
        let mut store = Store::default();
        while let Some((request, answer)) = queue.recv().await {
            let _ = answer.send(store.answer(&request));
        }
    };
    (kube::Client::new(service, "default"), api)
}

#[derive(Default)]
struct Store {
    revision: u64,
    objects: BTreeMap<(String, String, String), Value>,
    history: Vec<(u64, String, &'static str, Value)>,
    watchers: Vec<Watcher>,
}

struct Watcher {
    resource: String,
    query: String,
    send: futures::channel::mpsc::UnboundedSender<Result<Frame<Bytes>, Infallible>>,
}

fn whole(status: StatusCode, value: &Value) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed());
    *response.status_mut() = status;
    response
}

fn refuse(code: StatusCode, reason: &str, message: &str) -> Answer {
    let number = code.as_u16();
    whole(
        code,
        &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": number}),
    )
}

/// `a.b=c` of a field selector.
fn selected(query: &str, object: &Value) -> bool {
    let decoded = query.replace("%3D", "=").replace("%3d", "=");
    let Some(selector) = decoded
        .split('&')
        .find_map(|part| part.strip_prefix("fieldSelector="))
    else {
        return true;
    };
    let Some((path, wanted)) = selector.split_once('=') else {
        return true;
    };
    let found = object.pointer(&format!("/{}", path.replace('.', "/")));
    found.and_then(Value::as_str).unwrap_or_default() == wanted
}

impl Store {
    fn answer(&mut self, request: &Request<Bytes>) -> Answer {
        let path = request
            .uri()
            .path()
            .trim_start_matches('/')
            .split('/')
            .collect::<Vec<_>>();
        let rest = if path[0] == "api" {
            &path[2..]
        } else {
            &path[3..]
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
                ((*namespace).to_owned(), rest)
            }
            rest => (String::new(), rest),
        };
        let query = request.uri().query().unwrap_or_default();
        let body = serde_json::from_slice::<Value>(request.body()).unwrap_or(Value::Null);
        let resource = rest[0].to_owned();
        match (request.method(), &rest[1..]) {
            (&Method::GET, []) if query.contains("watch=true") => self.watch(resource, query),
            (&Method::GET, []) => self.list(&resource, &namespace, query),
            (&Method::POST, []) => self.create(&resource, &namespace, body),
            (&Method::GET, [name]) => self.with(&resource, &namespace, name),
            (&Method::PATCH, [name, ..]) => self.patch(&resource, &namespace, name, &body),
            (&Method::DELETE, [name]) => self.delete(&resource, &namespace, name, &body),
            _ => refuse(StatusCode::NOT_FOUND, "NotFound", "no such path"),
        }
    }

    fn with(&self, resource: &str, namespace: &str, name: &str) -> Answer {
        match self
            .objects
            .get(&(resource.to_owned(), namespace.to_owned(), name.to_owned()))
        {
            Some(object) => whole(StatusCode::OK, object),
            None => refuse(
                StatusCode::NOT_FOUND,
                "NotFound",
                &format!("{resource} \"{name}\" not found"),
            ),
        }
    }

    fn list(&self, resource: &str, namespace: &str, query: &str) -> Answer {
        let fits = |(key, object): &(&(String, String, String), &Value)| {
            key.0 == resource
                && (namespace.is_empty() || key.1 == namespace)
                && selected(query, object)
        };
        let items = self
            .objects
            .iter()
            .filter(fits)
            .map(|(_, object)| object.clone())
            .collect::<Vec<_>>();
        let revision = self.revision.to_string();
        whole(
            StatusCode::OK,
            &json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": revision}, "items": items}),
        )
    }

    fn watch(&mut self, resource: String, query: &str) -> Answer {
        let (send, events) = futures::channel::mpsc::unbounded();
        let from = query
            .split('&')
            .find_map(|part| part.strip_prefix("resourceVersion=")?.parse().ok())
            .unwrap_or(0);
        for (_, _, kind, object) in self
            .history
            .iter()
            .filter(|(at, of, _, _)| *at > from && *of == resource)
        {
            if selected(query, object) {
                let _ = send.unbounded_send(Ok(event(kind, object)));
            }
        }
        self.watchers.push(Watcher {
            resource,
            query: query.to_owned(),
            send,
        });
        Response::new(BodyExt::boxed(StreamBody::new(events)))
    }

    fn store(
        &mut self,
        resource: &str,
        namespace: &str,
        kind: &'static str,
        mut object: Value,
    ) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let key = (resource.to_owned(), namespace.to_owned(), name);
        if kind == "DELETED" {
            self.objects.remove(&key);
        } else {
            self.objects.insert(key, object.clone());
        }
        self.history
            .push((self.revision, resource.to_owned(), kind, object.clone()));
        self.watchers.retain(|watcher| {
            watcher.resource != resource
                || !selected(&watcher.query, &object)
                || watcher
                    .send
                    .unbounded_send(Ok(event(kind, &object)))
                    .is_ok()
        });
        object
    }

    fn create(&mut self, resource: &str, namespace: &str, mut object: Value) -> Answer {
        let uid = format!("00000000-0000-0000-0000-{:012}", self.revision + 1);
        let meta = &mut object["metadata"];
        meta["uid"] = json!(uid);
        meta["namespace"] = json!(namespace);
        meta["generation"] = json!(1);
        let name = meta["name"].as_str().unwrap().to_owned();
        if self
            .objects
            .contains_key(&(resource.to_owned(), namespace.to_owned(), name))
        {
            return refuse(StatusCode::CONFLICT, "AlreadyExists", "already exists");
        }
        whole(
            StatusCode::CREATED,
            &self.store(resource, namespace, "ADDED", object),
        )
    }

    fn patch(&mut self, resource: &str, namespace: &str, name: &str, patch: &Value) -> Answer {
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        let Some(mut object) = self.objects.get(&key).cloned() else {
            return refuse(
                StatusCode::NOT_FOUND,
                "NotFound",
                &format!("{resource} \"{name}\" not found"),
            );
        };
        if patch
            .pointer("/metadata/uid")
            .is_some_and(|uid| *uid != object["metadata"]["uid"])
        {
            return refuse(StatusCode::CONFLICT, "Conflict", "another uid");
        }
        merge(&mut object, patch);
        whole(
            StatusCode::OK,
            &self.store(resource, namespace, "MODIFIED", object),
        )
    }

    fn delete(&mut self, resource: &str, namespace: &str, name: &str, options: &Value) -> Answer {
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        let Some(mut object) = self.objects.get(&key).cloned() else {
            return refuse(
                StatusCode::NOT_FOUND,
                "NotFound",
                &format!("{resource} \"{name}\" not found"),
            );
        };
        let grace = options["gracePeriodSeconds"].as_i64();
        let grace = grace.or_else(|| {
            object
                .pointer("/spec/terminationGracePeriodSeconds")
                .and_then(Value::as_i64)
        });
        let over = matches!(
            object.pointer("/status/phase").and_then(Value::as_str),
            Some("Succeeded" | "Failed")
        );
        if resource != "pods" || grace == Some(0) || over {
            return whole(
                StatusCode::OK,
                &self.store(resource, namespace, "DELETED", object),
            );
        }
        object["metadata"]["deletionTimestamp"] = json!("2030-01-01T00:00:00Z");
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace.unwrap_or(30));
        object["metadata"]["generation"] = json!(2);
        whole(
            StatusCode::OK,
            &self.store(resource, namespace, "MODIFIED", object),
        )
    }
}

fn event(kind: &str, object: &Value) -> Frame<Bytes> {
    Frame::data(Bytes::from(format!(
        "{}\n",
        json!({"type": kind, "object": object})
    )))
}

fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut object[key], value);
        }
    }
}
