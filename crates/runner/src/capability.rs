//! What a plan needs of a cluster besides the API.

use stayput_cluster::{Capabilities, NodeCommands, NodeFaults};
use stayput_scenario::plan::{Action, Expected, Need, NodeFault, Plan, Saved, Step};

/// What a cluster cannot do and the plan cannot do without: one line a step.
pub fn missing(plan: &Plan, capabilities: Capabilities) -> Vec<String> {
    let required = plan.steps.iter().filter(|step| step.need == Need::Required);
    required
        .filter_map(|step| {
            let why = impossible(step, capabilities)?;
            Some(format!(
                "{}:{}: step `{}` {why}",
                step.place.file, step.place.line, step.name
            ))
        })
        .collect()
}

/// Why a step cannot be done; none where it can.
pub(crate) fn impossible(step: &Step, capabilities: Capabilities) -> Option<String> {
    let lacks_commands = capabilities.node_commands == NodeCommands::Unsupported;
    let lacks_faults = capabilities.node_faults == NodeFaults::Unsupported;
    if lacks_commands && any(step, &looks_at_disks) {
        return Some("works on the nodes' disks".to_owned());
    }
    if lacks_faults && any(step, &stops_nodes) {
        return Some("stops, starts or deletes nodes".to_owned());
    }
    None
}

/// Whether a step does something, itself or by steps at once.
fn any(step: &Step, does: &dyn Fn(&Action) -> bool) -> bool {
    step.body.iter().any(|action| match action {
        Action::Parallel(steps) => steps.iter().any(|step| any(step, does)),
        action => does(action),
    })
}

fn looks_at_disks(action: &Action) -> bool {
    match action {
        Action::Host { .. }
        | Action::Expect {
            what: Expected::Files { .. },
            ..
        }
        | Action::Save {
            what: Saved::Digest { .. },
            ..
        } => true,
        Action::Apply(_)
        | Action::Create(_)
        | Action::Patch { .. }
        | Action::Delete { .. }
        | Action::Scale { .. }
        | Action::Restart { .. }
        | Action::Exec(_)
        | Action::Script(_)
        | Action::Log(_)
        | Action::Parallel(_)
        | Action::Node { .. }
        | Action::Redis(_)
        | Action::Expect { .. }
        | Action::Snapshot(_)
        | Action::Save { .. } => false,
    }
}

fn stops_nodes(action: &Action) -> bool {
    matches!(
        action,
        Action::Node {
            fault: NodeFault::Stop | NodeFault::Start | NodeFault::Delete,
            ..
        }
    )
}
