//! Real clusters, by the programs `kind` and its container engine.
//!
//! Invariants:
//! - Nothing of the user's is touched: own cluster names, own kubeconfig files;
//!   `--kubeconfig` goes with every call that could write one.
//! - A cluster is deleted only when its name *and* a lock file of ours say that
//!   it is ours, and no living run holds that lock.
//! - Only the engine's command line is used, so a remote engine works as kind's does.
//! - Every program is run by `program.rs`, which logs it, bounds it in time and
//!   output, and leaves no process behind.

mod clusters;
mod config;
mod create;
mod engine;
mod failure;
mod frame;
mod images;
mod kept;
mod leftovers;
mod node_image;
mod node_shell;
mod options;
mod ready;
mod remove;
mod running;
mod shell;
mod state;
mod tools;

pub use clusters::{Listed, Usage};
pub use options::{Environment, KeepCluster, Options};

use camino::Utf8PathBuf;

/// kind, as this project uses it: one state directory, one environment.
#[derive(Clone, Debug)]
pub struct Kind {
    state: state::StateDirectory,
    environment: Environment,
}

impl Kind {
    /// Keeps lock files and kubeconfigs in `state_directory`, which is made when needed.
    pub fn new(state_directory: Utf8PathBuf, environment: Environment) -> Self {
        Self {
            state: state::StateDirectory::new(state_directory),
            environment,
        }
    }
}

#[cfg(test)]
mod tests;
