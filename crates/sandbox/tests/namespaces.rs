//! Real namespaces, real processes. Where the machine forbids them, the tests are
//! reported as ignored, with the reason.

#![expect(
    clippy::unwrap_used,
    reason = "a test without libtest: clippy does not see that it is one"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use stayput_sandbox::{
    ContainerSpec, Exit, FabricSpec, Fault, Identity, Inside, Launch, Launched, Lifeline, Mount,
    MountAccess, PodId, PodSpec, Privilege, ProcessSpec, RootKind, Running, Sandbox, Stdio,
};

stayput_sandbox::before_main!("lab", lab);

const EXPERIMENTS: [&str; 12] = [
    "first_process_is_pid_1",
    "a_pod_has_its_own_address_and_name",
    "pods_reach_each_other",
    "sigterm_is_ignored_by_pid_1_and_sigkill_is_not",
    "exec_is_in_the_same_namespaces",
    "exec_that_is_not_there_is_the_programs_fault",
    "mounts_are_where_they_should_be",
    "a_mount_below_usr_is_possible",
    "the_host_cannot_be_written",
    "etc_is_its_own",
    "dialling_is_from_inside",
    "another_user_needs_root",
];

fn main() {
    let arguments = Arguments::from_args();
    let directory = tempfile::tempdir().unwrap();
    let refused = stayput_sandbox::preflight(directory.path().join("stage")).err();
    let reason = refused.map(|error| {
        format!(
            "{error}: {}",
            std::error::Error::source(&error).map_or(String::new(), ToString::to_string)
        )
    });
    let trial = |name: &'static str, run: fn(&'static str) -> Result<(), Failed>| {
        let label = match &reason {
            Some(reason) => format!("{name} ({reason})"),
            None => name.to_owned(),
        };
        Trial::test(label, move || run(name)).with_ignored_flag(reason.is_some())
    };
    let mut trials = Vec::from(EXPERIMENTS.map(|name| trial(name, experiment)));
    trials.push(trial("nothing_is_left_after_kill_9", |_| nothing_left()));
    trials.push(trial("a_detached_cluster_lives_on", |_| detached()));
    trials.push(trial("a_listener_is_served_from_inside", |_| {
        listener();
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

fn launch(name: &str, directory: &Path, listeners: Vec<std::net::TcpListener>) -> Launched {
    launch_with(name, directory, listeners, Lifeline::Launcher)
}

fn launch_with(
    name: &str,
    directory: &Path,
    listeners: Vec<std::net::TcpListener>,
    lifeline: Lifeline,
) -> Launched {
    let launch = Launch {
        entry: "lab",
        arguments: serde_json::to_vec(&(name, directory)).unwrap(),
        listeners,
        fabric: FabricSpec::default(),
        stage: directory.join("stage"),
        remove: vec![directory.join("files")],
        lifeline,
        errors: None,
    };
    launch.start().unwrap()
}

fn experiment(name: &'static str) -> Result<(), Failed> {
    let directory = tempfile::tempdir().unwrap();
    let mut launched = launch(name, directory.path(), Vec::new());
    let mut said = String::new();
    launched.control.read_to_string(&mut said).unwrap();
    if said == "ok" {
        Ok(())
    } else {
        Err(said.into())
    }
}

/// The cluster's process of these tests.
fn lab(mut inside: Inside) -> i32 {
    let (name, directory): (String, PathBuf) = serde_json::from_slice(&inside.arguments).unwrap();
    let control = inside.control.try_clone().unwrap();
    std::panic::set_hook(Box::new(move |panic| {
        let _ = write!(&control, "{panic}");
    }));
    if name == "wait" {
        return wait(inside, &directory);
    }
    if name == "listener" {
        let (mut stream, _) = inside.listeners[0].accept().unwrap();
        stream.write_all(b"hello").unwrap();
        return 0;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let connection = inside.sandbox;
    runtime.block_on(async move {
        let (sandbox, owner) = connection.open().unwrap();
        let lab = Lab { sandbox, directory };
        tokio::select! {
            () = owner => panic!("the zygote is gone"),
            () = lab.run(&name) => {}
        }
    });
    inside.control.write_all(b"ok").unwrap();
    0
}

struct Lab {
    sandbox: Sandbox,
    directory: PathBuf,
}

/// What came of a process.
struct Outcome {
    exit: Exit,
    output: String,
}

impl Lab {
    async fn run(&self, name: &str) {
        match name {
            "first_process_is_pid_1" => {
                assert_eq!(self.sh("echo $$; exit 3").await.output, "1\n");
                assert_eq!(self.sh("exit 3").await.exit, Exit::Code(3));
            }
            "a_pod_has_its_own_address_and_name" => {
                let said = self
                    .sh("hostname; grep -c 10.244.0.9 /proc/net/fib_trie")
                    .await
                    .output;
                assert!(
                    said.starts_with("me\n") && !said.ends_with("\n0\n"),
                    "{said}"
                );
            }
            "pods_reach_each_other" => self.reach().await,
            "sigterm_is_ignored_by_pid_1_and_sigkill_is_not" => self.signals().await,
            "exec_is_in_the_same_namespaces" => self.exec().await,
            "exec_that_is_not_there_is_the_programs_fault" => self.absent().await,
            "mounts_are_where_they_should_be" => self.mounts().await,
            "a_mount_below_usr_is_possible" => self.below_usr().await,
            "the_host_cannot_be_written" => {
                for place in ["/usr/x", "/.host/etc/x", "/opt/x"] {
                    assert_ne!(
                        self.sh(&format!("echo x >{place}")).await.exit,
                        Exit::Code(0),
                        "{place}"
                    );
                }
            }
            "etc_is_its_own" => {
                let said = self.sh("cat /etc/hosts; test -e /etc/shadow || echo no shadow; id -un; ls -d /etc/passwd").await;
                assert_eq!(said.output, "10.0.0.1 here\nno shadow\nroot\n/etc/passwd\n");
            }
            "dialling_is_from_inside" => self.dial().await,
            "another_user_needs_root" => self.another_user().await,
            other => panic!("no experiment {other}"),
        }
    }

    async fn pod(&self, last: u8) -> PodId {
        let address = Ipv4Addr::new(10, 244, 0, last);
        self.sandbox
            .pod(PodSpec {
                hostname: "me".to_owned(),
                address,
            })
            .await
            .unwrap()
    }

    async fn start(&self, pod: PodId, spec: ContainerSpec) -> (Running, OwnedFd) {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let input = Stdio::null().unwrap().input;
        let stdio = Stdio {
            input,
            output: writer.try_clone().unwrap(),
            error: writer,
        };
        (self.sandbox.start(pod, spec, stdio).await.unwrap(), reader)
    }

    async fn finish(&self, (running, reader): (Running, OwnedFd)) -> Outcome {
        let exit = running.exit.await.unwrap();
        let mut output = String::new();
        File::from(reader).read_to_string(&mut output).unwrap();
        Outcome { exit, output }
    }

    async fn sh(&self, script: &str) -> Outcome {
        let pod = self.pod(9).await;
        self.finish(self.start(pod, container(script)).await).await
    }

    async fn reach(&self) {
        let (one, two) = (self.pod(2).await, self.pod(3).await);
        let (server, _kept) = self.start(one, container("exec sleep 60")).await;
        let listening = process(
            "perl -MIO::Socket -e '$s=IO::Socket::INET->new(Listen=>1,LocalPort=>7)or die;$c=$s->accept;print $c \"pong\"'",
        );
        let _perl = self
            .sandbox
            .exec(server.id, listening, Stdio::null().unwrap())
            .await
            .unwrap();
        let client =
            container("until exec 3<>/dev/tcp/10.244.0.2/7; do :; done 2>/dev/null; cat <&3");
        let outcome = self.finish(self.start(two, client).await).await;
        assert_eq!(outcome.output, "pong");
    }

    async fn signals(&self) {
        let pod = self.pod(4).await;
        let (mut running, _kept) = self.start(pod, container("sleep 60; exit 0")).await;
        self.sandbox.signal(running.id, 15).await.unwrap();
        assert!(running.exit.try_recv().is_err());
        self.sandbox.signal(running.id, 9).await.unwrap();
        assert_eq!(running.exit.await.unwrap().code(), 137);
        let (running, _kept) = self
            .start(pod, container("trap 'exit 7' TERM; kill -TERM $$; sleep 9"))
            .await;
        assert_eq!(running.exit.await.unwrap(), Exit::Code(7));
    }

    async fn exec(&self) {
        let pod = self.pod(5).await;
        let (first, _kept) = self
            .start(pod, container("echo here >/tmp/mark; exec sleep 60"))
            .await;
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let null = Stdio::null().unwrap();
        let stdio = Stdio {
            input: null.input,
            output: writer,
            error: null.error,
        };
        let script = "until test -e /tmp/mark; do :; done; cat /tmp/mark; hostname; cat /proc/1/comm; exit 5";
        let running = self
            .sandbox
            .exec(first.id, process(script), stdio)
            .await
            .unwrap();
        let outcome = self.finish((running, reader)).await;
        assert_eq!(
            (outcome.output.as_str(), outcome.exit),
            ("here\nme\nsleep\n", Exit::Code(5))
        );
    }

    async fn absent(&self) {
        let pod = self.pod(6).await;
        let mut spec = container("");
        spec.process.arguments = vec!["/no/such/file".to_owned()];
        let error = self
            .sandbox
            .start(pod, spec, Stdio::null().unwrap())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "exec: \"/no/such/file\": stat /no/such/file: no such file or directory"
        );
        let (first, _kept) = self.start(pod, container("exec sleep 60")).await;
        let mut absent = process("");
        absent.arguments = vec!["no-such-program".to_owned()];
        let error = self
            .sandbox
            .exec(first.id, absent, Stdio::null().unwrap())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "exec: \"no-such-program\": executable file not found in $PATH"
        );
    }

    async fn mounts(&self) {
        let files = self.directory.join("files");
        std::fs::create_dir_all(files.join("data")).unwrap();
        std::fs::write(files.join("one"), "1").unwrap();
        let mut spec =
            container("cat /etc/one.conf; echo x >/data/mark; echo y >/read/y || echo refused");
        let mount = |source: &str, target: &str, access| Mount {
            source: files.join(source),
            target: target.into(),
            access,
        };
        spec.mounts = vec![
            mount("data", "/data", MountAccess::ReadWrite),
            mount("data", "/read", MountAccess::ReadOnly),
            mount("one", "/etc/one.conf", MountAccess::ReadWrite),
        ];
        let pod = self.pod(7).await;
        let outcome = self.finish(self.start(pod, spec).await).await;
        assert!(
            outcome.output.starts_with('1') && outcome.output.ends_with("refused\n"),
            "{}",
            outcome.output
        );
        assert_eq!(
            std::fs::read_to_string(files.join("data/mark")).unwrap(),
            "x\n"
        );
    }

    async fn below_usr(&self) {
        let files = self.directory.join("files");
        std::fs::create_dir_all(files.join("conf")).unwrap();
        std::fs::write(files.join("conf/redis.conf"), "yes\n").unwrap();
        let mut spec =
            container("cat /usr/local/etc/redis/redis.conf; ls -d /usr/local/bin /usr/bin/env");
        let target = "/usr/local/etc/redis".into();
        spec.mounts = vec![Mount {
            source: files.join("conf"),
            target,
            access: MountAccess::ReadWrite,
        }];
        let pod = self.pod(8).await;
        let outcome = self.finish(self.start(pod, spec).await).await;
        assert_eq!(outcome.output, "yes\n/usr/bin/env\n/usr/local/bin\n");
    }

    async fn dial(&self) {
        let pod = self.pod(10).await;
        assert!(self.sandbox.dial(pod, 7).await.unwrap().is_err());
        let script = "exec perl -MIO::Socket -e '$s=IO::Socket::INET->new(Listen=>1,LocalAddr=>\"127.0.0.1\",LocalPort=>7)or die;print STDOUT \"up\\n\";close STDOUT;$c=$s->accept;print $c \"pong\"'";
        let (_running, reader) = self.start(pod, container(script)).await;
        let up = tokio::task::spawn_blocking(move || {
            let mut line = [0; 3];
            File::from(reader.as_fd().try_clone_to_owned().unwrap())
                .read_exact(&mut line)
                .unwrap();
        });
        up.await.unwrap();
        let mut stream = self.sandbox.dial(pod, 7).await.unwrap().unwrap();
        let mut said = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut said)
            .await
            .unwrap();
        assert_eq!(said, "pong");
    }

    async fn another_user(&self) {
        let pod = self.pod(11).await;
        let mut spec = container("id -u");
        spec.process.identity = Identity {
            user: 999,
            group: 999,
            groups: vec![],
        };
        let mapped = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        if mapped.split_whitespace().last() == Some("1") {
            let error = self
                .sandbox
                .start(pod, spec, Stdio::null().unwrap())
                .await
                .unwrap_err();
            assert!(
                matches!(error, stayput_sandbox::Error::Failed(failure) if failure.fault == Fault::NeedsRoot)
            );
        } else {
            let outcome = self.finish(self.start(pod, spec).await).await;
            assert_eq!(outcome.output, "999\n");
        }
    }
}

fn process(script: &str) -> ProcessSpec {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    ProcessSpec {
        arguments: ["bash", "-c", script].map(str::to_owned).to_vec(),
        environment: vec![("PATH".to_owned(), path.to_owned())],
        directory: "/".into(),
        identity: Identity::default(),
        privilege: Privilege::Default,
        terminal: false,
    }
}

fn container(script: &str) -> ContainerSpec {
    ContainerSpec {
        root: RootKind::Fresh,
        mounts: Vec::new(),
        directories: Vec::new(),
        programs: Vec::new(),
        etc: BTreeMap::from([("hosts".to_owned(), "10.0.0.1 here\n".to_owned())]),
        termination_log: None,
        process: process(script),
    }
}

/// Starts a container, leaves a file behind, says that it is up and never ends.
fn wait(inside: Inside, directory: &Path) -> i32 {
    std::fs::create_dir_all(directory.join("files/closed")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let Inside {
        sandbox,
        mut control,
        ..
    } = inside;
    let directory = directory.to_path_buf();
    runtime.block_on(async move {
        let (sandbox, owner) = sandbox.open().unwrap();
        let lab = Lab { sandbox, directory };
        let up = async {
            let pod = lab.pod(2).await;
            let _kept = lab.start(pod, container("sleep 1000 & sleep 1000")).await;
            control.write_all(b"up").unwrap();
            std::future::pending::<()>().await;
        };
        tokio::join!(owner, up);
    });
    1
}

/// A cluster with a lifeline of its own outlives its launcher's handle, and its end still
/// leaves nothing.
fn detached() -> Result<(), Failed> {
    let directory = tempfile::tempdir().unwrap();
    let mut launched = launch_with("wait", directory.path(), Vec::new(), Lifeline::Own);
    launched.control.read_exact(&mut [0; 2]).unwrap();
    let supervisor = launched.id();
    let zygote = *children_of(supervisor).last().unwrap();
    let all = descendants(supervisor)
        .into_iter()
        .map(process_handle)
        .collect::<Vec<_>>();
    launched.detach();
    let mut fds = [rustix::event::PollFd::new(
        &all[0],
        rustix::event::PollFlags::IN,
    )];
    let moment = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 200_000_000,
    };
    assert_eq!(
        rustix::event::poll(&mut fds, Some(&moment)).unwrap(),
        0,
        "it ended with its launcher"
    );
    rustix::process::kill_process(handle_pid(zygote), rustix::process::Signal::KILL).unwrap();
    for handle in all {
        let mut fds = [rustix::event::PollFd::new(
            &handle,
            rustix::event::PollFlags::IN,
        )];
        rustix::event::poll(&mut fds, None).unwrap();
    }
    until_gone(&directory.path().join("files"))
}

fn nothing_left() -> Result<(), Failed> {
    for victim in [0, 1, 2] {
        let directory = tempfile::tempdir().unwrap();
        let mut launched = launch("wait", directory.path(), Vec::new());
        launched.control.read_exact(&mut [0; 2]).unwrap();
        // The supervisor, its child (the zygote), or that one's first child (the cluster).
        let supervisor = launched.id();
        let zygote = *children_of(supervisor).last().unwrap();
        let cluster = children_of(zygote)[0];
        let all = descendants(supervisor)
            .into_iter()
            .map(process_handle)
            .collect::<Vec<_>>();
        assert!(all.len() >= 5, "the container is one of them");
        let victim = [supervisor, zygote, cluster][victim];
        rustix::process::kill_process(handle_pid(victim), rustix::process::Signal::KILL).unwrap();
        let _ = launched.stop();
        for handle in all {
            let mut fds = [rustix::event::PollFd::new(
                &handle,
                rustix::event::PollFlags::IN,
            )];
            rustix::event::poll(&mut fds, None).unwrap();
        }
        until_gone(&directory.path().join("files"))?;
    }
    Ok(())
}

fn handle_pid(pid: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

fn process_handle(pid: u32) -> OwnedFd {
    rustix::process::pidfd_open(handle_pid(pid), rustix::process::PidfdFlags::empty()).unwrap()
}

/// In the order of their begin: the janitor is the supervisor's first.
fn children_of(pid: u32) -> Vec<u32> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn descendants(pid: u32) -> Vec<u32> {
    let below = children_of(pid).into_iter().flat_map(descendants);
    std::iter::once(pid).chain(below).collect()
}

fn until_gone(path: &Path) -> Result<(), Failed> {
    for _ in 0..2_000_000 {
        if !path.exists() {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err(format!("{} is still there", path.display()).into())
}

fn listener() {
    let directory = tempfile::tempdir().unwrap();
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = bound.local_addr().unwrap();
    let _launched = launch("listener", directory.path(), vec![bound]);
    let mut said = String::new();
    std::net::TcpStream::connect(address)
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "hello");
}
