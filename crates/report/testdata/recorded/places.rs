//! Where the pods and volumes of the recorded runs are.

use stayput_events::{Cost, Event, Moment, PodState, Sight, StepId, Subject};

use super::Recorder;

/// The worker of each pod, by ordinal.
const PLACES: [&str; 6] = [
    "worker", "worker2", "worker3", "worker4", "worker4", "worker3",
];

impl Recorder {
    /// Six nodes, claims, volumes and pods, all Ready.
    pub(crate) fn six_pods(&mut self) {
        for worker in ["worker", "worker2", "worker3", "worker4"] {
            let ready = Sight::Node {
                ready: true,
                cordoned: false,
                taints: Vec::new(),
            };
            self.seen(&format!("Node stayput-7f3a-{worker}"), worker, ready);
        }
        for (ordinal, worker) in PLACES.iter().enumerate() {
            let claim = format!("redis/data-{ordinal}");
            let volume = Sight::Volume {
                nodes: vec![format!("stayput-7f3a-{worker}")],
                path: Some(format!("/disk1/redis-{ordinal}-data")),
                claim: Some(claim.clone()),
                phase: "Bound".to_owned(),
            };
            let name = format!("redis-{ordinal}-data");
            self.seen(
                &format!("PersistentVolume {name}"),
                &format!("7015{ordinal}"),
                volume,
            );
            let bound = Sight::Claim { volume: Some(name) };
            self.seen(
                &format!("PersistentVolumeClaim {claim}"),
                &format!("c1a1{ordinal}"),
                bound,
            );
            self.pod(ordinal, &format!("6f1{ordinal:x}"), None, PodState::Pending);
            self.pod(
                ordinal,
                &format!("6f1{ordinal:x}"),
                Some(worker),
                PodState::Ready,
            );
        }
    }

    /// `redis-cluster-0` is deleted, and comes back on a worker.
    pub(crate) fn comes_back(&mut self, uid: &str, worker: &str) {
        self.add(Event::Acted {
            step: StepId(10),
            what: "deleted".to_owned(),
            on: vec![Subject::Object("Pod redis/redis-cluster-0".to_owned())],
        });
        self.pod(0, "6f10", Some("worker"), PodState::Terminating);
        self.spent(10, Cost::Kubernetes, 700);
        self.seen("Pod redis/redis-cluster-0", "6f10", Sight::Gone);
        self.pod(0, uid, Some(worker), PodState::Pending);
        self.spent(10, Cost::Kubernetes, 800);
        self.pod(0, uid, Some(worker), PodState::Ready);
    }

    /// Something found of an object.
    pub(crate) fn found_of(&mut self, step: usize, what: &str, object: &str) {
        self.add(Event::Found {
            step: StepId(step),
            what: what.to_owned(),
            on: vec![
                Subject::Object(object.to_owned()),
                Subject::Path {
                    node: "stayput-7f3a-worker".to_owned(),
                    path: "/disk1/redis-0-data".to_owned(),
                },
            ],
        });
    }

    fn pod(&mut self, ordinal: usize, uid: &str, worker: Option<&str>, state: PodState) {
        let sight = Sight::Pod {
            node: worker.map(|worker| format!("stayput-7f3a-{worker}")),
            address: worker.map(|_| format!("10.244.1.{}", ordinal + 5)),
            claims: vec![format!("redis/data-{ordinal}")],
            state,
        };
        self.seen(&format!("Pod redis/redis-cluster-{ordinal}"), uid, sight);
    }

    fn seen(&mut self, object: &str, uid: &str, sight: Sight) {
        let change = Moment {
            at: self.now(),
            what: format!("{object} ({uid}): changed"),
        };
        self.add(Event::Changed {
            object: object.to_owned(),
            uid: uid.to_owned(),
            change,
            sight: Some(sight),
        });
    }
}
