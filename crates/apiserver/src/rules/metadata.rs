//! What every object's metadata must be.

use serde_json::Value;

use super::names;
use crate::access::{entries, list, text};
use crate::issues::Issues;
use crate::kinds::{Kind, Names};

/// Most bytes that annotations may take.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Checks the metadata of a new object.
pub(crate) fn validate(kind: &Kind, object: &Value, issues: &mut Issues) {
    let check = |name: &str| match kind.names {
        Names::Subdomain => names::subdomain(name),
        Names::Label => names::label(name),
        Names::ServiceLabel => names::service_label(name),
    };
    let prefix = text(object, "/metadata/generateName");
    if !prefix.is_empty() {
        // A prefix may end in a dash, which a name may not.
        let masked = if prefix.len() > 1 && prefix.ends_with('-') {
            format!("{}a", &prefix[..prefix.len() - 1])
        } else {
            prefix.to_owned()
        };
        for error in check(&masked) {
            issues.invalid("metadata.generateName", &Value::from(prefix), &error);
        }
    }
    match text(object, "/metadata/name") {
        "" => issues.required("metadata.name", "name or generateName is required"),
        name => {
            for error in check(name) {
                issues.invalid("metadata.name", &Value::from(name), &error);
            }
        }
    }
    validate_maps(object, "metadata", issues);
    validate_owners(object, issues);
    for finalizer in list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
    {
        for error in names::qualified(finalizer) {
            issues.invalid("metadata.finalizers", &Value::from(finalizer), &error);
        }
        if !finalizer.contains('/')
            && !matches!(finalizer, "orphan" | "foregroundDeletion" | "kubernetes")
        {
            issues.invalid(
                "metadata.finalizers",
                &Value::from(finalizer),
                "name is neither a standard finalizer name nor is it fully qualified",
            );
        }
    }
}

/// Labels and annotations, of an object or of a template.
pub(crate) fn validate_maps(object: &Value, field: &str, issues: &mut Issues) {
    labels(
        object,
        "/metadata/labels",
        &format!("{field}.labels"),
        issues,
    );
    let mut size = 0;
    for (key, value) in entries(object, "/metadata/annotations") {
        for error in names::qualified(&key.to_lowercase()) {
            issues.invalid(
                format!("{field}.annotations"),
                &Value::from(key.as_str()),
                &error,
            );
        }
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATIONS_LIMIT {
        issues.too_long(
            format!("{field}.annotations"),
            &format!("may not be more than {ANNOTATIONS_LIMIT} bytes"),
        );
    }
}

/// A map of labels.
pub(crate) fn labels(object: &Value, pointer: &str, field: &str, issues: &mut Issues) {
    for (key, value) in entries(object, pointer) {
        for error in names::qualified(key) {
            issues.invalid(field, &Value::from(key.as_str()), &error);
        }
        for error in names::label_value(value.as_str().unwrap_or_default()) {
            issues.invalid(field, value, &error);
        }
    }
}

fn validate_owners(object: &Value, issues: &mut Issues) {
    let owners = list(object, "/metadata/ownerReferences");
    for (index, owner) in owners.iter().enumerate() {
        for key in ["apiVersion", "kind", "name", "uid"] {
            if owner[key].as_str().unwrap_or_default().is_empty() {
                let detail = if key == "apiVersion" {
                    "version must not be empty"
                } else {
                    "must not be empty"
                };
                issues.invalid(
                    format!("metadata.ownerReferences[{index}].{key}"),
                    &Value::from(""),
                    detail,
                );
            }
        }
    }
    if owners
        .iter()
        .filter(|owner| owner["controller"] == true)
        .count()
        > 1
    {
        issues.invalid_text(
            "metadata.ownerReferences",
            &Value::from(owners).to_string(),
            "Only one reference can have Controller set to true",
        );
    }
}
