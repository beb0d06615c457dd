//! Verbs and their arguments.

use serde_json::Value;

use super::{
    Around, Resolver,
    names::{Looking, SavedAs},
    step::Setting,
};
use crate::{
    plan::{
        Action, CommandExpected, Deletion, Exec, Gone, HealthyFor, HostWork, NodeFault, Patch,
        Pods, RedisWork, Saved, TaintEffect,
    },
    raw,
    source::NodeId,
    spanned::Spanned,
};

impl Resolver<'_> {
    /// The one verb of a step; `None` where it was left out as wrong.
    pub(super) fn action(
        &mut self,
        raw: &Spanned<raw::Step>,
        around: Around,
        setting: Setting,
    ) -> Option<Action> {
        if let Some(files) = &raw.apply {
            return Some(Action::Apply(self.manifests(&files.0, around)));
        }
        if let Some(files) = &raw.create {
            return Some(Action::Create(self.manifests(&files.0, around)));
        }
        if let Some(patch) = &raw.patch {
            return Some(self.patch(patch, around));
        }
        if let Some(delete) = &raw.delete {
            return Some(self.delete(delete, around));
        }
        if let Some(scale) = &raw.scale {
            let statefulset = self.namespaced(&scale.statefulset, around);
            return Some(Action::Scale {
                statefulset,
                to: self.computed(scale.to.0, "a number", around),
            });
        }
        if let Some(restart) = &raw.restart {
            return Some(self.restart(restart, around));
        }
        if let Some(exec) = &raw.exec {
            return Some(self.exec(exec, around, setting));
        }
        if let Some(host) = &raw.host {
            return Some(self.host(host, around, setting));
        }
        if let Some(node) = &raw.on_node {
            return Some(self.fault(node, around));
        }
        if let Some(redis) = &raw.redis {
            return Some(self.redis(redis));
        }
        if let Some(expect) = &raw.expect {
            return self.expect(expect, around);
        }
        if let Some(snapshot) = &raw.snapshot {
            return Some(Action::Snapshot(self.plain_name("snapshot", snapshot)));
        }
        raw.save.as_ref().and_then(|save| self.save(save, around))
    }

    fn patch(&mut self, raw: &Spanned<raw::Patch>, around: Around) -> Action {
        let target = self.target(&raw.kind, raw.r#in.as_ref(), &raw.name, around);
        let patch = match (raw.merge, raw.json, raw.strategic) {
            (Some(merge), _, _) => Patch::Merge(self.json(merge.0, around)),
            (_, Some(json), _) => Patch::Json(self.json(json.0, around)),
            (_, _, strategic) => {
                let node = strategic.map_or(raw.node, |patch| patch.0);
                Patch::Strategic(self.json(node, around))
            }
        };
        Action::Patch { target, patch }
    }

    fn delete(&mut self, raw: &Spanned<raw::Delete>, around: Around) -> Action {
        let what = if let Some(kind) = &raw.kind {
            let by = [raw.r#in.as_ref(), raw.labels.as_ref(), raw.name.as_ref()];
            if by.iter().all(Option::is_none) {
                let message = format!("this would delete every `{}` of the cluster", kind.value);
                self.problem_with_hint(
                    kind.node,
                    message,
                    "narrow it with `in`, `name` or `labels`",
                );
            }
            Deletion::Selection(self.selection(kind, by, around))
        } else {
            let files: Vec<_> = raw
                .file
                .iter()
                .chain(raw.files.iter().flatten())
                .cloned()
                .collect();
            Deletion::Manifests(self.manifests(&files, around))
        };
        let wait = match raw.wait {
            None | Some(raw::Gone::Gone) => Gone::Wait,
            Some(raw::Gone::Accepted) => Gone::Accepted,
        };
        Action::Delete { what, wait }
    }

    fn restart(&mut self, raw: &raw::Restart, around: Around) -> Action {
        let pods = match (&raw.pod, &raw.pods) {
            (Some(pod), _) => Pods::One(self.namespaced(pod, around)),
            (None, pods) => {
                let all = raw::PodSelection {
                    r#in: None,
                    labels: None,
                };
                self.all_pods(pods.as_ref().unwrap_or(&all), around)
            }
        };
        let identity = self.identity(raw.same.as_deref(), raw.new.as_deref());
        Action::Restart { pods, identity }
    }

    fn exec(&mut self, raw: &Spanned<raw::Exec>, around: Around, setting: Setting) -> Action {
        self.proof(
            "exec",
            raw.node,
            raw.changes.as_ref().map(|changes| changes.node),
            setting,
        );
        let expect = raw
            .expect
            .as_ref()
            .map_or_else(CommandExpected::default, |expect| CommandExpected {
                exit_code: expect.exit_code.unwrap_or(0),
                contains: expect.contains.as_ref().map(|text| self.text(text, around)),
                that: expect
                    .that
                    .as_ref()
                    .map(|that| self.expression(that, around.looking(Looking::AtOutcome))),
            });
        Action::Exec(Exec {
            pod: self.namespaced(&raw.pod, around),
            container: raw.container.as_ref().map(|text| self.text(text, around)),
            command: self.texts(&raw.command, around),
            expect,
            changes: raw
                .changes
                .as_ref()
                .map(|changes| self.texts(changes, around)),
        })
    }

    fn host(&mut self, raw: &Spanned<raw::Host>, around: Around, setting: Setting) -> Action {
        let node = self.node_name(&raw.on_node, around);
        let work = match (&raw.make, &raw.remove, &raw.empty, &raw.run) {
            (Some(path), ..) => HostWork::Make(self.node_path(path, around)),
            (_, Some(path), ..) => HostWork::Remove(self.node_path(path, around)),
            (_, _, Some(path), _) => HostWork::Empty(self.node_path(path, around)),
            (_, _, _, run) => {
                self.proof(
                    "run",
                    raw.node,
                    raw.changes.as_ref().map(|changes| changes.node),
                    setting,
                );
                HostWork::Run {
                    script: match run {
                        Some(run) => self.text(run, around),
                        None => stayput_expr::Template::constant(Value::Null),
                    },
                    changes: raw
                        .changes
                        .as_ref()
                        .map(|changes| self.text(changes, around)),
                }
            }
        };
        Action::Host { node, work }
    }

    /// A command in a control has to say how to see that it changed something; elsewhere there is
    /// nothing to compare.
    fn proof(&mut self, verb: &str, at: NodeId, changes: Option<NodeId>, setting: Setting) {
        match (setting, changes) {
            (Setting::Sabotage, None) => {
                let key = self.sources.entries(at).first().map_or(at, |(key, _)| *key);
                let message = format!("`{verb}` in a control does not say what it changes");
                self.problem_with_hint(
                    key,
                    message,
                    "add `changes`: a command whose output differs before and after",
                );
            }
            (Setting::Scenario | Setting::Undoing, Some(changes)) => {
                let key = self
                    .sources
                    .entry(at, "changes")
                    .map_or(changes, |(key, _)| key);
                self.problem(key, "`changes` is for what a control does");
            }
            (Setting::Sabotage, Some(_)) | (Setting::Scenario | Setting::Undoing, None) => {}
        }
    }

    fn fault(&mut self, raw: &raw::NodeVerb, around: Around) -> Action {
        let (node, fault) = match raw {
            raw::NodeVerb::Cordon(node) => (node, NodeFault::Cordon),
            raw::NodeVerb::Uncordon(node) => (node, NodeFault::Uncordon),
            raw::NodeVerb::Drain(node) => (node, NodeFault::Drain),
            raw::NodeVerb::Taint(taint) => (
                &taint.on_node,
                NodeFault::Taint {
                    key: self.text(&taint.key, around),
                    value: taint.value.as_ref().map(|text| self.text(text, around)),
                    effect: effect(taint.effect),
                },
            ),
            raw::NodeVerb::Untaint(taint) => (
                &taint.on_node,
                NodeFault::Untaint {
                    key: self.text(&taint.key, around),
                    effect: taint.effect.map(effect),
                },
            ),
            raw::NodeVerb::Stop(node) => (node, NodeFault::Stop),
            raw::NodeVerb::Start(node) => (node, NodeFault::Start),
            raw::NodeVerb::Delete(node) => (node, NodeFault::Delete),
        };
        Action::Node {
            node: self.node_name(node, around),
            fault,
        }
    }

    fn redis(&mut self, raw: &Spanned<raw::Redis>) -> Action {
        if !self.has_redis {
            let hint = "name the cluster in `spec.redis`";
            self.problem_with_hint(raw.node, "there is no Redis Cluster to speak of", hint);
        }
        Action::Redis(match raw.value {
            raw::Redis::Create(create) => RedisWork::Create {
                replicas: create.replicas,
            },
            raw::Redis::Check => RedisWork::Check,
            raw::Redis::Healthy(raw::HealthyFor::Once) => RedisWork::Healthy(HealthyFor::Once),
            raw::Redis::Healthy(raw::HealthyFor::Window) => RedisWork::Healthy(HealthyFor::Window),
            raw::Redis::Write(write) => RedisWork::Write {
                per_shard: write.keys_per_shard,
            },
            raw::Redis::Verify => RedisWork::Verify,
            raw::Redis::Prove => RedisWork::ProveDisks,
        })
    }

    fn save(&mut self, raw: &raw::Save, around: Around) -> Option<Action> {
        let (what, how) = if let Some(value) = &raw.value {
            let object = raw.object.as_ref().map(|object| {
                self.target(&object.kind, object.r#in.as_ref(), &object.name, around)
            });
            let looking = if object.is_some() {
                Looking::AtObject
            } else {
                Looking::Nowhere
            };
            let value = self.expression(value, around.looking(looking));
            (Saved::Value { object, value }, SavedAs::Value)
        } else if let Some(digest) = &raw.digest {
            let node = self.node_name(&digest.on_node, around);
            (
                Saved::Digest {
                    node,
                    path: self.node_path(&digest.path, around),
                },
                SavedAs::Value,
            )
        } else {
            let pods = self.all_pods(raw.pods.as_ref()?, around);
            (Saved::Pods(pods), SavedAs::Pods)
        };
        let name = self.keep(&raw.r#as, how, around);
        Some(Action::Save { name, what })
    }
}

const fn effect(raw: raw::TaintEffect) -> TaintEffect {
    match raw {
        raw::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        raw::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        raw::TaintEffect::NoExecute => TaintEffect::NoExecute,
    }
}
