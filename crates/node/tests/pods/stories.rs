//! What real pods do.

use std::time::Instant;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::{Lab, exec, forward, get};

/// Name, and whether it needs redis-server.
pub(crate) const ALL: [(&str, bool); 9] = [
    ("redis_answers_and_keeps_its_data", true),
    ("environment_logs_and_exec", false),
    ("a_missing_directory_heals", false),
    ("a_crash_has_a_previous_log", false),
    ("what_ignores_sigterm_is_killed", false),
    ("a_stopped_node_comes_back", false),
    ("names_and_service_addresses", false),
    ("probes_decide", false),
    ("another_user_needs_root", false),
];

/// Plays one; what it measured comes back.
pub(crate) async fn play(name: &str, lab: Lab) -> String {
    match name {
        "redis_answers_and_keeps_its_data" => return Box::pin(redis(lab)).await,
        "environment_logs_and_exec" => Box::pin(environment(lab)).await,
        "a_missing_directory_heals" => missing(lab).await,
        "a_crash_has_a_previous_log" => crash(lab).await,
        "what_ignores_sigterm_is_killed" => stubborn(lab).await,
        "a_stopped_node_comes_back" => return stop(lab).await,
        "names_and_service_addresses" => names(lab).await,
        "probes_decide" => probes(lab).await,
        "another_user_needs_root" => user(lab).await,
        other => panic!("no story {other}"),
    }
    String::new()
}

const IDLE: &str = "[bash, -c, \"trap 'exit 0' TERM; sleep infinity & wait\"]";

fn container(pod: &Pod) -> ContainerStatus {
    pod.status.clone().unwrap().container_statuses.unwrap()[0].clone()
}

fn ip(pod: &Pod) -> String {
    pod.status.clone().unwrap().pod_ip.unwrap()
}

/// What a program has just said may still be on its way to the log.
async fn until_logged(node: &stayput_node::Node, place: &str, text: &str) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while !get(node, &format!("/containerLogs/{place}"))
        .await
        .contains(text)
    {
        ticks.tick().await;
    }
}

async fn until_event(lab: &Lab, pod: &str, text: &str) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while !lab.events(pod).await.contains(text) {
        ticks.tick().await;
    }
}

async fn ping(pod: &Pod) -> String {
    let mut stream = TcpStream::connect((ip(pod), 6379)).await.unwrap();
    stream.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn redis(mut lab: Lab) -> String {
    let node = lab.node("a");
    let volume = "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {local: {path: /disk1/v}, \
        nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}]}]}}}}";
    lab.create(volume).await;
    let claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, namespace: n}, \
        spec: {volumeName: v}, status: {phase: Bound}}";
    lab.create(claim).await;
    assert_eq!(
        lab.on_node(&node, "mkdir -p /disk1/v && echo made").await,
        "made\n"
    );
    let spec = "{nodeName: a, terminationGracePeriodSeconds: 15, \
        volumes: [{name: data, persistentVolumeClaim: {claimName: c}}], containers: [{name: redis, image: 'redis:7', \
        args: [--appendonly, 'yes', --protected-mode, 'no'], volumeMounts: [{name: data, mountPath: /data}], \
        readinessProbe: {exec: {command: [sh, -c, 'until [ \"$(redis-cli ping)\" = PONG ]; do sleep 0.02; done']}, timeoutSeconds: 2}}]}";
    let begin = Instant::now();
    lab.pod("r", spec).await;
    let pod = lab.ready("r").await;
    let ready = begin.elapsed();
    assert_eq!(ping(&pod).await, "+PONG\r\n");
    assert_eq!(
        forward(&node, "n/r", 6379, b"SET k v\r\n").await,
        b"\0+OK\r\n"
    );
    let begin = Instant::now();
    let (said, _, status) = exec(&node, "n/r/redis", &["redis-cli", "get", "k"], None).await;
    let executed = begin.elapsed();
    assert_eq!((said.as_str(), status.contains("Success")), ("v\n", true));
    let begin = Instant::now();
    lab.delete("r").await;
    let gone = begin.elapsed();
    lab.pod("r", spec).await;
    let again = lab.ready("r").await;
    assert_ne!(ip(&again), ip(&pod));
    assert_eq!(
        forward(&node, "n/r", 6379, b"GET k\r\n").await,
        b"\0$1\r\nv\r\n"
    );
    let logs = get(&node, "/containerLogs/n/r/redis?tailLines=1").await;
    assert!(logs.contains("Ready to accept connections"), "{logs}");
    let bare = lab.bare_redis().await;
    format!("{bare}; ready after {ready:?}, exec {executed:?}, deleted after {gone:?}; ")
}

const EVERYTHING: &str = "{nodeName: a, terminationGracePeriodSeconds: 3, initContainers: [{name: first, image: busybox, \
         command: [sh, -c, 'echo first; echo from-init >/shared/init'], volumeMounts: [{name: shared, mountPath: /shared}]}], \
         containers: [{name: main, image: 'debian:12', command: [bash, -c, 'echo \"$0 $*\"; exec sleep infinity', \
         $(GREETING), $(NOPE), $$(GREETING)], args: [$(POD_NAME)], envFrom: [{configMapRef: {name: conf}}], \
         env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, \
         {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}], \
         volumeMounts: [{name: conf, mountPath: /conf}, {name: conf, mountPath: /etc/one.conf, subPath: nested.conf}, \
         {name: shared, mountPath: /shared}]}], volumes: [{name: conf, configMap: {name: conf, defaultMode: 256}}, \
         {name: shared, emptyDir: {}}]}";

async fn environment(mut lab: Lab) {
    let node = lab.node("a");
    lab.create("{apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: n}, data: {GREETING: hello, nested.conf: \"one\\ntwo\\n\"}}").await;
    lab.pod("main", EVERYTHING).await;
    let late = format!(
        "{{nodeName: a, containers: [{{name: main, image: 'redis:7', command: {IDLE}, envFrom: [{{configMapRef: {{name: later}}}}]}}]}}"
    );
    let late = late.replace("redis:7", "debian:12");
    lab.pod("missing", &late).await;
    let pod = lab.ready("main").await;
    until_logged(
        &node,
        "n/main/main",
        "hello $(NOPE) $(GREETING) main\n\r\n0\r\n\r\n",
    )
    .await;
    assert!(
        get(&node, "/containerLogs/n/main/first")
            .await
            .contains("first\n")
    );
    let refused = get(&node, "/containerLogs/n/main/main?previous=true").await;
    assert!(
        refused
            .contains("previous terminated container \\\"main\\\" in pod \\\"main\\\" not found"),
        "{refused}"
    );
    programs(&lab, &node, &ip(&pod)).await;
}

/// Programs run in its containers.
async fn programs(lab: &Lab, node: &stayput_node::Node, address: &str) {
    let script = "cat /etc/one.conf /shared/init; ls -lA /conf | grep -c data; hostname; echo $POD_IP; cat >&2; exit 42";
    let (said, complained, status) =
        exec(node, "n/main/main", &["sh", "-c", script], Some("typed")).await;
    assert_eq!(said, format!("one\ntwo\nfrom-init\n3\nmain\n{address}\n"));
    assert_eq!(complained, "typed");
    assert!(
        status.contains("\"NonZeroExitCode\"") && status.contains("\"42\""),
        "{status}"
    );
    let (_, _, status) = exec(node, "n/main/main", &["no-such-program"], None).await;
    assert!(
        status.contains("exec: \\\"no-such-program\\\": executable file not found in $PATH"),
        "{status}"
    );
    let (_, _, status) = exec(node, "n/missing/main", &["true"], None).await;
    assert!(
        status.contains("unable to upgrade connection: container not found (\\\"main\\\")"),
        "{status}"
    );
    let waiting = lab
        .until("missing", |pod| {
            container(pod)
                .state
                .unwrap()
                .waiting
                .is_some_and(|waiting| {
                    waiting.reason.as_deref() == Some("CreateContainerConfigError")
                })
        })
        .await;
    let message = container(&waiting).state.unwrap().waiting.unwrap().message;
    assert_eq!(message.as_deref(), Some("configmap \"later\" not found"));
}

async fn missing(mut lab: Lab) {
    let node = lab.node("a");
    let spec = format!(
        "{{nodeName: a, terminationGracePeriodSeconds: 3, containers: [{{name: main, image: 'debian:12', command: {IDLE}, \
         volumeMounts: [{{name: data, mountPath: /data}}]}}], volumes: [{{name: data, hostPath: {{path: /disk1/x, type: Directory}}}}]}}"
    );
    lab.pod("p", &spec).await;
    let text = "Warning FailedMount x2: MountVolume.SetUp failed for volume \"data\" : hostPath type check failed: /disk1/x is not a directory";
    until_event(&lab, "p", text).await;
    lab.on_node(&node, "mkdir -p /disk1/x").await;
    lab.ready("p").await;
    lab.delete("p").await;
    assert!(
        lab.events("p")
            .await
            .ends_with("Normal Killing x1: Stopping container main\n")
    );
}

async fn crash(mut lab: Lab) {
    let node = lab.node("a");
    let script = "n=$(cat /s/n 2>/dev/null); echo run ${n:-0}; echo $((n+1)) >/s/n; [ \"$n\" ] && exec sleep infinity; exit 5";
    let spec = format!(
        "{{nodeName: a, terminationGracePeriodSeconds: 1, containers: [{{name: main, image: 'debian:12', command: [bash, -c, '{script}'], \
         volumeMounts: [{{name: s, mountPath: /s}}]}}], volumes: [{{name: s, emptyDir: {{}}}}]}}"
    );
    lab.pod("p", &spec).await;
    let pod = lab
        .until("p", |pod| {
            crate::lab::is_ready(pod) && container(pod).restart_count == 1
        })
        .await;
    let last = container(&pod).last_state.unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (5, Some("Error")));
    assert!(
        get(&node, "/containerLogs/n/p/main?previous=true")
            .await
            .contains("run 0\n")
    );
    until_logged(&node, "n/p/main?timestamps=true", "Z run 1\n").await;
}

async fn stubborn(mut lab: Lab) {
    let _kept = lab.node("a");
    lab.pod("p", "{nodeName: a, terminationGracePeriodSeconds: 1, containers: [{name: main, image: busybox, command: [sleep, infinity]}]}").await;
    lab.ready("p").await;
    let begin = Instant::now();
    lab.delete("p").await;
    assert!(begin.elapsed().as_millis() >= 1000);
}

async fn stop(mut lab: Lab) -> String {
    let node = lab.node("a");
    let spec = format!(
        "{{nodeName: a, terminationGracePeriodSeconds: 3, containers: [{{name: main, image: 'debian:12', command: {IDLE}, \
         volumeMounts: [{{name: data, mountPath: /data}}]}}], volumes: [{{name: data, hostPath: {{path: /disk1/x}}}}]}}"
    );
    lab.pod("p", &spec).await;
    let before = lab.ready("p").await;
    exec(
        &node,
        "n/p/main",
        &["sh", "-c", "echo precious >/data/mark"],
        None,
    )
    .await;
    let begin = Instant::now();
    node.stop().await;
    let stopped = begin.elapsed();
    assert!(container(&lab.pods().get("p").await.unwrap()).ready);
    assert_eq!(
        std::fs::read_to_string(lab.disk("a").join("disk1/x/mark")).unwrap(),
        "precious\n"
    );
    let begin = Instant::now();
    node.start().await;
    let after = lab
        .until("p", |pod| {
            crate::lab::is_ready(pod) && container(pod).restart_count == 1
        })
        .await;
    let started = begin.elapsed();
    let last = container(&after).last_state.unwrap().terminated.unwrap();
    assert_eq!(
        (last.exit_code, last.reason.as_deref()),
        (255, Some("Unknown"))
    );
    assert_ne!(ip(&before), ip(&after));
    let text = "Normal SandboxChanged x1: Pod sandbox changed, it will be killed and re-created.";
    assert!(lab.events("p").await.contains(text));
    let (said, _, _) = exec(&node, "n/p/main", &["cat", "/data/mark"], None).await;
    assert_eq!(said, "precious\n");
    format!("stopped in {stopped:?}, ready again {started:?} after the start; ")
}

async fn names(mut lab: Lab) {
    let _kept = lab.node("a");
    let node = lab.node("b");
    let server = "exec perl -MIO::Socket -e '$s=IO::Socket::INET->new(Listen=>5,LocalPort=>7000)or die;while($c=$s->accept){print $c \"pong\";close $c}'";
    let server = server.replace('\'', "''");
    let spec = format!(
        "{{nodeName: a, hostname: web-0, subdomain: web, terminationGracePeriodSeconds: 1, containers: [{{name: main, image: 'debian:12', command: [bash, -c, '{server}'], \
         readinessProbe: {{tcpSocket: {{port: 7000}}, periodSeconds: 1}}}}]}}"
    );
    lab.pod("web-0", &spec).await;
    let address = ip(&lab.ready("web-0").await);
    for (name, cluster_ip) in [("web", "None"), ("front", "10.96.7.7")] {
        lab.create(&format!("{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: n}}, spec: {{clusterIP: {cluster_ip}, ports: [{{name: x, port: 80}}]}}}}")).await;
        lab.create(&format!("{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: {name}-1, namespace: n, labels: {{kubernetes.io/service-name: {name}}}}}, \
            addressType: IPv4, ports: [{{name: x, port: 7000}}], endpoints: [{{addresses: [{address}], hostname: web-0, conditions: {{ready: true}}}}]}}")).await;
    }
    lab.pod("asker", &format!("{{nodeName: b, terminationGracePeriodSeconds: 1, containers: [{{name: main, image: 'debian:12', command: {IDLE}}}]}}")).await;
    lab.ready("asker").await;
    let script = "getent hosts web-0.web; getent hosts front.n.svc.cluster.local; getent hosts nope || echo none; \
        exec 3<>/dev/tcp/front/80; cat <&3; echo; echo $FRONT_SERVICE_HOST";
    let (said, complained, _) = exec(&node, "n/asker/main", &["bash", "-c", script], None).await;
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!(
        "{address} web-0.web.n.svc.cluster.local 10.96.7.7 front.n.svc.cluster.local none pong 10.96.7.7"
    );
    assert_eq!(words, expected, "{complained}");
}

async fn probes(mut lab: Lab) {
    let node = lab.node("a");
    let spec = format!(
        "{{nodeName: a, terminationGracePeriodSeconds: 1, containers: [{{name: main, image: 'debian:12', command: {IDLE}, \
         startupProbe: {{exec: {{command: [cat, /tmp/started]}}, periodSeconds: 1, failureThreshold: 60}}, \
         readinessProbe: {{exec: {{command: [cat, /tmp/ready]}}, periodSeconds: 1}}, \
         livenessProbe: {{exec: {{command: [sh, -c, 'test ! -e /tmp/dead']}}, periodSeconds: 1, failureThreshold: 1}}}}]}}"
    );
    lab.pod("p", &spec).await;
    lab.until("p", |pod| {
        pod.status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            == Some("Running")
    })
    .await;
    until_event(&lab, "p", "Startup probe failed").await;
    exec(&node, "n/p/main", &["touch", "/tmp/started"], None).await;
    lab.until("p", |pod| {
        container(pod).started == Some(true) && !container(pod).ready
    })
    .await;
    until_event(&lab, "p", "Readiness probe failed").await;
    exec(&node, "n/p/main", &["touch", "/tmp/ready"], None).await;
    lab.ready("p").await;
    exec(&node, "n/p/main", &["touch", "/tmp/dead"], None).await;
    lab.until("p", |pod| container(pod).restart_count == 1)
        .await;
    let events = lab.events("p").await;
    for text in [
        "Startup probe failed: cat: /tmp/started: No such file or directory\n",
        "Readiness probe failed: cat: /tmp/ready: No such file or directory\n",
        "Liveness probe failed: \n",
        "Normal Killing x1: Container main failed liveness probe, will be restarted\n",
    ] {
        assert!(events.contains(text), "{text} in {events}");
    }
}

async fn user(mut lab: Lab) {
    let node = lab.node("a");
    lab.pod("p", &format!("{{nodeName: a, terminationGracePeriodSeconds: 1, securityContext: {{runAsUser: 999, fsGroup: 999}}, containers: [{{name: main, image: 'debian:12', command: {IDLE}, volumeMounts: [{{name: e, mountPath: /e}}]}}], volumes: [{{name: e, emptyDir: {{}}}}]}}")).await;
    if stayput_node::Powers::of_this_process() == stayput_node::Powers::Root {
        lab.ready("p").await;
        let (said, _, _) = exec(
            &node,
            "n/p/main",
            &["sh", "-c", "id -u; touch /e/x; stat -c %g /e/x"],
            None,
        )
        .await;
        assert_eq!(said, "999\n999\n");
    } else {
        until_event(&lab, "p", "start it as root").await;
    }
}
