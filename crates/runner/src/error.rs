//! Why a run could not go on.

use stayput_cluster::{ClusterError, said};
use stayput_expr::ExprError;

/// What went wrong besides an expectation that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The API refused, or did not answer.
    #[error("cannot {what}: {}", said(&**source))]
    Api {
        /// What was tried.
        what: String,
        /// What the API said.
        source: Box<kube::Error>,
    },
    /// The API serves no such kind.
    #[error("the API serves no kind `{kind}`")]
    UnknownKind {
        /// The kind as the scenario writes it.
        kind: String,
    },
    /// The cluster did not do what was asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// An expression has no value here.
    #[error("cannot evaluate {what}: {source}")]
    Expression {
        /// Which.
        what: String,
        /// Why.
        source: ExprError,
    },
    /// An expression gave something of another type.
    #[error("{what} is {seen}, where {wanted} is needed")]
    Type {
        /// Which value.
        what: String,
        /// What it is.
        seen: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The scenario speaks of a node that the cluster does not have.
    #[error("there is no node `{node}`: the scenario's are {known}")]
    UnknownNode {
        /// The name.
        node: String,
        /// The names that there are.
        known: String,
    },
    /// JSON was not what it has to be.
    #[error("not the JSON that is needed here: {0}")]
    Json(serde_json::Error),
    /// A golden file could not be read or written.
    #[error("cannot {what} `{path}`: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: camino::Utf8PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The API lost a command that ran in a pod.
    #[error("the API gave no {what} of a command in pod `{pod}`")]
    ExecLost {
        /// The pod.
        pod: String,
        /// What is missing.
        what: &'static str,
    },
    /// The owner of the watches is gone: a bug of ours.
    #[error("the watches ended before the run did")]
    WatchesEnded,
}

impl RunError {
    /// Wraps an error of the API with what was tried.
    pub(crate) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Api {
            what,
            source: Box::new(source),
        }
    }

    /// Wraps an error of JSON.
    pub(crate) fn json(source: serde_json::Error) -> Self {
        Self::Json(source)
    }
}
