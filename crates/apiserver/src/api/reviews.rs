//! Reviews: who am I, what may I do, what may others. They are answered and never stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Api;
use super::create::place;
use super::dispatch::Target;
use super::negotiate::Asked;
use super::options::{Write, write_options};
use super::request::{Answer, Request};
use crate::access::{find, has, list, text};
use crate::issues::{Issues, go_quote};
use crate::kinds::Review;
use crate::rights::{Ask, Resource, User, decide, rules};
use crate::schema::normalize;
use crate::status::Status;
use crate::store::Object;
use crate::time;

/// Whom a token is for, unless it says something else.
const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";

impl Api {
    /// Answers a review.
    pub(super) fn review(
        &mut self,
        request: &Request,
        target: Target<'_>,
        review: Review,
    ) -> Result<Answer, Status> {
        let options = write_options(request, Write::Create)?;
        let view = self.view(request, Asked::Objects)?;
        let sent = self.read_body(request, target.served, options.validation)?;
        let mut value = sent.value;
        place(target, &mut value)?;
        let mut answered = match review {
            Review::Myself => json!({
                "metadata": {"creationTimestamp": time::seconds(self.now)},
                "status": {"userInfo": request.user.info()},
            }),
            Review::MyRules if text(&value, "/spec/namespace").is_empty() => {
                return Err(Status::bad_request("no namespace on request"));
            }
            Review::MyRules => json!({"status": my_rules(&request.user)}),
            Review::Token => {
                self.record_creation(target, &mut value, &options.manager);
                value["status"] = token(request, &value)?;
                value
            }
            Review::MyAccess | Review::Access | Review::LocalAccess => {
                let mut issues = Issues::default();
                validate(&value, review, &mut issues);
                if !issues.is_empty() {
                    return Err(Status::invalid_review(target.served.kind, &issues));
                }
                self.record_creation(target, &mut value, &options.manager);
                value["status"] = access(request, &value, review);
                value
            }
        };
        normalize(&self.schema, target.served.schema, &mut answered);
        let object = Arc::new(Object::unstored(answered));
        let mut document = view.one(target.served.kind, 201, object, self.now);
        document.warnings = sent.warnings;
        Ok(Answer::Document(document))
    }
}

fn my_rules(user: &User) -> Value {
    let (resources, paths): (Vec<_>, Vec<_>) = rules(user).partition(|rule| rule.paths.is_empty());
    let resources: Vec<Value> = resources
        .iter()
        .map(|rule| json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources}))
        .collect();
    let paths: Vec<Value> = paths
        .iter()
        .map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}))
        .collect();
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

/// Whose a token is: there is one that is good, and only where a token is asked for.
fn token(request: &Request, review: &Value) -> Result<Value, Status> {
    let asked = text(review, "/spec/token");
    if asked.is_empty() {
        return Err(Status::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let audiences = list(review, "/spec/audiences");
    let meant = audiences.is_empty() || audiences.iter().any(|one| one == AUDIENCE);
    if meant && request.token.as_deref() == Some(asked) {
        let user = User::administrator().info();
        return Ok(json!({"authenticated": true, "user": user, "audiences": [AUDIENCE]}));
    }
    Ok(json!({"user": {}, "error": "invalid bearer token"}))
}

fn access(request: &Request, review: &Value, which: Review) -> Value {
    let spec = &review["spec"];
    let other = (which != Review::MyAccess).then(|| somebody(spec));
    let user = other.as_ref().unwrap_or(&request.user);
    match decide(user, &asked(spec)) {
        None => json!({"allowed": false}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    }
}

/// What a review asks about.
fn asked(spec: &Value) -> Ask<'_> {
    match find(spec, "/resourceAttributes") {
        Some(wanted) if !wanted.is_null() => Ask::Resource(Resource {
            verb: text(wanted, "/verb"),
            group: text(wanted, "/group"),
            plural: text(wanted, "/resource"),
            subresource: text(wanted, "/subresource"),
            namespace: text(wanted, "/namespace"),
            name: text(wanted, "/name"),
        }),
        _ => Ask::Path {
            verb: text(spec, "/nonResourceAttributes/verb"),
            path: text(spec, "/nonResourceAttributes/path"),
        },
    }
}

/// About whom a review asks; nothing is added to what it says.
fn somebody(spec: &Value) -> User {
    let texts = |value: &[Value]| -> Vec<String> {
        let texts = value.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    User {
        name: text(spec, "/user").to_owned(),
        uid: text(spec, "/uid").to_owned(),
        groups: texts(list(spec, "/groups")),
        extra: BTreeMap::new(),
    }
}

fn validate(review: &Value, which: Review, issues: &mut Issues) {
    let spec = &review["spec"];
    let path = find(spec, "/nonResourceAttributes").filter(|it| !it.is_null());
    match (path, has(spec, "/resourceAttributes")) {
        (Some(path), true) => issues.invalid_text(
            "spec.nonResourceAttributes",
            &shown(path),
            "cannot be specified in combination with resourceAttributes",
        ),
        (None, false) => issues.invalid_text(
            "spec.resourceAttributes",
            "null",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        (Some(_), false) | (None, true) => {}
    }
    let nobody = text(spec, "/user").is_empty() && list(spec, "/groups").is_empty();
    if which != Review::MyAccess && nobody {
        let why = "at least one of user or group must be specified";
        issues.invalid("spec.user", &json!(""), why);
    }
    for selector in ["fieldSelector", "labelSelector"] {
        validate_selector(spec, selector, issues);
    }
    validate_metadata(review, which, issues);
    if which == Review::LocalAccess {
        validate_place(review, issues);
    }
}

/// The attributes of a path as the real server prints its own struct.
fn shown(path: &Value) -> String {
    let part = |pointer| go_quote(text(path, pointer));
    format!("{{\"Path\":{},\"Verb\":{}}}", part("/path"), part("/verb"))
}

fn validate_selector(spec: &Value, which: &str, issues: &mut Issues) {
    let Some(selector) = find(spec, &format!("/resourceAttributes/{which}")) else {
        return;
    };
    if selector.is_null() {
        return;
    }
    let field = format!("spec.resourceAttributes.{which}");
    let raw = text(selector, "/rawSelector");
    match (raw.is_empty(), list(selector, "/requirements").is_empty()) {
        (false, false) => issues.invalid(
            format!("{field}.rawSelector"),
            &json!(raw),
            "may not specified at the same time as requirements",
        ),
        (true, true) => issues.required(
            format!("{field}.requirements"),
            &format!("when {field} is specified, requirements or rawSelector is required"),
        ),
        (true, false) | (false, true) => {}
    }
}

fn validate_metadata(review: &Value, which: Review, issues: &mut Issues) {
    let mut metadata = review["metadata"].as_object().cloned().unwrap_or_default();
    metadata.retain(|key, value| key != "managedFields" && !value.is_null());
    let why = if which == Review::LocalAccess {
        metadata.remove("namespace");
        "must be empty except for namespace"
    } else {
        "must be empty"
    };
    if !metadata.is_empty() {
        issues.invalid("metadata", &Value::Object(metadata), why);
    }
}

fn validate_place(review: &Value, issues: &mut Issues) {
    let spec = &review["spec"];
    let wanted = text(spec, "/resourceAttributes/namespace");
    if has(spec, "/resourceAttributes") && wanted != text(review, "/metadata/namespace") {
        let field = "spec.resourceAttributes.namespace";
        issues.invalid(field, &json!(wanted), "must match metadata.namespace");
    }
    if let Some(path) = find(spec, "/nonResourceAttributes").filter(|it| !it.is_null()) {
        let field = "spec.nonResourceAttributes";
        issues.invalid_text(field, &shown(path), "disallowed on this kind of request");
    }
}
