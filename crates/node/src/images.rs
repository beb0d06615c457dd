//! What image references mean here: programs of the host, by a table.
//!
//! Invariants:
//! - Pure: what the host has was looked up before ([`crate::programs`]).
//! - A tag is a promise: an older program never stands for a newer tag.
//! - What the table does not know fails to be pulled, in a runtime's words.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The table and what the host has for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Images {
    /// What references mean; the first that fits is taken, so that a user's come first.
    pub entries: Vec<Entry>,
    /// The programs that were found, by name.
    pub programs: BTreeMap<String, Program>,
}

/// One kind of image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Its repositories, without `docker.io/` and `library/`.
    pub repositories: Vec<String>,
    /// The program whose version the tag promises; none for a shell.
    pub versioned: Option<String>,
    /// Tags that promise no version, without what follows their letters; any without one.
    pub tags: Vec<String>,
    /// Programs that it must have.
    pub programs: Vec<String>,
    /// What always comes first.
    pub entrypoint: Vec<String>,
    /// What follows if the pod says nothing.
    pub command: Vec<String>,
    /// What is put before arguments that begin with a dash or name a `.conf` file.
    pub leading: Option<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Where its process starts.
    pub directory: Option<PathBuf>,
    /// Directories that it has.
    pub directories: Vec<PathBuf>,
}

/// A program of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// What it says its version is.
    pub version: Option<String>,
    /// Directories it needs that no container has by itself.
    pub directories: Vec<PathBuf>,
    /// Where its libraries are, if not where all are.
    pub libraries: Vec<PathBuf>,
}

/// An image as containers use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// The whole reference, as a runtime writes it.
    pub reference: String,
    /// Its ID.
    pub id: String,
    /// Its entry.
    pub entry: Entry,
    /// The programs it brings.
    pub programs: Vec<Program>,
}

/// When an image is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// Each time.
    Always,
    /// If it is not there.
    IfNotPresent,
    /// Not at all.
    Never,
}

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An image.
    Image(Arc<Image>),
    /// Nothing, and nothing may be fetched.
    Never(String),
    /// Nothing, and this is what fetching it says.
    Absent(String),
}

impl PullPolicy {
    /// The policy of a container, or the default for its image.
    pub fn of(policy: Option<&str>, image: &str) -> Self {
        match policy {
            Some("Always") => Self::Always,
            Some("Never") => Self::Never,
            Some("IfNotPresent") => Self::IfNotPresent,
            _ if Reference::parse(image).tag == "latest" => Self::Always,
            _ => Self::IfNotPresent,
        }
    }
}

/// A reference in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// With the registry, as a runtime writes it.
    pub full: String,
    /// Without the parts that everybody leaves out.
    pub familiar: String,
    /// The tag; `latest` if there is none.
    pub tag: String,
}

impl Reference {
    /// Takes a reference apart as a runtime does.
    pub fn parse(text: &str) -> Self {
        let text = text.split('@').next().unwrap_or(text);
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (text, "latest"),
        };
        let first = name.split('/').next().unwrap_or(name);
        let has_registry =
            name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let full = match (has_registry, name.contains('/')) {
            (true, _) => name.to_owned(),
            (false, true) => format!("docker.io/{name}"),
            (false, false) => format!("docker.io/library/{name}"),
        };
        let familiar = full
            .trim_start_matches("docker.io/")
            .trim_start_matches("library/")
            .to_owned();
        Self {
            full: format!("{full}:{tag}"),
            familiar,
            tag: tag.to_owned(),
        }
    }

    /// What a registry says of what it does not have.
    fn unknown(&self) -> String {
        let full = &self.full;
        format!("failed to resolve reference \"{full}\": {full}: not found")
    }

    /// The tag's first word, without a number at its end: `alpine` of `alpine3.22-slim`.
    fn word(&self) -> &str {
        let first = self.tag.split('-').next().unwrap_or(&self.tag);
        first.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.')
    }

    /// The version that the tag promises, if it does.
    pub fn promise(&self) -> Option<Vec<u32>> {
        let digits = self.tag.split('-').next()?.trim_start_matches('v');
        digits.split('.').map(|part| part.parse().ok()).collect()
    }
}

impl Images {
    /// What `name` is here.
    pub fn find(&self, name: &str, policy: PullPolicy) -> Found {
        let reference = Reference::parse(name);
        match (self.resolve(&reference), policy) {
            (Ok(image), _) => Found::Image(Arc::new(image)),
            (Err(_), PullPolicy::Never) => Found::Never(format!(
                "Container image \"{name}\" is not present with pull policy of Never"
            )),
            (Err(why), _) => {
                let full = &reference.full;
                let why = format!(
                    "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": {why}"
                );
                Found::Absent(why)
            }
        }
    }

    fn resolve(&self, reference: &Reference) -> Result<Image, String> {
        let full = &reference.full;
        let matching = self
            .entries
            .iter()
            .filter(|entry| entry.repositories.contains(&reference.familiar));
        let mut why = reference.unknown();
        for entry in matching {
            match self.with_programs(entry, reference) {
                Ok(programs) => {
                    let id = digest(&(full, &programs.first().map(|program| &program.version)));
                    return Ok(Image {
                        reference: full.clone(),
                        id: format!("sha256:{id}"),
                        entry: entry.clone(),
                        programs,
                    });
                }
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    fn with_programs(&self, entry: &Entry, reference: &Reference) -> Result<Vec<Program>, String> {
        let known = |tag: &str| entry.tags.is_empty() || entry.tags.iter().any(|it| it == tag);
        if reference.promise().is_none() && !known(reference.word()) {
            return Err(reference.unknown());
        }
        let mut programs = Vec::new();
        for name in &entry.programs {
            let program = self
                .programs
                .get(name)
                .ok_or_else(|| format!("`{name}` is not on this machine"))?;
            if entry.versioned.as_ref() == Some(name)
                && let Some(promise) = reference.promise()
            {
                let version = program.version.as_deref().unwrap_or("unknown");
                if parse_version(version) < promise {
                    let tag = &reference.tag;
                    return Err(format!(
                        "the tag `{tag}` promises more than this machine's {name} {version}"
                    ));
                }
            }
            programs.push(program.clone());
        }
        Ok(programs)
    }
}

fn parse_version(text: &str) -> Vec<u32> {
    text.split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

impl Image {
    /// What a kubelet says about having it: reasons and texts.
    pub fn pulled(&self, name: &str, policy: PullPolicy) -> Vec<(&'static str, String)> {
        match policy {
            PullPolicy::Always => vec![
                ("Pulling", format!("Pulling image \"{name}\"")),
                (
                    "Pulled",
                    format!(
                        "Successfully pulled image \"{name}\" in 1ms (1ms including waiting). Image size: 0 bytes."
                    ),
                ),
            ],
            PullPolicy::IfNotPresent | PullPolicy::Never => {
                vec![(
                    "Pulled",
                    format!("Container image \"{name}\" already present on machine"),
                )]
            }
        }
    }

    /// The whole command line for what a pod says.
    pub fn command_line(&self, command: &[String], arguments: &[String]) -> Vec<String> {
        let given = !command.is_empty();
        let first = if given {
            command
        } else {
            &self.entry.entrypoint
        };
        let rest = if arguments.is_empty() && !given {
            &self.entry.command[..]
        } else {
            arguments
        };
        let needs_program = |word: &String| {
            word.starts_with('-')
                || Path::new(word)
                    .extension()
                    .is_some_and(|extension| extension == "conf")
        };
        let leading = match (&self.entry.leading, rest.first()) {
            (Some(leading), Some(word)) if !given && needs_program(word) => vec![leading.clone()],
            _ => Vec::new(),
        };
        [first, &leading, rest].concat()
    }

    /// Its environment, programs' places included.
    pub fn environment(&self) -> Vec<(String, String)> {
        let standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let places = self
            .programs
            .iter()
            .filter(|program| !program.directories.is_empty());
        let mut path = places
            .filter_map(|program| program.path.parent())
            .map(|at| at.display().to_string())
            .collect::<Vec<_>>();
        path.dedup();
        path.push(standard.to_owned());
        let mut environment = vec![("PATH".to_owned(), path.join(":"))];
        let mut libraries = self
            .programs
            .iter()
            .flat_map(|program| &program.libraries)
            .map(|at| at.display().to_string())
            .collect::<Vec<_>>();
        libraries.dedup();
        if !libraries.is_empty() {
            environment.push(("LD_LIBRARY_PATH".to_owned(), libraries.join(":")));
        }
        environment.extend(self.entry.environment.clone());
        environment
    }
}

/// A container's ID, as a runtime would give it.
pub fn container_id(pod: &str, container: &str, instance: u32) -> String {
    format!("containerd://{}", digest(&(pod, container, instance)))
}

/// 64 hexadecimal digits that stand for `value` and differ for another.
pub(crate) fn digest(value: &impl Hash) -> String {
    let part = |part: u8| {
        let mut hasher = DefaultHasher::new();
        (part, value).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    [0, 1, 2, 3].map(part).concat()
}

/// The table that every cluster has.
pub fn built_in() -> Vec<Entry> {
    serde_json::from_str(include_str!("images.json")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(version: &str) -> Images {
        let program = |path: &str, version: Option<&str>| Program {
            path: path.into(),
            version: version.map(str::to_owned),
            ..Program::default()
        };
        let programs = BTreeMap::from([
            (
                "redis-server".to_owned(),
                program("/usr/bin/redis-server", Some(version)),
            ),
            ("redis-cli".to_owned(), program("/usr/bin/redis-cli", None)),
            ("sh".to_owned(), program("/bin/sh", None)),
        ]);
        Images {
            entries: built_in(),
            programs,
        }
    }

    fn check(version: &str, name: &str) -> String {
        match images(version).find(name, PullPolicy::IfNotPresent) {
            Found::Image(image) => image.reference.clone(),
            Found::Never(why) | Found::Absent(why) => why,
        }
    }

    #[test]
    fn the_built_in_table_is_valid() {
        assert!(
            built_in()
                .iter()
                .any(|entry| entry.repositories.contains(&"redis".to_owned()))
        );
    }

    #[test]
    fn a_tag_is_a_promise() {
        assert_eq!(check("7.0.15", "redis:7"), "docker.io/library/redis:7");
        assert_eq!(
            check("7.0.15", "docker.io/library/redis:7.0-alpine"),
            "docker.io/library/redis:7.0-alpine"
        );
        assert_eq!(check("8.0.1", "redis:7.2"), "docker.io/library/redis:7.2");
        assert!(
            check("7.0.15", "redis:7.2")
                .ends_with("the tag `7.2` promises more than this machine's redis-server 7.0.15")
        );
    }

    #[test]
    fn a_tag_that_promises_nothing_is_one_that_there_is() {
        for tag in ["latest", "alpine", "alpine3.22", "bookworm", "trixie"] {
            let name = format!("docker.io/library/redis:{tag}");
            assert_eq!(check("7.0.15", &name), name);
        }
        assert!(check("7.0.15", "redis:nope").ends_with("library/redis:nope: not found"));
    }

    #[test]
    fn what_is_unknown_cannot_be_pulled() {
        assert_eq!(
            check("7.0.15", "example.com/nope:1"),
            "rpc error: code = NotFound desc = failed to pull and unpack image \"example.com/nope:1\": failed to resolve \
             reference \"example.com/nope:1\": example.com/nope:1: not found"
        );
    }

    #[test]
    fn redis_takes_bare_arguments_as_its_official_image_does() {
        let Found::Image(image) = images("7.0.15").find("redis", PullPolicy::Always) else {
            panic!("no image")
        };
        let line = |command: &[&str], arguments: &[&str]| {
            let owned = |words: &[&str]| {
                words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>()
            };
            image
                .command_line(&owned(command), &owned(arguments))
                .join(" ")
        };
        assert_eq!(line(&[], &[]), "redis-server");
        assert_eq!(
            line(&[], &["--appendonly", "yes"]),
            "redis-server --appendonly yes"
        );
        assert_eq!(line(&["sh"], &["-c", "true"]), "sh -c true");
        assert_eq!(line(&["sh"], &[]), "sh");
    }
}
