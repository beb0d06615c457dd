//! Small scenarios, and the piece of the plan that each is about.

use std::collections::BTreeSet;

use camino::Utf8Path;
use insta::assert_snapshot;
use serde_json::Value;

use crate::{check as check_whole, load, plan::Plan, schema, suite_schema};

const HEAD: &str = "\
apiVersion: stayput.dev/v1alpha1
kind: Scenario
metadata: {name: small}
spec:
  about: One thing.
  cluster: {nodes: [a, b]}
";

const MANIFEST: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: one}
---
---
apiVersion: v1
kind: Pod
metadata: {name: two}
";

/// The plan of some steps, indented by four.
fn plan(steps: &str) -> Plan {
    let text = format!(
        "{HEAD}  redis: {{statefulset: x/y, nodeTimeout: 2s, image: redis, claim: data}}\n  steps:\n{steps}"
    );
    let read = move |path: &Utf8Path| {
        Ok(if path == "s.yaml" {
            text.clone()
        } else {
            MANIFEST.to_owned()
        })
    };
    load(&read, Utf8Path::new("s.yaml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What the first step does.
fn check(steps: &str) -> String {
    let plan = plan(steps);
    let step = &plan.steps[0];
    format!("{}: {:?}", step.name, step.body)
}

#[test]
fn every_verb() {
    assert_snapshot!(check("    - apply: m.yaml"), @r#"apply m.yaml: [Apply([Manifest { object: Template({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"one"}}), place: Place { file: "m.yaml", line: 1, column: 1 }, namespace: None }, Manifest { object: Template({"apiVersion":"v1","kind":"Pod","metadata":{"name":"two"}}), place: Place { file: "m.yaml", line: 6, column: 1 }, namespace: None }])]"#);
    assert_snapshot!(check("    - create: [m.yaml]"), @r#"create m.yaml: [Create([Manifest { object: Template({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"one"}}), place: Place { file: "m.yaml", line: 1, column: 1 }, namespace: None }, Manifest { object: Template({"apiVersion":"v1","kind":"Pod","metadata":{"name":"two"}}), place: Place { file: "m.yaml", line: 6, column: 1 }, namespace: None }])]"#);
    assert_snapshot!(check("    - patch: {kind: Pod, in: x, name: y, merge: {a: '${{ nodes.a }}'}}"), @r#"patch Pod y: [Patch { target: Target { kind: "Pod", name: ObjectName { namespace: Some(Template("x")), name: Template("y") } }, patch: Merge(Template({"a":"${{ nodes.a }}"})) }]"#);
    assert_snapshot!(check("    - patch: {kind: Pod, in: x, name: y, json: [{op: remove, path: /a}]}"), @r#"patch Pod y: [Patch { target: Target { kind: "Pod", name: ObjectName { namespace: Some(Template("x")), name: Template("y") } }, patch: Json(Template([{"op":"remove","path":"/a"}])) }]"#);
    assert_snapshot!(check("    - delete: {kind: Pod, in: x, labels: a=b, wait: accepted}"), @r#"delete Pod of a selection: [Delete { what: Selection(Selection { kind: "Pod", namespace: Some(Template("x")), labels: Some(Template("a=b")), name: None }), wait: Accepted }]"#);
    assert_snapshot!(check("    - scale: {statefulset: x/y, to: '${{ size(nodes) }}'}"), @r#"scale x/y: [Scale { statefulset: ObjectName { namespace: Some(Template("x")), name: Template("y") }, to: Template("${{ size(nodes) }}") }]"#);
    assert_snapshot!(check("    - restart: {pod: 'x/y-${{ size(nodes) }}', same: [node], new: [uid]}"), @r#"restart x/y-${{ size(nodes) }}: [Restart { pods: One(ObjectName { namespace: Some(Template("x")), name: Template("y-${{ size(nodes) }}") }), identity: Identity { same: [Node], new: [Uid] } }]"#);
    assert_snapshot!(check("    - exec: {pod: x/y, container: c, command: [a, b], expect: {exitCode: 1, contains: z, that: \"stdout != stderr && exitCode == 1\"}}"), @r#"exec in x/y: [Exec(Exec { pod: ObjectName { namespace: Some(Template("x")), name: Template("y") }, container: Some(Template("c")), command: [Template("a"), Template("b")], expect: CommandExpected { exit_code: 1, contains: Some(Template("z")), regex: None, json: None, that: Some(Template("${{ stdout != stderr && exitCode == 1 }}")) }, changes: None })]"#);
    assert_snapshot!(check("    - host: {node: a, run: echo $X $(Y)}"), @r#"run on a: [Host { node: Template("a"), work: Run { script: Template("echo $X $(Y)"), changes: None } }]"#);
    assert_snapshot!(check("    - node: {stop: a}"), @r#"stop a: [Node { node: Template("a"), fault: Stop }]"#);
    assert_snapshot!(check("    - redis: {write: {keysPerShard: 3}}"), @"redis write: [Redis(Write { per_shard: 3 })]");
    assert_snapshot!(check("    - expect: {all: Pod, in: x, count: 2, never: 1m30s}"), @r#"expect Pod: [Expect { what: Objects { which: Selection { kind: "Pod", namespace: Some(Template("x")), labels: None, name: None }, count: Some(Exactly(Template(2))), matches: None, that: None, together: None, in_order: None }, mode: Never(90s) }]"#);
    assert_snapshot!(check("    - expect: {files: {node: a, path: /x, presence: absent}}"), @r#"expect files: [Expect { what: Files { node: Template("a"), path: Template("/x"), presence: Absent, digest: None }, mode: Eventually }]"#);
    assert_snapshot!(check("    - save: {as: home, object: {kind: Pod, in: x, name: y}, value: object.spec}"), @r#"save home: [Save { name: "home", what: Object { object: Target { kind: "Pod", name: ObjectName { namespace: Some(Template("x")), name: Template("y") } }, value: Some(Template("${{ object.spec }}")) } }]"#);
}

#[test]
fn steps_that_nobody_named_are_numbered() {
    let names: Vec<String> = plan("    - redis: check\n    - redis: check\n    - name: redis check 2\n      redis: check\n    - redis: check")
        .steps
        .into_iter()
        .map(|step| step.name)
        .collect();
    assert_snapshot!(names.join(", "), @"redis check, redis check 3, redis check 2, redis check 4");
}

#[test]
fn what_is_shown_under_steps_belongs_to_the_step() {
    let plan = plan(
        "    - name: group\n      optional: true\n      forEach: [1]\n      steps:\n        - {redis: check}\n        - {redis: verify}",
    );
    assert_snapshot!(format!("{:?}", plan.steps), @r#"[Step { name: "group", shows: [], within: None, when: None, each: Some(Template([1])), body: [Redis(Check), Redis(Verify)], place: Place { file: "s.yaml", line: 9, column: 7 }, need: Optional, stage: Course }]"#);
}

#[test]
fn the_schema_has_only_keywords_that_the_parser_knows() {
    let (scenario, suite) = (keywords(&schema()), keywords(&suite_schema()));
    assert!(suite.is_subset(&scenario));
    assert_snapshot!(scenario.into_iter().collect::<Vec<_>>().join(" "), @"$defs $ref $schema additionalProperties anyOf const dependentRequired description enum format items maximum minItems minimum not oneOf pattern properties required title type");
}

/// The keywords in use, each once; names of fields and definitions are not keywords.
fn keywords(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(schema, &mut found);
    found
}

fn collect(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, found)),
        Value::Object(map) => {
            for (keyword, value) in map {
                found.insert(keyword.clone());
                match (keyword.as_str(), value) {
                    ("properties" | "$defs", Value::Object(schemas)) => {
                        schemas.values().for_each(|schema| collect(schema, found));
                    }
                    ("dependentRequired" | "enum" | "required" | "const", _) => {}
                    _ => collect(value, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_bug_report_is_read_fixed_and_broken() {
    let text = format!(
        "{HEAD}  bug: {{broken: {{to: 2}}, failsAt: one, cause: volume-held}}
  values: {{to: 1, of: y}}
  steps:
    - {{name: one, scale: {{statefulset: 'x/${{{{ values.of }}}}', to: '${{{{ values.to }}}}'}}}}\n"
    );
    let read = move |_: &Utf8Path| Ok(text.clone());
    let checked = check_whole(&read, Utf8Path::new("s.yaml")).unwrap_or_else(|it| panic!("{it}"));
    let broken = checked.broken.unwrap();
    assert_eq!(checked.plan.values, serde_json::json!({"to": 1, "of": "y"}));
    assert_eq!(broken.values, serde_json::json!({"to": 2, "of": "y"}));
    assert_eq!(broken.bug.unwrap().fails_at, Some(0));
}
