//! What can be done with pods alone: binding, logs, exec, port-forward; and tokens of service accounts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Api;
use super::dispatch::Target;
use super::request::{Answer, Encoding, Request};
use crate::access::{has, int, list, object, text};
use crate::issues::Issues;
use crate::kinds::Sub;
use crate::nodes::{NodeCall, Upgrade};
use crate::status::Status;
use crate::store::Key;
use crate::time;

/// Most seconds that a token may be good for.
const LONGEST_TOKEN: i64 = 1 << 32;

impl Api {
    /// Gives a pod its node: the only way to one.
    pub(super) fn bind(&mut self, request: &Request, target: Target<'_>) -> Result<Answer, Status> {
        let binding = self.plain(request, "Binding")?.into_value();
        let node = text(&binding, "/target/name");
        if node.is_empty() {
            return Err(Status::bad_request("binding.target.name: Required value"));
        }
        let old = self.existing(target.served, &target.key())?;
        let value: &Value = &old.value();
        let refuse =
            |why: String| Status::conflict_in(target.served.kind, "binding", target.name, &why);
        let uid = text(&binding, "/metadata/uid");
        if !uid.is_empty() && uid != text(value, "/metadata/uid") {
            let real = text(value, "/metadata/uid");
            return Err(refuse(format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {real}"
            )));
        }
        if has(value, "/metadata/deletionTimestamp") {
            return Err(refuse(format!(
                "pod {} is being deleted, cannot be assigned to a host",
                target.name
            )));
        }
        let assigned = text(value, "/spec/nodeName");
        if !assigned.is_empty() {
            return Err(refuse(format!(
                "pod {} is already assigned to node \"{assigned}\"",
                target.name
            )));
        }
        let mut new = value.clone();
        new["spec"]["nodeName"] = json!(node);
        for (key, annotation) in binding["metadata"]["annotations"]
            .as_object()
            .into_iter()
            .flatten()
        {
            object(object(&mut new, "metadata"), "annotations")[key] = annotation.clone();
        }
        let mut conditions = list(&new, "/status/conditions").to_vec();
        conditions.retain(|condition| text(condition, "/type") != "PodScheduled");
        conditions.push(json!({
            "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": time::seconds(self.now),
        }));
        object(&mut new, "status")["conditions"] = Value::Array(conditions);
        self.commit(target.served, target.key(), new);
        Ok(Answer::value(
            201,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
            Encoding::Json,
        ))
    }

    /// A token: well-formed, good for nothing but being mounted.
    pub(super) fn token(
        &mut self,
        request: &Request,
        target: Target<'_>,
    ) -> Result<Answer, Status> {
        let asked = self.plain(request, "TokenRequest")?.into_value();
        let account = self.existing(target.served, &target.key())?;
        let seconds = int(&asked, "/spec/expirationSeconds").unwrap_or(3600);
        let mut issues = Issues::default();
        let refusal = match seconds {
            ..600 => Some("may not specify a duration less than 10 minutes"),
            600..=LONGEST_TOKEN => None,
            _ => Some("may not specify a duration larger than 2^32 seconds"),
        };
        if let Some(refusal) = refusal {
            issues.invalid("spec.expirationSeconds", &json!(seconds), refusal);
            return Err(Status::invalid_token(&issues));
        }
        let mut audiences = list(&asked, "/spec/audiences").to_vec();
        if audiences.is_empty() {
            audiences.push(json!("https://kubernetes.default.svc.cluster.local"));
        }
        let end = time::later(self.now, seconds);
        let subject = format!("system:serviceaccount:{}:{}", target.namespace, target.name);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({"alg": "none", "typ": "JWT"}));
        let claims = part(
            &json!({"aud": audiences, "sub": subject, "exp": end.as_second(), "iat": self.now.as_second()}),
        );
        let token = format!(
            "{head}.{claims}.{}",
            URL_SAFE_NO_PAD.encode(self.random.uid())
        );
        let body = json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": target.name, "namespace": target.namespace, "uid": account.value()["metadata"]["uid"],
                "creationTimestamp": time::seconds(self.now),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": asked["spec"].get("boundObjectRef")},
            "status": {"token": token, "expirationTimestamp": time::seconds(end)},
        });
        Ok(Answer::value(201, body, Encoding::Json))
    }

    /// Finds the node and the container, and what to ask there.
    pub(super) fn call_node(
        &mut self,
        request: &Request,
        target: Target<'_>,
        sub: Sub,
    ) -> Result<Answer, Status> {
        let pod = self.existing(target.served, &target.key())?;
        let pod: &Value = &pod.value();
        let name = target.name;
        let container = match sub {
            Sub::PortForward => String::new(),
            _ => container(name, pod, request.param("container"))?,
        };
        let node = text(pod, "/spec/nodeName");
        if node.is_empty() {
            if sub == Sub::Log {
                // A pod that is nowhere has said nothing yet.
                return Ok(Answer::text(200, ""));
            }
            return Err(Status::bad_request(format!(
                "pod {name} does not have a host assigned"
            )));
        }
        let nodes = self.catalogue.core("nodes");
        let key = Key::new("", node);
        if nodes.is_some_and(|nodes| self.store.get(nodes.table, &key).is_none()) {
            // The node's name, and yet a pod is spoken of: so does the real server.
            return Err(Status::not_found(target.served.kind, node));
        }
        let path = agent_path(request, target, sub, &container);
        let upgrade = if sub == Sub::Log {
            Upgrade::Plain
        } else {
            Upgrade::Needed
        };
        Ok(Answer::Node(NodeCall {
            node: node.to_owned(),
            path,
            upgrade,
        }))
    }
}

/// Path and query as a node agent has them.
fn agent_path(request: &Request, target: Target<'_>, sub: Sub, container: &str) -> String {
    const STREAMS: [(&str, &str); 4] = [
        ("stdin", "input"),
        ("stdout", "output"),
        ("stderr", "error"),
        ("tty", "tty"),
    ];
    let pod = format!("{}/{}", target.namespace, target.name);
    let (path, query) = match sub {
        Sub::Log => (
            format!("/containerLogs/{pod}/{container}"),
            request.raw_query.clone(),
        ),
        Sub::PortForward => (format!("/portForward/{pod}"), request.raw_query.clone()),
        _ => {
            let on = |name: &str| matches!(request.param(name), "true" | "1");
            let words = request.params("command");
            let words = words
                .iter()
                .map(|word| format!("command={}", percent_encoded(word)));
            let streams = STREAMS
                .iter()
                .filter(|(name, _)| on(name))
                .map(|(_, agent)| format!("{agent}=1"));
            let verb = if sub == Sub::Exec { "exec" } else { "attach" };
            (
                format!("/{verb}/{pod}/{container}"),
                words.chain(streams).collect::<Vec<_>>().join("&"),
            )
        }
    };
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

fn names(pod: &Value, pointer: &str) -> Vec<String> {
    list(pod, pointer)
        .iter()
        .map(|container| text(container, "/name").to_owned())
        .collect()
}

/// The container that is meant.
fn container(name: &str, pod: &Value, asked: &str) -> Result<String, Status> {
    let main = names(pod, "/spec/containers");
    let init = names(pod, "/spec/initContainers");
    if asked.is_empty() {
        let default = text(
            &pod["metadata"]["annotations"],
            "/kubectl.kubernetes.io~1default-container",
        );
        return match (main.as_slice(), default) {
            ([only], "") => Ok(only.clone()),
            (_, default) if main.iter().any(|one| one == default) => Ok(default.to_owned()),
            _ => {
                let choice = main.join(" ");
                let more = if init.is_empty() {
                    String::new()
                } else {
                    format!(" or one of the init containers: [{}]", init.join(" "))
                };
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {name}, choose one of: [{choice}]{more}"
                )))
            }
        };
    }
    if main.iter().chain(&init).any(|one| one == asked) {
        return Ok(asked.to_owned());
    }
    Err(Status::bad_request(format!(
        "container {asked} is not valid for pod {name}"
    )))
}

fn percent_encoded(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
