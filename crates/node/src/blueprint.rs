//! From a pod's container to what the sandbox is asked for.
//!
//! Invariants:
//! - Pure: everything it needs is handed in.
//! - What an ordinary user cannot have is refused, never silently done as root.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use k8s_openapi::api::core::v1::{
    Container, Pod, PodSecurityContext, SecurityContext, VolumeMount,
};
use stayput_sandbox::{
    ContainerSpec, Identity, Mount, MountAccess, Privilege, ProcessSpec, RootKind,
};

use crate::environment::expand;
use crate::images::Image;
use crate::pod::StartFault;
use crate::volumes::Mounted;

/// What the cluster may do on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Powers {
    /// Everything: it was started by root.
    Root,
    /// One user only.
    User,
}

impl Powers {
    /// Those of this process: an ordinary user's namespace knows one user.
    pub fn of_this_process() -> Self {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        if map.split_whitespace().last() == Some("1") {
            Self::User
        } else {
            Self::Root
        }
    }
}

/// What a container is made from.
pub(crate) struct Blueprint<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) container: &'a Container,
    pub(crate) image: &'a Image,
    pub(crate) mounted: &'a Mounted,
    /// The pod's own variables, the image's not included.
    pub(crate) variables: &'a [(String, String)],
    pub(crate) hostname: &'a str,
    pub(crate) address: &'a str,
    pub(crate) dns: &'a Dns,
    pub(crate) termination_log: PathBuf,
    pub(crate) powers: Powers,
}

/// How names are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// The cluster's server.
    pub server: std::net::Ipv4Addr,
    /// The cluster's domain.
    pub domain: String,
}

impl Blueprint<'_> {
    /// The whole container.
    pub(crate) fn draw(&self) -> Result<ContainerSpec, StartFault> {
        let security = self.container.security_context.clone().unwrap_or_default();
        let process = ProcessSpec {
            arguments: self.arguments(),
            environment: self.environment(),
            directory: self.directory(),
            identity: self.identity(&security)?,
            privilege: privilege(&security),
            terminal: false,
        };
        let read_only = security.read_only_root_filesystem == Some(true);
        let log = self
            .container
            .termination_message_path
            .as_deref()
            .unwrap_or("/dev/termination-log");
        Ok(ContainerSpec {
            root: if read_only {
                RootKind::ReadOnly
            } else {
                RootKind::Fresh
            },
            mounts: self.mounts()?,
            directories: self.image.entry.directories.clone(),
            programs: self.programs(),
            etc: self.etc(),
            termination_log: Some((self.termination_log.clone(), log.into())),
            process,
        })
    }

    fn programs(&self) -> Vec<PathBuf> {
        let mut all = self
            .image
            .programs
            .iter()
            .flat_map(|program| program.directories.clone())
            .collect::<Vec<_>>();
        all.dedup();
        all
    }

    fn arguments(&self) -> Vec<String> {
        let all = self.environment();
        let words = |words: &Option<Vec<String>>| {
            words
                .iter()
                .flatten()
                .map(|word| expand(word, &all))
                .collect::<Vec<_>>()
        };
        self.image.command_line(
            &words(&self.container.command),
            &words(&self.container.args),
        )
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut all = self.image.environment();
        all.push(("HOSTNAME".to_owned(), self.hostname.to_owned()));
        for (name, value) in self.variables {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some(known) => known.1.clone_from(value),
                None => all.push((name.clone(), value.clone())),
            }
        }
        if !all.iter().any(|(name, _)| name == "HOME") {
            all.push(("HOME".to_owned(), "/root".to_owned()));
        }
        all
    }

    fn directory(&self) -> PathBuf {
        let own = self.container.working_dir.as_ref().map(PathBuf::from);
        own.or_else(|| self.image.entry.directory.clone())
            .unwrap_or_else(|| "/".into())
    }

    fn identity(&self, own: &SecurityContext) -> Result<Identity, StartFault> {
        let shared = self
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.security_context.clone())
            .unwrap_or_default();
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        let user = number(own.run_as_user.or(shared.run_as_user)).unwrap_or(0);
        let group = number(own.run_as_group.or(shared.run_as_group)).unwrap_or(0);
        let groups = further_groups(&shared);
        if user == 0 && own.run_as_non_root.or(shared.run_as_non_root) == Some(true) {
            let (pod, container) = (crate::pod::full_name(self.pod), &self.container.name);
            let why = format!(
                "container has runAsNonRoot and image will run as root (pod: \"{pod}\", container: {container})"
            );
            return Err(StartFault::Config(why));
        }
        if self.powers == Powers::User
            && (user != 0 || group != 0 || groups.iter().any(|group| *group != 0))
        {
            let why = format!(
                "this cluster was started by an ordinary user and has no user {user} or group {}: start it as root",
                groups
                    .first()
                    .copied()
                    .filter(|_| group == 0)
                    .unwrap_or(group)
            );
            return Err(StartFault::Create(why));
        }
        Ok(Identity {
            user,
            group,
            groups,
        })
    }

    fn mounts(&self) -> Result<Vec<Mount>, StartFault> {
        let mut mounts = Vec::new();
        for mount in self.container.volume_mounts.iter().flatten() {
            let source = self.mounted.get(&mount.name).ok_or_else(|| {
                StartFault::Config(format!("volume \"{}\" is not mounted", mount.name))
            })?;
            let read_only = mount.read_only == Some(true) || self.comes_from_api(&mount.name);
            mounts.push(Mount {
                source: self.within(source, mount)?,
                target: Path::new("/").join(&mount.mount_path),
                access: if read_only {
                    MountAccess::ReadOnly
                } else {
                    MountAccess::ReadWrite
                },
            });
        }
        // A mount inside of another comes after it.
        mounts.sort_by_key(|mount| mount.target.components().count());
        Ok(mounts)
    }

    /// Config maps and their like are never writable.
    fn comes_from_api(&self, name: &str) -> bool {
        let volumes = self
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.volumes.as_deref())
            .unwrap_or_default();
        volumes
            .iter()
            .filter(|volume| volume.name == name)
            .any(|volume| {
                volume.config_map.is_some()
                    || volume.secret.is_some()
                    || volume.projected.is_some()
                    || volume.downward_api.is_some()
            })
    }

    /// The part of a volume that is mounted.
    fn within(&self, source: &Path, mount: &VolumeMount) -> Result<PathBuf, StartFault> {
        let by_expression = mount
            .sub_path_expr
            .as_ref()
            .map(|text| expand(text, &self.environment()));
        let Some(part) = mount
            .sub_path
            .clone()
            .or(by_expression)
            .filter(|part| !part.is_empty())
        else {
            return Ok(source.to_path_buf());
        };
        let part = PathBuf::from(part);
        if part
            .components()
            .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
        {
            return Err(StartFault::Config("must not contain '..'".to_owned()));
        }
        let failed = || {
            let (name, container) = (&mount.name, &self.container.name);
            let why = format!(
                "failed to prepare subPath for volumeMount \"{name}\" of container \"{container}\""
            );
            StartFault::Config(why)
        };
        let whole = source.join(part);
        // A link in the volume may lead out of it, to the host's own files: what there is
        // of the way must be inside before anything is made or mounted.
        let inside = |path: &Path| {
            let real = path.canonicalize().ok()?;
            source
                .canonicalize()
                .is_ok_and(|source| real.starts_with(source))
                .then_some(real)
        };
        let there = whole
            .ancestors()
            .find(|path| path.symlink_metadata().is_ok());
        there.and_then(inside).ok_or_else(failed)?;
        if !whole.exists() {
            std::fs::create_dir_all(&whole).map_err(|_| failed())?;
        }
        // Links are followed now: the container must not see a later version.
        inside(&whole).ok_or_else(failed)
    }

    fn etc(&self) -> BTreeMap<String, String> {
        let namespace = self.pod.metadata.namespace.as_deref().unwrap_or_default();
        let files = [
            ("hosts", self.hosts(namespace)),
            ("hostname", format!("{}\n", self.hostname)),
            ("resolv.conf", self.resolver(namespace)),
        ];
        files.map(|(name, text)| (name.to_owned(), text)).into()
    }

    fn hosts(&self, namespace: &str) -> String {
        let spec = self.pod.spec.clone().unwrap_or_default();
        let (address, hostname) = (self.address, self.hostname);
        let own = match spec.subdomain {
            Some(subdomain) => {
                format!(
                    "{address}\t{hostname}.{subdomain}.{namespace}.svc.{}\t{hostname}\n",
                    self.dns.domain
                )
            }
            None => format!("{address}\t{hostname}\n"),
        };
        let mut text = format!(
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
             fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{own}"
        );
        let aliases = spec.host_aliases.unwrap_or_default();
        if !aliases.is_empty() {
            text.push_str("\n# Entries added by HostAliases.\n");
        }
        for alias in aliases {
            text.extend([
                alias.ip,
                "\t".to_owned(),
                alias.hostnames.unwrap_or_default().join("\t"),
                "\n".to_owned(),
            ]);
        }
        text
    }

    fn resolver(&self, namespace: &str) -> String {
        let domain = &self.dns.domain;
        format!(
            "search {namespace}.svc.{domain} svc.{domain} {domain}\nnameserver {}\noptions ndots:5\n",
            self.dns.server
        )
    }
}

fn further_groups(shared: &PodSecurityContext) -> Vec<u32> {
    let all = shared
        .supplemental_groups
        .iter()
        .flatten()
        .copied()
        .chain(shared.fs_group);
    all.filter_map(|group| u32::try_from(group).ok()).collect()
}

fn privilege(security: &SecurityContext) -> Privilege {
    if security.privileged == Some(true) {
        Privilege::All
    } else if security.allow_privilege_escalation == Some(false) {
        Privilege::NoNewPrivileges
    } else {
        Privilege::Default
    }
}

/// What `hostname` says in a pod.
pub(crate) fn hostname(pod: &Pod) -> String {
    let own = pod.spec.as_ref().and_then(|spec| spec.hostname.clone());
    let mut name = own
        .or_else(|| pod.metadata.name.clone())
        .unwrap_or_default();
    name.truncate(63);
    name.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a container's mounts are for a volume with a directory and a link out of it.
    fn check(mount: &str) -> String {
        let volume = tempfile::tempdir().unwrap();
        std::fs::create_dir(volume.path().join("part")).unwrap();
        std::os::unix::fs::symlink("/etc", volume.path().join("out")).unwrap();
        let pod = "{spec: {containers: [], volumes: [{name: v, emptyDir: {}}, {name: c, configMap: {name: c}}]}}";
        let pod = serde_saphyr::from_str::<Pod>(pod).unwrap();
        let container = format!("{{name: main, volumeMounts: [{mount}]}}");
        let blueprint = Blueprint {
            pod: &pod,
            container: &serde_saphyr::from_str(&container).unwrap(),
            image: &Image::default(),
            mounted: &["v", "c"]
                .map(|name| (name.to_owned(), volume.path().to_path_buf()))
                .into(),
            variables: &[("POD".to_owned(), "part".to_owned())],
            hostname: "p",
            address: "10.0.0.1",
            dns: &Dns {
                server: std::net::Ipv4Addr::LOCALHOST,
                domain: "cluster.local".to_owned(),
            },
            termination_log: PathBuf::new(),
            powers: Powers::User,
        };
        match blueprint.mounts() {
            Ok(mounts) => {
                let source = mounts[0]
                    .source
                    .strip_prefix(volume.path().canonicalize().unwrap());
                let source = source
                    .or_else(|_| mounts[0].source.strip_prefix(volume.path()))
                    .unwrap();
                format!("{} {:?}", source.display(), mounts[0].access)
            }
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn a_part_of_a_volume_is_mounted_and_nothing_outside_of_it() {
        assert_eq!(
            check("{name: v, mountPath: /a, subPath: part}"),
            "part ReadWrite"
        );
        assert_eq!(
            check("{name: v, mountPath: /a, subPathExpr: $(POD)/new}"),
            "part/new ReadWrite"
        );
        assert_eq!(check("{name: c, mountPath: /a}"), " ReadOnly");
        let refused = "Config(\"failed to prepare subPath for volumeMount \\\"v\\\" of container \\\"main\\\"\")";
        assert_eq!(check("{name: v, mountPath: /a, subPath: out}"), refused);
        assert_eq!(check("{name: v, mountPath: /a, subPath: out/ssh}"), refused);
    }
}
