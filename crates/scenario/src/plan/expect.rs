//! What has to hold, and when.

use std::time::Duration;

use stayput_expr::Template;

use super::{Exec, Identity, Log, Pods, Selection};

/// What has to hold.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Objects of a selection: how many, and what each looks like.
    Objects {
        /// Which.
        which: Selection,
        /// How many there have to be; at least one where it is not said.
        count: Option<Count>,
        /// A partial object that each has to match; `object` is the one looked at.
        matches: Option<Template>,
        /// A CEL condition over `object`, for each.
        that: Option<Template>,
        /// A CEL condition over `objects`, the whole selection.
        together: Option<Template>,
        /// A number for each: an object may appear only after all of a lower number match.
        in_order: Option<Template>,
    },
    /// An event about an object.
    Event {
        /// About which objects.
        about: Selection,
        /// Its reason.
        reason: Option<Template>,
        /// Text that its message contains.
        message: Option<Template>,
    },
    /// A directory or file on a node.
    Files {
        /// The node.
        node: Template,
        /// The path.
        path: Template,
        /// Whether it has to be there.
        presence: Presence,
        /// The digest of all that is in it.
        digest: Option<Template>,
    },
    /// Lines of a container's log.
    Logs {
        /// Which log.
        log: Log,
        /// Text that a line contains.
        contains: Option<Template>,
        /// A regular expression that a line matches.
        regex: Option<Template>,
        /// How many such lines; at least one where it is not said.
        count: Option<Count>,
    },
    /// The outcome of a command in a pod.
    Exec(Exec),
    /// Pods, compared with what was saved of them.
    Pods {
        /// Which.
        pods: Pods,
        /// The name under which they were saved.
        compared_to: String,
        /// What has to be as before, and what has to be new.
        identity: Identity,
    },
    /// A CEL condition over the values of the run.
    That(Template),
}

/// How many there have to be.
#[derive(Debug, Clone)]
pub enum Count {
    /// So many.
    Exactly(Template),
    /// Between two bounds.
    Between {
        /// Not fewer.
        at_least: Option<Template>,
        /// Not more.
        at_most: Option<Template>,
    },
}

/// Whether a file has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    There,
    /// It is not.
    Absent,
}

/// When something has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Within the step's time.
    Eventually,
    /// Within the step's time, and then for so long without a break.
    Holds(Duration),
    /// At no moment for so long.
    Never(Duration),
}
