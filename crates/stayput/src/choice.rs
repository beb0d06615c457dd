//! Which kind of cluster, as the flag says it.

use std::{fmt, str::FromStr};

use stayput_events::Provider;

/// The cluster to play on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClusterChoice {
    /// The small cluster of our own, with real processes.
    Embedded,
    /// A cluster that kind makes.
    Kind,
    /// A context of the user's kubeconfig.
    Context(String),
}

impl ClusterChoice {
    /// What is taken when nothing is said: pods as processes need Linux.
    pub(crate) const DEFAULT: Self = if cfg!(target_os = "linux") {
        Self::Embedded
    } else {
        Self::Kind
    };

    /// The same, for reports.
    pub(crate) fn provider(&self) -> Provider {
        match self {
            Self::Embedded => Provider::Embedded,
            Self::Kind => Provider::Kind,
            Self::Context(name) => Provider::Context(name.clone()),
        }
    }
}

impl FromStr for ClusterChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "embedded" => Ok(Self::Embedded),
            None if text == "kind" => Ok(Self::Kind),
            Some(("context", name)) if !name.is_empty() => Ok(Self::Context(name.to_owned())),
            _ => Err(
                "it has to be `embedded`, `kind`, or `context:NAME` of your kubeconfig".to_owned(),
            ),
        }
    }
}

impl fmt::Display for ClusterChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Kind => f.write_str("kind"),
            Self::Context(name) => write!(f, "context:{name}"),
        }
    }
}
