//! What is no mistake, but cannot be meant: found in the text alone.

use std::fmt;

use serde_json::Value;
use stayput_expr::{Scope, Template};

use crate::plan::{Action, Expected, Place, Plan, Step};

/// Something that a scenario says in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The step where it stands.
    pub place: Place,
    /// What, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        writeln!(f, "warning: {}", self.message)?;
        writeln!(f, "  --> {file}:{line}:{column}")?;
        write!(f, "  = hint: {}", self.hint)
    }
}

/// What a plan says in vain, in its order.
pub fn warnings(plan: &Plan) -> Vec<Warning> {
    let mut found = Vec::new();
    let known = Scope::new().with("values", plan.values.clone());
    for step in &plan.steps {
        for action in &step.body {
            found.extend(always_true(action, step, &known));
        }
    }
    found.extend(repeated(&plan.steps));
    found
}

/// A condition that the run cannot make false.
fn always_true(action: &Action, step: &Step, known: &Scope) -> Option<Warning> {
    let Action::Expect { what, .. } = action else {
        return None;
    };
    let condition = match what {
        Expected::That(that) => Some(that),
        Expected::Objects { that, together, .. } => that.as_ref().or(together.as_ref()),
        Expected::Exec(exec) => exec.expect.that.as_ref(),
        Expected::Event { .. }
        | Expected::Files { .. }
        | Expected::Logs { .. }
        | Expected::Pods { .. } => None,
    }?;
    is_true(condition, known).then(|| Warning {
        place: step.place.clone(),
        message: format!(
            "`{}` expects what is always true: {}",
            step.name,
            source(condition)
        ),
        hint: "ask for something that the run decides",
    })
}

/// Whether it is true with nothing known but the scenario's own values. An
/// expression that asks more than that cannot be rendered.
fn is_true(condition: &Template, known: &Scope) -> bool {
    condition
        .render(known)
        .is_ok_and(|value| value == Value::Bool(true))
}

/// Expectations that were met already, with nothing done in between.
fn repeated(steps: &[Step]) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut met: Vec<(String, &str)> = Vec::new();
    for step in steps {
        for action in &step.body {
            if !is_expectation(action) {
                met.clear();
                continue;
            }
            let asked = format!("{:?} {action:?}", step.each);
            match met.iter().find(|(before, _)| *before == asked) {
                Some((_, before)) => found.push(Warning {
                    place: step.place.clone(),
                    message: format!("`{}` expects the same as `{before}`", step.name),
                    hint: "nothing is done in between: leave one of them out",
                }),
                None => met.push((asked, &step.name)),
            }
        }
    }
    found
}

/// Whether it only looks. Commands may do anything, also where they are expectations.
fn is_expectation(action: &Action) -> bool {
    match action {
        Action::Expect { what, .. } => !matches!(what, Expected::Exec(_)),
        Action::Apply(_)
        | Action::Create(_)
        | Action::Patch { .. }
        | Action::Delete { .. }
        | Action::Scale { .. }
        | Action::Restart { .. }
        | Action::Exec(_)
        | Action::Script(_)
        | Action::Host { .. }
        | Action::Node { .. }
        | Action::Redis(_)
        | Action::Snapshot(_)
        | Action::Save { .. }
        | Action::Log(_)
        | Action::Parallel(_) => false,
    }
}

fn source(template: &Template) -> String {
    match template.source() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use insta::assert_snapshot;

    use super::*;

    fn check(steps: &str) -> String {
        let text = format!(
            "apiVersion: stayput.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: w}}\nspec:\n  \
             about: Warnings.\n  cluster: {{nodes: [one]}}\n  steps:\n{steps}"
        );
        let read = move |_: &Utf8Path| Ok(text.clone());
        let plan = crate::load(&read, Utf8Path::new("s.yaml")).unwrap();
        let lines: Vec<_> = warnings(&plan).iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn what_is_always_true_is_told() {
        assert_snapshot!(check("    - expect: {that: 1 + 1 == 2}\n"), @"
        warning: `expect a condition` expects what is always true: ${{ 1 + 1 == 2 }}
          --> s.yaml:8:7
          = hint: ask for something that the run decides
        ");
    }

    #[test]
    fn what_the_run_decides_is_not() {
        let steps = "    - expect: {all: Pod, in: x, that: object.spec.nodeName == nodes.one}\n    \
                     - expect: {that: size(nodes) == 2}\n";
        assert_eq!(check(steps), "");
    }

    #[test]
    fn an_expectation_repeated_unchanged_is_told() {
        let steps = "    - {name: a, expect: {all: Pod, in: x, count: 2}}\n    \
                     - {name: b, expect: {all: Pod, in: x, count: 2}}\n";
        assert_snapshot!(check(steps), @"
        warning: `b` expects the same as `a`
          --> s.yaml:9:7
          = hint: nothing is done in between: leave one of them out
        ");
    }

    #[test]
    fn the_same_after_something_was_done_is_another() {
        let steps = "    - {name: a, expect: {all: Pod, in: x, count: 2}}\n    \
                     - {node: {cordon: one}}\n    \
                     - {name: b, expect: {all: Pod, in: x, count: 2}}\n    \
                     - {name: c, expect: {all: Pod, in: x, count: 2}, within: 5s}\n    \
                     - {name: d, expect: {all: Pod, in: x, count: 3}}\n    \
                     - {node: {uncordon: one}}\n";
        let told = check(steps);
        assert!(told.contains("`c` expects the same as `b`"), "{told}");
        assert_eq!(told.matches("warning").count(), 1, "{told}");
    }
}
