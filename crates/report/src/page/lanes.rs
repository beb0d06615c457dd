//! The fold behind the picture: which pod was on which node when, and on
//! which volume.
//!
//! Invariants:
//! - A new uid is a new life; nothing is known by its name alone.
//! - Lives are compared within one play only: a control begins anew.

use std::collections::BTreeMap;

use stayput_events::{Cost, Elapsed, Event, Outcome, PodState, Record, Sight, StepId, Subject};

/// Everything that is drawn.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) pods: Vec<PodLife>,
    pub(super) volumes: Vec<VolumeLife>,
    /// What nodes were, by their real names.
    pub(super) nodes: BTreeMap<String, Vec<NodeState>>,
    pub(super) marks: Vec<Mark>,
    bindings: Vec<Binding>,
    /// What time was spent on.
    pub(super) spent: Vec<Spent>,
    play: usize,
    /// When the play began: step numbers mean its own.
    begun: Elapsed,
}

/// Time that was spent on something.
#[derive(Debug)]
pub(super) struct Spent {
    pub(super) on: Cost,
    pub(super) from: Elapsed,
    pub(super) until: Elapsed,
}

/// One pod under one uid.
#[derive(Debug)]
pub(super) struct PodLife {
    /// As `namespace/name`.
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) from: Elapsed,
    /// When it was gone; none if that was not seen.
    pub(super) until: Option<Elapsed>,
    pub(super) node: Option<String>,
    /// When it got its node.
    pub(super) placed: Option<Elapsed>,
    pub(super) address: Option<String>,
    pub(super) claims: Vec<String>,
    /// What its claims held, in their order; filled at the end.
    pub(super) held: Vec<Held>,
    /// What it was, and from when on.
    pub(super) states: Vec<(Elapsed, PodState)>,
    /// Which play of the run: 0 is the scenario's own.
    pub(super) play: usize,
}

/// A claim with its volume, each by uid: one made anew is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    claim: String,
    pub(super) volume: String,
    volume_uid: Option<String>,
}

/// A claim that has a volume, from a moment on.
#[derive(Debug)]
struct Binding {
    at: Elapsed,
    claim: String,
    uid: String,
    volume: String,
}

/// One volume under one uid.
#[derive(Debug)]
pub(super) struct VolumeLife {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) from: Elapsed,
    pub(super) until: Option<Elapsed>,
    pub(super) nodes: Vec<String>,
    pub(super) path: Option<String>,
    pub(super) claim: Option<String>,
    pub(super) phases: Vec<(Elapsed, String)>,
}

/// What a node was, from a moment on.
#[derive(Debug, Clone)]
pub(super) struct NodeState {
    pub(super) at: Elapsed,
    pub(super) is: NodeIs,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeIs {
    There {
        ready: bool,
        cordoned: bool,
        taints: Vec<String>,
    },
    /// It has no Node object.
    Gone,
}

/// Something that was done to something, or found of it.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) at: Elapsed,
    pub(super) on: Subject,
    pub(super) kind: MarkKind,
    pub(super) what: String,
    step: StepId,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Done,
    Held,
    Broken,
}

/// How the lives of one pod's name followed each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stay {
    /// It lived once, so there is nothing to compare.
    Once,
    /// Every life was on the node and the volumes of the one before.
    Put,
    /// Some life was not.
    Moved(Vec<Change>),
    /// Its last life never got a node.
    Nowhere,
}

/// What was not as in the life before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// The node.
    Node { from: String, to: String },
    /// A claim or a volume; the same names where it was made anew.
    Storage { from: String, to: String },
}

impl PodLife {
    /// It was seen on this node; the first one is where it stays.
    fn is_on(&mut self, node: Option<&String>, at: Elapsed) {
        if self.node.is_none() && node.is_some() {
            self.placed = Some(at);
            self.node = node.cloned();
        }
    }
}

impl Lanes {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut lanes = Self::default();
        for record in records {
            lanes.record(record);
        }
        lanes.finish();
        lanes
    }

    fn record(&mut self, record: &Record) {
        match &record.event {
            Event::Changed {
                object,
                uid,
                change,
                sight: Some(sight),
            } => self.seen(object, uid, change.at, sight),
            Event::Acted { step, what, on } => {
                self.mark(record.at, *step, MarkKind::Done, what, on);
            }
            Event::Found { step, what, on } => {
                self.mark(record.at, *step, MarkKind::Held, what, on);
            }
            Event::StepFinished { step, outcome } => self.broken(record.at, *step, outcome),
            Event::Spent {
                on, from, until, ..
            } => self.spent.push(Spent {
                on: *on,
                from: *from,
                until: *until,
            }),
            Event::ControlStarted { .. } => {
                self.play += 1;
                self.begun = record.at;
                self.close(record.at);
            }
            Event::ControlFinished { .. } => self.close(record.at),
            Event::Changed { sight: None, .. }
            | Event::RunStarted(_)
            | Event::ClusterProgress { .. }
            | Event::Told { .. }
            | Event::ClusterReady(_)
            | Event::StepStarted { .. }
            | Event::Awaiting { .. }
            | Event::Logged { .. }
            | Event::Withheld { .. }
            | Event::FilesWritten { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    fn seen(&mut self, object: &str, uid: &str, at: Elapsed, sight: &Sight) {
        let name = object.split_once(' ').map_or(object, |(_, name)| name);
        match sight {
            Sight::Pod {
                node,
                address,
                claims,
                state,
            } => {
                let life = self.pod(name, uid, at);
                life.is_on(node.as_ref(), at);
                if address.is_some() {
                    life.address.clone_from(address);
                }
                life.claims.clone_from(claims);
                if life.states.last().is_none_or(|(_, last)| last != state) {
                    life.states.push((at, *state));
                }
            }
            Sight::Claim { volume: None } => {}
            Sight::Claim {
                volume: Some(volume),
            } => self.bindings.push(Binding {
                at,
                claim: name.to_owned(),
                uid: uid.to_owned(),
                volume: volume.clone(),
            }),
            Sight::Volume {
                nodes,
                path,
                claim,
                phase,
            } => {
                let life = self.volume(name, uid, at);
                life.nodes.clone_from(nodes);
                life.path.clone_from(path);
                if claim.is_some() {
                    life.claim.clone_from(claim);
                }
                if life.phases.last().is_none_or(|(_, last)| last != phase) {
                    life.phases.push((at, phase.clone()));
                }
            }
            Sight::Node {
                ready,
                cordoned,
                taints,
            } => {
                let is = NodeIs::There {
                    ready: *ready,
                    cordoned: *cordoned,
                    taints: taints.clone(),
                };
                self.node(name, at, is);
            }
            Sight::Gone if object.starts_with("Node ") => self.node(name, at, NodeIs::Gone),
            Sight::Gone => self.gone(uid, at),
        }
    }

    /// What a node is from now on, where that is not what it was.
    fn node(&mut self, name: &str, at: Elapsed, is: NodeIs) {
        let states = self.nodes.entry(name.to_owned()).or_default();
        if states.last().is_none_or(|last| last.is != is) {
            states.push(NodeState { at, is });
        }
    }

    /// The life of this uid; it begins here if it is not known.
    fn pod(&mut self, name: &str, uid: &str, at: Elapsed) -> &mut PodLife {
        let known = self
            .pods
            .iter()
            .position(|life| life.uid == uid && life.play == self.play);
        let index = known.unwrap_or_else(|| {
            self.pods.push(PodLife {
                name: name.to_owned(),
                uid: uid.to_owned(),
                from: at,
                until: None,
                node: None,
                placed: None,
                address: None,
                claims: Vec::new(),
                held: Vec::new(),
                states: Vec::new(),
                play: self.play,
            });
            self.pods.len() - 1
        });
        &mut self.pods[index]
    }

    fn volume(&mut self, name: &str, uid: &str, at: Elapsed) -> &mut VolumeLife {
        let known = self.volumes.iter().position(|life| life.uid == uid);
        let index = known.unwrap_or_else(|| {
            self.volumes.push(VolumeLife {
                name: name.to_owned(),
                uid: uid.to_owned(),
                from: at,
                until: None,
                nodes: Vec::new(),
                path: None,
                claim: None,
                phases: Vec::new(),
            });
            self.volumes.len() - 1
        });
        &mut self.volumes[index]
    }

    fn gone(&mut self, uid: &str, at: Elapsed) {
        for life in self.pods.iter_mut().filter(|life| life.uid == uid) {
            life.until.get_or_insert(at);
        }
        for life in self.volumes.iter_mut().filter(|life| life.uid == uid) {
            life.until.get_or_insert(at);
        }
    }

    /// A play's watches end with it: what was open is not seen any more.
    fn close(&mut self, at: Elapsed) {
        for life in &mut self.pods {
            life.until.get_or_insert(at);
        }
        for life in &mut self.volumes {
            life.until.get_or_insert(at);
        }
    }

    fn mark(&mut self, at: Elapsed, step: StepId, kind: MarkKind, what: &str, on: &[Subject]) {
        let marks = on.iter().map(|on| Mark {
            at,
            on: on.clone(),
            kind,
            what: what.to_owned(),
            step,
        });
        self.marks.extend(marks);
    }

    /// What a failed step names is marked, once each; what the step found of
    /// it on the way is no check that held.
    fn broken(&mut self, at: Elapsed, step: StepId, outcome: &Outcome) {
        let Some(failure) = outcome.failure() else {
            return;
        };
        let mut named: Vec<&String> = failure.mismatches.iter().map(|it| &it.object).collect();
        named.sort();
        named.dedup();
        for object in named.into_iter().filter(|object| !object.is_empty()) {
            let on = [Subject::Object(object.clone())];
            let play = self.begun;
            self.marks.retain(|mark| {
                mark.kind != MarkKind::Held
                    || mark.step != step
                    || mark.at < play
                    || mark.on != on[0]
            });
            self.mark(at, step, MarkKind::Broken, &failure.summary, &on);
        }
    }

    fn finish(&mut self) {
        for index in 0..self.pods.len() {
            let life = &self.pods[index];
            let held = life
                .claims
                .iter()
                .filter_map(|claim| self.held(claim, life));
            self.pods[index].held = held.collect();
        }
    }

    /// What a claim held while a pod lived.
    fn held(&self, claim: &str, life: &PodLife) -> Option<Held> {
        let alive = |at: Elapsed| life.until.is_none_or(|until| at <= until);
        let mut bindings = self.bindings.iter().rev();
        let binding = bindings.find(|it| it.claim == claim && alive(it.at))?;
        let mut volumes = self.volumes.iter().rev();
        let volume = volumes.find(|it| it.name == binding.volume && alive(it.from));
        Some(Held {
            claim: binding.uid.clone(),
            volume: binding.volume.clone(),
            volume_uid: volume.map(|it| it.uid.clone()),
        })
    }

    /// The names of all pods with claims, or with more than one life, sorted.
    pub(super) fn residents(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.pods.iter().map(|life| life.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let stays = |name: &&str| {
            let lives: Vec<_> = self.lives(name).collect();
            lives.len() > 1 || lives.iter().any(|life| !life.claims.is_empty())
        };
        names.into_iter().filter(stays).collect()
    }

    /// The lives of a pod's name, oldest first.
    pub(super) fn lives<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a PodLife> {
        self.pods.iter().filter(move |life| life.name == name)
    }

    /// What was on this node before this life, in the same play; none where
    /// it is the first, or stayed.
    pub(super) fn moved_from<'a>(&'a self, life: &'a PodLife) -> Option<&'a str> {
        let before = self.lives(&life.name).filter(|other| {
            other.play == life.play && other.from < life.from && other.node.is_some()
        });
        let before = before.last()?.node.as_deref()?;
        let now = life.node.as_deref()?;
        (before != now).then_some(before)
    }

    /// Whether all of a pod's lives were in controls, which break on purpose.
    pub(super) fn only_in_controls(&self, name: &str) -> bool {
        self.lives(name).all(|life| life.play > 0)
    }

    /// How the lives of a pod's name followed each other.
    pub(super) fn stay(&self, name: &str) -> Stay {
        let lives: Vec<_> = self.lives(name).collect();
        let pairs = lives.iter().zip(lives.iter().skip(1));
        let pairs: Vec<_> = pairs
            .filter(|(before, after)| before.play == after.play)
            .collect();
        let changes: Vec<Change> = pairs
            .iter()
            .flat_map(|(before, after)| changes(before, after))
            .collect();
        if !changes.is_empty() {
            return Stay::Moved(changes);
        }
        match lives.last() {
            Some(last) if last.node.is_none() => Stay::Nowhere,
            Some(_) if !pairs.is_empty() => Stay::Put,
            Some(_) | None => Stay::Once,
        }
    }
}

fn changes(before: &PodLife, after: &PodLife) -> Vec<Change> {
    let mut changes = Vec::new();
    if let (Some(from), Some(to)) = (&before.node, &after.node)
        && from != to
    {
        changes.push(Change::Node {
            from: from.clone(),
            to: to.clone(),
        });
    }
    if before.held != after.held && after.node.is_some() {
        let names = |life: &PodLife| {
            let names: Vec<_> = life.held.iter().map(|it| it.volume.as_str()).collect();
            names.join(", ")
        };
        changes.push(Change::Storage {
            from: names(before),
            to: names(after),
        });
    }
    changes
}
