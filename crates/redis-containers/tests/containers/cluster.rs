//! Six containers on one network, each with one Redis server that can be
//! stopped and started while its container, its address and its disk stay.
//!
//! Invariants:
//! - The servers are configured as the flagship's recipe says.
//! - A wait is for a condition, has an end, and says what it saw last.

use std::{fmt::Write as _, time::Duration};

use futures::future::join_all;
use stayput_redis_probe::{
    Baseline, Connection, Expected, Member, View, cli, look,
    oracle::{self, Digests, Roles},
};
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt,
    core::{ExecCommand, IntoContainerPort},
    runners::AsyncRunner,
};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, interval, timeout_at},
};

use crate::engine;

/// How long any one reply may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How long a cluster may take to become what it is to become.
const DEADLINE: Duration = Duration::from_secs(30);

/// The recipe. Commands come through the engine's network, not from loopback,
/// so debug commands are allowed to all.
const SERVER: &str = "redis-server --daemonize yes --logfile /tmp/redis.log --dir /data \
    --protected-mode no --cluster-enabled yes --cluster-config-file /data/nodes.conf \
    --cluster-node-timeout 2000 --cluster-replica-no-failover yes \
    --cluster-require-full-coverage yes --cluster-allow-replica-migration no \
    --repl-diskless-sync-delay 0 --appendonly yes --appendfsync everysec \
    --enable-debug-command yes";

/// One container.
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) address: String,
    host: String,
    port: u16,
    container: ContainerAsync<GenericImage>,
}

/// A connection and the task that drives it.
pub(crate) struct Dialled {
    pub(crate) connection: Connection,
    _driver: JoinSet<()>,
}

/// What a command printed.
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Pod {
    /// A container whose server is not started yet.
    pub(crate) async fn start(number: usize) -> Self {
        let image = GenericImage::new("redis", "7").with_exposed_port(6379.tcp());
        let request = image
            // It ends by itself should nobody be left to end it.
            .with_cmd(["sleep", "600"])
            .with_label(engine::LABEL, engine::run())
            .with_host_config_modifier(|host| host.auto_remove = Some(true));
        let container = request.start().await.expect("a container");
        let port = container.get_host_port_ipv4(6379).await.expect("its port");
        let host = container.get_host().await.expect("the engine's host");
        let mut pod = Self {
            name: format!("redis-{number}"),
            address: String::new(),
            host: host.to_string(),
            port,
            container,
        };
        let printed = pod.run("hostname -i").await;
        pod.address.push_str(printed.stdout.trim());
        pod
    }

    /// Runs a shell script in the container.
    pub(crate) async fn run(&self, script: &str) -> Printed {
        let command = ExecCommand::new(["sh", "-c", script]);
        let mut exec = self.container.exec(command).await.expect("a shell");
        let stdout = exec.stdout_to_vec().await.expect("its output");
        let stderr = exec.stderr_to_vec().await.expect("its errors");
        Printed {
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Starts the server at its address, and waits until it answers.
    pub(crate) async fn boot(&self) {
        let announce = format!("--cluster-announce-ip {}", self.address);
        self.boot_with(&announce).await;
        let wait = "for i in $(seq 500); do [ \"$(redis-cli ping 2>&1)\" = PONG ] && echo up && break; sleep 0.02; done";
        let printed = self.run(wait).await;
        assert_eq!(
            printed.stdout.trim(),
            "up",
            "{}: {}",
            self.name,
            self.log().await
        );
    }

    /// Starts the server with other arguments, and waits until it listens: a
    /// daemon's parent is gone before the daemon does.
    pub(crate) async fn boot_with(&self, arguments: &str) {
        let listens = "for i in $(seq 500); do redis-cli ping 2>&1 | grep -q refused || { echo up; break; }; sleep 0.02; done";
        let printed = self.run(&format!("{SERVER} {arguments}; {listens}")).await;
        assert_eq!(
            printed.stdout.trim(),
            "up",
            "{}: {}",
            self.name,
            self.log().await
        );
    }

    /// Stops the server as Kubernetes would, and waits until it is gone.
    pub(crate) async fn shut_down(&self) {
        let stop = "redis-cli shutdown; for i in $(seq 500); do redis-cli ping 2>&1 | grep -q refused && echo down && break; sleep 0.02; done";
        let printed = self.run(stop).await;
        assert_eq!(
            printed.stdout.trim(),
            "down",
            "{}: {}",
            self.name,
            self.log().await
        );
    }

    /// Starts the server anew, on an empty disk.
    async fn reset(&self) {
        let reset = "kill -9 $(pidof redis-server) 2>/dev/null; for i in $(seq 500); do redis-cli ping 2>&1 | grep -q refused && break; sleep 0.02; done; rm -rf /data/*";
        self.run(reset).await;
        self.boot().await;
    }

    /// Suspends the whole container: its server hangs.
    pub(crate) async fn freeze(&self) {
        self.container.pause().await.expect("a paused container");
    }

    /// The end of the server's log.
    async fn log(&self) -> String {
        self.run("tail -n 8 /tmp/redis.log").await.stdout
    }

    /// Connects to the server.
    pub(crate) async fn dial(&self, patience: Duration) -> Result<Dialled, String> {
        let words = |error: &dyn std::error::Error| error.to_string();
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| words(&error))?;
        let opened = Connection::open(stream, patience).await;
        let (connection, driver) = opened.map_err(|error| words(&error))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(driver);
        Ok(Dialled {
            connection,
            _driver: tasks,
        })
    }

    /// Looks at the server.
    pub(crate) async fn look(&self) -> Result<View, String> {
        let mut dialled = self.dial(PATIENCE).await?;
        let view = look(&mut dialled.connection).await;
        view.map_err(|error| error.to_string())
    }
}

/// Six pods.
pub(crate) struct Cluster {
    pub(crate) pods: Vec<Pod>,
}

impl Cluster {
    /// Starts six containers.
    pub(crate) async fn start() -> Self {
        Self {
            pods: join_all((0..6).map(Pod::start)).await,
        }
    }

    /// Makes a new cluster of the servers, whatever they were, and waits until
    /// the oracle has nothing to say.
    pub(crate) async fn form(&self) {
        join_all(self.pods.iter().map(Pod::reset)).await;
        let printed = self.create().await;
        let report = cli::create::parse(&printed.stdout, &printed.stderr);
        assert_eq!(cli::create::judge(&report, 3, 1), Vec::<String>::new());
        self.healthy(&expected(None)).await;
    }

    async fn create(&self) -> Printed {
        let addresses = self.pods.iter().map(|pod| format!("{}:6379", pod.address));
        let argv = cli::create::argv(&addresses.collect::<Vec<_>>(), 1);
        let script = format!("timeout 30 redis-cli {}", argv.join(" "));
        self.pods[0].run(&script).await
    }

    /// What `--cluster check` finds, asked from one pod.
    pub(crate) async fn check(&self, pod: usize) -> Vec<String> {
        let script = format!(
            "timeout 20 redis-cli --cluster check {}:6379",
            self.pods[pod].address
        );
        let printed = self.pods[pod].run(&script).await;
        cli::check::judge(&cli::check::parse(&printed.stdout, &printed.stderr), 3, 1)
    }

    /// Runs `redis-cli` in one pod and gives what it printed, without the line's end.
    pub(crate) async fn redis(&self, pod: usize, arguments: &str) -> String {
        let printed = self.pods[pod].run(&format!("redis-cli {arguments}")).await;
        printed.stdout.trim().to_owned()
    }

    /// What all six say now.
    pub(crate) async fn members(&self) -> Vec<Member> {
        let members = self.pods.iter().map(async |pod| Member {
            pod: pod.name.clone(),
            address: pod.address.clone(),
            seen: pod.look().await,
        });
        join_all(members).await
    }

    /// What ails the cluster now, a line each.
    pub(crate) async fn ailments(&self, baseline: Option<&Baseline>) -> Vec<String> {
        let ailments = oracle::judge(&self.members().await, &expected(baseline));
        ailments.iter().map(ToString::to_string).collect()
    }

    /// Waits until the oracle has nothing to say, and gives what it saw then.
    pub(crate) async fn healthy(&self, expected: &Expected<'_>) -> Baseline {
        let members = self.until("healthy", |members| {
            oracle::judge(members, expected).is_empty()
        });
        Baseline::of(&members.await).expect("a baseline of a healthy cluster")
    }

    /// Waits until one of the ailments says this.
    pub(crate) async fn ails(&self, baseline: Option<&Baseline>, words: &str) {
        let says = |members: &[Member]| {
            let ailments = oracle::judge(members, &expected(baseline));
            ailments
                .iter()
                .any(|ailment| ailment.to_string().contains(words))
        };
        self.until(words, says).await;
    }

    /// Waits until the ailments, without a baseline, are so.
    pub(crate) async fn settle(&self, so: impl Fn(&[String]) -> bool) {
        let settled = |members: &[Member]| {
            let ailments = oracle::judge(members, &expected(None));
            let lines: Vec<_> = ailments.iter().map(ToString::to_string).collect();
            so(&lines)
        };
        self.until("settled", settled).await;
    }

    /// Looks again and again until the members are so, or the time is up.
    async fn until(&self, what: &str, so: impl Fn(&[Member]) -> bool) -> Vec<Member> {
        let deadline = Instant::now() + DEADLINE;
        let mut looks = interval(Duration::from_millis(50));
        let mut last = "nothing".to_owned();
        loop {
            looks.tick().await;
            let Ok(members) = timeout_at(deadline, self.members()).await else {
                panic!("not {what} after {DEADLINE:?}, last seen:\n{last}");
            };
            if so(&members) {
                return members;
            }
            last = oracle::judge(&members, &expected(None)).iter().fold(
                String::new(),
                |mut lines, ailment| {
                    let _ = writeln!(lines, "{ailment}");
                    lines
                },
            );
        }
    }

    /// The number of a pod.
    pub(crate) fn number(&self, pod: &str) -> usize {
        let number = self.pods.iter().position(|own| own.name == pod);
        number.expect("one of the six")
    }
}

/// Three masters with a replica each, nothing written meanwhile.
pub(crate) fn expected(baseline: Option<&Baseline>) -> Expected<'_> {
    Expected {
        masters: 3,
        replicas_per_master: 1,
        baseline,
        roles: Roles::AsBaseline,
        digests: Digests::Equal,
    }
}
