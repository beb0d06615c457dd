//! Errors as clients see them: the API's `Status`.
//!
//! Invariant: message, reason and code are word for word those of Kubernetes.

use serde_json::{Value, json};

use crate::issues::{Issues, go_quote};
use crate::kinds::Kind;
use crate::rights::Ask;

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    /// The HTTP code.
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
    /// Seconds to wait, sent as a header too.
    pub(crate) retry_after: Option<u32>,
}

impl Status {
    fn new(
        code: u16,
        reason: &'static str,
        message: impl Into<String>,
        details: Option<Value>,
    ) -> Status {
        Status {
            code,
            reason,
            message: message.into(),
            details,
            retry_after: None,
        }
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            body["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }

    /// What it says.
    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The client's mistake.
    pub(crate) fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message, None)
    }

    /// No credentials, or wrong ones.
    pub(crate) fn unauthorized() -> Status {
        Status::new(401, "Unauthorized", "Unauthorized", None)
    }

    /// No such path.
    pub(crate) fn no_resource() -> Status {
        Status::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
            Some(json!({})),
        )
    }

    /// No such verb on this path.
    pub(crate) fn method_not_allowed() -> Status {
        Status::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
            Some(json!({})),
        )
    }

    /// No such object.
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Status {
        Status::new(
            404,
            "NotFound",
            format!("{} {} not found", kind.resource(), go_quote(name)),
            Some(kind.details(name)),
        )
    }

    /// The name is taken.
    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" already exists", kind.resource());
        Status::new(409, "AlreadyExists", message, Some(kind.details(name)))
    }

    /// Somebody else was faster, or something else is expected.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Status {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.resource()
        );
        Status::new(409, "Conflict", message, Some(kind.details(name)))
    }

    /// The same about a part of an object.
    pub(crate) fn conflict_in(kind: &Kind, part: &str, name: &str, why: &str) -> Status {
        let resource = format!("{}/{part}", kind.plural);
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Status::new(
            409,
            "Conflict",
            message,
            Some(json!({"kind": resource, "name": name})),
        )
    }

    /// A scale is not valid.
    pub(crate) fn invalid_scale(name: &str, issues: &Issues) -> Status {
        Status::invalid_named("Scale.autoscaling", "autoscaling", "Scale", name, issues)
    }

    /// Somebody else was faster.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Status {
        Status::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// Fields that others own.
    pub(crate) fn apply_conflict(message: String, causes: &[Value]) -> Status {
        Status::new(409, "Conflict", message, Some(json!({"causes": causes})))
    }

    /// The user may not do that.
    pub(crate) fn denied(ask: &Ask<'_>, why: &str) -> Status {
        let mut details = json!({});
        let subject = match ask {
            Ask::Path { .. } => String::new(),
            Ask::Resource(asked) => {
                for (key, value) in [
                    ("group", asked.group),
                    ("kind", asked.plural),
                    ("name", asked.name),
                ] {
                    if !value.is_empty() {
                        details[key] = json!(value);
                    }
                }
                let dot = if asked.group.is_empty() { "" } else { "." };
                let resource = format!("{}{dot}{}", asked.plural, asked.group);
                if asked.name.is_empty() {
                    format!("{resource} is ")
                } else {
                    format!("{resource} {} is ", go_quote(asked.name))
                }
            }
        };
        let message = format!("{subject}forbidden: {why}");
        Status::new(403, "Forbidden", message, Some(details))
    }

    /// A review is not valid; Kubernetes leaves out what it is called.
    pub(crate) fn invalid_review(kind: &Kind, issues: &Issues) -> Status {
        let qualified = format!(".{}", kind.group);
        Status::invalid_named(&qualified, kind.group, "", "", issues)
    }

    /// Admission says no.
    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Status {
        let subject = if name.is_empty() {
            kind.resource()
        } else {
            format!("{} \"{name}\"", kind.resource())
        };
        Status::new(
            403,
            "Forbidden",
            format!("{subject} is forbidden: {why}"),
            Some(kind.details(name)),
        )
    }

    /// Admission says no, with a cause.
    pub(crate) fn forbidden_because(kind: &Kind, name: &str, why: &str, cause: &Value) -> Status {
        let mut status = Status::forbidden(kind, name, why);
        if let Some(details) = &mut status.details {
            details["causes"] = json!([cause]);
        }
        status
    }

    /// The object is not valid.
    pub(crate) fn invalid(kind: &Kind, name: &str, issues: &Issues) -> Status {
        Status::invalid_named(&kind.qualified(), kind.group, kind.kind, name, issues)
    }

    /// The options of a request are not valid.
    pub(crate) fn invalid_options(kind: &str, issues: &Issues) -> Status {
        Status::invalid_named(
            &format!("{kind}.meta.k8s.io"),
            "meta.k8s.io",
            kind,
            "",
            issues,
        )
    }

    /// A token may not be asked for like that.
    pub(crate) fn invalid_token(issues: &Issues) -> Status {
        const GROUP: &str = "authentication.k8s.io";
        let qualified = format!("TokenRequest.{GROUP}");
        Status::invalid_named(&qualified, GROUP, "TokenRequest", "", issues)
    }

    fn invalid_named(
        qualified: &str,
        group: &str,
        kind: &str,
        name: &str,
        issues: &Issues,
    ) -> Status {
        let mut details = json!({"causes": issues.causes()});
        for (key, value) in [("kind", kind), ("group", group), ("name", name)] {
            if !value.is_empty() {
                details[key] = json!(value);
            }
        }
        let message = format!("{qualified} \"{name}\" is invalid: {}", issues.text());
        Status::new(422, "Invalid", message, Some(details))
    }

    /// The patched object cannot be read.
    pub(crate) fn invalid_patch(value: &str, error: &str) -> Status {
        let mut issues = Issues::default();
        issues.invalid_text("patch", &crate::issues::go_quote(value), error);
        Status::invalid_named("", "", "", "", &issues)
    }

    /// The patch cannot be carried out.
    pub(crate) fn patch_rejected() -> Status {
        Status::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
            Some(json!({})),
        )
    }

    /// Nothing the client accepts can be had.
    pub(crate) fn not_acceptable(media: &str, how: NotAcceptable) -> Status {
        match how {
            NotAcceptable::Negotiation => {
                let message = format!("406: Not Acceptable\n\nAvailable representations: {media}");
                Status::new(406, "NotAcceptable", message, Some(json!({})))
            }
            NotAcceptable::Transform => Status::new(
                406,
                "NotAcceptable",
                format!("only the following media types are accepted: {media}"),
                None,
            ),
        }
    }

    /// A patch of no known kind.
    pub(crate) fn unsupported_patch() -> Status {
        Status::new(
            415,
            "UnsupportedMediaType",
            "415: Unsupported Media Type",
            Some(json!({})),
        )
    }

    /// A body of no known kind.
    pub(crate) fn unsupported_body() -> Status {
        let message = "the body of the request was in an unknown format - accepted media types include: application/json, \
                       application/yaml, application/vnd.kubernetes.protobuf";
        Status::new(415, "UnsupportedMediaType", message, None)
    }

    /// A body that is too large.
    pub(crate) fn too_large(limit: usize) -> Status {
        Status::too_large_for(&format!("limit is {limit}"))
    }

    /// The same for another bound.
    pub(crate) fn too_large_for(bound: &str) -> Status {
        let message = format!("Request entity too large: {bound}");
        Status::new(413, "RequestEntityTooLarge", message, Some(json!({})))
    }

    /// The client was too slow.
    pub(crate) fn timeout() -> Status {
        Status::new(
            408,
            "Timeout",
            "the request did not arrive in time",
            Some(json!({})),
        )
    }

    /// The history does not reach back that far.
    pub(crate) fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message, None)
    }

    /// The future is not known.
    pub(crate) fn too_large_revision(asked: u64, current: u64) -> Status {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause =
            json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        let mut status = Status::new(
            504,
            "Timeout",
            message,
            Some(json!({"causes": [cause], "retryAfterSeconds": 1})),
        );
        status.retry_after = Some(1);
        status
    }

    /// There is too much to do.
    pub(crate) fn busy() -> Status {
        let message = "Too many requests, please try again later.";
        let mut status = Status::new(
            429,
            "TooManyRequests",
            message,
            Some(json!({"retryAfterSeconds": 1})),
        );
        status.retry_after = Some(1);
        status
    }

    /// A budget does not allow it now.
    pub(crate) fn too_many_requests(message: &str, cause: &Value) -> Status {
        Status::new(
            429,
            "TooManyRequests",
            message,
            Some(json!({"causes": [cause]})),
        )
    }

    /// Something that Kubernetes reports as its own fault.
    pub(crate) fn internal(message: impl Into<String>) -> Status {
        Status::new(500, "", message, None)
    }

    /// A node that cannot be reached.
    pub(crate) fn unreachable(message: impl Into<String>) -> Status {
        let message = message.into();
        let cause = json!({"message": message});
        let text = format!("Internal error occurred: {message}");
        Status::new(500, "InternalError", text, Some(json!({"causes": [cause]})))
    }

    /// The server is going away.
    pub(crate) fn shutting_down() -> Status {
        Status::new(
            503,
            "ServiceUnavailable",
            "the server is shutting down",
            None,
        )
    }
}

/// Which of two texts Kubernetes uses when nothing is acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAcceptable {
    /// No media type fits.
    Negotiation,
    /// The type fits, its parameters do not.
    Transform,
}
