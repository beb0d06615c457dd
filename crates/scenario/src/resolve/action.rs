//! Verbs and their arguments.

use serde_json::Value;

use super::{Around, Resolver, step::Setting};
use crate::{
    plan::{
        Action, Deletion, Gone, HealthyFor, HostWork, NodeFault, Patch, Pods, RedisWork,
        TaintEffect,
    },
    raw,
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
        if let Some(sources) = &raw.apply {
            return Some(Action::Apply(self.manifests(&sources.0, around)));
        }
        if let Some(sources) = &raw.create {
            return Some(Action::Create(self.manifests(&sources.0, around)));
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
            self.exec_proof(exec, setting);
            return Some(Action::Exec(self.exec(exec, around)));
        }
        if let Some(script) = &raw.script {
            self.script_proof(script, setting);
            return Some(Action::Script(self.script(script, around)));
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
        if let Some(text) = &raw.log {
            return Some(Action::Log(self.text(text, around)));
        }
        if let Some(steps) = &raw.parallel {
            return Some(self.parallel(steps, around, setting));
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
            let sources: Vec<_> = raw
                .file
                .iter()
                .chain(raw.files.iter().flatten())
                .copied()
                .collect();
            Deletion::Manifests(self.manifests(&sources, around))
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
        if !self.has_redis && !self.half_known {
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
}

const fn effect(raw: raw::TaintEffect) -> TaintEffect {
    match raw {
        raw::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        raw::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        raw::TaintEffect::NoExecute => TaintEffect::NoExecute,
    }
}
