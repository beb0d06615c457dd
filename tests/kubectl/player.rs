//! Types the commands of each group, and holds what is said against its snapshot.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use insta::{Settings, assert_snapshot};
use libtest_mimic::Failed;

use crate::cluster::Cluster;
use crate::normal;
use crate::programs::Program;

/// How the snapshot for kubectl up to some version is called: `GROUP up to 1.29`.
const UP_TO: &str = " up to 1.";

/// How long a command may take, in seconds.
const LIMIT: &str = "90";

/// Where the groups, the manifests and the snapshots are.
fn here(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("kubectl")
        .join(part)
}

/// Plays all groups with one kubectl, on a cluster of its own.
pub(crate) fn play(program: &Program) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let cluster = Cluster::start(folder.path())?;
    let desk = Desk::new(folder.path(), program, &cluster)?;
    let mut groups = Vec::new();
    for entry in fs::read_dir(here("groups"))? {
        groups.push(entry?.path());
    }
    groups.sort();
    let mut differ = Vec::new();
    for path in groups {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let said = desk.play(&fs::read_to_string(&path)?)?;
        if !is_as_accepted(&snapshot(&name, program)?, &said) {
            differ.push(name.into_owned());
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    let differ = differ.join(", ");
    Err(format!(
        "kubectl 1.{} says something else in: {differ}",
        program.minor
    )
    .into())
}

/// The snapshot of a group for a version: of those for old versions the next one, or else
/// everybody's.
fn snapshot(group: &str, program: &Program) -> Result<String, Failed> {
    let mut own: Option<u32> = None;
    for entry in fs::read_dir(here("snapshots"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let upto = name.strip_prefix(group).and_then(|rest| {
            rest.strip_prefix(UP_TO)?
                .strip_suffix(".snap")?
                .parse()
                .ok()
        });
        let upto = upto.filter(|upto| *upto >= program.minor);
        own = own.into_iter().chain(upto).min();
    }
    Ok(own.map_or(group.to_owned(), |upto| format!("{group}{UP_TO}{upto}")))
}

/// Whether a text is as accepted.
fn is_as_accepted(name: &str, said: &str) -> bool {
    let mut settings = Settings::new();
    settings.set_snapshot_path(here("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, instead) in normal::FILTERS {
        settings.add_filter(pattern, *instead);
    }
    // Insta shows the difference and panics; the other groups are to be seen as well.
    let held = || settings.bind(|| assert_snapshot!(name, said));
    catch_unwind(AssertUnwindSafe(held)).is_ok()
}

/// Where commands are typed.
struct Desk {
    folder: PathBuf,
    path: std::ffi::OsString,
}

impl Desk {
    /// A folder with the manifests, a kubeconfig and the one kubectl.
    fn new(folder: &Path, program: &Program, cluster: &Cluster) -> Result<Desk, Failed> {
        let folder = folder.join("desk");
        for part in ["world", "scripts"] {
            fs::create_dir_all(folder.join(part))?;
            for entry in fs::read_dir(here(part))? {
                let entry = entry?;
                fs::copy(entry.path(), folder.join(part).join(entry.file_name()))?;
            }
        }
        fs::copy(&cluster.kubeconfig, folder.join("kubeconfig"))?;
        let programs = folder.join("programs");
        fs::create_dir(&programs)?;
        symlink(&program.path, programs.join("kubectl"))?;
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs].into_iter().chain(env::split_paths(&others)))?;
        Ok(Desk { folder, path })
    }

    /// Types the lines of a group that begin with a dollar sign; what is said after each.
    fn play(&self, group: &str) -> Result<String, Failed> {
        let mut said = String::new();
        for line in group.lines().filter_map(|line| line.strip_prefix("$ ")) {
            writeln!(said, "$ {line}\n{}", self.type_in(line)?)?;
        }
        Ok(said)
    }

    fn type_in(&self, line: &str) -> Result<String, Failed> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a shell as a user has one, that is ended when it takes too long"
        )]
        let mut command = Command::new("timeout");
        let output = command
            .args([LIMIT, "bash", "-c", &format!("exec 2>&1; {line}")])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("HOME", &self.folder)
            .env("TMPDIR", &self.folder)
            .env("KUBECONFIG", self.folder.join("kubeconfig"))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("TERM", "dumb")
            // A command that ends at once has nothing to collect.
            .env("GOGC", "off")
            .output()?;
        let mut said = normal::tidy(&String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            writeln!(said, "[{}]", output.status)?;
        }
        Ok(said)
    }
}
