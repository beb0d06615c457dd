//! `node: {taint}` and its end.

use std::fmt;

use serde_json::{Map, Value, json};
use stayput_cluster::NodeName;
use stayput_judge::taint::in_words;
use stayput_scenario::plan::TaintEffect;

use crate::{api::PatchBody, error::RunError, faults::Hurt, halt::Halt, object, session::Session};

/// A taint, with all its expressions rendered.
pub(crate) struct Taint {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) effect: TaintEffect,
}

/// As kubectl writes it: `key=value:Effect`.
impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(&self.as_json()))
    }
}

impl Taint {
    fn as_json(&self) -> Value {
        let mut taint = Map::new();
        taint.insert("key".to_owned(), json!(self.key));
        if let Some(value) = &self.value {
            taint.insert("value".to_owned(), json!(value));
        }
        taint.insert("effect".to_owned(), json!(self.effect.as_str()));
        Value::Object(taint)
    }
}

/// Adds a taint; one of the same key and effect takes its new value.
pub(crate) async fn add(session: &mut Session, node: &NodeName, taint: &Taint) -> Result<(), Halt> {
    let wanted = taint.as_json();
    let with = |taints: &[Value]| {
        if taints.iter().any(|it| without_time(it) == wanted) {
            return None;
        }
        let others = taints
            .iter()
            .filter(|it| !is(it, &taint.key, Some(taint.effect)));
        Some(others.cloned().chain([wanted.clone()]).collect())
    };
    if rewrite(session, node, with).await? == Written::No {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` has this taint already: {taint}"
        )));
    }
    session.faults.begun(
        node,
        Hurt::Tainted {
            key: taint.key.clone(),
            effect: taint.effect,
        },
    );
    Ok(())
}

/// Takes taints of a key away; there has to be one.
pub(crate) async fn remove(
    session: &mut Session,
    node: &NodeName,
    key: &str,
    effect: Option<TaintEffect>,
) -> Result<(), Halt> {
    let without = |taints: &[Value]| {
        let left: Vec<_> = taints.iter().filter(|it| !is(it, key, effect)).collect();
        (left.len() < taints.len()).then(|| left.into_iter().cloned().collect())
    };
    if rewrite(session, node, without).await? == Written::No {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` has no such taint: {key}{}",
            effect.map_or(String::new(), |it| format!(":{}", it.as_str()))
        )));
    }
    session.faults.untainted(node, key, effect);
    Ok(())
}

/// Whether there was anything to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// Writes all taints of a node. Kubernetes replaces the list as a whole, and a
/// controller may write it, too: what was read has to be what is replaced.
async fn rewrite(
    session: &mut Session,
    node: &NodeName,
    change: impl Fn(&[Value]) -> Option<Vec<Value>>,
) -> Result<Written, Halt> {
    let kind = session.api.kind("v1/Node")?.clone();
    let deadline = session.deadline();
    loop {
        let present = session.api.get(&kind, None, node.as_str()).await?;
        let Some(present) = present else {
            return Err(Halt::failed(format!("node `{node}` has no Node object")));
        };
        let taints = present["spec"]["taints"].as_array();
        let Some(taints) = change(taints.map_or(&[][..], Vec::as_slice)) else {
            return Ok(Written::No);
        };
        let version = object::version(&present).to_string();
        let body = PatchBody::Merge(json!({
            "metadata": {"resourceVersion": version},
            "spec": {"taints": taints},
        }));
        let answer = session.api.patch(&kind, None, node.as_str(), None, body);
        match answer.await {
            Ok(answer) => {
                session.wrote(answer).await?;
                return Ok(Written::Yes);
            }
            Err(error) if is_conflict(&error) && session.now() < deadline => {}
            Err(error) => return Err(Halt::from(error)),
        }
    }
}

fn is_conflict(error: &RunError) -> bool {
    matches!(error, RunError::Api { source, .. }
        if matches!(&**source, kube::Error::Api(status) if status.code == 409))
}

fn is(taint: &Value, key: &str, effect: Option<TaintEffect>) -> bool {
    taint["key"] == key && effect.is_none_or(|effect| taint["effect"] == effect.as_str())
}

/// A taint as it was asked for: the API notes when some were added.
fn without_time(taint: &Value) -> Value {
    let mut taint = taint.clone();
    if let Value::Object(fields) = &mut taint {
        fields.remove("timeAdded");
    }
    taint
}
