//! What a step without a name is called.

use super::Resolver;
use crate::raw;

impl Resolver<'_> {
    /// What a step without a name is called: its verb, and what it is about.
    pub(super) fn called(&self, raw: &raw::Step) -> String {
        if let Some(snapshot) = &raw.snapshot {
            return snapshot.value.clone();
        }
        if let Some(apply) = &raw.apply {
            return self.sources_called("apply", &apply.0);
        }
        if let Some(create) = &raw.create {
            return self.sources_called("create", &create.0);
        }
        if let Some(patch) = &raw.patch {
            return format!("patch {} {}", patch.kind.value, patch.name.value);
        }
        if let Some(delete) = &raw.delete {
            let list = delete.file.iter().chain(delete.files.iter().flatten());
            let list: Vec<_> = list.copied().collect();
            return match &delete.kind {
                Some(kind) => {
                    let name = delete
                        .name
                        .as_ref()
                        .map_or("of a selection", |name| &name.value);
                    format!("delete {} {name}", kind.value)
                }
                None => self.sources_called("delete", &list),
            };
        }
        if let Some(scale) = &raw.scale {
            return format!("scale {}", scale.statefulset.value);
        }
        if let Some(restart) = &raw.restart {
            return format!(
                "restart {}",
                restart.pod.as_ref().map_or("pods", |pod| &pod.value)
            );
        }
        if let Some(exec) = &raw.exec {
            return format!("exec in {}", exec.pod.value);
        }
        called_otherwise(raw)
    }

    fn sources_called(&self, verb: &str, from: &[raw::Source]) -> String {
        let names = from.iter().map(|source| self.source_name(*source));
        format!("{verb} {}", names.collect::<Vec<_>>().join(", "))
    }
}

fn called_otherwise(raw: &raw::Step) -> String {
    if let Some(host) = &raw.host {
        let paths = [
            ("make", &host.make),
            ("remove", &host.remove),
            ("empty", &host.empty),
        ];
        let path = paths
            .into_iter()
            .find_map(|(verb, path)| Some((verb, path.as_ref()?)));
        return match path {
            Some((verb, path)) => format!("{verb} {}", path.value),
            None => format!("run on {}", host.on_node.value),
        };
    }
    if let Some(node) = &raw.on_node {
        return node_called(node);
    }
    if let Some(redis) = &raw.redis {
        let verb = match redis.value {
            raw::Redis::Create(_) => "create",
            raw::Redis::Check => "check",
            raw::Redis::Healthy(_) => "healthy",
            raw::Redis::Write(_) => "write",
            raw::Redis::Verify => "verify",
            raw::Redis::Prove => "prove",
        };
        return format!("redis {verb}");
    }
    if let Some(expect) = &raw.expect {
        let what = match &expect.all {
            Some(kind) => kind.value.as_str(),
            None if expect.event.is_some() => "an event",
            None if expect.files.is_some() => "files",
            None if expect.logs.is_some() => "a log",
            None if expect.exec.is_some() => "a command",
            None if expect.pods.is_some() => "pods",
            None => "a condition",
        };
        return format!("expect {what}");
    }
    if raw.script.is_some() {
        return "script".to_owned();
    }
    if raw.log.is_some() {
        return "log".to_owned();
    }
    if raw.parallel.is_some() {
        return "at once".to_owned();
    }
    match &raw.save {
        Some(save) => format!("save {}", save.r#as.value),
        None => "several steps".to_owned(),
    }
}

fn node_called(node: &raw::NodeVerb) -> String {
    let (verb, node) = match node {
        raw::NodeVerb::Cordon(node) => ("cordon", node),
        raw::NodeVerb::Uncordon(node) => ("uncordon", node),
        raw::NodeVerb::Drain(node) => ("drain", node),
        raw::NodeVerb::Taint(taint) => ("taint", &taint.on_node),
        raw::NodeVerb::Untaint(taint) => ("untaint", &taint.on_node),
        raw::NodeVerb::Stop(node) => ("stop", node),
        raw::NodeVerb::Start(node) => ("start", node),
        raw::NodeVerb::Delete(node) => ("delete node", node),
    };
    format!("{verb} {}", node.value)
}
