//! Names and texts as they would be on any cluster.
//!
//! Invariants:
//! - A name is replaced where it stands alone, never inside a longer name:
//!   `kind-worker` is not a part of `kind-worker2`.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use serde_json::Value;

use crate::served;

/// What stands in a snapshot for each name that differs between clusters.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Node names, and all that the objects' own hashes are part of.
    pub(super) fn of(objects: &[Arc<Value>], nodes: &BTreeMap<String, String>) -> Self {
        let mut names = nodes.clone();
        for object in objects {
            let name = served::name(object);
            let stable = stable_name(object);
            if stable != name && !names.contains_key(name) {
                names.insert(name.to_owned(), stable);
            }
        }
        Self(names)
    }

    /// The text with every name, uid, address and time replaced.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(|c| !is_wordly(c)).unwrap_or(rest.len());
            let (token, after) = rest.split_at(word);
            self.push_token(token, &mut out);
            let gap = after.find(is_wordly).unwrap_or(after.len());
            let (between, next) = after.split_at(gap);
            out.push_str(between);
            rest = next;
        }
        out
    }

    fn push_token(&self, token: &str, out: &mut String) {
        // A full stop or colon that ends a sentence is no part of a name.
        let bare = token.trim_end_matches(['.', ':', '-']);
        let tail = &token[bare.len()..];
        if let Some(class) = class_of(bare) {
            out.push_str(class);
        } else {
            let parts: Vec<&str> = bare.split(':').map(|part| self.stable(part)).collect();
            out.push_str(&parts.join(":"));
        }
        out.push_str(tail);
    }

    fn stable<'a>(&'a self, part: &'a str) -> &'a str {
        match class_of(part) {
            Some(class) => class,
            None => self.0.get(part).map_or(part, String::as_str),
        }
    }
}

fn is_wordly(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '_')
}

/// What a token is, where only that is the same on every cluster.
fn class_of(token: &str) -> Option<&'static str> {
    if token.parse::<IpAddr>().is_ok() && token.contains(['.', ':']) && token.len() > 3 {
        Some("<address>")
    } else if is_uid(token) {
        Some("<uid>")
    } else if is_time(token) {
        Some("<time>")
    } else {
        None
    }
}

fn is_uid(token: &str) -> bool {
    let lengths = token.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && token.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// As `2026-11-24T04:38:46Z`.
fn is_time(token: &str) -> bool {
    let pattern = "0000-00-00T00:00:00";
    let like = |(seen, pattern): (char, char)| match pattern {
        '0' => seen.is_ascii_digit(),
        other => seen == other,
    };
    token.len() > pattern.len() && token.chars().zip(pattern.chars()).all(like)
}

/// An object's name without its hashes and its random suffix.
fn stable_name(object: &Value) -> String {
    let name = served::name(object);
    let (mut stem, mut suffix) = (name.to_owned(), "");
    let ordinal = served::label(object, "apps.kubernetes.io/pod-index").is_some();
    if let Some(prefix) = served::text(object, "/metadata/generateName")
        && name.starts_with(prefix)
        && !ordinal
    {
        prefix.trim_end_matches('-').clone_into(&mut stem);
        suffix = "-<random>";
    }
    for label in ["controller.kubernetes.io/hash", "pod-template-hash"] {
        let hashed = served::label(object, label)
            .and_then(|hash| stem.strip_suffix(hash)?.strip_suffix('-'));
        if let Some(short) = hashed {
            stem = format!("{short}-<hash>");
        }
    }
    format!("{stem}{suffix}")
}
