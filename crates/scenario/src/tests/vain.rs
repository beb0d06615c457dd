//! What a scenario says in vain, and exactly what is said about it.

use camino::Utf8Path;
use insta::assert_snapshot;

use crate::{Colour, check};

/// The warnings about some steps, indented by four.
fn told(steps: &str) -> String {
    let text = format!(
        "apiVersion: stayput.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: w}}\nspec:\n  \
         about: Warnings.\n  cluster: {{nodes: [one]}}\n  values: {{number: 2}}\n  steps:\n    \
         - log: ${{{{ values.number }}}}\n{steps}"
    );
    let read = move |_: &Utf8Path| Ok(text.clone());
    let checked = check(&read, Utf8Path::new("s.yaml"));
    let checked = checked.unwrap_or_else(|problems| panic!("{problems}"));
    let warnings = checked.warnings;
    warnings.map_or_else(String::new, |them| them.render(Colour::Never))
}

#[test]
fn a_condition_that_the_run_does_not_decide() {
    assert_snapshot!(told("    - expect: {that: 1 + 1 == values.number}\n"));
    assert_snapshot!(told(
        "    - expect:\n        all: Pod\n        in: x\n        that: 1 > 2\n"
    ));
    assert_snapshot!(told(
        "    - parallel:\n        - script: {run: date, expect: {that: 'true'}}\n        - log: b\n"
    ));
}

#[test]
fn what_the_run_decides_is_no_such_condition() {
    let steps = "    - expect: {all: Pod, in: x, that: object.spec.nodeName == nodes.one}\n    \
                 - expect: {that: size(nodes) == 2}\n    \
                 - expect: {that: cluster.minor > values.number}\n";
    assert_eq!(told(steps), "");
}

#[test]
fn a_count_that_any_number_is() {
    assert_snapshot!(told(
        "    - expect: {all: Pod, in: x, count: {atLeast: 0}}\n"
    ));
    let some = "    - expect: {all: Pod, in: x, count: {atLeast: 1}}\n    \
                - expect: {all: Pod, in: x, count: {atLeast: 0, atMost: 1}}\n    \
                - expect: {all: Pod, in: x, count: {atLeast: 0}, match: {status: {phase: Running}}}\n";
    assert_eq!(told(some), "");
}

#[test]
fn an_expectation_repeated_unchanged() {
    assert_snapshot!(told(
        "    - {name: a, expect: {all: Pod, in: x, count: 2}}\n    - snapshot: s\n    \
                           - name: b\n      expect:\n        all: Pod\n        in: x\n        count: 2\n"
    ));
    assert_snapshot!(told(
        "    - name: a\n      steps:\n        - expect: {all: Pod, in: x}\n        - expect: {all: Pod, in: x}\n"
    ));
}

#[test]
fn the_same_after_something_was_done_is_another() {
    let steps = "    - {name: a, expect: {all: Pod, in: x, count: 2}}\n    \
                 - {node: {cordon: one}}\n    \
                 - {name: b, expect: {all: Pod, in: x, count: 2}}\n    \
                 - {name: d, expect: {all: Pod, in: x, count: 3}}\n    \
                 - {name: e, expect: {all: Pod, in: x, count: 2, holds: 2s}}\n    \
                 - {node: {uncordon: one}}\n";
    assert_eq!(told(steps), "");
}

#[test]
fn a_wait_without_a_bound() {
    assert_snapshot!(told(
        "    - script:\n        run: |\n          kubectl get pods\n          until kubectl get pod a; do sleep 1; done\n"
    ));
    assert_snapshot!(told("    - exec: {pod: x/y, command: [tail, -f, /log]}\n"));
}

#[test]
fn a_wait_with_a_bound() {
    let steps = "    - {exec: {pod: x/y, command: [tail, -f, /log]}, within: 5s}\n    \
                 - exec: {pod: x/y, command: [timeout, '5', tail, -f, /log]}\n    \
                 - script: {run: kubectl rollout status sts/a --timeout=9s}\n    \
                 - script: {run: 'while read line; do echo $line; done'}\n    \
                 - script: {run: sleep 1}\n";
    assert_eq!(told(steps), "");
}
