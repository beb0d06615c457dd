//! Request bodies: from bytes to an object of the kind, or a refusal.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Api;
use super::options::Validation;
use super::request::Request;
use crate::access::remove;
use crate::json::{Tree, parse, yaml};
use crate::kinds::{Kind, Served};
use crate::schema::{DefId, Words, decode, normalize, protobuf};
use crate::status::Status;

/// Kinds that are known by name but not served.
const ELSEWHERE: [(&str, &str); 12] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "ReplicationController"),
    ("v1", "PodTemplate"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("autoscaling/v1", "HorizontalPodAutoscaler"),
];

const SCHEME: &str = "in scheme \"pkg/runtime/scheme.go:110\"";

/// An object as it was sent, and what to warn of.
#[derive(Debug)]
pub(crate) struct Sent {
    /// As it is stored: without `apiVersion` and `kind`.
    pub(crate) value: Value,
    /// Unknown and repeated fields.
    pub(crate) warnings: Vec<String>,
}

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    Protobuf,
}

fn format(request: &Request) -> Result<Format, Status> {
    match request
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
    {
        "" | "application/json" | "*/*" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        "application/vnd.kubernetes.protobuf" => Ok(Format::Protobuf),
        _ => Err(Status::unsupported_body()),
    }
}

/// The start of a body, for an error.
fn summary(body: &[u8]) -> String {
    const MOST: usize = 30;
    let more = if body.len() > MOST { " ..." } else { "" };
    let start = &body[..body.len().min(MOST)];
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => {
            let mut hex = String::with_capacity(MOST * 2);
            for byte in start {
                let _ = write!(hex, "{byte:02x}");
            }
            hex + more
        }
    }
}

fn unrecognized(kind: &str, error: &str, body: &[u8]) -> Status {
    let error = format!("couldn't get version/kind; json parse error: {error}");
    undecodable(kind, &error, body)
}

fn undecodable(kind: &str, error: &str, body: &[u8]) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {error} ({})",
        summary(body)
    ))
}

/// Definitions of bodies that are no objects of a served kind.
const OTHERS: [(&str, &str); 5] = [
    (
        "DeleteOptions",
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    ),
    ("Binding", "io.k8s.api.core.v1.Binding"),
    ("Eviction", "io.k8s.api.policy.v1.Eviction"),
    ("Scale", "io.k8s.api.autoscaling.v1.Scale"),
    ("TokenRequest", "io.k8s.api.authentication.v1.TokenRequest"),
];

impl Api {
    /// Reads a body of any kind as a document: objects, options, what subresources take.
    pub(super) fn plain(&self, request: &Request, kind: &str) -> Result<Tree, Status> {
        let refuse = |error: &str| unrecognized(kind, error, &request.body);
        match format(request)? {
            Format::Json => parse::parse(&request.body).map_err(|error| refuse(&error.0)),
            Format::Yaml => yaml::parse(&request.body)
                .map_err(|error| undecodable(kind, &error.0, &request.body)),
            Format::Protobuf => {
                protobuf::decode(&self.schema, &request.body, |api_version, kind| {
                    self.definition(api_version, kind)
                })
                .map_err(|error| undecodable(kind, &error.to_string(), &request.body))
            }
        }
    }

    fn definition(&self, api_version: &str, kind: &str) -> Option<DefId> {
        let served = self
            .catalogue
            .all()
            .find(|served| served.kind.kind == kind && served.kind.api_version() == api_version);
        let other = || {
            OTHERS
                .iter()
                .find(|(name, _)| *name == kind)
                .and_then(|(_, def)| self.schema.find(def))
        };
        served.map(|served| served.schema).or_else(other)
    }

    /// Reads the body as an object of the kind.
    pub(crate) fn read_body(
        &self,
        request: &Request,
        served: Served,
        validation: Validation,
    ) -> Result<Sent, Status> {
        let kind = served.kind;
        let tree = match self.plain(request, kind.kind)? {
            Tree::Null => Tree::Map(Vec::new()),
            tree @ Tree::Map(_) => tree,
            other => {
                let target = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
                let error = other.unlike(target);
                return Err(unrecognized(kind.kind, &error, &request.body));
            }
        };
        self.check_kind(kind, &tree)?;
        self.read_tree(&tree, served, validation)
    }

    /// Reads a document as an object of the kind.
    pub(crate) fn read_tree(
        &self,
        tree: &Tree,
        served: Served,
        validation: Validation,
    ) -> Result<Sent, Status> {
        let kind = served.kind;
        let refuse =
            |error: &str| Status::bad_request(unhandled(kind.kind, kind.version, kind.kind, error));
        let decoded = decode(&self.schema, served.schema, tree, Words::Decoder)
            .map_err(|error| refuse(&error.0))?;
        if validation == Validation::Strict && !decoded.strict.is_empty() {
            return Err(refuse(&format!(
                "strict decoding error: {}",
                decoded.strict.join(", ")
            )));
        }
        let warnings = if validation == Validation::Warn {
            decoded.strict
        } else {
            Vec::new()
        };
        Ok(Sent {
            value: self.to_stored(served, decoded.value),
            warnings,
        })
    }

    /// From a document of the kind to what is stored.
    pub(crate) fn to_stored(&self, served: Served, mut value: Value) -> Value {
        remove(&mut value, "apiVersion");
        remove(&mut value, "kind");
        normalize(&self.schema, served.schema, &mut value);
        match served.kind.view {
            Some(view) => (view.store)(value),
            None => value,
        }
    }

    fn check_kind(&self, kind: &Kind, tree: &Tree) -> Result<(), Status> {
        let get = |key: &str, default: &str| match tree.get(key).and_then(Tree::text) {
            None | Some("") => default.to_owned(),
            Some(text) => text.to_owned(),
        };
        let (api_version, name) = (
            get("apiVersion", &kind.api_version()),
            get("kind", kind.kind),
        );
        if api_version == kind.api_version() && name == kind.kind {
            return Ok(());
        }
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let known = self.catalogue.knows(&api_version, &name)
            || ELSEWHERE.contains(&(api_version.as_str(), name.as_str()));
        let error = if known {
            let group = if kind.group.is_empty() {
                "core"
            } else {
                kind.group.split('.').next().unwrap_or_default()
            };
            format!(
                "converting ({version}.{name}) to ({group}.{}): unknown conversion",
                kind.kind
            )
        } else {
            not_registered(&name, &api_version)
        };
        Err(Status::bad_request(unhandled(
            &name, version, kind.kind, &error,
        )))
    }

    /// Checks that a patched object is still of its kind.
    pub(crate) fn check_patched_kind(&self, kind: &Kind, value: &Value) -> Result<(), String> {
        let (api_version, name) = (
            value["apiVersion"].as_str().unwrap_or_default(),
            value["kind"].as_str().unwrap_or_default(),
        );
        if api_version == kind.api_version() && name == kind.kind {
            return Ok(());
        }
        let other = self
            .catalogue
            .all()
            .find(|served| served.kind.kind == name && served.kind.api_version() == api_version);
        match other {
            None => Err(not_registered(name, api_version)),
            Some(other) => match decode(
                &self.schema,
                other.schema,
                &Tree::from(value),
                Words::Decoder,
            ) {
                Err(error) => Err(error.0),
                Ok(_) => Err(format!(
                    "unable to decode {}: converting to ({}): unknown conversion",
                    name, kind.kind
                )),
            },
        }
    }
}

pub(super) fn not_registered(kind: &str, api_version: &str) -> String {
    format!("no kind \"{kind}\" is registered for version \"{api_version}\" {SCHEME}")
}

fn unhandled(kind: &str, version: &str, wanted: &str, error: &str) -> String {
    format!("{kind} in version \"{version}\" cannot be handled as a {wanted}: {error}")
}

/// A `Success` about one object.
pub(crate) fn success(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = kind.details(name);
    details["uid"] = json!(uid);
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
