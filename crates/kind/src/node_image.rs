//! Which node image a version of Kubernetes means.
//!
//! Invariants:
//! - Pure. What the engine has comes before what would be downloaded.

use stayput_cluster::ClusterError;

/// The images that kind's releases (0.31 to 0.33) published, one patch for each
/// minor version: what `--kubernetes X.Y` downloads when the engine has none.
const PUBLISHED: [&str; 6] = ["1.37.0", "1.35.0", "1.34.3", "1.33.7", "1.32.11", "1.31.14"];

/// A version as asked for: the patch may be left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    major: u32,
    minor: u32,
    patch: Option<u32>,
}

/// Where a cluster's node image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeImage {
    /// The engine has it under this name.
    Here(String),
    /// It has to be pulled.
    Pull(String),
    /// None is named: kind's own default, or what the configuration pins.
    Unnamed,
}

impl NodeImage {
    /// The image for what was asked, given the names of the node images that
    /// the engine has.
    pub(crate) fn choose(asked: Option<&str>, here: &[String]) -> Result<Self, ClusterError> {
        let Some(asked) = asked else {
            let newest = newest(here, |_| true);
            return Ok(newest.map_or(Self::Unnamed, Self::Here));
        };
        let unknown = |said: &str| ClusterError::UnknownKubernetes {
            asked: asked.to_owned(),
            said: said.to_owned(),
            here: here.to_vec(),
        };
        let version = Asked::parse(asked)
            .ok_or_else(|| unknown("a version is written like `1.34` or `1.34.4`"))?;
        if let Some(image) = newest(here, |found| version.allows(found)) {
            return Ok(Self::Here(image));
        }
        if version.patch.is_some() {
            let number = asked.trim_start_matches('v');
            return Ok(Self::Pull(format!("kindest/node:v{number}")));
        }
        let known = PUBLISHED.iter().find(|number| {
            let found = numbers(number);
            found.is_some_and(|found| version.allows(found))
        });
        let known = known.ok_or_else(|| {
            unknown("the engine has none, and which patch was published is not known here: name it in full")
        })?;
        Ok(Self::Pull(format!("kindest/node:v{known}")))
    }

    /// The name to give to kind, if any.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Here(name) | Self::Pull(name) => Some(name),
            Self::Unnamed => None,
        }
    }
}

impl Asked {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.split('.').map(str::parse);
        let asked = Self {
            major: parts.next()?.ok()?,
            minor: parts.next()?.ok()?,
            patch: parts.next().transpose().ok()?,
        };
        parts.next().is_none().then_some(asked)
    }

    fn allows(self, (major, minor, patch): (u32, u32, u32)) -> bool {
        let open = self.patch.is_none_or(|asked| asked == patch);
        open && (self.major, self.minor) == (major, minor)
    }
}

fn newest(here: &[String], wanted: impl Fn((u32, u32, u32)) -> bool) -> Option<String> {
    let versions = here.iter().filter_map(|name| {
        let (_, tag) = name.rsplit_once(":v")?;
        let found = numbers(tag)?;
        wanted(found).then_some((found, name))
    });
    versions.max().map(|(_, name)| name.clone())
}

/// `1.34.4` as numbers; a pre-release is none that anybody asks for.
fn numbers(text: &str) -> Option<(u32, u32, u32)> {
    let asked = Asked::parse(text)?;
    Some((asked.major, asked.minor, asked.patch?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, here: &[&str]) -> String {
        let here: Vec<_> = here
            .iter()
            .map(|tag| format!("kindest/node:{tag}"))
            .collect();
        let asked = (!asked.is_empty()).then_some(asked);
        match NodeImage::choose(asked, &here) {
            Ok(image) => format!("{image:?}"),
            Err(error) => format!("{error}; hint: {}", error.hint().unwrap()),
        }
    }

    #[test]
    fn what_is_here_comes_first() {
        let here = ["v1.34.4", "v1.33.13", "v1.34.10", "v1.36.0-rc.1"];
        insta::assert_snapshot!(check("", &here), @r#"Here("kindest/node:v1.34.10")"#);
        insta::assert_snapshot!(check("1.33", &here), @r#"Here("kindest/node:v1.33.13")"#);
        insta::assert_snapshot!(check("v1.34.4", &here), @r#"Here("kindest/node:v1.34.4")"#);
    }

    #[test]
    fn what_is_not_here_is_pulled() {
        insta::assert_snapshot!(check("1.34.1", &["v1.34.4"]), @r#"Pull("kindest/node:v1.34.1")"#);
        insta::assert_snapshot!(check("1.33", &[]), @r#"Pull("kindest/node:v1.33.7")"#);
        insta::assert_snapshot!(check("", &[]), @"Unnamed");
    }

    #[test]
    fn what_is_no_version_is_told() {
        insta::assert_snapshot!(check("latest", &["v1.34.4"]), @"no node image for Kubernetes `latest`: a version is written like `1.34` or `1.34.4`; hint: ask for a version whose node image is here (`kindest/node:v1.34.4`), or for one of https://github.com/kubernetes-sigs/kind/releases with access to its registry");
        insta::assert_snapshot!(check("9.99", &[]), @"no node image for Kubernetes `9.99`: the engine has none, and which patch was published is not known here: name it in full; hint: ask for a version whose node image is here (none), or for one of https://github.com/kubernetes-sigs/kind/releases with access to its registry");
    }
}
