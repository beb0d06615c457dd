//! What was asked of an object beside what it is, pruned to what was asked.

use std::sync::Arc;

use serde_json::Value;
use stayput_expr::Scope;

use super::{Asked, with_object};
use crate::{matching, nearest::by_similarity, served};

/// How many names are told of what is there instead.
const SHOWN: usize = 6;

/// Both as YAML under the object's title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What was asked.
    pub expected: String,
    /// What was seen of it.
    pub seen: String,
}

/// What was asked of an object beside what it is; none of a Secret, and none
/// where a condition alone was asked.
pub(super) fn of(asked: &Asked<'_>, object: &Arc<Value>, scope: &Scope) -> Option<Beside> {
    if served::kind(object) == "Secret" {
        return None;
    }
    let matches = asked.matches?;
    let expected = match matches.as_constant() {
        Some(constant) => constant.clone(),
        None => matches.render(&with_object(scope, object)).ok()?,
    };
    let seen = matching::prune(&expected, object);
    Some(Beside {
        expected: titled(object, &expected)?,
        seen: titled(object, &seen)?,
    })
}

fn titled(object: &Value, fields: &Value) -> Option<String> {
    let yaml = serde_yaml::to_string(fields).ok()?;
    Some(format!("# {}\n{}", served::title(object), yaml.trim_end()))
}

/// What is there where nothing is that was asked for, the most similar first;
/// none where nothing of the kind is there.
pub fn instead(wanted: Option<&str>, others: &[Arc<Value>]) -> Option<String> {
    let names = others.iter().map(|it| served::name(it)).collect();
    let names = by_similarity(wanted, names);
    let (shown, more) = names.split_at(names.len().min(SHOWN));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| format!("there is {}{more}", shown.join(", ")))
}
