//! What to do about each error.

use crate::ClusterError;
use crate::error::list;

impl ClusterError {
    /// What to do about it, if anything is known to help.
    pub fn hint(&self) -> Option<String> {
        missing(self)
            .or_else(|| failing(self))
            .or_else(|| node(self))
    }
}

/// Cures for what is not there.
fn missing(error: &ClusterError) -> Option<String> {
    use ClusterError as E;
    Some(match error {
        E::MissingProgram { program } if program == "kind" => "install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation): `go install sigs.k8s.io/kind@v0.33.0`, or run on another kind of cluster with `--cluster`".to_owned(),
        E::MissingProgram { program } => format!("install `{program}` and have it in PATH"),
        E::Machine { cure, .. } => cure.clone(),
        E::NoEngine { .. } => "install Docker, nerdctl or Podman, or run on another kind of cluster with `--cluster`".to_owned(),
        E::EngineNotRunning { engine, .. } if engine == "docker" => "start Docker (`systemctl start docker`, or Docker Desktop); for a remote engine look at DOCKER_HOST and `docker context ls`".to_owned(),
        E::EngineNotRunning { engine, .. } => format!("start the engine until `{engine} info` works, or name another one in KIND_EXPERIMENTAL_PROVIDER"),
        E::EngineForbidden { engine, .. } => format!("let this user use it (for Docker: `sudo usermod -aG docker $USER`, then log in again) until `{engine} info` works"),
        E::UnknownKubernetes { here, .. } | E::NodeImageNotFound { here, .. } => format!(
            "ask for a version whose node image is here ({}), or for one of https://github.com/kubernetes-sigs/kind/releases with access to its registry",
            list(here)
        ),
        E::ImageNotFound { image, .. } => format!("pull or build it where the engine finds it, until its `image inspect {image}` works; kind loads it from there"),
        E::UnknownCluster { known, .. } => format!("there are: {}", list(known)),
        E::UnknownContext { known, .. } => format!("its contexts are: {}", list(known)),
        E::BadKubeconfig { .. } => "name the file in KUBECONFIG, until `kubectl config get-contexts` works".to_owned(),
        _ => return None,
    })
}

/// Cures for what is there and does not work.
fn failing(error: &ClusterError) -> Option<String> {
    use ClusterError as E;
    Some(match error {
        E::ImageNotLoaded { .. } => "see whether the disk is full (`df -h`), and delete the cluster if it was kept".to_owned(),
        E::NameTaken { name, .. } => format!("delete the other one if it is yours (`kind delete cluster --name {name}`), or try again: a new run takes a new name"),
        E::PortTaken { .. } => "stop what listens there, or leave `apiServerPort` and `hostPort` out of the cluster's configuration".to_owned(),
        E::BadConfig { .. } => "compare kind-config.yaml with https://kind.sigs.k8s.io/docs/user/configuration/".to_owned(),
        E::CreateFailed { .. } => "too little memory or disk, or too few inotify instances, are common (https://kind.sigs.k8s.io/docs/user/known-issues/)".to_owned(),
        E::NodeNotReady { .. } | E::NotUsable { .. } => "the machine may be short of memory, disk or processors (`df -h`, `free -m`); the exported logs say more".to_owned(),
        E::TooFewNodes { .. } => "add workers to the cluster's configuration, or use fewer nodes in the scenario".to_owned(),
        E::InterruptedUncleanly { name, .. } | E::NotDeleted { name, .. } => format!("the next run tries again; or `kind delete cluster --name {name}`"),
        E::InUse { .. } => "wait for the other run, or interrupt it".to_owned(),
        E::Unreachable { .. } => "see whether the cluster runs and the network reaches it: `kubectl get nodes`".to_owned(),
        _ => return None,
    })
}

/// Cures for trouble on one node.
fn node(error: &ClusterError) -> Option<String> {
    use ClusterError as E;
    Some(match error {
        E::Unsupported { .. } => {
            "use a cluster that is made for the run: `--cluster kind`".to_owned()
        }
        E::NodeStopped { .. } => "start the node before looking at its disk".to_owned(),
        E::OutputTooLarge { .. } => {
            "let the script print less: digests instead of contents".to_owned()
        }
        E::NotAScript { .. } => {
            "a shell script is text; write binary data with printf and octal escapes".to_owned()
        }
        _ => return None,
    })
}
