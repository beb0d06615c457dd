//! One pod's life as a state machine without I/O: what happened goes in, what to do and
//! what to say comes out.
//!
//! Invariants:
//! - No I/O, no clock, no async: [`Machine::on`] is given the time.
//! - Every container that was started is seen to end before the pod's end is reported.
//! - A status is handed out only when it differs from the last one.

mod backoff;
mod command;
mod container;
mod machine;
mod probed;
mod probing;
mod resume;
mod run;
mod status;
mod stopping;
#[cfg(test)]
mod tests;

use k8s_openapi::api::core::v1::Pod;

pub use backoff::Backoff;
pub use command::{Command, EventDraft, Input, Level, PodNews, ProbeOutcome, StartFault};
pub use machine::{Host, Machine};
pub use probing::ProbeKind;
pub(crate) use status::time as status_time;

/// `name_namespace(uid)`, as a kubelet names pods in its texts.
pub(crate) fn full_name(pod: &Pod) -> String {
    let meta = &pod.metadata;
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    format!(
        "{}_{}({})",
        text(&meta.name),
        text(&meta.namespace),
        text(&meta.uid)
    )
}
