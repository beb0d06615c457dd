//! What the server says of itself: versions, groups, kinds, documents, health.

use serde_json::{Value, json};

use super::Api;
use super::negotiate::{Asked, Form, negotiate};
use super::request::{Answer, Body, Document, Encoding, Request};
use super::route::Route;
use crate::kinds::{Collection, Kind, Sub};
use crate::schema::{document_v2, document_v2_protobuf, document_v3};
use crate::status::Status;
use crate::time;

const CHECKS: [&str; 3] = ["ping", "log", "etcd"];

/// The group without a name, or all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Groups {
    Core,
    Named,
}

impl Api {
    /// Everything that is not an object.
    pub(super) fn describe(&self, request: &Request, route: Route<'_>) -> Result<Answer, Status> {
        match route {
            Route::Root => Ok(Answer::value(200, self.root(), Encoding::Json)),
            Route::Version => Ok(Answer::value(200, self.version(), Encoding::Pretty)),
            Route::Health(which, check) => Ok(health(request, which, check)),
            Route::CoreVersions => self.groups(request, Groups::Core),
            Route::Groups => self.groups(request, Groups::Named),
            Route::Group(group) => self.group(request, group),
            Route::Resources(group, version) => self.resources(request, group, version),
            Route::OpenApiV2 => Ok(self.open_api_v2(request)),
            Route::OpenApiV3(which) => Ok(self.open_api(which.as_deref())),
            Route::Unknown | Route::Objects(_) => Ok(Answer::text(404, "404 page not found\n")),
        }
    }

    fn open_api_v2(&self, request: &Request) -> Answer {
        const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        let version = &self.options.version;
        if !request.accept.contains("proto-openapi") || request.accept.contains("application/json")
        {
            return Answer::value(200, document_v2(&self.catalogue, version), Encoding::Json);
        }
        let mut document = Document::new(
            200,
            Body::Raw(document_v2_protobuf(version).into()),
            Encoding::Json,
        );
        document.content_type = Some(PROTOBUF);
        Answer::Document(document)
    }

    fn open_api(&self, which: Option<&str>) -> Answer {
        let mut answer = match document_v3(&self.catalogue, which, &self.options.version) {
            Some(document) => Answer::value(200, document, Encoding::Json),
            None => Answer::text(404, ""),
        };
        if let Answer::Document(document) = &mut answer {
            match (which, document.code) {
                // The index is JSON that Kubernetes calls text.
                (None, _) => document.content_type = Some("text/plain; charset=utf-8"),
                // And what is not there is nothing, of no type.
                (Some(_), 404) => document.content_type = Some(""),
                (Some(_), _) => {}
            }
        }
        answer
    }

    fn root(&self) -> Value {
        let mut paths = vec![
            "/api".to_owned(),
            "/api/v1".to_owned(),
            "/apis".to_owned(),
            "/apis/".to_owned(),
        ];
        for (group, version) in self
            .catalogue
            .groups()
            .into_iter()
            .filter(|(group, _)| !group.is_empty())
        {
            paths.push(format!("/apis/{group}"));
            paths.push(format!("/apis/{group}/{version}"));
        }
        paths.extend(
            [
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/readyz",
                "/version",
            ]
            .map(str::to_owned),
        );
        paths.sort();
        json!({"paths": paths})
    }

    fn version(&self) -> Value {
        let version = &self.options.version;
        let mut parts = version.split('.');
        let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("0"));
        let before = minor
            .parse::<u32>()
            .unwrap_or_default()
            .saturating_sub(1)
            .to_string();
        json!({
            "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
            "minCompatibilityMajor": major, "minCompatibilityMinor": before,
            "gitVersion": format!("v{version}"), "gitCommit": "stayput", "gitTreeState": "clean",
            "buildDate": time::seconds(self.now), "goVersion": "go1.24", "compiler": "gc", "platform": "linux/amd64",
        })
    }

    fn groups(&self, request: &Request, which: Groups) -> Result<Answer, Status> {
        let media = negotiate(&request.accept, Asked::Discovery)?;
        if let Form::Aggregated(version) = media.form {
            let mut answer = Answer::value(200, self.aggregated(which, version), Encoding::Json);
            if let Answer::Document(document) = &mut answer {
                document.content_type =
                    Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
            }
            return Ok(answer);
        }
        let value = if which == Groups::Core {
            let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.96.0.1:6443"}]);
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})
        } else {
            let named = self
                .catalogue
                .groups()
                .into_iter()
                .filter(|(group, _)| !group.is_empty());
            let groups: Vec<Value> = named
                .map(|(group, version)| group_value(group, version))
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        };
        Ok(Answer::value(200, value, media.encoding))
    }

    fn group(&self, request: &Request, name: &str) -> Result<Answer, Status> {
        let media = negotiate(&request.accept, Asked::Plain)?;
        match self
            .catalogue
            .groups()
            .into_iter()
            .find(|(group, _)| *group == name && !name.is_empty())
        {
            None => Ok(Answer::text(404, "404 page not found\n")),
            Some((group, version)) => {
                let mut value = group_value(group, version);
                value["kind"] = json!("APIGroup");
                value["apiVersion"] = json!("v1");
                Ok(Answer::value(200, value, media.encoding))
            }
        }
    }

    fn kinds(&self, group: &str) -> Vec<&'static Kind> {
        let mut kinds: Vec<&Kind> = self
            .catalogue
            .all()
            .map(|served| served.kind)
            .filter(|kind| kind.group == group)
            .collect();
        kinds.sort_by_key(|kind| kind.plural);
        kinds
    }

    fn resources(&self, request: &Request, group: &str, version: &str) -> Result<Answer, Status> {
        let groups = self.catalogue.groups();
        if !groups.iter().any(|(known, _)| *known == group) {
            return Ok(Answer::text(404, "404 page not found\n"));
        }
        if !groups.contains(&(group, version)) {
            return Err(Status::no_resource());
        }
        let media = negotiate(&request.accept, Asked::Plain)?;
        let resources: Vec<Value> = self
            .kinds(group)
            .into_iter()
            .flat_map(resource_values)
            .collect();
        let group_version = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let mut value = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
        if !group.is_empty() {
            value["apiVersion"] = json!("v1");
        }
        Ok(Answer::value(200, value, media.encoding))
    }

    fn aggregated(&self, which: Groups, version: &str) -> Value {
        let groups = self
            .catalogue
            .groups()
            .into_iter()
            .filter(|(group, _)| group.is_empty() == (which == Groups::Core));
        let items: Vec<Value> = groups
            .map(|(group, served)| {
                let resources: Vec<Value> = self.kinds(group).into_iter().map(aggregated_value).collect();
                let metadata = if which == Groups::Core { json!({}) } else { json!({"name": group}) };
                json!({"metadata": metadata, "versions": [{"version": served, "freshness": "Current", "resources": resources}]})
            })
            .collect();
        let api_version = format!("apidiscovery.k8s.io/{version}");
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items})
    }
}

fn group_value(group: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn verbs(kind: &Kind) -> Value {
    if kind.review.is_some() {
        return json!(["create"]);
    }
    match kind.collection {
        Collection::Deletable => json!([
            "create",
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "update",
            "watch"
        ]),
        Collection::OneByOne => json!([
            "create", "delete", "get", "list", "patch", "update", "watch"
        ]),
    }
}

/// A subresource's group, version, kind and verbs.
fn sub_value(
    kind: &Kind,
    sub: Sub,
) -> (&'static str, &'static str, String, &'static [&'static str]) {
    match sub {
        Sub::Status => ("", "", kind.kind.to_owned(), &["get", "patch", "update"]),
        Sub::Scale => (
            "autoscaling",
            "v1",
            "Scale".to_owned(),
            &["get", "patch", "update"],
        ),
        Sub::Finalize => ("", "", kind.kind.to_owned(), &["update"]),
        Sub::Binding => ("", "", "Binding".to_owned(), &["create"]),
        Sub::Eviction => ("policy", "v1", "Eviction".to_owned(), &["create"]),
        Sub::Token => (
            "authentication.k8s.io",
            "v1",
            "TokenRequest".to_owned(),
            &["create"],
        ),
        Sub::Log => ("", "", kind.kind.to_owned(), &["get"]),
        Sub::Exec => ("", "", "PodExecOptions".to_owned(), &["create", "get"]),
        Sub::Attach => ("", "", "PodAttachOptions".to_owned(), &["create", "get"]),
        Sub::PortForward => (
            "",
            "",
            "PodPortForwardOptions".to_owned(),
            &["create", "get"],
        ),
    }
}

fn optional(value: &mut Value, key: &str, words: &[&str]) {
    if !words.is_empty() {
        value[key] = json!(words);
    }
}

fn resource_values(kind: &'static Kind) -> Vec<Value> {
    let mut own = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced(), "kind": kind.kind,
        "verbs": verbs(kind),
    });
    if kind.review.is_none() {
        own["storageVersionHash"] = json!(kind.hash);
    }
    optional(&mut own, "shortNames", kind.short_names);
    optional(&mut own, "categories", kind.categories);
    let mut values = vec![own];
    for sub in kind.subresources {
        let (group, version, name, verbs) = sub_value(kind, *sub);
        let path = format!("{}/{}", kind.plural, sub.name());
        let mut value = json!({"name": path, "singularName": "", "namespaced": kind.namespaced(), "kind": name, "verbs": verbs});
        if !group.is_empty() {
            value["group"] = json!(group);
            value["version"] = json!(version);
        }
        values.push(value);
    }
    values
}

fn aggregated_value(kind: &'static Kind) -> Value {
    let mut value = json!({
        "resource": kind.plural, "responseKind": {"group": "", "version": "", "kind": kind.kind},
        "scope": if kind.namespaced() { "Namespaced" } else { "Cluster" }, "singularResource": kind.singular, "verbs": verbs(kind),
    });
    optional(&mut value, "shortNames", kind.short_names);
    optional(&mut value, "categories", kind.categories);
    let subs: Vec<Value> = kind
        .subresources
        .iter()
        .map(|sub| {
            let (group, version, name, verbs) = sub_value(kind, *sub);
            json!({"subresource": sub.name(), "responseKind": {"group": group, "version": version, "kind": name}, "verbs": verbs})
        })
        .collect();
    if !subs.is_empty() {
        value["subresources"] = json!(subs);
    }
    value
}

fn health(request: &Request, which: &str, check: Option<&str>) -> Answer {
    match check {
        Some(check) if CHECKS.contains(&check) => Answer::text(200, "ok"),
        Some(_) => Answer::text(404, "404 page not found\n"),
        None if !request.params("verbose").is_empty() => {
            let excluded = request.params("exclude");
            let line = |check: &&str| {
                format!(
                    "[+]{check} {}ok\n",
                    if excluded.contains(check) {
                        "excluded: "
                    } else {
                        ""
                    }
                )
            };
            Answer::text(
                200,
                format!(
                    "{}{which} check passed\n",
                    CHECKS.iter().map(line).collect::<String>()
                ),
            )
        }
        None => Answer::text(200, "ok"),
    }
}
