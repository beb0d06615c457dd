//! What is told of objects, each as small as the cause allows.

use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::Value;
use stayput_events::{AtPath, Directory, LogExcerpt};

use stayput_scenario::plan::CAUSES;

use super::{Kind, Seen, causes};
use crate::golden;

/// The causes of a failure that says this, among these objects.
fn check(failure: &str, yaml: &str) -> String {
    seen(&Seen {
        objects: &objects(yaml),
        failure,
        ..Seen::default()
    })
}

fn objects(yaml: &str) -> Vec<Arc<Value>> {
    let documents = yaml.split("\n---\n");
    documents
        .map(|it| Arc::new(serde_yaml::from_str(it).unwrap()))
        .collect()
}

fn seen(seen: &Seen<'_>) -> String {
    let causes = causes(seen);
    let lines = causes.iter().flat_map(|it| {
        let first = format!("{} of {}: {}", it.name, it.object, it.what);
        let evidence = it.evidence.iter().map(|it| format!("  seen: {it}"));
        let cure = format!("  cure: {}", it.cure);
        std::iter::once(first).chain(evidence).chain([cure])
    });
    lines.collect::<Vec<_>>().join("\n")
}

const NODE: &str = "
kind: Node
metadata: {name: one, labels: {kubernetes.io/hostname: one}}
status: {conditions: [{type: Ready, status: 'True'}]}";

const VOLUME: &str = "
kind: PersistentVolume
metadata: {name: v}
spec:
  storageClassName: c
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  local: {path: /d}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [
    {key: kubernetes.io/hostname, operator: In, values: [one]}]}]}}
status: {phase: Bound}";

const CLAIM: &str = "
kind: PersistentVolumeClaim
metadata: {name: data, namespace: n, uid: claim}
spec: {volumeName: v, storageClassName: c, accessModes: [ReadWriteOnce]}
status: {phase: Bound}";

/// A pod that has no node, for this reason.
fn unscheduled(said: &str) -> String {
    format!(
        "
kind: Pod
metadata: {{name: web, namespace: n, uid: pod}}
spec: {{volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]}}
status: {{phase: Pending, conditions: [{{type: PodScheduled, status: 'False', message: \"{said}\"}}]}}"
    )
}

/// A pod on node `one` whose container is like this.
fn placed(container: &str) -> String {
    format!(
        "
kind: Pod
metadata: {{name: web, namespace: n, uid: pod, labels: {{app: web}}}}
spec: {{nodeName: one, volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]}}
status: {{phase: Running, containerStatuses: [{{name: main, ready: false, {container}}}]}}"
    )
}

fn event(reason: &str, message: &str) -> String {
    format!(
        "
kind: Event
type: Warning
reason: {reason}
message: '{message}'
involvedObject: {{kind: Pod, namespace: n, name: web, uid: pod}}"
    )
}

fn all(parts: &[&str]) -> String {
    parts.join("\n---\n")
}

#[test]
fn a_ready_pod_names_no_cause_whatever_it_went_through() {
    let ready = placed("state: {running: {}}").replace(
        "phase: Running,",
        "phase: Running, conditions: [{type: Ready, status: 'True'}],",
    );
    let mount = event(
        "FailedMount",
        r#"initialization failed for volume "v" : path "/d" does not exist"#,
    );
    assert_snapshot!(check("Pod n/web", &all(&[NODE, VOLUME, CLAIM, &ready, &mount])), @"");
}

/// The flagship of a real 1.34.4: pods that start are slow, not in trouble.
#[test]
fn a_real_run_that_goes_well_names_no_cause() {
    for seconds in [5.0, 9.0, 12.0, 20.0, 29.0, 31.5, 34.0] {
        let objects = golden::objects_at("flagship", seconds);
        let told = seen(&Seen {
            objects: &objects,
            ..Seen::default()
        });
        let doubts = told.lines().filter(|line| !line.starts_with("  "));
        let doubts: Vec<_> = doubts.filter(|it| !it.starts_with("no-consumer")).collect();
        assert_eq!(doubts, Vec::<&str>::new(), "at {seconds}s");
    }
}

#[test]
fn a_real_node_that_is_stopped_is_named() {
    let objects = golden::objects_at("node-stop", 70.0);
    let told = seen(&Seen {
        objects: &objects,
        failure: "Pod node-stop/web-0",
        ..Seen::default()
    });
    assert_snapshot!(told.lines().take(2).collect::<Vec<_>>().join("\n"), @"
    node-down of Pod node-stop/web-0: pod `node-stop/web-0` is on node `two-worker3`, which is not Ready
      seen: Node two-worker3: Ready is Unknown: Kubelet stopped posting node status.
    ");
}

#[test]
fn what_healed_is_not_named() {
    let mount = event(
        "FailedMount",
        r#"initialization failed for volume "v" : path "/d" does not exist"#,
    );
    let running = placed("state: {running: {}}");
    let unready = event("Unhealthy", "Readiness probe failed: no answer");
    let told = check(
        "Pod n/web",
        &all(&[NODE, VOLUME, CLAIM, &running, &mount, &unready]),
    );
    assert_snapshot!(told, @"
    probe-fails of Pod n/web: container `main` of pod `n/web` runs, but its readiness probe fails
      seen: Warning Unhealthy Pod n/web: Readiness probe failed: no answer
      cure: try by `kubectl exec` what the readiness probe asks
    ");
}

#[test]
fn an_event_of_an_earlier_pod_of_the_name_is_none() {
    let mount = event(
        "FailedMount",
        r#"initialization failed for volume "v" : path "/d" does not exist"#,
    );
    let mount = mount.replace("uid: pod", "uid: earlier");
    let waiting = placed("state: {waiting: {reason: ContainerCreating}}");
    assert_snapshot!(check("Pod n/web", &all(&[NODE, VOLUME, CLAIM, &waiting, &mount])), @"");
}

/// The scheduler says what it says of other nodes; the volume's own node decides.
#[test]
fn a_cordoned_node_without_the_volume_is_not_blamed() {
    let other = NODE.replace("one", "two") + "\nspec: {unschedulable: true}";
    let full = NODE.to_owned();
    let pod = unscheduled(
        "0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.",
    );
    assert_snapshot!(check("Pod n/web", &all(&[&full, &other, VOLUME, CLAIM, &pod])), @"
    node-full of Pod n/web: no node that pod `n/web` may use has enough memory left
      seen: scheduler: 0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.
      seen: Node one: none memory in all
      seen: Node two: none memory in all
      cure: ask for less memory, or make room on the node of its volume
    ");
}

#[test]
fn a_budget_is_named_where_an_eviction_was_refused_by_it() {
    let budget = "
kind: PodDisruptionBudget
metadata: {name: web, namespace: n}
spec: {selector: {matchLabels: {app: web}}}
status: {disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1}";
    let nobodys = budget
        .replace("name: web", "name: other")
        .replace("app: web", "app: other");
    let ready = placed("state: {running: {}}").replace(
        "phase: Running,",
        "phase: Running, conditions: [{type: Ready, status: 'True'}],",
    );
    let objects = all(&[&nobodys, budget, &ready]);
    let refused =
        "evict Pod n/web: Cannot evict pod as it would violate the pod's disruption budget.";
    assert_snapshot!(check(refused, &objects), @"
    budget-stops-eviction of PodDisruptionBudget n/web: disruption budget `n/web` lets no pod go: 1 have to be healthy, and 1 are
      seen: PodDisruptionBudget n/web: .status.disruptionsAllowed is 0
      seen: evict Pod n/web: Cannot evict pod as it would violate the pod's disruption budget.
      cure: wait until more pods are healthy, let the set have more of them, or let the budget allow one to go
    ");
    assert_snapshot!(check("Pod n/web is still there", &objects), @"");
}

#[test]
fn a_container_that_used_too_much_memory() {
    let ended = placed(
        "restartCount: 2, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}",
    );
    let objects = objects(&all(&[NODE, VOLUME, CLAIM, &ended]));
    let log = |previous, text: &str| LogExcerpt {
        pod: "n/web".to_owned(),
        container: "main".to_owned(),
        previous,
        text: text.to_owned(),
    };
    let told = seen(&Seen {
        objects: &objects,
        logs: &[
            log(true, "loading\nloaded 7 of 9\n\n"),
            log(false, "loading"),
        ],
        ..Seen::default()
    });
    assert_snapshot!(told, @"
    container-crashes of Pod n/web: container `main` of pod `n/web` ends with exit code 137: it used more memory than its limit
      seen: container `main`: OOMKilled, exit code 137, 2 restarts
      seen: its last line: loaded 7 of 9
      cure: its log says why
    ");
}

/// `hostPath type check failed` says the same of a file and of nothing: the disk tells.
#[test]
fn the_disk_tells_what_the_kubelet_does_not() {
    let waiting = placed("state: {waiting: {reason: ContainerCreating}}");
    let mount = event(
        "FailedMount",
        r#"SetUp failed for volume "h" : hostPath type check failed: /h is not a directory"#,
    );
    let objects = objects(&all(&[NODE, VOLUME, CLAIM, &waiting, &mount]));
    let told = |is, listing: &str| {
        let at = Directory {
            node: "one".to_owned(),
            path: "/h".to_owned(),
            is,
            listing: listing.to_owned(),
        };
        let told = seen(&Seen {
            objects: &objects,
            directories: &[at],
            ..Seen::default()
        });
        told.lines().next().unwrap_or_default().to_owned()
    };
    assert_snapshot!(told(AtPath::Missing, ""), @"path-missing of Pod n/web: there is no `/h` on node `one`");
    assert_snapshot!(told(AtPath::Other, "-rw-r--r-- 1 root root 0 /h"), @"path-wrong-type of Pod n/web: `/h` on node `one` is not a directory, as the pod's hostPath asks");
}

#[test]
fn an_anti_affinity_keeps_a_pod_from_the_node_of_its_volume() {
    let pod = unscheduled(
        "0/2 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 1 node(s) had untolerated taint(s).",
    );
    assert_snapshot!(check("Pod n/web", &all(&[NODE, VOLUME, CLAIM, &pod])), @"
    kept-apart of Pod n/web: pod `n/web` must not stand beside a pod that is on the only node it could use
      seen: scheduler: 0/2 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 1 node(s) had untolerated taint(s).
      cure: put the volumes of pods that are kept apart on different nodes
    ");
}

/// A set whose pod is not there yet is asked about by the pod's name.
#[test]
fn a_pod_that_is_not_there_is_its_sets() {
    let set = "
kind: StatefulSet
metadata: {name: web, namespace: n}";
    let first =
        placed("state: {waiting: {reason: ImagePullBackOff, message: none}}, image: 'redis:77'")
            .replace(
                "name: web,",
                "name: web-0, ownerReferences: [{kind: StatefulSet, name: web}],",
            );
    let other = first.replace("name: web-0", "name: other-0").replace(
        "kind: StatefulSet, name: web",
        "kind: StatefulSet, name: other",
    );
    let told = check(
        "Pod n/web-2: none there",
        &all(&[NODE, set, &other, &first]),
    );
    assert_snapshot!(told, @"
    image-not-pulled of Pod n/web-0: the image `redis:77` of container `main` of pod `n/web-0` cannot be had
      seen: container `main`: ImagePullBackOff: none
      cure: look at its name and tag; it has to be on the node already, or in a registry that the node reaches
    image-not-pulled of Pod n/other-0: the image `redis:77` of container `main` of pod `n/other-0` cannot be had
      seen: container `main`: ImagePullBackOff: none
      cure: look at its name and tag; it has to be on the node already, or in a registry that the node reaches
    ");
}

const SET: &str = "
kind: StatefulSet
metadata: {name: web, namespace: n}
spec: {volumeClaimTemplates: [{metadata: {name: data}}]}";

/// A claim of the set, and one that was made by hand under another name.
fn misnamed(volume: &str) -> String {
    let pod = unscheduled(
        "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
    )
    .replace(
        "name: web,",
        "name: web-0, ownerReferences: [{kind: StatefulSet, name: web}],",
    )
    .replace("claimName: data", "claimName: data-web-0");
    let claim = |name: &str| {
        let free = CLAIM
            .replace("volumeName: v, ", "")
            .replace("phase: Bound", "phase: Pending");
        free.replace("name: data,", &format!("name: {name},"))
    };
    let told = check(
        "Pod n/web-0",
        &all(&[
            NODE,
            volume,
            SET,
            &claim("data-web-0"),
            &claim("web-data-0"),
            &pod,
        ]),
    );
    let lines = told.lines().filter(|line| !line.starts_with("  "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_follows_from_a_wrong_name_is_no_cause_of_its_own() {
    let reserved = VOLUME.replace(
        "spec:\n",
        "spec:\n  claimRef: {namespace: n, name: web-data-0}\n",
    );
    assert_snapshot!(misnamed(&reserved), @"claim-misnamed of Pod n/web-0: the StatefulSet looks for claim `data-web-0`, but the claim that was made is called `web-data-0`");
}

/// A volume that fits is to be had under any name: the name keeps nobody waiting.
#[test]
fn a_similar_name_is_no_cause_where_a_volume_fits() {
    let elsewhere = VOLUME.replace("values: [one]", "values: [two]");
    assert_snapshot!(misnamed(&elsewhere), @"affinity-to-missing-node of Pod n/web-0: volume `v` is on node `two`, and there is no such node");
}

#[test]
fn a_bug_report_can_ask_for_every_cause_and_for_no_other() {
    let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names, CAUSES);
}
