//! Programs that answer as they are told, and note how they were called.
//!
//! The programs are files of the repository, linked into a directory that is
//! the whole PATH: a file written by a test could not be run safely, because
//! another thread's child may still have it open for writing.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use camino::Utf8PathBuf;
use stayput_cluster::ClusterError;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{Environment, KeepCluster, Kind, Options};
use stayput_cluster::Progress;

/// A machine with some programs and nothing else.
#[derive(Debug)]
pub(crate) struct Fakes {
    directory: TempDir,
    provider: Option<String>,
    kind: Vec<(String, String)>,
    docker: Vec<(String, String)>,
    ctr: String,
}

impl Fakes {
    pub(crate) fn new(programs: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fakes");
        fs::create_dir(directory.path().join("bin")).unwrap();
        for program in programs {
            symlink(
                ours.join(program),
                directory.path().join("bin").join(program),
            )
            .unwrap();
        }
        Self {
            directory,
            provider: None,
            kind: Vec::new(),
            docker: Vec::new(),
            ctr: String::new(),
        }
    }

    pub(crate) fn provider(self, provider: &str) -> Self {
        let provider = Some(provider.to_owned());
        Self { provider, ..self }
    }

    /// What `kind VERB …` does.
    pub(crate) fn kind_does(mut self, verb: &str, script: &str) -> Self {
        self.kind.push((verb.to_owned(), script.to_owned()));
        self
    }

    /// What `docker VERB …` does.
    pub(crate) fn docker(mut self, verb: &str, script: &str) -> Self {
        self.docker.push((verb.to_owned(), script.to_owned()));
        self
    }

    /// What `ctr` does on the nodes.
    pub(crate) fn ctr(self, script: &str) -> Self {
        let ctr = script.to_owned();
        Self { ctr, ..self }
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::new(self.state(), self.environment())
    }

    pub(crate) fn environment(&self) -> Environment {
        let kind = [
            ("version", "echo kind v0.33.0 go1.26.8 linux/amd64"),
            ("get", ""),
            ("delete", ""),
        ];
        let docker = [
            ("-v", "echo Docker version 28.2.2, build x"),
            ("info", r#"echo '{"ID":"ABCD","ServerVersion":"28.2.2"}'"#),
            ("images", "echo kindest/node:v1.34.4"),
            ("image", "echo sha256:0123"),
        ];
        let bin = self.path("bin");
        let text = |name: &str, value: String| (OsString::from(name), OsString::from(value));
        Environment {
            provider: self.provider.clone(),
            variables: vec![
                text("PATH", bin.into_string()),
                text("FAKE_KIND", self.script("kind", &self.kind, &kind)),
                text("FAKE_DOCKER", self.script("docker", &self.docker, &docker)),
                text("FAKE_CTR", self.ctr.clone()),
            ],
        }
    }

    pub(crate) fn options(kubernetes: Option<&str>) -> Options {
        Options {
            config: "nodes: [{role: control-plane}, {role: worker}]".to_owned(),
            kubernetes: kubernetes.map(str::to_owned),
            images: Vec::new(),
            scenario_nodes: vec!["master-1".to_owned()],
            keep: KeepCluster::Never,
            failure_logs: None,
            progress: Progress::silent(),
            cancel: CancellationToken::new(),
        }
    }

    /// An error as a person reads it, without what differs between runs.
    pub(crate) fn told(error: &ClusterError) -> String {
        let hint = error.hint().unwrap_or_else(|| "none".to_owned());
        let told = format!("{error}\nhint: {hint}");
        let words = told.split_inclusive([' ', '`', '\n']).map(|word| {
            let random = word
                .strip_prefix("stayput-")
                .is_some_and(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() == 8);
            if random {
                let end = word.chars().last().filter(|end| !end.is_alphanumeric());
                format!(
                    "stayput-RANDOM{}",
                    end.map(String::from).unwrap_or_default()
                )
            } else {
                word.to_owned()
            }
        });
        words.collect()
    }

    /// Every call, one a line.
    pub(crate) fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> Utf8PathBuf {
        self.path("state")
    }

    pub(crate) fn state_files(&self) -> Vec<String> {
        let Ok(entries) = self.state().read_dir_utf8() else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().file_name().to_owned())
            .collect()
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.directory.path().join(name)).unwrap()
    }

    /// A script that notes its call and then does what its first argument says.
    fn script(&self, program: &str, told: &[(String, String)], usual: &[(&str, &str)]) -> String {
        let calls = self.path("calls");
        let told = told
            .iter()
            .map(|(verb, does)| (verb.as_str(), does.as_str()));
        let cases: Vec<_> = told
            .chain(usual.iter().copied())
            .map(|(verb, does)| format!("{verb}) {does} ;;"))
            .collect();
        format!(
            "echo \"{program} $*\" >> {calls}\ncase \"$1\" in\n{}\nesac",
            cases.join("\n")
        )
    }
}
