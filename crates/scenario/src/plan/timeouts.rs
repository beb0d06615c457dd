//! How long conditions may take, by verb.

use std::time::Duration;

use super::{Action, Saved};

/// How long conditions may take, by verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// `apply`, `create` and `patch`.
    pub apply: Duration,
    /// `delete`.
    pub delete: Duration,
    /// `scale`.
    pub scale: Duration,
    /// `restart`.
    pub restart: Duration,
    /// `exec`, and saving its outcome.
    pub exec: Duration,
    /// `script`, and saving its outcome.
    pub script: Duration,
    /// `host`.
    pub host: Duration,
    /// `node`.
    pub node: Duration,
    /// `redis`.
    pub redis: Duration,
    /// `expect`, and all that has no class of its own.
    pub expect: Duration,
}

impl Timeouts {
    /// The time of an action.
    pub fn of(&self, action: &Action) -> Duration {
        match action {
            Action::Apply(_) | Action::Create(_) | Action::Patch { .. } => self.apply,
            Action::Delete { .. } => self.delete,
            Action::Scale { .. } => self.scale,
            Action::Restart { .. } => self.restart,
            Action::Exec(_)
            | Action::Save {
                what: Saved::Exec { .. },
                ..
            } => self.exec,
            Action::Script(_)
            | Action::Save {
                what: Saved::Script { .. },
                ..
            } => self.script,
            Action::Host { .. } => self.host,
            Action::Node { .. } => self.node,
            Action::Redis(_) => self.redis,
            Action::Expect { .. }
            | Action::Snapshot(_)
            | Action::Save { .. }
            | Action::Log(_)
            // Each of its steps has times of its own.
            | Action::Parallel(_) => self.expect,
        }
    }
}
