//! Finds the programs that images stand for: on `PATH`, in the project's cache, or by
//! the distribution's own package tools, unpacked without root.
//!
//! Invariants:
//! - Runs in the host's network, before the cluster begins: inside there is no other.
//! - Writes only below the cache. Never installs anything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use thiserror::Error;

use crate::images::{Entry, Images, Program};

/// Where programs are sought.
#[derive(Debug, Clone)]
pub struct Finder {
    /// Directories of programs, as in `PATH`.
    pub path: Vec<PathBuf>,
    /// The project's cache.
    pub cache: PathBuf,
    /// Whether a missing program may be downloaded.
    pub download: Download,
}

/// Whether a missing program may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Download {
    /// With the distribution's tools.
    Allowed,
    /// Not at all.
    Forbidden,
}

/// Why a program cannot be had.
#[derive(Debug, Error)]
pub enum FindError {
    /// Nothing here has it, and nothing can fetch it.
    #[error("`{program}` is not on this machine: install the package `{package}`")]
    Absent {
        /// The program.
        program: String,
        /// What brings it.
        package: String,
    },
    /// Nothing here has it, and it is not known what would bring it.
    #[error("`{program}` is not on this machine")]
    Unknown {
        /// The program.
        program: String,
    },
    /// Fetching it failed.
    #[error("cannot download the package `{package}`: {said}; install it")]
    Download {
        /// The package.
        package: String,
        /// What the tool said last.
        said: String,
    },
    /// The cache cannot be written.
    #[error("cannot write the cache `{}`", path.display())]
    Cache {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Which package of Debian and its kin brings a program.
const PACKAGES: [(&str, &[&str]); 4] = [
    ("redis-server", &["redis-server", "redis-tools"]),
    ("redis-cli", &["redis-tools"]),
    ("valkey-server", &["valkey-server", "valkey-tools"]),
    ("valkey-cli", &["valkey-tools"]),
];

impl Finder {
    /// A table, and every program of it that is here. `needed` programs are fetched if
    /// they are not; those that a tag is held against are asked for their version.
    pub fn images(&self, entries: Vec<Entry>, needed: &[&str]) -> Result<Images, FindError> {
        let mut programs = BTreeMap::new();
        for name in entries.iter().flat_map(|entry| &entry.programs) {
            if programs.contains_key(name) {
                continue;
            }
            let found = match self.present(name) {
                None if needed.contains(&name.as_str()) => Some(self.fetch(name)?),
                found => found,
            };
            let promised = entries.iter().any(|it| it.versioned.as_ref() == Some(name));
            let found = found.map(|it| if promised { versioned(it) } else { it });
            programs.extend(found.map(|it| (name.clone(), it)));
        }
        Ok(Images { entries, programs })
    }

    /// A program that is here already.
    pub fn present(&self, name: &str) -> Option<Program> {
        let on_path = self
            .path
            .iter()
            .map(|directory| directory.join(name))
            .find(|file| file.is_file());
        if let Some(path) = on_path {
            let usual = ["/usr", "/bin", "/sbin", "/opt", "/lib"]
                .iter()
                .any(|root| path.starts_with(root));
            let directories = path
                .parent()
                .filter(|_| !usual)
                .map(Path::to_path_buf)
                .into_iter()
                .collect();
            return Some(Program {
                path,
                directories,
                ..Program::default()
            });
        }
        self.cached(name)
    }

    fn cached(&self, name: &str) -> Option<Program> {
        let root = self.cache.join("root");
        let path = root.join("usr/bin").join(name);
        if !path.exists() {
            return None;
        }
        let mut libraries = vec![root.join("usr/lib")];
        libraries.extend(
            fs::read_dir(root.join("usr/lib"))
                .ok()?
                .flatten()
                .map(|entry| entry.path()),
        );
        libraries.retain(|directory| directory.is_dir());
        Some(Program {
            path,
            directories: vec![root],
            libraries,
            version: None,
        })
    }

    fn fetch(&self, name: &str) -> Result<Program, FindError> {
        let packages = PACKAGES
            .iter()
            .find(|(program, _)| *program == name)
            .map(|(_, packages)| *packages);
        let absent = |package: &str| FindError::Absent {
            program: name.to_owned(),
            package: package.to_owned(),
        };
        let packages = packages.ok_or_else(|| FindError::Unknown {
            program: name.to_owned(),
        })?;
        let tools = ["apt-get", "apt-cache", "dpkg-deb", "dpkg-query"];
        let here = |tool: &&str| {
            self.path
                .iter()
                .any(|directory| directory.join(tool).is_file())
        };
        if self.download == Download::Forbidden || !tools.iter().all(here) {
            return Err(absent(packages[0]));
        }
        let cache = |source| FindError::Cache {
            path: self.cache.clone(),
            source,
        };
        // A whole tree or none: unpacked beside its place and then moved there.
        let work = self.cache.join(format!("unpacking-{}", std::process::id()));
        fs::create_dir_all(work.join("root")).map_err(cache)?;
        let fetched = Apt { work: work.clone() }.fetch(packages);
        let moved =
            fetched.and_then(
                |()| match fs::rename(work.join("root"), self.cache.join("root")) {
                    Err(error) if !self.cache.join("root").exists() => Err(cache(error)),
                    _ => Ok(()),
                },
            );
        let _ = fs::remove_dir_all(&work);
        moved?;
        self.cached(name).ok_or_else(|| absent(packages[0]))
    }
}

/// The distribution's tools, used without root.
struct Apt {
    work: PathBuf,
}

impl Apt {
    fn fetch(&self, packages: &[&str]) -> Result<(), FindError> {
        let mut wanted = packages
            .iter()
            .map(|package| (*package).to_owned())
            .collect::<Vec<_>>();
        for package in packages {
            wanted.extend(self.missing_dependencies(package));
        }
        wanted.sort();
        wanted.dedup();
        if let Err(said) = self.download(&wanted) {
            // Lists of packages that were never fetched, or are old: fetch our own.
            self.update()
                .and_then(|()| self.download(&wanted))
                .map_err(|last| FindError::Download {
                    package: packages[0].to_owned(),
                    said: if last.is_empty() { said } else { last },
                })?;
        }
        self.unpack().map_err(|said| FindError::Download {
            package: packages[0].to_owned(),
            said,
        })
    }

    fn missing_dependencies(&self, package: &str) -> Vec<String> {
        let output = self.run(
            "apt-cache",
            &["depends", "--no-recommends", "--no-suggests", package],
        );
        let text = output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        let depends = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "));
        depends
            .filter(|name| !name.starts_with('<') && !self.installed(name))
            .map(str::to_owned)
            .collect()
    }

    fn installed(&self, package: &str) -> bool {
        let output = self.run("dpkg-query", &["-W", "-f", "${db:Status-Status}", package]);
        output.is_ok_and(|output| output.stdout == b"installed")
    }

    fn update(&self) -> Result<(), String> {
        for directory in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(self.work.join(directory)).map_err(|error| error.to_string())?;
        }
        self.done("apt-get", &["update"])
    }

    fn download(&self, packages: &[String]) -> Result<(), String> {
        let words = ["download"]
            .into_iter()
            .chain(packages.iter().map(String::as_str))
            .collect::<Vec<_>>();
        self.done("apt-get", &words)
    }

    fn unpack(&self) -> Result<(), String> {
        let entries = fs::read_dir(&self.work).map_err(|error| error.to_string())?;
        for file in entries.flatten().map(|entry| entry.path()) {
            if file.extension().is_some_and(|extension| extension == "deb") {
                let (file, root) = (
                    file.display().to_string(),
                    self.work.join("root").display().to_string(),
                );
                self.done("dpkg-deb", &["-x", &file, &root])?;
            }
        }
        Ok(())
    }

    fn done(&self, program: &str, words: &[&str]) -> Result<(), String> {
        let output = self
            .run(program, words)
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.lines().last().unwrap_or_default().to_owned())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that runs the package tools"
    )]
    fn run(&self, program: &str, words: &[&str]) -> io::Result<Output> {
        let mut command = std::process::Command::new(program);
        command.current_dir(&self.work).env("LC_ALL", "C");
        if self.work.join("lists").is_dir() && program.starts_with("apt-") {
            let at = |directory: &str| self.work.join(directory).display().to_string();
            command
                .arg("-o")
                .arg(format!("Dir::State::lists={}", at("lists")));
            command.arg("-o").arg(format!("Dir::Cache={}", at("cache")));
        }
        command.args(words).output()
    }
}

/// Asks a program for its version.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks a program for its version"
)]
fn versioned(mut program: Program) -> Program {
    let mut command = std::process::Command::new(&program.path);
    let libraries = program
        .libraries
        .iter()
        .map(|at| at.display().to_string())
        .collect::<Vec<_>>()
        .join(":");
    let output = command
        .arg("--version")
        .env("LD_LIBRARY_PATH", libraries)
        .stdin(Stdio::null())
        .output();
    let text = output
        .map(|output| {
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
        })
        .unwrap_or_default();
    program.version = version_in(&text);
    program
}

/// The first number with a dot: `7.0.15` of `Redis server v=7.0.15 sha=…`, `16.2` of
/// `postgres (PostgreSQL) 16.2`.
fn version_in(text: &str) -> Option<String> {
    let mut words = text.split(|letter: char| letter.is_whitespace() || "=/(),".contains(letter));
    let number = |word: &str| {
        let word = word.trim_start_matches('v');
        let end = word.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let number = word[..end.unwrap_or(word.len())].trim_end_matches('.');
        let parts = number.split('.').map(str::parse::<u32>);
        (number.contains('.') && parts.into_iter().all(|part| part.is_ok()))
            .then(|| number.to_owned())
    };
    words.find_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::built_in;

    #[test]
    fn a_server_says_its_version() {
        let text = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1";
        assert_eq!(version_in(text).as_deref(), Some("7.0.15"));
        assert_eq!(version_in("nothing 7 at all."), None);
        let check = |text| version_in(text).unwrap_or_default();
        assert_eq!(check("postgres (PostgreSQL) 16.2 (Debian 16.2-1)"), "16.2");
        assert_eq!(
            check("mysqld  Ver 8.0.36-0ubuntu for Linux on x86_64"),
            "8.0.36"
        );
        assert_eq!(check("nginx version: nginx/1.24.0"), "1.24.0");
        assert_eq!(check("etcd Version: 3.6.4\nGit SHA: 1.2"), "3.6.4");
    }

    #[test]
    fn what_cannot_be_had_says_what_to_install() {
        let cache = tempfile::tempdir().unwrap();
        let finder = Finder {
            path: Vec::new(),
            cache: cache.path().into(),
            download: Download::Forbidden,
        };
        let error = finder.images(built_in(), &["redis-server"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`redis-server` is not on this machine: install the package `redis-server`"
        );
    }
}
