//! Sees that the images that pods need are on the nodes.
//!
//! Invariants:
//! - What the nodes have comes first, then what the engine has, then a pull.
//! - An image that the engine has under the same name but with other contents
//!   replaces the nodes': it is what the user built last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::try_join_all;
use stayput_cluster::{ClusterError, ImageDigest};

use crate::engine::Family;
use crate::failure::says_unknown;
use crate::node_shell::NodeShell;
use crate::tools::Tools;
use stayput_cluster::Progress;
use stayput_program::Call;

/// What is listed on every node.
const LIST: &str = "ctr -n k8s.io images ls";

/// The nodes of one cluster whose pods need images.
#[derive(Debug)]
pub(crate) struct Pantry<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) cluster: &'a str,
    pub(crate) shells: Vec<&'a NodeShell>,
    pub(crate) progress: &'a Progress,
}

/// The images on one node: full name to digest.
type Shelf = BTreeMap<String, String>;

impl Pantry<'_> {
    /// Brings each image onto each node; says what they are there.
    pub(crate) async fn stock(&self, images: &[String]) -> Result<Vec<ImageDigest>, ClusterError> {
        let mut shelves = self.shelves().await?;
        let mut loaded = false;
        for image in images {
            loaded |= self.bring(image, &shelves).await?;
        }
        if loaded {
            shelves = self.shelves().await?;
        }
        images.iter().map(|image| found(image, &shelves)).collect()
    }

    async fn shelves(&self) -> Result<Vec<Shelf>, ClusterError> {
        let listing = self.shells.iter().map(|shell| async {
            let listed = shell.run(LIST).await?;
            if listed.exit.is_success() {
                return Ok(shelf(&listed.stdout_text()));
            }
            Err(ClusterError::Failed {
                command: LIST.to_owned(),
                exit: format!("exit code {}", listed.exit),
                said: listed.stderr_text().trim().to_owned(),
            })
        });
        try_join_all(listing).await
    }

    /// Loads one image where it is missing or out of date; whether it had to.
    async fn bring(&self, image: &str, shelves: &[Shelf]) -> Result<bool, ClusterError> {
        let engine_has = self.engine_id(image).await?;
        let missing = shelves
            .iter()
            .any(|shelf| !shelf.contains_key(&full_name(image)));
        if !missing {
            let other = engine_has.filter(|id| {
                let same = |shelf: &Shelf| identities(image, shelf).contains(id.as_str());
                !shelves.iter().all(same)
            });
            if other.is_none() {
                return Ok(false);
            }
            self.progress.say(&format!(
                "the engine's `{image}` is not the one on the nodes: loading it"
            ));
        } else if engine_has.is_none() {
            self.pull(image).await?;
        }
        self.load(image).await?;
        Ok(true)
    }

    async fn engine_id(&self, image: &str) -> Result<Option<String>, ClusterError> {
        let arguments = ["image", "inspect", "--format", "{{.Id}}", image];
        let printed = self
            .tools
            .programs
            .run(&self.tools.engine.call(arguments))
            .await?;
        let id = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
        Ok(printed.status.success().then_some(id))
    }

    async fn pull(&self, image: &str) -> Result<(), ClusterError> {
        self.progress.say(&format!("pulling image `{image}`"));
        let call = self.tools.engine.call(["pull", image]);
        let pulled = self
            .tools
            .programs
            .output(call.within(Duration::from_mins(10)))
            .await;
        pulled.map(drop).map_err(|error| match error {
            ClusterError::Failed { said, .. } | ClusterError::TimedOut { said, .. } => {
                let image = image.to_owned();
                ClusterError::ImageNotFound { image, said }
            }
            other => other,
        })
    }

    async fn load(&self, image: &str) -> Result<(), ClusterError> {
        self.progress
            .say(&format!("loading image `{image}` into the nodes"));
        let loaded = match self.tools.engine.family() {
            Family::Docker => self.kind_load(["docker-image", image]).await,
            // kind's `load docker-image` saves by Docker whatever the engine is.
            Family::Nerdctl | Family::Podman => self.load_archive(image).await,
        };
        loaded.map_err(|error| match error {
            ClusterError::Failed { said, .. } | ClusterError::TimedOut { said, .. } => {
                let image = image.to_owned();
                ClusterError::ImageNotLoaded { image, said }
            }
            other => other,
        })
    }

    async fn load_archive(&self, image: &str) -> Result<(), ClusterError> {
        let unwritable = |source| ClusterError::Spawn {
            command: "save to a temporary file".to_owned(),
            source,
        };
        let archive = tempfile::NamedTempFile::new().map_err(unwritable)?;
        let path = archive.path().to_string_lossy().into_owned();
        let save = self.tools.engine.call(["save", "-o", &path, image]);
        let save = save.within(Duration::from_mins(5));
        self.tools.programs.output(save).await?;
        self.kind_load(["image-archive", &path]).await
    }

    async fn kind_load(&self, what: [&str; 2]) -> Result<(), ClusterError> {
        let arguments = ["load"].into_iter().chain(what);
        let call = Call::new("kind", arguments.chain(["--name", self.cluster]));
        let call = call.within(Duration::from_mins(5));
        self.tools.programs.output(call).await.map(drop)
    }
}

/// Pulls the nodes' image by the engine, which says more than kind does.
pub(crate) async fn pull_node_image(
    tools: &Tools,
    image: &str,
    asked: Option<&str>,
    here: &[String],
) -> Result<(), ClusterError> {
    let call = tools.engine.call(["pull", image]);
    let pulled = tools
        .programs
        .output(call.within(Duration::from_mins(20)))
        .await;
    let here = here.to_vec();
    pulled.map(drop).map_err(|error| match (error, asked) {
        (ClusterError::Failed { said, .. }, Some(asked)) if says_unknown(&said) => {
            let asked = asked.to_owned();
            ClusterError::UnknownKubernetes { asked, said, here }
        }
        (ClusterError::Failed { said, .. } | ClusterError::TimedOut { said, .. }, _) => {
            let image = image.to_owned();
            ClusterError::NodeImageNotFound { image, said, here }
        }
        (other, _) => other,
    })
}

fn found(image: &str, shelves: &[Shelf]) -> Result<ImageDigest, ClusterError> {
    let name = full_name(image);
    let digests: Option<Vec<_>> = shelves.iter().map(|shelf| shelf.get(&name)).collect();
    match digests.as_deref() {
        Some([digest, ..]) => Ok(ImageDigest {
            image: image.to_owned(),
            digest: (*digest).clone(),
        }),
        _ => Err(ClusterError::ImageNotLoaded {
            image: image.to_owned(),
            said: format!("kind loaded it, but not every node has `{name}`"),
        }),
    }
}

/// Reads containerd's list: name, type, digest and more in columns.
fn shelf(listed: &str) -> Shelf {
    let rows = listed.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace();
        let name = columns.next()?;
        let digest = columns.nth(1)?;
        Some((name.to_owned(), digest.to_owned()))
    });
    rows.collect()
}

/// All names by which an engine may identify what a node has: the manifest's
/// digest, and the image's id, which containerd lists as a name of its own.
fn identities<'a>(image: &str, shelf: &'a Shelf) -> BTreeSet<&'a str> {
    let Some(digest) = shelf.get(&full_name(image)) else {
        return BTreeSet::new();
    };
    let same = shelf.iter().filter(|(_, other)| *other == digest);
    same.map(|(name, _)| name.as_str())
        .filter(|name| name.starts_with("sha256:"))
        .chain([digest.as_str()])
        .collect()
}

/// `redis:7` → `docker.io/library/redis:7`, as containerd names it.
fn full_name(image: &str) -> String {
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    let named = match (first, is_registry) {
        (_, true) => image.to_owned(),
        ("", false) => format!("docker.io/library/{image}"),
        (_, false) => format!("docker.io/{image}"),
    };
    let last = rest.rsplit('/').next().unwrap_or(rest);
    if last.contains([':', '@']) {
        named
    } else {
        format!("{named}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_containerd() {
        let names = [
            "redis:7",
            "bitnami/redis",
            "ghcr.io/a/b:1",
            "localhost:5000/x",
        ];
        insta::assert_snapshot!(names.map(full_name).join("\n"), @r"
        docker.io/library/redis:7
        docker.io/bitnami/redis:latest
        ghcr.io/a/b:1
        localhost:5000/x:latest
        ");
    }

    #[test]
    fn an_image_is_known_by_its_digest_and_its_id() {
        let shelf = shelf(
            "REF TYPE DIGEST SIZE\n\
             docker.io/library/redis:7 application/json sha256:manifest 1 MiB\n\
             sha256:id application/json sha256:manifest 1 MiB\n\
             sha256:other application/json sha256:another 1 MiB\n",
        );
        let known: Vec<_> = identities("redis:7", &shelf).into_iter().collect();
        assert_eq!(known, ["sha256:id", "sha256:manifest"]);
    }
}
