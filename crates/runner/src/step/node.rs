//! `node`: faults of nodes, and their end.

use serde_json::{Value, json};
use stayput_cluster::NodeName;
use stayput_events::{Cost, Subject};
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::NodeFault;

use super::{drain, taint};
use crate::{
    api::{Grace, PatchBody},
    faults::Hurt,
    halt::Halt,
    object::{self, ObjectKey},
    session::{self, Session},
    watch::{Progress, World},
};

/// Brings a fault about, or ends it; the node has to change.
pub(crate) async fn fault(
    session: &mut Session,
    scope: &Scope,
    node: &Template,
    fault: &NodeFault,
) -> Result<(), Halt> {
    let node = session.node(&session::text(node, scope)?)?;
    session.watch("v1/Node", None).await?;
    match fault {
        NodeFault::Cordon => cordon(session, &node).await,
        NodeFault::Uncordon => uncordon(session, &node).await,
        NodeFault::Drain => {
            if !unschedulable(session, &node).await? {
                cordon(session, &node).await?;
            }
            acted(session, "draining", &node);
            drain::drain(session, node.as_str()).await
        }
        NodeFault::Taint { key, value, effect } => {
            let taint = taint::Taint {
                key: session::text(key, scope)?,
                value: value
                    .as_ref()
                    .map(|it| session::text(it, scope))
                    .transpose()?,
                effect: *effect,
            };
            taint::add(session, &node, &taint).await?;
            acted(session, &format!("tainted {taint}"), &node);
            Ok(())
        }
        NodeFault::Untaint { key, effect } => {
            let key = session::text(key, scope)?;
            taint::remove(session, &node, &key, *effect).await?;
            acted(session, &format!("untainted {key}"), &node);
            Ok(())
        }
        NodeFault::Stop => stop(session, &node).await,
        NodeFault::Start => start(session, &node).await,
        NodeFault::Delete => delete(session, &node).await,
    }
}

/// Tells what was done to a node.
fn acted(session: &Session, what: &str, node: &NodeName) {
    let on = vec![Subject::Object(format!("Node {node}"))];
    session.acted(what, on);
}

/// Keeps new pods away.
async fn cordon(session: &mut Session, node: &NodeName) -> Result<(), Halt> {
    schedulable(session, node, Pods::No).await?;
    session.faults.begun(node, Hurt::Cordoned);
    acted(session, "cordoned", node);
    Ok(())
}

/// Takes new pods again.
pub(crate) async fn uncordon(session: &mut Session, node: &NodeName) -> Result<(), Halt> {
    schedulable(session, node, Pods::Yes).await?;
    session.faults.ended(node, &Hurt::Cordoned);
    acted(session, "uncordoned", node);
    Ok(())
}

async fn stop(session: &mut Session, node: &NodeName) -> Result<(), Halt> {
    let from = session.now();
    // What is stopped half-way has to be started again, too.
    session.faults.begun(node, Hurt::Stopped);
    acted(session, "stopped", node);
    session.cluster.stop_node(node).await?;
    session
        .events
        .spent(session.step, Cost::Kubernetes, from, session.now());
    Ok(())
}

/// Switches the machine on; a node whose object is gone registers anew.
pub(crate) async fn start(session: &mut Session, node: &NodeName) -> Result<(), Halt> {
    let before = heartbeat(session, node.as_str()).await?;
    acted(session, "started", node);
    session.cluster.start_node(node).await?;
    ready_again(session, node.as_str(), before).await?;
    session.faults.ended(node, &Hurt::Stopped);
    session.faults.ended(node, &Hurt::Deleted);
    Ok(())
}

/// Deletes the Node object: the machine runs on, and nobody knows it.
async fn delete(session: &mut Session, node: &NodeName) -> Result<(), Halt> {
    let kind = session.api.kind("v1/Node")?.clone();
    let Some(present) = session.api.get(&kind, None, node.as_str()).await? else {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` has no Node object"
        )));
    };
    let key = ObjectKey::new("Node", None, node.as_str());
    let uid = object::uid(&present).to_owned();
    session.faults.begun(node, Hurt::Deleted);
    acted(session, "deleted", node);
    session
        .api
        .delete(&kind, &key, Some(&uid), Grace::Own)
        .await?;
    session
        .wait_gone(&format!("{key} gone"), vec![(key, uid)])
        .await
}

/// Whether a node takes new pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pods {
    Yes,
    No,
}

async fn unschedulable(session: &Session, node: &NodeName) -> Result<bool, Halt> {
    let kind = session.api.kind("v1/Node")?;
    let present = session.api.get(kind, None, node.as_str()).await?;
    Ok(present.is_some_and(|it| it["spec"]["unschedulable"] == true))
}

async fn schedulable(session: &mut Session, node: &NodeName, pods: Pods) -> Result<(), Halt> {
    let now = pods == Pods::No;
    if unschedulable(session, node).await? == now {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` is as schedulable as it was"
        )));
    }
    let kind = session.api.kind("v1/Node")?.clone();
    let body = PatchBody::Merge(json!({"spec": {"unschedulable": now.then_some(true)}}));
    let answer = session
        .api
        .patch(&kind, None, node.as_str(), None, body)
        .await?;
    session.wrote(answer).await?;
    Ok(())
}

/// The Ready condition of a node.
fn ready(node: &Value) -> Option<&Value> {
    let conditions = node["status"]["conditions"].as_array()?;
    conditions.iter().find(|it| it["type"] == "Ready")
}

async fn heartbeat(session: &Session, node: &str) -> Result<Value, Halt> {
    let key = ObjectKey::new("Node", None, node);
    let read = move |world: &World| {
        let ready = world.get(&key).and_then(|node| ready(node));
        ready.map_or(Value::Null, |it| it["lastHeartbeatTime"].clone())
    };
    Ok(session.watches.read(read).await?)
}

/// Waits until the kubelet itself says Ready: before it does, the API goes on
/// saying what the kubelet said last.
async fn ready_again(session: &Session, node: &str, before: Value) -> Result<(), Halt> {
    let key = ObjectKey::new("Node", None, node);
    let what = format!("node `{node}` Ready");
    let condition = move |world: &World, _| {
        let ready = world.get(&key).and_then(|node| ready(node));
        let seen = match ready {
            Some(it) if it["lastHeartbeatTime"] == before => "nothing from its kubelet".to_owned(),
            Some(it) if it["status"] == "True" => return Progress::Done(Ok(())),
            Some(it) => format!("Ready is {}", it["status"]),
            None => "no such node".to_owned(),
        };
        Progress::Wait { seen, wake: None }
    };
    session.wait(&what, Cost::Kubernetes, condition).await
}
