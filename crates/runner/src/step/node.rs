//! `node`: faults of nodes, and their end.

use serde_json::{Value, json};
use stayput_events::{Cost, Subject};
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::NodeFault;

use crate::{
    api::PatchBody,
    halt::Halt,
    object::ObjectKey,
    session::{self, Session},
    watch::{Progress, World},
};

/// Brings a fault about, or ends it; the node has to change.
pub(crate) async fn fault(
    session: &mut Session,
    scope: &Scope,
    node: &Template,
    fault: NodeFault,
) -> Result<(), Halt> {
    let node = session.node(&session::text(node, scope)?)?;
    session.watch("v1/Node", None).await?;
    let on = vec![Subject::Object(format!("Node {node}"))];
    match fault {
        NodeFault::Cordon => {
            schedulable(session, node.as_str(), Pods::No).await?;
            session.acted("cordoned", on);
            Ok(())
        }
        NodeFault::Uncordon => {
            schedulable(session, node.as_str(), Pods::Yes).await?;
            session.acted("uncordoned", on);
            Ok(())
        }
        NodeFault::Stop => {
            let from = session.now();
            session.acted("stopped", on);
            session.cluster.stop_node(&node).await?;
            session
                .events
                .spent(session.step, Cost::Kubernetes, from, session.now());
            Ok(())
        }
        NodeFault::Start => {
            let before = heartbeat(session, node.as_str()).await?;
            session.acted("started", on);
            session.cluster.start_node(&node).await?;
            ready_again(session, node.as_str(), before).await
        }
    }
}

/// Whether a node takes new pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pods {
    Yes,
    No,
}

async fn schedulable(session: &mut Session, node: &str, pods: Pods) -> Result<(), Halt> {
    let kind = session.api.kind("v1/Node")?.clone();
    let before = session.api.get(&kind, None, node).await?;
    let was = before.is_some_and(|it| it["spec"]["unschedulable"] == true);
    let now = pods == Pods::No;
    if was == now {
        return Err(Halt::ChangedNothing(format!(
            "node `{node}` is as schedulable as it was"
        )));
    }
    let body = PatchBody::Merge(json!({"spec": {"unschedulable": now.then_some(true)}}));
    let answer = session.api.patch(&kind, None, node, None, body).await?;
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
