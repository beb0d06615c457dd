//! Mounts a pod's volumes: finds or makes the directory that each of them is.
//!
//! Invariants:
//! - Every directory is on the node's own disk.
//! - What fails is said in a kubelet's words; the caller tries again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    ConfigMap, HostPathVolumeSource, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume,
};
use kube::{Api, Client};

use crate::affinity;
use crate::blueprint::Powers;
use crate::contents::Contents;
use crate::disk::Disk;
use crate::downward::Place;
use crate::files;

/// Volume → directory or file on the host.
pub(crate) type Mounted = BTreeMap<String, PathBuf>;

const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What mounting needs to know.
#[derive(Clone)]
pub(crate) struct Volumes {
    pub(crate) client: Client,
    pub(crate) disk: Disk,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) place: Place,
    pub(crate) powers: Powers,
    /// Names the versions of volumes that are written.
    pub(crate) stamp: String,
}

impl Volumes {
    /// Mounts all of a pod's volumes, or says what a kubelet says of those that fail.
    pub(crate) async fn mount(&self, pod: &Pod) -> Result<Mounted, Vec<String>> {
        let mut mounted = Mounted::new();
        let mut failures = Vec::new();
        let volumes = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.volumes.as_deref())
            .unwrap_or_default();
        for volume in volumes {
            match self.mount_one(pod, volume).await {
                Ok(path) => drop(mounted.insert(volume.name.clone(), path)),
                Err(failure) => failures.push(failure),
            }
        }
        // An ordinary user cannot give files away: the container is refused, with the reason.
        if let Some(group) = fs_group(pod)
            && self.powers == Powers::Root
            && failures.is_empty()
        {
            failures.extend(
                volumes
                    .iter()
                    .filter_map(|volume| Self::share(volume, &mounted, group).err()),
            );
        }
        if failures.is_empty() {
            Ok(mounted)
        } else {
            Err(failures)
        }
    }

    /// Gives a volume to the pod's group, as far as a kubelet does.
    fn share(volume: &Volume, mounted: &Mounted, group: u32) -> Result<(), String> {
        let shared = volume.empty_dir.is_some() || volume.persistent_volume_claim.is_some();
        let Some(path) = mounted.get(&volume.name).filter(|_| shared) else {
            return Ok(());
        };
        give_to(path, group).map_err(|error| {
            let name = &volume.name;
            format!("MountVolume.SetUp failed for volume \"{name}\" : applyFSGroup failed for vol {name}: {error}")
        })
    }

    async fn mount_one(&self, pod: &Pod, volume: &Volume) -> Result<PathBuf, String> {
        let name = &volume.name;
        let set_up =
            |why: String| format!("MountVolume.SetUp failed for volume \"{name}\" : {why}");
        if let Some(claim) = &volume.persistent_volume_claim {
            return self.claim(pod, name, &claim.claim_name).await;
        }
        if let Some(source) = &volume.host_path {
            return self.host_path(source).map_err(set_up);
        }
        if volume.empty_dir.is_some() {
            return self.empty_dir(pod, name).map_err(set_up);
        }
        let contents = Contents {
            pod,
            place: &self.place,
            volumes: self,
        };
        let Some((kind, files)) = contents.of(volume).await.map_err(set_up)? else {
            return Err(set_up("no volume plugin matched".to_owned()));
        };
        let directory = self.own(pod, kind, name);
        if files::differs(&directory, &files) {
            files::publish(&directory, &files, &self.stamp)
                .map_err(|error| set_up(error.to_string()))?;
        }
        Ok(directory)
    }

    /// Brings what comes from the API up to date, as far as it is still there.
    pub(crate) async fn refresh(&self, pod: &Pod) {
        let volumes = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.volumes.as_deref())
            .unwrap_or_default();
        let from_api = |volume: &&Volume| {
            volume.config_map.is_some()
                || volume.secret.is_some()
                || volume.projected.is_some()
                || volume.downward_api.is_some()
        };
        for volume in volumes.iter().filter(from_api) {
            if let Err(why) = self.mount_one(pod, volume).await {
                tracing::debug!(why, "a volume was not brought up to date");
            }
        }
    }

    fn own(&self, pod: &Pod, kind: &str, name: &str) -> PathBuf {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        self.disk
            .pod(uid)
            .join("volumes")
            .join(format!("kubernetes.io~{kind}"))
            .join(name)
    }

    fn empty_dir(&self, pod: &Pod, name: &str) -> Result<PathBuf, String> {
        let directory = self.own(pod, "empty-dir", name);
        let made = fs::create_dir_all(&directory)
            .and_then(|()| fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)));
        made.map(|()| directory).map_err(|error| error.to_string())
    }

    fn host_path(&self, source: &HostPathVolumeSource) -> Result<PathBuf, String> {
        self.disk
            .host_path(&source.path, source.type_.as_deref().unwrap_or_default())
    }

    async fn claim(&self, pod: &Pod, name: &str, claim_name: &str) -> Result<PathBuf, String> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let processing = |why: String| {
            format!(
                "Unable to attach or mount volumes: unmounted volumes=[{name}], unattached volumes=[], \
                 failed to process volumes=[{name}]: error processing PVC {namespace}/{claim_name}: {why}"
            )
        };
        let volume_name = self
            .bound(namespace, claim_name)
            .await
            .map_err(processing)?;
        let volume = Api::<PersistentVolume>::all(self.client.clone())
            .get_opt(&volume_name)
            .await;
        let volume = volume.map_err(|error| processing(error.to_string()))?;
        let missing = || {
            format!(
                "failed to fetch PV {volume_name} from API server: persistentvolumes \"{volume_name}\" not found"
            )
        };
        self.persistent(&volume_name, &volume.ok_or_else(|| processing(missing()))?)
    }

    /// The volume that a claim is bound to. A claim whose last write is still on its way
    /// when its pod is scheduled is looked at again before that is called an error.
    async fn bound(&self, namespace: &str, name: &str) -> Result<String, String> {
        let claims = Api::<PersistentVolumeClaim>::namespaced(self.client.clone(), namespace);
        let mut ticks = tokio::time::interval(LOOK_AGAIN);
        for _ in 0..LOOKS {
            ticks.tick().await;
            let claim = claims
                .get_opt(name)
                .await
                .map_err(|error| error.to_string())?;
            let claim = claim.ok_or_else(|| {
                format!("failed to fetch PVC from API server: persistentvolumeclaims \"{name}\" not found")
            })?;
            if claim.metadata.deletion_timestamp.is_some() {
                return Err("PVC is being deleted".to_owned());
            }
            let phase = claim
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            let bound = claim
                .spec
                .as_ref()
                .and_then(|spec| spec.volume_name.clone());
            if let Some(volume) = bound.filter(|_| phase == Some("Bound")) {
                return Ok(volume);
            }
        }
        Err("PVC is not bound".to_owned())
    }

    fn persistent(&self, name: &str, volume: &PersistentVolume) -> Result<PathBuf, String> {
        let spec = volume.spec.clone().unwrap_or_default();
        let required = spec.node_affinity.and_then(|affinity| affinity.required);
        if required.is_some_and(|selector| !affinity::selects(&selector, &self.labels)) {
            let why = "no matching NodeSelectorTerms";
            return Err(format!(
                "MountVolume.NodeAffinity check failed for volume \"{name}\" : {why}"
            ));
        }
        if let Some(local) = &spec.local {
            let initialized = |why| {
                format!(
                    "MountVolume.NewMounter initialization failed for volume \"{name}\" : {why}"
                )
            };
            return self.disk.local(&local.path).map_err(initialized);
        }
        if let Some(source) = &spec.host_path {
            let set_up = |why| format!("MountVolume.SetUp failed for volume \"{name}\" : {why}");
            return self.host_path(source).map_err(set_up);
        }
        Err(format!(
            "MountVolume.SetUp failed for volume \"{name}\" : no volume plugin matched"
        ))
    }

    /// A config map of the pod's namespace.
    pub(crate) async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ConfigMap>, String> {
        let maps = Api::<ConfigMap>::namespaced(self.client.clone(), namespace);
        maps.get_opt(name).await.map_err(|error| error.to_string())
    }

    /// A secret of the pod's namespace.
    pub(crate) async fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Secret>, String> {
        let secrets = Api::<Secret>::namespaced(self.client.clone(), namespace);
        secrets
            .get_opt(name)
            .await
            .map_err(|error| error.to_string())
    }
}

/// The group that the pod's volumes belong to.
pub(crate) fn fs_group(pod: &Pod) -> Option<u32> {
    let context = pod.spec.as_ref()?.security_context.as_ref()?;
    context.fs_group.and_then(|group| u32::try_from(group).ok())
}

fn give_to(path: &Path, group: u32) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    std::os::unix::fs::lchown(path, None, Some(group))?;
    if found.is_symlink() {
        return Ok(());
    }
    let more = if found.is_dir() { 0o2770 } else { 0o660 };
    fs::set_permissions(
        path,
        fs::Permissions::from_mode(found.permissions().mode() & 0o7777 | more),
    )?;
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            give_to(&entry?.path(), group)?;
        }
    }
    Ok(())
}
