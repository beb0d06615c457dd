use camino::Utf8Path;
use insta::assert_snapshot;
use stayput_events::Failure;

use super::*;

/// Three steps, of which the second holds for a while, and these controls.
fn plan(controls: &str) -> Plan {
    let text = format!(
        "apiVersion: stayput.dev/v1alpha1
kind: Scenario
metadata: {{name: small}}
spec:
  about: Three steps.
  cluster: {{nodes: [one]}}
  steps:
    - name: first
      apply: object.yaml
    - name: second
      expect: {{all: ConfigMap, in: here, holds: 2s}}
    - name: third
      within: 30s
      delete: {{file: object.yaml}}
  controls:
{controls}"
    );
    let read = move |path: &Utf8Path| match path.file_name() {
        Some("object.yaml") => Ok(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: here}\ndata: {}\n"
                .to_owned(),
        ),
        _ => Ok(text.clone()),
    };
    stayput_scenario::load(&read, Utf8Path::new("small.yaml")).unwrap()
}

/// What a control plays, a beat a line.
fn check(control: &str) -> String {
    let plan = plan(control);
    let beats = super::control(&plan, &plan.controls[0]).into_iter();
    let line = |beat: Beat| {
        let how = match &beat.does {
            Does::Step(step) => format!("{}{}", within(step), windows(step)),
            Does::Act(number) => format!("act {number}"),
            Does::LeakCheck => String::new(),
        };
        format!("{}: {how}", beat.name)
    };
    beats.map(line).collect::<Vec<_>>().join("\n")
}

fn within(step: &Step) -> String {
    step.within.map_or_else(String::new, |within| {
        format!("within {}s", within.as_secs())
    })
}

fn windows(step: &Step) -> &'static str {
    let holds = step.body.iter().any(|action| {
        matches!(
            action,
            Action::Expect {
                mode: Mode::Holds(_),
                ..
            }
        )
    });
    if holds { ", with its hold" } else { "" }
}

#[test]
fn a_control_stops_at_the_step_that_has_to_fail() {
    assert_snapshot!(check("    - name: c
      before: second
      do: [{delete: {file: object.yaml}}]
      within: 5s
      failsAt: second
"), @"
    first: 
    sabotage: c: act 0
    second: within 5s, with its hold
    ");
}

#[test]
fn holds_before_the_sabotage_are_not_paid() {
    assert_snapshot!(check("    - name: c
      before: third
      do: [{delete: {file: object.yaml}}]
      failsAt: third
"), @"
    first: 
    second: 
    sabotage: c: act 0
    third: within 30s
    ");
}

#[test]
fn a_step_can_be_replaced_and_others_left_out() {
    assert_snapshot!(check("    - name: c
      instead: first
      do: [{create: object.yaml}]
      skip: [second]
      failsAt: third
"), @r"
    sabotage: c: act 0
    third: within 30s
    ");
}

#[test]
fn the_leak_check_can_be_what_fails() {
    assert_snapshot!(check("    - name: c
      before: leak check
      do: [{create: object.yaml}]
      skip: all
      failsAt: leak check
"), @r"
    sabotage: c: act 0
    leak check:
    ");
}

#[test]
fn a_scenario_ends_with_the_leak_check() {
    let plan = plan("    []\n");
    let names: Vec<_> = scenario(&plan).into_iter().map(|beat| beat.name).collect();
    assert_eq!(names, ["first", "second", "third", LEAK_CHECK]);
}

#[test]
fn caught_is_only_what_failed_where_it_should() {
    let plan = plan(
        "    - name: c
      before: second
      do: [{delete: {file: object.yaml}}]
      failsAt: second
",
    );
    let failed = || Outcome::Failed(Box::<Failure>::default());
    let came_to = |failed| verdict(&plan, &plan.controls[0], failed);
    assert_eq!(came_to(None), ControlResult::Missed);
    assert_eq!(
        came_to(Some(("second".to_owned(), failed()))),
        ControlResult::Caught(failed())
    );
    assert_eq!(
        came_to(Some(("first".to_owned(), failed()))),
        ControlResult::FailedElsewhere {
            at: "first".to_owned(),
            outcome: failed()
        }
    );
}
