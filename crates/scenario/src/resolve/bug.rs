//! Bug reports: the values of the broken variant, and what its failure has to be.

use serde_json::Value;

use super::{Resolver, control::Nameable, suite::Suite};
use crate::{
    plan::{Bug, CAUSES, Step, Variant},
    problem::Problem,
    raw,
    source::NodeId,
    spanned::Spanned,
};

impl Resolver<'_> {
    /// Puts the values of the broken variant in place, where that is the one to be read.
    pub(super) fn variant(&mut self, bug: &Spanned<raw::Bug>) {
        let broken = bug.broken.0;
        self.no_expressions(broken);
        self.other_values(broken);
        if self.variant != Variant::Broken {
            return;
        }
        if let (Value::Object(values), Value::Object(broken)) =
            (&mut self.values, self.sources.json(broken))
        {
            values.extend(broken);
        }
    }

    /// Each is one of `values`, and is other than there.
    fn other_values(&mut self, broken: NodeId) {
        let values = match &self.values {
            Value::Object(values) => values.clone(),
            _ => serde_json::Map::new(),
        };
        let entries = self.sources.entries(broken).to_vec();
        if entries.is_empty() {
            self.problem(broken, "nothing is broken here: name a value that is other");
        }
        for (key, value) in entries {
            let name = self.sources.text(key).unwrap_or_default().to_owned();
            match values.get(&name) {
                None => {
                    let message = format!("`values` has no `{name}`");
                    let known = values.keys().map(String::as_str);
                    self.unknown(key, message, &name, known);
                }
                Some(fixed) if *fixed == self.sources.json(value) => {
                    let message = format!("`{name}` is the same in `values`: nothing is broken");
                    self.problem(value, message);
                }
                Some(_) => {}
            }
        }
    }

    /// What the failure of the broken variant has to be.
    pub(super) fn bug(
        &mut self,
        raw: &Spanned<raw::Bug>,
        steps: &mut [Step],
        spec: Option<NodeId>,
        suite: Option<&Suite>,
    ) -> Bug {
        let suite = suite.and_then(|suite| suite.written);
        let nameable = Nameable::of(steps, self.written_names(spec, suite));
        let fails_at = self.named(&raw.fails_at, &nameable).index();
        let within = raw.within.as_ref().map(|within| self.duration(within));
        if let (Variant::Broken, Some(index), Some(_)) = (self.variant, fails_at, within) {
            steps[index].within = within;
        }
        for text in raw.reports.iter().flatten().chain(&raw.says) {
            self.plain_text("bug", text);
        }
        for report in raw.reports.iter().flatten() {
            if !["https://", "http://"]
                .iter()
                .any(|it| report.starts_with(it))
            {
                let hint = "as https://github.com/OWNER/NAME/issues/1";
                self.problem_with_hint(report.node, "it is no address", hint);
            }
        }
        if let Some(cause) = &raw.cause
            && !CAUSES.contains(&cause.as_str())
        {
            let span = self.sources.span(cause.node);
            let problem = Problem::new(span, format!("unknown cause `{}`", cause.value));
            self.problems.push(problem.nearest(cause, CAUSES));
        }
        let text = |text: &crate::spanned::Text| text.value.clone();
        Bug {
            reports: raw.reports.iter().flatten().map(text).collect(),
            broken: self.sources.json(raw.broken.0),
            fails_at,
            cause: raw.cause.as_ref().map(text),
            says: raw.says.as_ref().map(text),
        }
    }
}
