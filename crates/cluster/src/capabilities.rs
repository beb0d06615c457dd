//! What a cluster lets a scenario do to its nodes.

/// What can be done to a cluster's nodes besides the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether scripts can be run on the nodes, and so their disks be seen.
    pub node_commands: NodeCommands,
    /// Whether nodes can be stopped and started.
    pub node_faults: NodeFaults,
}

/// Whether [`run_on_node`](crate::Cluster::run_on_node) works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeCommands {
    /// Scripts run on every node.
    Supported,
    /// There is no way onto the nodes: checks of disks are *not tried*.
    Unsupported,
}

/// Whether [`stop_node`](crate::Cluster::stop_node) and
/// [`start_node`](crate::Cluster::start_node) work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFaults {
    /// Nodes can be stopped and started.
    Supported,
    /// The nodes are not ours to stop.
    Unsupported,
}
