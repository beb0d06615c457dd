//! The cluster that kubectl speaks to.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::{env, fs};

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, kill_process};
use stayput_tests::command;

use crate::REAL;

/// What it is called, so that its nodes have the same names each time.
const NAME: &str = "shop";

/// A cluster that is there until this is dropped.
pub(crate) struct Cluster {
    /// Its kubeconfig.
    pub(crate) kubeconfig: PathBuf,
    /// The `stayput cluster up` that it lives with; none of a real one.
    process: Option<Child>,
}

impl Cluster {
    /// Starts an embedded cluster whose files are in that folder, or takes the real one that
    /// the environment speaks of.
    pub(crate) fn start(folder: &Path) -> Result<Cluster, Failed> {
        if let Some(real) = env::var_os(REAL) {
            return Ok(Cluster {
                kubeconfig: real.into(),
                process: None,
            });
        }
        let errors = folder.join("errors");
        let state = folder.join("state");
        let mut process = command()?
            .args(["cluster", "up", "--name", NAME, "--nodes", "1"])
            .env("XDG_STATE_HOME", &state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&errors)?)
            .spawn()?;
        let output = process.stdout.take().ok_or("it has no output")?;
        let mut cluster = Cluster {
            kubeconfig: state.join("stayput/embedded").join(NAME).join("kubeconfig"),
            process: Some(process),
        };
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first)?;
        if first.trim() != NAME {
            cluster.end();
            return Err(fs::read_to_string(errors)?.into());
        }
        Ok(cluster)
    }

    fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended before.
            let _ = kill_process(Pid::from_child(&process), Signal::TERM);
            drop(process.wait());
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}
