//! Recorded runs of a real 1.34.4, write by write: would ours have written the same?
//!
//! Invariants:
//! - Before each recorded write the controllers are shown exactly what was recorded before it.
//! - A write is ours if it is of a kind that only controllers make; users' and kubelets' are not judged.

mod judge;
mod trace;

use std::collections::{BTreeSet, VecDeque};

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use stayput_controllers::budgets::Budgets;
use stayput_controllers::collector::Collector;
use stayput_controllers::controller::Controller;
use stayput_controllers::endpoints::{EndpointSlices, EndpointsController};
use stayput_controllers::object::{Key, Kind};
use stayput_controllers::plan::{Announcement, Plan, Write};
use stayput_controllers::scheduler::Scheduler;
use stayput_controllers::statefulset::StatefulSets;
use stayput_controllers::version::Version;
use stayput_controllers::volumes::Binder;
use stayput_controllers::volumes::protection::Protection;
use stayput_controllers::world::{Change, World};

use judge::{Verdict, judge};
use trace::{Moment, Step};

/// How old the knowledge may be that a real controller acted on. A write is decided on
/// the object's newest version all the same, or the API would have refused it.
const STALE: SignedDuration = SignedDuration::from_secs(2);

/// After how long a real cluster is at rest; the binder's resync comes later.
const REST: SignedDuration = SignedDuration::from_secs(4);

const KINDS: [Kind; 6] = [
    Kind::PersistentVolume,
    Kind::PersistentVolumeClaim,
    Kind::Pod,
    Kind::StatefulSet,
    Kind::Service,
    Kind::PodDisruptionBudget,
];

/// All that the controllers intend at one moment.
#[derive(Default)]
struct Intended {
    writes: Vec<Write>,
    said: Vec<(&'static str, Announcement)>,
}

fn intended(world: &World, moment: &Moment) -> Intended {
    let mut all: Vec<Box<dyn Controller>> = vec![
        Box::new(Binder::new(SignedDuration::from_secs(15))),
        Box::new(Protection),
        Box::new(Scheduler::new(Version::default())),
        Box::new(StatefulSets::new(Version::default())),
        Box::new(EndpointsController::new(Version::default())),
        Box::new(EndpointSlices::default()),
        Box::new(Collector),
        Box::new(Budgets),
    ];
    let mut intended = Intended::default();
    for controller in &mut all {
        for kind in Kind::WATCHED {
            for object in world.objects(*kind) {
                let change = Change {
                    before: None,
                    after: Some(object),
                };
                controller.follow(&change, world, &mut Vec::new());
            }
        }
        for key in keys(controller.name(), world) {
            let plan = controller.sync(&key, world, moment.now);
            intended.add(controller.name(), plan);
        }
    }
    intended
}

/// The keys of a controller; each is looked at alone, so that none waits for another.
fn keys(controller: &str, world: &World) -> Vec<Key> {
    let of = |kinds: &[Kind]| -> Vec<Key> {
        kinds
            .iter()
            .flat_map(|kind| world.objects(*kind))
            .map(|object| object.key())
            .collect()
    };
    match controller {
        "persistentvolume-controller" | "persistentvolume-protection-controller" => of(&KINDS[..2]),
        "default-scheduler" => of(&KINDS[2..3]),
        "statefulset-controller" => of(&KINDS[3..4]),
        "endpoint-controller" | "endpoint-slice-controller" => of(&KINDS[4..5]),
        "controllermanager" => of(&KINDS[5..]),
        _ => of(Kind::WATCHED),
    }
}

impl Intended {
    fn add(&mut self, controller: &'static str, plan: Plan) {
        for step in plan.steps {
            self.writes.extend(step.write);
            self.said
                .extend(step.told.or(step.refused).map(|told| (controller, told)));
        }
    }
}

/// Replays a trace: how many writes of each kind were foreseen, which were not, and which
/// events were never said.
fn replay(name: &str) -> String {
    let trace = trace::load(name);
    let mut world = trace::nodes();
    let mut tally = judge::Tally::default();
    let mut said = BTreeSet::new();
    let mut recorded = BTreeSet::new();
    let mut window: VecDeque<(Timestamp, Vec<Write>)> = VecDeque::new();
    let mut restless = BTreeSet::new();
    for (index, moment) in trace.iter().enumerate() {
        let Step::Change { object, before, .. } = &moment.step else {
            if let Step::Event(line) = &moment.step {
                recorded.insert(line.clone());
            }
            continue;
        };
        let now = intended(&world, moment);
        for (source, told) in &now.said {
            said.insert(trace::line(source, told));
        }
        while window
            .front()
            .is_some_and(|(then, _)| moment.now.duration_since(*then) > STALE)
        {
            window.pop_front();
        }
        window.push_back((moment.now, now.writes));
        let decided: Vec<&Write> = window.iter().flat_map(|(_, writes)| writes).collect();
        match judge(object, before.as_ref(), moment, &decided, &world) {
            Verdict::NotOurs => {}
            Verdict::Foreseen(what) => tally.foreseen(what),
            Verdict::Missed(what, why) => tally.missed(what, why),
        }
        moment.enter(&mut world);
        // When a real cluster did nothing for a while, there was nothing to do.
        let next = trace
            .get(index + 1)
            .map(|next| next.now.duration_since(moment.now));
        if next.is_some_and(|gap| gap > REST) {
            restless.extend(
                intended(&world, moment)
                    .writes
                    .iter()
                    .map(ToString::to_string),
            );
        }
    }
    let unsaid = recorded.difference(&said).cloned().collect::<Vec<_>>();
    let restless: Vec<String> = restless
        .iter()
        .map(|write| format!("not done by the real: {write}"))
        .collect();
    let restless = restless.join("\n");
    let count = recorded.len();
    format!(
        "{name}: {tally}\nevents {} of {count}\n{}{restless}",
        count - unsaid.len(),
        unsaid.join("\n")
    )
}

#[test]
fn flagship() {
    assert_snapshot!(replay("flagship"), @r"
    flagship: binding 7 of 7; claim binding 6 of 6; claim status 6 of 6; end of a pod 6 of 6; endpoints 9 of 9; pod of a set 7 of 7; revision 1 of 1; set status 18 of 18; slice 17 of 17; volume binding 6 of 6; volume status 24 of 24; 
    events 24 of 24
    ");
}

#[test]
fn immediate_binding() {
    assert_snapshot!(replay("immediate-binding"), @r"
    immediate-binding: binding 1 of 1; claim binding 2 of 2; claim status 2 of 2; volume binding 2 of 2; volume status 8 of 8; 
    events 3 of 3
    ");
}

#[test]
fn no_dynamic_provisioning() {
    assert_snapshot!(replay("no-dynamic-provisioning"), @r#"
    no-dynamic-provisioning: binding 2 of 2; claim binding 4 of 4; claim status 4 of 4; volume binding 4 of 4; volume status 12 of 12; 
    events 9 of 9
    not done by the real: patch PersistentVolume classless-0 {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"classless","namespace":"no-dynamic-provisioning","resourceVersion":"2314","uid":"5c32891c-a89e-4685-931a-309c8be6264b"}}}
    not done by the real: patch PersistentVolume none-0 {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"none","namespace":"no-dynamic-provisioning","resourceVersion":"2312","uid":"65493955-057b-4279-848a-3d3759241b52"}}}
    not done by the real: patch PersistentVolume now-0 {"metadata":{"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"}},"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"now","namespace":"no-dynamic-provisioning","resourceVersion":"2310","uid":"5fbe5aa4-6c55-4786-bb65-7b6d2e0d3246"}}}
    "#);
}

#[test]
fn claim_naming() {
    assert_snapshot!(replay("claim-naming"), @r"
    claim-naming: binding 2 of 2; claim binding 2 of 2; claim of a set 1 of 1; claim status 2 of 2; end of a pod 2 of 2; endpoints 5 of 5; pod of a set 2 of 2; revision 1 of 1; set status 5 of 5; slice 7 of 7; volume binding 2 of 2; volume status 7 of 7; 
    events 8 of 8
    ");
}

#[test]
fn retain_released_rebind() {
    assert_snapshot!(replay("retain-released-rebind"), @r"
    retain-released-rebind: binding 3 of 3; claim binding 4 of 4; claim status 4 of 4; volume binding 4 of 4; volume status 12 of 12; 
    events 9 of 9
    ");
}

#[test]
fn protection() {
    assert_snapshot!(replay("protection"), @r"
    protection: binding 2 of 2; claim binding 2 of 2; claim status 2 of 2; volume binding 2 of 2; volume status 6 of 6; 
    events 5 of 5
    ");
}

#[test]
fn smallest_fit() {
    assert_snapshot!(replay("smallest-fit"), @r"
    smallest-fit: binding 5 of 5; claim binding 11 of 11; claim status 11 of 11; volume binding 11 of 11; volume status 38 of 38; 
    events 18 of 18
    ");
}

#[test]
fn recycle_and_delete_policies() {
    assert_snapshot!(replay("recycle-and-delete-policies"), @r#"
    recycle-and-delete-policies: binding 1 of 1; claim status 5 of 5; volume binding 5 of 5; volume status 19 of 19; 
    events 4 of 4
    not done by the real: patch PersistentVolumeClaim recycle-and-delete-policies/delete {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes"}}}
    not done by the real: patch PersistentVolumeClaim recycle-and-delete-policies/hostpath-tmp {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes"}}}
    not done by the real: patch PersistentVolumeClaim recycle-and-delete-policies/recycle {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes"}}}
    not done by the real: patch PersistentVolumeClaim recycle-and-delete-policies/retain {"metadata":{"annotations":{"pv.kubernetes.io/bind-completed":"yes"}}}
    "#);
}

#[test]
fn scale_down_up() {
    assert_snapshot!(replay("scale-down-up"), @r"
    scale-down-up: another of equal volumes 1 of 1; binding 5 of 5; claim binding 3 of 3; claim of a set 3 of 3; claim status 3 of 3; end of a pod 5 of 5; endpoints 11 of 11; pod of a set 5 of 5; revision 1 of 1; set status 29 of 29; slice 16 of 16; volume binding 2 of 2; volume status 9 of 9; 
    events 15 of 15
    ");
}

#[test]
fn parallel_policy() {
    assert_snapshot!(replay("parallel-policy"), @r#"
    parallel-policy: another of equal volumes 3 of 3; binding 18 of 18; claim binding 6 of 6; claim of a set 6 of 6; claim status 6 of 6; end of a pod 17 of 17; endpoints 33 of 34; pod of a set 18 of 18; revision 2 of 2; set status 68 of 68; slice 52 of 52; volume binding 3 of 3; volume status 18 of 18; 
      endpoints Endpoints parallel-policy/web: metadata: ; subsets: [{"addresses":[{"hostname":"web-0","ip":"10.244.1.24","nodeName":"two-worker2","targetRef":{"kind":"Pod","name":"web-0","namespace":"parallel-policy","uid":"23fd46a8-7857-446d-ba32-c34fb2650d53"}},{"hostname":"web-2","ip":"10.244.2.50","nodeName":"two-worker","targetRef":{"kind" | intended: patch Endpoints parallel-policy/web {"metadata":{"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"2026-11-24T03:57:10Z"}},"subsets":null}, patch Endpoints parallel-policy/web {"metadata":{"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"2026-11-24T03:57:10Z"}},"subsets":null}
    events 29 of 29
    "#);
}

#[test]
fn orphan_adopt() {
    assert_snapshot!(replay("orphan-adopt"), @r"
    orphan-adopt: binding 3 of 3; claim binding 2 of 2; claim of a set 2 of 2; claim status 2 of 2; end of a pod 2 of 2; endpoints 7 of 7; owner 5 of 5; pod of a set 3 of 3; revision 1 of 1; set status 9 of 9; slice 10 of 10; volume binding 2 of 2; volume status 6 of 6; 
    events 8 of 8
    ");
}

#[test]
fn hostpath_moves() {
    assert_snapshot!(replay("hostpath-moves"), @r"
    hostpath-moves: binding 3 of 3; endpoints 7 of 7; pod of a set 3 of 3; revision 1 of 1; set status 16 of 16; slice 10 of 10; 
    events 3 of 3
    ");
}

#[test]
fn cordon_drain() {
    assert_snapshot!(replay("cordon-drain"), @r"
    cordon-drain: binding 4 of 4; budget 11 of 11; claim binding 2 of 2; claim of a set 2 of 2; claim status 2 of 2; end of a pod 2 of 2; endpoints 9 of 9; pod of a set 4 of 4; revision 1 of 1; set status 15 of 15; slice 13 of 13; volume binding 2 of 2; volume status 6 of 6; 
    events 13 of 13
    ");
}
