//! Which objects, pods and nodes something is about.

use super::{
    Around, Resolver,
    names::{Each, SavedAs},
};
use crate::{
    plan::{Identity, ObjectName, Pods, Selection, Target, Trait},
    raw,
    spanned::{Spanned, Text},
};
use stayput_expr::Template;

impl Resolver<'_> {
    /// One object by its kind, namespace and name.
    pub(super) fn target(
        &mut self,
        kind: &Text,
        namespace: Option<&Text>,
        name: &Text,
        around: Around,
    ) -> Target {
        let namespace = namespace.map(|namespace| self.text(namespace, around));
        Target {
            kind: self.kind(kind),
            name: ObjectName {
                namespace,
                name: self.text(name, around),
            },
        }
    }

    /// Objects of a kind.
    pub(super) fn selection(
        &mut self,
        kind: &Text,
        [namespace, labels, name]: [Option<&Text>; 3],
        around: Around,
    ) -> Selection {
        Selection {
            kind: self.kind(kind),
            namespace: namespace.map(|text| self.text(text, around)),
            labels: labels.map(|text| self.text(text, around)),
            name: name.map(|text| self.text(text, around)),
        }
    }

    pub(super) fn all_pods(&mut self, raw: &raw::PodSelection, around: Around) -> Pods {
        Pods::All(Selection {
            kind: "Pod".to_owned(),
            namespace: raw.r#in.as_ref().map(|text| self.text(text, around)),
            labels: raw.labels.as_ref().map(|text| self.text(text, around)),
            name: None,
        })
    }

    /// What has to be the same and what has to be new; nothing is both.
    pub(super) fn identity(
        &mut self,
        same: Option<&[Spanned<raw::Trait>]>,
        new: Option<&[Spanned<raw::Trait>]>,
    ) -> Identity {
        let (same, new) = (same.unwrap_or_default(), new.unwrap_or_default());
        let mut seen = Vec::new();
        for given in same.iter().chain(new) {
            if seen.contains(&given.value) {
                let written = self.sources.text(given.node).unwrap_or_default().to_owned();
                self.problem(given.node, format!("`{written}` is named twice"));
            }
            seen.push(given.value);
        }
        Identity {
            same: same.iter().map(plain).collect(),
            new: new.iter().map(plain).collect(),
        }
    }

    /// A node, by the scenario's name for it.
    pub(super) fn node_name(&mut self, text: &Text, around: Around) -> Template {
        let template = self.text(text, around);
        let known = self.half_known || self.nodes.contains(&text.value);
        if template.is_constant() && !known && !text.contains("${{") {
            let names = self.nodes.clone();
            let message = format!("the scenario has no node `{}`", text.value);
            self.unknown(text.node, message, text, names.iter().map(String::as_str));
        }
        template
    }

    /// A path on a node.
    pub(super) fn node_path(&mut self, text: &Text, around: Around) -> Template {
        let starts = text.starts_with('/') || text.starts_with("${{");
        if !starts || text.split('/').any(|part| part == "..") {
            self.problem_with_hint(
                text.node,
                format!("`{}` is not a path on a node", text.value),
                "it begins with `/` and goes nowhere up",
            );
        } else if text.trim_matches('/').is_empty() {
            self.problem(text.node, "the root of a node is not for tests");
        }
        self.text(text, around)
    }

    /// The name under which pods were saved.
    pub(super) fn saved_pods(&mut self, text: &Text) -> String {
        match self.saves.how(text) {
            Some(SavedAs::Pods) => {}
            Some(SavedAs::Value) => {
                let message = format!("`{}` is not saved pods", text.value);
                self.problem_with_hint(
                    text.node,
                    message,
                    "save them with `save: {as: …, pods: …}`",
                );
            }
            None if self.incomplete => {}
            None => {
                let names: Vec<String> = self.saves.names().map(str::to_owned).collect();
                let message = format!("nothing is saved as `{}` before this", text.value);
                self.unknown(text.node, message, text, names.iter().map(String::as_str));
            }
        }
        text.value.clone()
    }

    /// Keeps a name for what comes later.
    pub(super) fn keep(&mut self, name: &Text, how: SavedAs, around: Around) -> String {
        let proper = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !proper {
            let message = format!("`{}` is not a name for a saved value", name.value);
            self.problem_with_hint(
                name.node,
                message,
                "letters, digits and `_`, so that `saved.NAME` can be written",
            );
        } else if self.saves.how(name).is_some() {
            self.problem(name.node, format!("`{}` is saved already", name.value));
        }
        if how == SavedAs::Pods && around.each == Each::Yes {
            self.problem(name.node, "pods are saved at once, not with `forEach`");
        }
        self.saves.add(name, how);
        name.value.clone()
    }
}

const fn plain(raw: &Spanned<raw::Trait>) -> Trait {
    match raw.value {
        raw::Trait::Uid => Trait::Uid,
        raw::Trait::Address => Trait::Address,
        raw::Trait::Node => Trait::Node,
        raw::Trait::Claim => Trait::Claim,
        raw::Trait::Volume => Trait::Volume,
    }
}
