//! What a person reads when a cluster cannot be had, tried with fake programs.

mod fakes;
mod images;
mod leftovers;

use std::sync::mpsc;

use fakes::Fakes;

/// What `create` says with these programs, to a person.
async fn check(fakes: &Fakes) -> String {
    match fakes.kind().create(Fakes::options(None)).await {
        Ok(_) => "created".to_owned(),
        Err(error) => Fakes::told(&error),
    }
}

#[tokio::test]
async fn kind_is_missing() {
    let fakes = Fakes::new(&["docker"]);
    insta::assert_snapshot!(check(&fakes).await, @"
    `kind` is not installed, or not in PATH
    hint: install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation): `go install sigs.k8s.io/kind@v0.33.0`, or run on another kind of cluster with `--cluster`
    ");
}

#[tokio::test]
async fn no_engine_is_installed() {
    let fakes = Fakes::new(&["kind"]);
    insta::assert_snapshot!(check(&fakes).await, @"
    no container engine found: looked for `docker`, `nerdctl`, `finch`, `podman`
    hint: install Docker, nerdctl or Podman, or run on another kind of cluster with `--cluster`
    ");
}

#[tokio::test]
async fn the_engine_that_kind_is_told_to_use_is_missing() {
    let fakes = Fakes::new(&["kind", "docker"]).provider("podman");
    insta::assert_snapshot!(check(&fakes).await, @"
    `podman` is not installed, or not in PATH
    hint: install `podman` and have it in PATH
    ");
}

#[tokio::test]
async fn an_engine_that_kind_does_not_know_is_ignored() {
    let fakes = Fakes::new(&["kind", "docker"])
        .provider("rkt")
        .docker("info", "echo 'is this rkt?' >&2; exit 1");
    insta::assert_snapshot!(check(&fakes).await, @"
    `docker` is installed, but its engine does not answer: is this rkt?
    hint: start Docker (`systemctl start docker`, or Docker Desktop); for a remote engine look at DOCKER_HOST and `docker context ls`
    ");
}

#[tokio::test]
async fn the_engine_does_not_run() {
    let dead = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    let fakes = Fakes::new(&["kind", "docker"]);
    let fakes = fakes.docker("info", &format!("echo '{dead}' >&2; exit 1"));
    insta::assert_snapshot!(check(&fakes).await, @"
    `docker` is installed, but its engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
    hint: start Docker (`systemctl start docker`, or Docker Desktop); for a remote engine look at DOCKER_HOST and `docker context ls`
    ");
    let old_client = format!(r#"echo '{{"ServerErrors":["{dead}"]}}'"#);
    let fakes = Fakes::new(&["kind", "docker"]).docker("info", &old_client);
    insta::assert_snapshot!(check(&fakes).await.lines().next().unwrap(), @"`docker` is installed, but its engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?");
}

#[tokio::test]
async fn the_engine_is_not_for_this_user() {
    let fakes = Fakes::new(&["kind", "docker"]).docker(
        "info",
        "echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1",
    );
    insta::assert_snapshot!(check(&fakes).await, @"
    this user may not use the engine of `docker`: permission denied while trying to connect to the Docker daemon socket
    hint: let this user use it (for Docker: `sudo usermod -aG docker $USER`, then log in again) until `docker info` works
    ");
}

#[tokio::test]
async fn a_version_that_nobody_published() {
    let fakes = Fakes::new(&["kind", "docker"]).docker(
        "pull",
        "echo 'manifest for kindest/node:v1.34.99 not found: manifest unknown' >&2; exit 1",
    );
    let options = Fakes::options(Some("1.34.99"));
    let error = fakes.kind().create(options).await.err().unwrap();
    insta::assert_snapshot!(Fakes::told(&error), @"
    no node image for Kubernetes `1.34.99`: manifest for kindest/node:v1.34.99 not found: manifest unknown
    hint: ask for a version whose node image is here (`kindest/node:v1.34.4`), or for one of https://github.com/kubernetes-sigs/kind/releases with access to its registry
    ");
}

#[tokio::test]
async fn a_registry_out_of_reach() {
    let fakes = Fakes::new(&["kind", "docker"]).docker(
        "pull",
        "echo 'dial tcp: lookup registry-1.docker.io: no such host' >&2; exit 1",
    );
    let options = Fakes::options(Some("1.33"));
    let error = fakes.kind().create(options).await.err().unwrap();
    insta::assert_snapshot!(Fakes::told(&error), @"
    cannot pull the node image `kindest/node:v1.33.7`: dial tcp: lookup registry-1.docker.io: no such host
    hint: ask for a version whose node image is here (`kindest/node:v1.34.4`), or for one of https://github.com/kubernetes-sigs/kind/releases with access to its registry
    ");
}

#[tokio::test]
async fn a_name_that_is_taken() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does(
        "create",
        r#"echo 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "stayput-x"' >&2; exit 1"#,
    );
    insta::assert_snapshot!(check(&fakes).await, @r#"
    the name `stayput-RANDOM` is taken: failed to create cluster: node(s) already exist for a cluster with the name "stayput-x"
    hint: delete the other one if it is yours (`kind delete cluster --name stayput-RANDOM`), or try again: a new run takes a new name
    "#);
    // Who has the name is not ours: nothing of it is deleted.
    assert!(!fakes.calls().contains("kind delete"));
    assert_eq!(fakes.state_files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does(
        "create",
        r#"echo 'ERROR: failed to create cluster: command "docker run --name x" failed with error: exit status 125
Command Output: 0123456789
docker: Error response from daemon: driver failed programming external connectivity: Bind for 127.0.0.1:6443 failed: port is already allocated.' >&2; exit 1"#,
    );
    insta::assert_snapshot!(check(&fakes).await, @"
    a port that the cluster needs is taken: failed to create cluster; 0123456789; docker: Error response from daemon: driver failed programming external connectivity: Bind for 127.0.0.1:6443 failed: port is already allocated.
    hint: stop what listens there, or leave `apiServerPort` and `hostPort` out of the cluster's configuration
    ");
}

#[tokio::test]
async fn a_configuration_that_kind_refuses() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does(
        "create",
        "echo 'ERROR: failed to create cluster: unable to decode config: yaml: unmarshal errors: line 3: field rolle not found' >&2; exit 1",
    );
    insta::assert_snapshot!(check(&fakes).await, @"
    the cluster's configuration is not valid: failed to create cluster: unable to decode config: yaml: unmarshal errors: line 3: field rolle not found
    hint: compare kind-config.yaml with https://kind.sigs.k8s.io/docs/user/configuration/
    ");
}

#[tokio::test]
async fn a_failure_without_a_name_is_quoted_and_cleared_away() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does(
        "create",
        r#"echo 'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec --privileged x kubeadm init" failed with error: exit status 1
Command Output: much
I1124 more
[kubelet-check] The kubelet is not healthy' >&2; exit 1"#,
    );
    insta::assert_snapshot!(check(&fakes).await, @"
    cannot create cluster `stayput-RANDOM`: failed to create cluster: failed to init node with kubeadm; much; I1124 more; [kubelet-check] The kubelet is not healthy
    hint: too little memory or disk, or too few inotify instances, are common (https://kind.sigs.k8s.io/docs/user/known-issues/)
    ");
    assert!(
        fakes
            .calls()
            .contains("kind delete cluster --name stayput-")
    );
    assert_eq!(fakes.state_files(), Vec::<String>::new());
}

#[tokio::test]
async fn more_scenario_nodes_than_workers() {
    let fakes = Fakes::new(&[]);
    let mut options = Fakes::options(None);
    options.scenario_nodes = ["a", "b"].map(str::to_owned).to_vec();
    let error = fakes.kind().create(options).await.err().unwrap();
    insta::assert_snapshot!(Fakes::told(&error), @"
    the scenario needs 2 nodes (`a`, `b`), the cluster has 1 that it can use (`stayput-worker`)
    hint: add workers to the cluster's configuration, or use fewer nodes in the scenario
    ");
    assert_eq!(fakes.calls(), "");
}

#[tokio::test]
async fn ctrl_c_while_creating_deletes_what_there_is() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does(
        "create",
        "echo ' • Preparing nodes 📦  ...' >&2; exec /bin/sleep 1000",
    );
    let mut options = Fakes::options(None);
    let cancel = options.cancel.clone();
    options.progress = stayput_cluster::Progress::new(move |line| {
        if line.contains("Preparing") {
            cancel.cancel();
        }
    });
    let error = fakes.kind().create(options).await.err().unwrap();
    insta::assert_snapshot!(Fakes::told(&error), @"
    interrupted while creating the cluster
    hint: none
    ");
    assert_eq!(error.kind(), stayput_cluster::ErrorKind::Interrupted);
    assert!(
        fakes
            .calls()
            .contains("kind delete cluster --name stayput-")
    );
    assert_eq!(fakes.state_files(), Vec::<String>::new());
}

#[tokio::test]
async fn kind_is_kept_from_the_users_kubeconfig() {
    let fakes = Fakes::new(&["kind", "docker"]).kind_does("create", "exit 1");
    let (said, lines) = mpsc::channel();
    let mut options = Fakes::options(None);
    options.progress =
        stayput_cluster::Progress::new(move |line| said.send(line.to_owned()).unwrap());
    assert!(fakes.kind().create(options).await.is_err());
    assert!(lines.recv().unwrap().starts_with("creating `stayput-"));
    let calls = fakes.calls();
    let writing = calls
        .lines()
        .filter(|call| call.contains(" cluster --name"));
    assert!(writing.clone().count() >= 2);
    let own = format!("--kubeconfig {}/stayput-", fakes.state());
    assert!(writing.clone().all(|call| call.contains(&own)), "{calls}");
}
