//! Expectations.

use super::{Around, Resolver, names::Looking};
use crate::{
    plan::{Action, Count, Expected, Mode, Pods, Presence},
    raw,
    source::{Kind, NodeId},
    spanned::Spanned,
};
use stayput_expr::Template;

/// What stands in place of a list in a partial object.
const OPERATORS: [&str; 4] = ["$any", "$every", "$none", "$size"];

impl Resolver<'_> {
    /// An expectation; `None` where it was left out as wrong.
    pub(super) fn expect(&mut self, raw: &Spanned<raw::Expect>, around: Around) -> Option<Action> {
        let what = if raw.all.is_some() {
            self.objects(raw, around)?
        } else if let Some(event) = &raw.event {
            self.event(event, around)
        } else if let Some(files) = &raw.files {
            self.files_there(files, around)
        } else if let Some(logs) = &raw.logs {
            self.logs(logs, around)
        } else if let Some(exec) = &raw.exec {
            Expected::Exec(self.exec_says(exec, around))
        } else if let Some(pods) = &raw.pods {
            self.compared(raw, pods, around)?
        } else {
            Expected::That(self.condition(raw.that.as_ref()?, around))
        };
        if let (None, Some(that), false) = (&raw.all, &raw.that, matches!(what, Expected::That(_)))
        {
            let key = self
                .sources
                .entry(raw.node, "that")
                .map_or(that.node, |(key, _)| key);
            self.problem_with_hint(
                key,
                "`that` stands beside `all`, or alone",
                "make it a step of its own",
            );
        }
        if let (Expected::That(_), Some(span)) = (&what, raw.holds.as_ref().or(raw.never.as_ref()))
        {
            let hint = "the values of a run change between steps only";
            self.problem_with_hint(span.node, "nothing changes meanwhile", hint);
        }
        let mode = match (&raw.holds, &raw.never) {
            (Some(holds), _) => Mode::Holds(self.duration(holds)),
            (None, Some(never)) => Mode::Never(self.duration(never)),
            (None, None) => Mode::Eventually,
        };
        self.any_number(raw, &what);
        Some(Action::Expect { what, mode })
    }

    fn objects(&mut self, raw: &raw::Expect, around: Around) -> Option<Expected> {
        let kind = raw.all.as_ref()?;
        let by = [raw.r#in.as_ref(), raw.labels.as_ref(), raw.name.as_ref()];
        let object = around.looking(Looking::AtObject);
        Some(Expected::Objects {
            which: self.selection(kind, by, around),
            count: raw.count.map(|count| self.count(count.0, around)),
            matches: raw.r#match.map(|part| {
                self.operators(part.0);
                self.computed(part.0, "a map", object)
            }),
            that: raw.that.as_ref().map(|that| self.condition(that, object)),
            together: raw
                .together
                .as_ref()
                .map(|that| self.condition(that, around.looking(Looking::AtObjects))),
            in_order: raw
                .in_order
                .as_ref()
                .map(|number| self.expression(number, object)),
        })
    }

    /// How many there have to be.
    fn count(&mut self, node: NodeId, around: Around) -> Count {
        if !matches!(self.sources.kind(node), Kind::Map(_)) {
            return Count::Exactly(self.computed(node, "a number", around));
        }
        let [at_least, at_most] = ["atLeast", "atMost"].map(|field| self.sources.get(node, field));
        if at_least.or(at_most).is_none() {
            let hint = "as `3`, or `{atLeast: 1, atMost: 5}`";
            self.problem_with_hint(node, "a count without a number", hint);
        }
        let mut bound =
            |node: Option<NodeId>| node.map(|node| self.computed(node, "a number", around));
        let (at_least, at_most) = (bound(at_least), bound(at_most));
        let number = |bound: &Option<Template>| bound.as_ref()?.as_constant()?.as_u64();
        if let (Some(least), Some(most)) = (number(&at_least), number(&at_most))
            && least > most
        {
            self.problem(
                node,
                format!("no count is at least {least} and at most {most}"),
            );
        }
        Count::Between { at_least, at_most }
    }

    /// What stands in place of a list in a partial object; a misspelt one would match nothing.
    pub(super) fn operators(&mut self, node: NodeId) {
        match self.sources.kind(node).clone() {
            Kind::List(items) => items.into_iter().for_each(|item| self.operators(item)),
            Kind::Map(entries) => {
                let mut operators = 0;
                for (key, value) in &entries {
                    let name = self.sources.text(*key).unwrap_or_default().to_owned();
                    if name.starts_with('$') && !name.starts_with("${{") {
                        operators += 1;
                        if !OPERATORS.contains(&name.as_str()) {
                            self.unknown(
                                *key,
                                format!("unknown operator `{name}`"),
                                &name,
                                OPERATORS,
                            );
                        }
                    }
                    self.operators(*value);
                }
                if operators > 0 && operators < entries.len() {
                    self.problem(node, "operators stand alone, not beside fields");
                }
            }
            Kind::Unreadable | Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {}
        }
    }

    fn logs(&mut self, raw: &raw::LogsSay, around: Around) -> Expected {
        Expected::Logs {
            log: self.log(&raw.pod, raw.container.as_ref(), raw.previous, around),
            contains: raw.contains.as_ref().map(|text| self.text(text, around)),
            regex: raw.regex.as_ref().map(|text| self.regex(text, around)),
            count: raw.count.map(|count| self.count(count.0, around)),
        }
    }

    fn event(&mut self, raw: &raw::EventAbout, around: Around) -> Expected {
        let about = &raw.about;
        let by = [
            about.r#in.as_ref(),
            about.labels.as_ref(),
            about.name.as_ref(),
        ];
        Expected::Event {
            about: self.selection(&about.kind, by, around),
            reason: raw.reason.as_ref().map(|text| self.text(text, around)),
            message: raw.message.as_ref().map(|text| self.text(text, around)),
        }
    }

    fn files_there(&mut self, raw: &Spanned<raw::FilesThere>, around: Around) -> Expected {
        let presence = match raw.presence {
            None | Some(raw::Presence::There) => Presence::There,
            Some(raw::Presence::Absent) => Presence::Absent,
        };
        if let (Presence::Absent, Some(digest)) = (presence, &raw.digest) {
            self.problem(digest.node, "what is absent has no digest");
        }
        Expected::Files {
            node: self.node_name(&raw.on_node, around),
            path: self.node_path(&raw.path, around),
            presence,
            digest: raw.digest.as_ref().map(|text| self.text(text, around)),
        }
    }

    fn compared(
        &mut self,
        raw: &Spanned<raw::Expect>,
        pods: &raw::PodSelection,
        around: Around,
    ) -> Option<Expected> {
        let pods: Pods = self.all_pods(pods, around);
        let identity = self.identity(raw.same.as_deref(), raw.new.as_deref());
        let Some(name) = &raw.compared_to else {
            let key = self
                .sources
                .entry(raw.node, "pods")
                .map_or(raw.node, |(key, _)| key);
            self.problem_with_hint(
                key,
                "pods compared with nothing",
                "name what was saved: `comparedTo`",
            );
            return None;
        };
        Some(Expected::Pods {
            pods,
            compared_to: self.saved_pods(name),
            identity,
        })
    }
}
