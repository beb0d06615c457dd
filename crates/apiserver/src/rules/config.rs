//! Config maps and secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::names;
use crate::access::{default_text, entries, has, object, remove, text, yes};
use crate::issues::Issues;

/// Most bytes of data.
const LIMIT: usize = 1024 * 1024;

fn keys(value: &Value, map: &str, issues: &mut Issues) -> usize {
    let mut size = 0;
    for (key, content) in entries(value, &format!("/{map}")) {
        for error in names::config_key(key) {
            issues.invalid(format!("{map}[{key}]"), &json!(key), &error);
        }
        size += content.as_str().unwrap_or_default().len();
    }
    size
}

pub(crate) fn validate_config_map(value: &Value, issues: &mut Issues) {
    for (key, _) in entries(value, "/data") {
        if value["binaryData"].get(key).is_some() {
            issues.invalid(
                format!("data[{key}]"),
                &json!(key),
                "duplicate of key present in binaryData",
            );
        }
    }
    let size = keys(value, "data", issues) + keys(value, "binaryData", issues) * 3 / 4;
    if size > LIMIT {
        issues.too_long("[]", &format!("may not be more than {LIMIT} bytes"));
    }
}

/// What `immutable` forbids.
fn change_immutable(new: &Value, old: &Value, maps: &[&str], issues: &mut Issues) {
    const DETAIL: &str = "field is immutable when `immutable` is set";
    if !yes(old, "/immutable") {
        return;
    }
    if !yes(new, "/immutable") {
        issues.forbidden("immutable", DETAIL);
    }
    for map in maps {
        if new.get(map) != old.get(map) {
            issues.forbidden(*map, DETAIL);
        }
    }
}

pub(crate) fn change_config_map(new: &Value, old: &Value, issues: &mut Issues) {
    change_immutable(new, old, &["data", "binaryData"], issues);
}

pub(crate) fn default_secret(value: &mut Value) {
    default_text(value, "type", "Opaque");
    let Some(Value::Object(plain)) = remove(value, "stringData") else {
        return;
    };
    let data = object(value, "data");
    for (key, text) in plain {
        data[key] = json!(STANDARD.encode(text.as_str().unwrap_or_default()));
    }
}

pub(crate) fn validate_secret(value: &Value, issues: &mut Issues) {
    let size = keys(value, "data", issues) * 3 / 4;
    if size > LIMIT {
        issues.too_long("data", &format!("may not be more than {LIMIT} bytes"));
    }
    let required: &[&str] = match text(value, "/type") {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    for key in required {
        if value["data"].get(key).is_none() {
            issues.required(format!("data[{key}]"), "");
        }
    }
    let account = "kubernetes.io/service-account.name";
    if text(value, "/type") == "kubernetes.io/service-account-token"
        && value["metadata"]["annotations"].get(account).is_none()
    {
        issues.required(format!("metadata.annotations[{account}]"), "");
    }
    let basic = ["username", "password"];
    if text(value, "/type") == "kubernetes.io/basic-auth"
        && !basic.iter().any(|key| value["data"].get(key).is_some())
    {
        issues.required("data[username]", "");
        issues.required("data[password]", "");
    }
}

pub(crate) fn change_secret(new: &Value, old: &Value, issues: &mut Issues) {
    let mut own = Issues::default();
    if has(old, "/type") && new["type"] != old["type"] {
        own.invalid("type", &new["type"], "field is immutable");
    }
    change_immutable(new, old, &["data"], &mut own);
    issues.put_first(own);
}
