//! What a scenario has of its suite.

use camino::Utf8Path;
use insta::assert_snapshot;

use crate::{
    Colour, load,
    plan::{Action, Plan, Stage},
};

const SUITE: &str = "\
apiVersion: stayput.dev/v1alpha1
kind: Suite
metadata: {name: shop, labels: {team: db, speed: slow}}
spec:
  about: A shop around each scenario.
  cluster: {nodes: [one, two], images: ['busybox:1']}
  timeouts: {apply: 5s, script: 7s}
  values: {colour: green, size: 1Gi}
  setup:
    - name: a shop
      apply: shop.yaml
    - save: {as: begun, script: {run: date}}
  finally:
    - name: the shop goes
      delete: {file: shop.yaml}
    - log: ${{ saved.begun }}
";

const HEAD: &str = "\
apiVersion: stayput.dev/v1alpha1
kind: Scenario
metadata: {name: small, labels: {speed: fast}}
spec:
  about: One thing.
  suite: ../suite.yaml
";

/// The plan of a scenario that is a folder deeper than its suite.
fn plan(spec: &str) -> Plan {
    let text = format!("{HEAD}{spec}");
    let read = move |path: &Utf8Path| {
        Ok(match path.as_str() {
            "tests/one/scenario.yaml" => text.clone(),
            "tests/suite.yaml" => SUITE.to_owned(),
            // Relative to the suite, not to the scenario.
            "tests/shop.yaml" => {
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: '${{ values.colour }}'}\n"
                    .to_owned()
            }
            path => panic!("{path}"),
        })
    };
    load(&read, Utf8Path::new("tests/one/scenario.yaml"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(Colour::Never)))
}

fn outline(plan: &Plan) -> String {
    let lines = plan.steps.iter().map(|step| {
        let always = match step.stage {
            Stage::Course => "",
            Stage::Finally => ", always",
        };
        format!(
            "{} at {}:{}{always}\n",
            step.name, step.place.file, step.place.line
        )
    });
    lines.collect()
}

#[test]
fn its_set_up_is_before_and_its_tear_down_after_all_else() {
    let plan = plan(
        "  steps:\n    - log: ${{ saved.begun }}\n    - log: b\n  finally:\n    - log: last\n",
    );
    assert_snapshot!(outline(&plan), @r"
    set-up: a shop at tests/suite.yaml:10
    set-up: save begun at tests/suite.yaml:12
    log at tests/one/scenario.yaml:8
    log 2 at tests/one/scenario.yaml:9
    log 3 at tests/one/scenario.yaml:11, always
    tear-down: the shop goes at tests/suite.yaml:14, always
    tear-down: log at tests/suite.yaml:16, always
    ");
    assert_eq!(
        plan.suite.as_deref(),
        Some(Utf8Path::new("tests/suite.yaml"))
    );
}

#[test]
fn what_the_scenario_says_itself_is_stronger() {
    let plan = plan(
        "  cluster: {nodes: [three, two], images: ['redis:7']}\n  timeouts: {script: 9s}\n  \
         values: {colour: red}\n  steps:\n    - log: a\n",
    );
    assert_snapshot!(plan.values, @r#"{"colour":"red","size":"1Gi"}"#);
    assert_snapshot!(format!("{:?} {:?} {:?}", plan.labels, plan.nodes, plan.images), @r#"{"speed": "fast", "team": "db"} ["one", "two", "three"] ["busybox:1", "redis:7"]"#);
    let times = plan.timeouts;
    assert_snapshot!(format!("{:?} {:?} {:?}", times.apply, times.script, times.expect), @"5s 9s 60s");
}

#[test]
fn a_control_may_disturb_the_set_up() {
    let plan = plan(
        "  steps:\n    - name: last\n      log: a\n  controls:\n    - name: c\n      \
         instead: 'set-up: a shop'\n      do: [{node: {stop: one}}]\n      failsAt: last\n",
    );
    let control = &plan.controls[0];
    assert_snapshot!(format!("{:?} {:?}", control.acts[0].at, control.fails_at), @"Instead(0) Some(2)");
}

#[test]
fn a_suite_of_defaults_does_nothing() {
    let suite = "apiVersion: stayput.dev/v1alpha1\nkind: Suite\nmetadata: {name: d}\nspec:\n  \
                 about: Nodes.\n  cluster: {nodes: [one]}\n";
    let read = move |path: &Utf8Path| {
        Ok(match path.as_str() {
            "suite.yaml" => suite.to_owned(),
            _ => format!("{}  steps:\n    - log: a\n", HEAD.replace("../", "")),
        })
    };
    let plan = load(&read, Utf8Path::new("s.yaml")).unwrap();
    assert!(matches!(plan.steps.as_slice(), [only] if matches!(only.body[0], Action::Log(_))));
}
