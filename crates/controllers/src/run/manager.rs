//! The whole control plane as one state machine.
//!
//! Invariants:
//! - No I/O, no clock: inputs and times go in, jobs come out.
//! - No controller looks at anything before every kind has been listed once.
//! - What a write answers is known before anything else is decided.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use jiff::Timestamp;

use crate::controller::{Controller, Ending};
use crate::object::{Key, Kind, Object};
use crate::plan::{Announcement, Step};
use crate::recorder::{EventWrite, Recorder};
use crate::run::queue::Queue;
use crate::times::after;
use crate::world::{Change, World};

/// How many keys of one controller are written at once.
const JOBS_AT_ONCE: usize = 32;
/// How many events one job writes.
const EVENTS_A_JOB: usize = 64;

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A kind was listed, for the first time or again.
    Listed(Kind, Vec<Object>),
    /// A watch tells of a new version.
    Applied(Object),
    /// A watch tells that an object is gone.
    Deleted(Object),
    /// A job is done.
    Finished(Finished),
}

/// Puts what watches told meanwhile into the order in which it happened: each kind has a
/// watch of its own, and a pod must not be seen before the claim that was made for it.
pub fn in_order(inputs: &mut [Input]) {
    let version = |input: &Input| match input {
        Input::Applied(object) | Input::Deleted(object) => object.version(),
        Input::Listed(..) | Input::Finished(_) => None,
    };
    let between = |input: &Input| match input {
        Input::Applied(_) | Input::Deleted(_) => false,
        Input::Listed(..) | Input::Finished(_) => true,
    };
    for told in inputs.split_mut(between) {
        told.sort_by_key(version);
    }
}

/// How a job ended.
#[derive(Debug)]
pub struct Finished {
    /// The job.
    pub id: JobId,
    /// The objects that its writes answered.
    pub objects: Vec<Object>,
    /// Objects that its deletes ended at once.
    pub gone: Vec<Object>,
    /// What is now to be recorded.
    pub said: Vec<Announcement>,
    /// Whether all went well.
    pub ending: Ending,
}

/// Names a job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobId {
    /// The work of a controller, by its index, on a key.
    Sync(usize, Key),
    /// Writing events.
    Events,
}

/// Requests to be made in order.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What to do.
    pub work: Work,
}

/// What a job does.
#[derive(Debug)]
pub enum Work {
    /// The steps of a plan, and as whom to take them.
    Steps(&'static str, Vec<Step>),
    /// Events, and as whom to record each.
    Events(Vec<(&'static str, EventWrite)>),
}

struct Slot {
    controller: Box<dyn Controller>,
    queue: Queue,
    next_tick: Option<Timestamp>,
    again: BTreeMap<Key, Timestamp>,
}

/// The controllers, what they know and what they have yet to do.
pub struct Manager {
    world: World,
    slots: Vec<Slot>,
    unlisted: BTreeSet<Kind>,
    recorder: Recorder,
    events: VecDeque<(&'static str, EventWrite)>,
    writing_events: bool,
}

impl Manager {
    /// A control plane of these controllers that knows nothing yet.
    pub fn new(controllers: Vec<Box<dyn Controller>>) -> Self {
        let slots = controllers.into_iter().map(|controller| Slot {
            controller,
            queue: Queue::default(),
            next_tick: None,
            again: BTreeMap::new(),
        });
        Self {
            world: World::default(),
            slots: slots.collect(),
            unlisted: Kind::WATCHED.iter().copied().collect(),
            recorder: Recorder::default(),
            events: VecDeque::new(),
            writing_events: false,
        }
    }

    /// What is known.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Takes in what happened.
    pub fn on(&mut self, input: Input, now: Timestamp) {
        match input {
            Input::Listed(kind, objects) => self.listed(kind, objects, now),
            Input::Applied(object) => {
                let change = self.world.apply(object);
                self.changed(change);
            }
            Input::Deleted(object) => {
                let change = self.world.delete(&object);
                self.changed(change);
            }
            Input::Finished(finished) => self.finished(finished, now),
        }
    }

    /// The jobs to start now. Call it again after every input and at [`Manager::deadline`].
    pub fn jobs(&mut self, now: Timestamp) -> Vec<Job> {
        let mut jobs = Vec::new();
        if self.unlisted.is_empty() {
            self.tick(now);
            for index in 0..self.slots.len() {
                self.work(index, now, &mut jobs);
            }
        }
        jobs.extend(self.event_job());
        jobs
    }

    /// When something becomes due although nothing happens.
    pub fn deadline(&self) -> Option<Timestamp> {
        let ticks = self.slots.iter().filter_map(|slot| slot.next_tick);
        let queues = self.slots.iter().filter_map(|slot| slot.queue.deadline());
        ticks.chain(queues).min()
    }

    fn listed(&mut self, kind: Kind, objects: Vec<Object>, now: Timestamp) {
        let changes = self.world.replace(kind, objects);
        if self.unlisted.is_empty() {
            for change in changes {
                self.changed(Some(change));
            }
        } else if self.unlisted.remove(&kind) && self.unlisted.is_empty() {
            self.begin(now);
        }
    }

    /// Everything is known: every controller is shown every object.
    fn begin(&mut self, now: Timestamp) {
        for kind in Kind::WATCHED {
            for object in self.world.objects(*kind) {
                self.changed(Some(Change {
                    before: None,
                    after: Some(object),
                }));
            }
        }
        for slot in &mut self.slots {
            slot.next_tick = slot.controller.period().map(|_| now);
        }
    }

    fn changed(&mut self, change: Option<Change>) {
        let Some(change) = change else { return };
        if !self.unlisted.is_empty() {
            return;
        }
        for slot in &mut self.slots {
            let mut wake = Vec::new();
            slot.controller.follow(&change, &self.world, &mut wake);
            for key in wake {
                slot.queue.add(key);
            }
        }
    }

    fn tick(&mut self, now: Timestamp) {
        for slot in &mut self.slots {
            slot.queue.advance(now);
            if slot.next_tick.is_some_and(|tick| tick <= now) {
                for key in slot.controller.tick(&self.world, now) {
                    slot.queue.add(key);
                }
                slot.next_tick = slot.controller.period().map(|period| after(now, period));
            }
        }
    }

    fn work(&mut self, index: usize, now: Timestamp, jobs: &mut Vec<Job>) {
        let mut said = Vec::new();
        let slot = &mut self.slots[index];
        while let Some(key) = slot.queue.take(JOBS_AT_ONCE) {
            let plan = slot.controller.sync(&key, &self.world, now);
            if plan.steps.iter().any(|step| step.write.is_some()) {
                if let Some(again) = plan.again {
                    slot.again.insert(key.clone(), again);
                }
                jobs.push(Job {
                    id: JobId::Sync(index, key),
                    work: Work::Steps(slot.controller.agent(), plan.steps),
                });
            } else {
                let refused = plan.steps.iter().any(|step| step.refused.is_some());
                said.extend(
                    plan.steps
                        .into_iter()
                        .filter_map(|step| step.told.or(step.refused)),
                );
                if refused {
                    slot.queue.failed(&key, now);
                    continue;
                }
                slot.queue.done(&key);
                if let Some(again) = plan.again {
                    slot.queue.add_at(key, again);
                }
            }
        }
        self.record(index, &said, now);
    }

    fn finished(&mut self, finished: Finished, now: Timestamp) {
        for object in finished.objects {
            let change = self.world.apply(object);
            self.changed(change);
        }
        for object in finished.gone {
            let change = self.world.delete(&object);
            self.changed(change);
        }
        match finished.id {
            JobId::Events => self.writing_events = false,
            JobId::Sync(index, key) => {
                let slot = &mut self.slots[index];
                slot.controller.finished(&key, finished.ending);
                let again = slot.again.remove(&key);
                match (finished.ending, again) {
                    (Ending::Failed, _) => slot.queue.failed(&key, now),
                    (Ending::Written, again) => {
                        slot.queue.done(&key);
                        if let Some(again) = again {
                            slot.queue.add_at(key, again);
                        }
                    }
                }
                self.record(index, &finished.said, now);
            }
        }
    }

    fn record(&mut self, index: usize, said: &[Announcement], now: Timestamp) {
        let controller = &self.slots[index].controller;
        let (source, agent) = (controller.name(), controller.agent());
        for announcement in said {
            let write = self.recorder.record(source, announcement, now);
            self.events.extend(write.map(|write| (agent, write)));
        }
    }

    fn event_job(&mut self) -> Option<Job> {
        if self.writing_events || self.events.is_empty() {
            return None;
        }
        self.writing_events = true;
        let rest = self.events.split_off(self.events.len().min(EVENTS_A_JOB));
        let events = mem::replace(&mut self.events, rest);
        Some(Job {
            id: JobId::Events,
            work: Work::Events(events.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
    use serde_json::{Value, json};

    use super::*;

    fn at(revision: u64) -> Value {
        json!({"metadata": {"name": "a", "resourceVersion": revision.to_string()}})
    }

    fn pod(revision: u64) -> Object {
        Object::Pod(Arc::new(
            serde_json::from_value::<Pod>(at(revision)).unwrap(),
        ))
    }

    fn claim(revision: u64) -> Object {
        let claim = serde_json::from_value::<PersistentVolumeClaim>(at(revision)).unwrap();
        Object::PersistentVolumeClaim(Arc::new(claim))
    }

    #[test]
    fn what_watches_tell_is_taken_as_it_happened() {
        let mut inputs = vec![
            Input::Applied(pod(110)),
            Input::Deleted(pod(111)),
            Input::Applied(claim(99)),
            Input::Listed(Kind::Node, Vec::new()),
            Input::Applied(claim(98)),
        ];
        in_order(&mut inputs);
        let shown = inputs.iter().map(|input| match input {
            Input::Applied(object) => format!("+{:?}", object.version()),
            Input::Deleted(object) => format!("-{:?}", object.version()),
            Input::Listed(..) => "listed".to_owned(),
            Input::Finished(_) => "finished".to_owned(),
        });
        let shown = shown.collect::<Vec<_>>().join(" ");
        assert_eq!(shown, "+Some(99) +Some(110) -Some(111) listed +Some(98)");
    }
}
