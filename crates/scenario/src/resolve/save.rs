//! What is kept for later.

use super::{
    Around, Resolver,
    names::{Looking, SavedAs},
};
use crate::{
    plan::{Action, Saved},
    raw,
    spanned::Text,
};
use stayput_expr::Template;

impl Resolver<'_> {
    pub(super) fn save(&mut self, raw: &raw::Save, around: Around) -> Option<Action> {
        let what = self.saved(raw, around)?;
        if let (Saved::Digest { .. }, Some(value)) = (&what, &raw.value) {
            self.problem(value.node, "a digest is kept as it is, without `value`");
        }
        let how = match &what {
            Saved::Pods(_) => SavedAs::Pods,
            Saved::Value(_)
            | Saved::Object { .. }
            | Saved::Objects { .. }
            | Saved::Exec { .. }
            | Saved::Script { .. }
            | Saved::Log { .. }
            | Saved::Digest { .. } => SavedAs::Value,
        };
        let name = self.keep(&raw.r#as, how, around);
        Some(Action::Save { name, what })
    }

    fn saved(&mut self, raw: &raw::Save, around: Around) -> Option<Saved> {
        let value = raw.value.as_ref();
        if let Some(object) = &raw.object {
            return Some(Saved::Object {
                object: self.target(&object.kind, object.r#in.as_ref(), &object.name, around),
                value: self.made_of(value, Looking::AtObject, around),
            });
        }
        if let Some(objects) = &raw.objects {
            let by = [objects.r#in.as_ref(), objects.labels.as_ref(), None];
            return Some(Saved::Objects {
                objects: self.selection(&objects.kind, by, around),
                value: self.made_of(value, Looking::AtObjects, around),
            });
        }
        if let Some(exec) = &raw.exec {
            return Some(Saved::Exec {
                exec: self.exec(exec, around),
                value: self.made_of(value, Looking::AtOutcome, around),
            });
        }
        if let Some(script) = &raw.script {
            return Some(Saved::Script {
                script: self.script(script, around),
                value: self.made_of(value, Looking::AtOutcome, around),
            });
        }
        if let Some(log) = &raw.log {
            return Some(Saved::Log {
                log: self.log(&log.pod, log.container.as_ref(), log.previous, around),
                value: self.made_of(value, Looking::AtLog, around),
            });
        }
        if let Some(digest) = &raw.digest {
            return Some(Saved::Digest {
                node: self.node_name(&digest.on_node, around),
                path: self.node_path(&digest.path, around),
            });
        }
        if let Some(pods) = &raw.pods {
            return Some(Saved::Pods(self.all_pods(pods, around)));
        }
        Some(Saved::Value(self.expression(value?, around)))
    }

    fn made_of(
        &mut self,
        value: Option<&Text>,
        looking: Looking,
        around: Around,
    ) -> Option<Template> {
        value.map(|value| self.expression(value, around.looking(looking)))
    }
}
