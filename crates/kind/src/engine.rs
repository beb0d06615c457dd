//! The container engine that kind uses: which one, and whether it runs.
//!
//! Invariants:
//! - The choice is kind's own: `KIND_EXPERIMENTAL_PROVIDER` when it names an
//!   engine that kind knows, else the first that is installed, in kind's order.

use std::time::Duration;

use serde_json::Value;
use stayput_cluster::ClusterError;

use stayput_program::{Call, Programs};

/// A container engine, by the program that speaks to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    program: String,
    family: Family,
}

/// How an engine's program differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Docker,
    Nerdctl,
    Podman,
}

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineFacts {
    pub(crate) version: String,
    /// Tells this engine from another one reached by the same program.
    pub(crate) identity: String,
}

impl Engine {
    /// The engine that kind would use.
    pub(crate) async fn detect(
        programs: &Programs,
        provider: Option<&str>,
    ) -> Result<Self, ClusterError> {
        if let Some(engine) = provider.and_then(Self::named) {
            return Ok(engine);
        }
        let candidates = [
            ("docker", "Docker version"),
            ("nerdctl", "nerdctl version"),
            ("finch", "finch version"),
            ("podman", "podman version"),
        ];
        for (program, greeting) in candidates {
            let answer = programs.run(&Call::new(program, ["-v"])).await;
            if answer.is_ok_and(|printed| printed.stdout.starts_with(greeting.as_bytes())) {
                return Self::named(program).ok_or_else(none_of_them);
            }
        }
        Err(none_of_them())
    }

    fn named(program: &str) -> Option<Self> {
        let family = match program {
            "docker" => Family::Docker,
            "podman" => Family::Podman,
            "nerdctl" | "finch" | "nerdctl.lima" => Family::Nerdctl,
            _ => return None,
        };
        Some(Self {
            program: program.to_owned(),
            family,
        })
    }

    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    pub(crate) fn family(&self) -> Family {
        self.family
    }

    /// A call of the engine's program.
    pub(crate) fn call<I>(&self, arguments: I) -> Call
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Call::new(&self.program, arguments)
    }

    /// Asks the engine what it is; an engine that does not run is an error.
    pub(crate) async fn facts(&self, programs: &Programs) -> Result<EngineFacts, ClusterError> {
        let format = match self.family {
            Family::Docker | Family::Nerdctl => "{{json .}}",
            Family::Podman => "json",
        };
        let call = self.call(["info", "--format", format]);
        let printed = programs
            .run(&call.clone().within(Duration::from_secs(20)))
            .await
            .map_err(|error| self.silent(error))?;
        let info: Value = serde_json::from_slice(&printed.stdout).unwrap_or_default();
        // Older clients of Docker exit with 0 though no server answered.
        let complaints = info["ServerErrors"][0].as_str().map(str::to_owned);
        if complaints.is_some() || !printed.status.success() {
            let said = complaints.unwrap_or_else(|| printed.said());
            return Err(self.not_running(said));
        }
        self.facts_in(&info)
            .ok_or_else(|| ClusterError::Unexpected {
                command: call.line(),
                said: printed.said(),
            })
    }

    fn facts_in(&self, info: &Value) -> Option<EngineFacts> {
        let (version, identity) = match self.family {
            Family::Docker | Family::Nerdctl => (&info["ServerVersion"], &info["ID"]),
            Family::Podman => (&info["version"]["Version"], &info["host"]["hostname"]),
        };
        Some(EngineFacts {
            version: version.as_str()?.to_owned(),
            identity: format!("{} {}", self.program, identity.as_str().unwrap_or("")),
        })
    }

    /// An engine that answered nothing in time does not run, as far as we can tell.
    fn silent(&self, error: ClusterError) -> ClusterError {
        match error {
            ClusterError::TimedOut { after, .. } => {
                self.not_running(format!("no answer within {}s", after.as_secs()))
            }
            other => other,
        }
    }

    /// Tells a missing engine from one that this user may not use.
    pub(crate) fn not_running(&self, said: String) -> ClusterError {
        let engine = self.program.clone();
        if said.to_lowercase().contains("permission denied") {
            ClusterError::EngineForbidden { engine, said }
        } else {
            ClusterError::EngineNotRunning { engine, said }
        }
    }
}

fn none_of_them() -> ClusterError {
    let names = ["docker", "nerdctl", "finch", "podman"];
    ClusterError::NoEngine {
        looked_for: names.map(str::to_owned).to_vec(),
    }
}
