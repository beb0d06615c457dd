//! Runs that fail, with all that a failure can carry.

use stayput_events::{
    AtPath, Cause, ClaimPart, Cost, Directory, Elapsed, Event, Failure, LogExcerpt, Mismatch,
    Moment, Outcome, Record, SkipReason, StepId,
};

use super::Recorder;

/// A pod comes back on another node; the leak check runs out of time.
pub(crate) fn failed() -> Vec<Record> {
    let mut run = Recorder::begun();
    run.up_to_the_set();
    run.pods_in_order();
    run.started(6);
    run.add(Event::Withheld {
        step: StepId(6),
        part: ClaimPart("13.selector".to_owned()),
        reason: "one claim was bound before the run began".to_owned(),
    });
    run.add(Event::Logged {
        step: StepId(6),
        text: "claims were bound by hand\nsee the volume's label".to_owned(),
    });
    run.finished(6, Outcome::Passed);
    run.passed(7, Cost::Redis, 5_600);
    run.healthy_and_written();
    run.started(10);
    run.awaiting(
        10,
        "a new uid, Ready, on master-1",
        "uid 91d0 Ready on master-2",
    );
    run.comes_back("91d0", "worker2");
    run.add(Event::Changed {
        object: "Pod redis/redis-cluster-0".to_owned(),
        uid: "91d0".to_owned(),
        change: moment(41_300, "made on stayput-7f3a-worker2"),
        sight: None,
    });
    run.spent(10, Cost::Kubernetes, 59_500);
    run.finished(10, Outcome::Failed(Box::new(elsewhere())));
    run.finished(11, Outcome::Skipped(SkipReason::EarlierFailure));
    let condition = "!failed".to_owned();
    run.finished(12, Outcome::Skipped(SkipReason::Condition(condition)));
    let reason = "this cluster gives no way to its nodes' disks".to_owned();
    run.finished(13, Outcome::Skipped(SkipReason::NotPossibleHere(reason)));
    run.started(14);
    run.spent(14, Cost::Kubernetes, 30_000);
    run.finished(14, Outcome::TimedOut(Box::new(left_behind())));
    run.files(&[
        "report.json",
        "junit.xml",
        "logs/redis_redis-cluster-0_redis.previous.log",
    ]);
    run.ended(Outcome::Failed(Box::new(elsewhere())))
}

/// The cluster cannot be made.
pub(crate) fn no_cluster() -> Vec<Record> {
    let mut run = Recorder::announced();
    run.add(Event::ClusterProgress {
        what: "kind makes stayput-7f3a".to_owned(),
    });
    run.later(91_000);
    let failure = Failure {
        summary: "node stayput-7f3a-worker3 never became Ready".to_owned(),
        transitions: vec![moment(88_000, "NotReady: cni plugin not initialized")],
        hint: Some("the machine has 2 cores; give the engine more, or use fewer nodes".to_owned()),
        ..Failure::default()
    };
    run.ended(Outcome::Failed(Box::new(failure)))
}

/// Everything that a failure can carry.
pub(crate) fn elsewhere() -> Failure {
    Failure {
        summary: "redis-cluster-0 came back, but not to the node that its volume is on".to_owned(),
        expected: body("master-1", "redis-0-data", "Running"),
        seen: body("master-2", "redis-0-data-again", "Running"),
        causes: vec![cordoned()],
        mismatches: vec![
            mismatch(".spec.nodeName", "master-1", "master-2"),
            mismatch(
                ".spec.volumes[0].persistentVolumeClaim",
                "redis-0-data",
                "redis-0-data-again",
            ),
        ],
        transitions: vec![
            moment(41_120, "uid 6f1c: Running -> Terminating"),
            moment(41_300, "uid 91d0: made, Pending"),
            moment(41_520, "uid 91d0: Scheduled to master-2"),
            moment(44_870, "uid 91d0: Pending -> Running, Ready"),
        ],
        events: vec![
            moment(
                41_510,
                "Warning FailedScheduling: 0/5 nodes are available: 1 node(s) were unschedulable, 4 node(s) didn't match PersistentVolume's node affinity",
            ),
            moment(
                41_520,
                "Normal Scheduled: assigned redis/redis-cluster-0 to stayput-7f3a-worker2",
            ),
        ],
        directories: vec![Directory {
            node: "master-1".to_owned(),
            path: "/disk1/redis-0-data".to_owned(),
            is: AtPath::Directory,
            listing: "drwxr-xr-x root root 4096 .\n-rw-r--r-- root root 114 nodes.conf".to_owned(),
        }],
        logs: vec![
            LogExcerpt {
                previous: true,
                ..log(
                    "1:M 24 Nov 2026 13:19:09.871 # User requested shutdown...\n1:M 24 Nov 2026 13:19:09.902 * Saving the final RDB snapshot before exiting.",
                )
            },
            log(
                "1:M 24 Nov 2026 13:19:14.120 * \u{1b}[32mReady\u{1b}[0m to accept connections tcp",
            ),
        ],
        transient_errors: vec![moment(
            43_010,
            "GET /api/v1/namespaces/redis/pods: 503 apiserver not ready",
        )],
        hint: Some(
            "the volume is hostPath and names no node; make it `local` with a node affinity"
                .to_owned(),
        ),
    }
}

fn cordoned() -> Cause {
    Cause {
        name: "node-cordoned".to_owned(),
        object: "Pod redis/redis-cluster-0".to_owned(),
        what:
            "volume `redis-0-data` is on node `master-1`, which takes no new pods: it is cordoned"
                .to_owned(),
        evidence: vec![
            "Node master-1: .spec.unschedulable is true".to_owned(),
            "0/5 nodes are available: 1 node(s) were unschedulable".to_owned(),
        ],
        cure: "`kubectl uncordon master-1`".to_owned(),
    }
}

fn left_behind() -> Failure {
    Failure {
        summary: "2 things are left that were not there before".to_owned(),
        expected: "nothing".to_owned(),
        seen: "PersistentVolume redis-0-data\n/disk1/redis-0-data on master-2".to_owned(),
        mismatches: vec![Mismatch {
            object: "PersistentVolume redis-0-data".to_owned(),
            path: String::new(),
            expected: "absent".to_owned(),
            seen: "Failed".to_owned(),
        }],
        ..Failure::default()
    }
}

fn body(node: &str, claim: &str, phase: &str) -> String {
    format!(
        "spec:\n  nodeName: {node}\n  volumes:\n  - name: data\n    persistentVolumeClaim: {claim}\nstatus:\n  phase: {phase}"
    )
}

fn mismatch(path: &str, expected: &str, seen: &str) -> Mismatch {
    Mismatch {
        object: "Pod redis/redis-cluster-0".to_owned(),
        path: path.to_owned(),
        expected: expected.to_owned(),
        seen: seen.to_owned(),
    }
}

fn moment(millis: u64, what: &str) -> Moment {
    Moment {
        at: Elapsed::from_millis(millis),
        what: what.to_owned(),
    }
}

fn log(text: &str) -> LogExcerpt {
    LogExcerpt {
        pod: "redis/redis-cluster-0".to_owned(),
        container: "redis".to_owned(),
        previous: false,
        text: text.to_owned(),
    }
}
