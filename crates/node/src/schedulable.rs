//! Says when the node was cordoned or uncordoned.
//!
//! A kubelet looks every ten seconds and so overlooks what does not last; here it has to
//! last half as long.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use tokio::time::{Instant, sleep_until};

use crate::boot::Shared;
use crate::recorder::Recorder;

const LASTS: Duration = Duration::from_secs(5);

pub(crate) async fn watch(shared: Arc<Shared>, recorder: Recorder) {
    let name = shared.config.name.clone();
    let fields = format!("metadata.name={name}");
    let config = watcher::Config::default().fields(&fields);
    let nodes = watcher::watcher(Api::<Node>::all(shared.client.clone()), config).default_backoff();
    let mut nodes = nodes.boxed();
    // What was said last, and what is to be said if it lasts.
    let mut said: Option<bool> = None;
    let mut change: Option<(bool, Instant)> = None;
    loop {
        let due = change.map_or_else(|| Instant::now() + Duration::from_hours(1), |(_, due)| due);
        tokio::select! {
            event = nodes.next() => match event {
                Some(Ok(Event::Apply(node) | Event::InitApply(node))) => {
                    let cordoned = node.spec.and_then(|spec| spec.unschedulable) == Some(true);
                    change = match said {
                        None => { said = Some(cordoned); None }
                        Some(said) if said == cordoned => None,
                        Some(_) => change.or(Some((cordoned, Instant::now() + LASTS))),
                    };
                }
                Some(_) => {}
                None => return,
            },
            () = sleep_until(due) => if let Some((cordoned, _)) = change.take() {
                said = Some(cordoned);
                let reason = if cordoned { "NodeNotSchedulable" } else { "NodeSchedulable" };
                recorder.about_node(&name, reason, format!("Node {name} status is now: {reason}"));
            },
        }
    }
}
