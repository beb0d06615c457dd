//! Texts that differ between Kubernetes versions.
//!
//! Invariants:
//! - Every text that depends on the version is decided here, from the minor number alone.

/// The minor version of Kubernetes whose words and shapes are spoken: 1.32 to 1.36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32);

impl Default for Version {
    fn default() -> Self {
        Self(34)
    }
}

impl Version {
    /// `minor(34)` is Kubernetes 1.34; numbers outside 32 to 36 take the nearest one known.
    pub fn minor(minor: u32) -> Self {
        Self(minor.clamp(32, 36))
    }

    /// Why a bound volume keeps a pod from a node.
    pub(crate) fn volume_affinity(self) -> &'static str {
        if self.0 >= 33 {
            "node(s) didn't match PersistentVolume's node affinity"
        } else {
            "node(s) had volume node affinity conflict"
        }
    }

    /// Why a taint keeps a pod from a node.
    pub(crate) fn taint(self, key: &str, value: &str) -> String {
        if self.0 >= 34 {
            "node(s) had untolerated taint(s)".to_owned()
        } else {
            format!("node(s) had untolerated taint {{{key}: {value}}}")
        }
    }

    /// What follows the reasons when the whole pod was turned down before any node was asked.
    pub(crate) fn after_rejection(self, nodes: usize) -> String {
        if self.0 >= 34 {
            "not found".to_owned()
        } else {
            self.after_filters(
                nodes,
                &format!("{nodes} Preemption is not helpful for scheduling."),
            )
        }
    }

    /// What follows the reasons when every node was asked and none fits.
    pub(crate) fn after_filters(self, nodes: usize, why: &str) -> String {
        let claims = if self.0 >= 34 {
            "no new claims to deallocate, "
        } else {
            ""
        };
        format!("{claims}preemption: 0/{nodes} nodes are available: {why}")
    }

    /// The first word of a `StatefulSet` event: capitalised since 1.35.
    pub(crate) fn set_event(self, text: &str) -> String {
        if self.0 < 35 {
            return text.to_owned();
        }
        let mut letters = text.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    /// Whether a pod's conditions say which generation they were decided on.
    pub(crate) fn observes_generation(self) -> bool {
        self.0 >= 34
    }

    /// Whether revisions hold `"creationTimestamp": null` in the template's metadata.
    pub(crate) fn writes_null_creation(self) -> bool {
        self.0 < 34
    }
}
