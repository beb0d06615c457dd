//! `plan`: what a run would do, in order, without a cluster.
//!
//! What only a run can know (saved values, the nodes' real names, the cluster's
//! facts) stands as it is written.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::{
    Action, Deletion, Expected, HealthyFor, HostWork, LEAK_CHECK, Manifest, Mode, NodeFault,
    ObjectName, Plan, Pods, RedisWork, Selection, Stage, Step,
};

use crate::{exit, scenarios, screen};

/// `stayput plan`.
pub(crate) fn plan(arguments: &[String]) -> Result<u8> {
    let scenarios = match scenarios::load(arguments)? {
        Ok(scenarios) => scenarios,
        Err(code) => return Ok(code),
    };
    for scenario in scenarios {
        screen::print(&text(&scenario.plan)?)?;
    }
    Ok(exit::PASSED)
}

/// The whole plan as text.
fn text(plan: &Plan) -> Result<String> {
    let mut text = format!(
        "{}: {}\nnodes: {}",
        plan.name,
        plan.about,
        plan.nodes.join(", ")
    );
    if let Some(suite) = &plan.suite {
        write!(text, "\nsuite: {suite}")?;
    }
    if let Some(when) = &plan.when {
        write!(text, "\nonly when {}", written(when))?;
    }
    text.push('\n');
    let known = Scope::new().with("values", plan.values.clone());
    for (number, step) in plan.steps.iter().enumerate() {
        text.push_str(&step_text(number + 1, step, &known)?);
    }
    writeln!(text, "{:>3}  {LEAK_CHECK}", plan.steps.len() + 1)?;
    if !plan.controls.is_empty() {
        writeln!(text, "\ncontrols, by `--controls`:")?;
    }
    for control in &plan.controls {
        let at = plan.name_of(control.fails_at);
        writeln!(text, "     {}, has to fail at `{at}`", control.name)?;
    }
    if let Some(bug) = &plan.bug {
        let at = plan.name_of(bug.fails_at);
        writeln!(text, "\na bug report, by `repro`:")?;
        writeln!(text, "     with {}, has to fail at `{at}`", bug.broken)?;
    }
    Ok(text)
}

fn step_text(number: usize, step: &Step, known: &Scope) -> Result<String> {
    let mut text = format!("{number:>3}  {}", step.name);
    if step.stage == Stage::Finally {
        text.push_str(", whatever happened");
    }
    if let Some(when) = &step.when {
        write!(text, ", when {}", written(when))?;
    }
    text.push('\n');
    for round in rounds(step, known) {
        for action in &step.body {
            for line in action_text(action, &round)?.lines() {
                writeln!(text, "       {line}")?;
            }
        }
    }
    Ok(text)
}

/// What is known in each round of a step; one round where its items are known in a run only.
fn rounds(step: &Step, known: &Scope) -> Vec<Scope> {
    let items = step.each.as_ref().and_then(|each| each.render(known).ok());
    let Some(Value::Array(items)) = items else {
        return vec![known.clone()];
    };
    let with =
        |(index, item): (usize, Value)| known.clone().with("index", index).with("item", item);
    items.into_iter().enumerate().map(with).collect()
}

/// One action: a line, and the manifests that it applies.
fn action_text(action: &Action, known: &Scope) -> Result<String> {
    Ok(match action {
        Action::Apply(manifests) => manifests_text("apply", manifests, known)?,
        Action::Create(manifests) => manifests_text("create", manifests, known)?,
        Action::Patch { target, .. } => {
            format!("patch {} {}", target.kind, name(&target.name, known))
        }
        Action::Delete { what, .. } => match what {
            Deletion::Manifests(manifests) => headings("delete", manifests, known),
            Deletion::Selection(which) => format!("delete {}", selection(which, known)),
        },
        Action::Scale { statefulset, to } => {
            format!("scale {} to {}", name(statefulset, known), value(to, known))
        }
        Action::Restart { pods, .. } => format!("restart {}", pods_text(pods, known)),
        Action::Exec(exec) => format!(
            "exec in {}: {}",
            name(&exec.pod, known),
            words(&exec.command, known)
        ),
        Action::Script(script) => format!("script on this machine: {}", value(&script.run, known)),
        Action::Host { node, work } => {
            format!("on node {}: {}", value(node, known), host(work, known))
        }
        Action::Node { node, fault } => {
            format!("{} node {}", verb(fault, known), value(node, known))
        }
        Action::Redis(work) => format!("redis: {}", redis(work)),
        Action::Expect { what, mode } => {
            format!("expect {}{}", expected(what, known), how_long(*mode))
        }
        Action::Snapshot(name) => format!("compare with the snapshot `{name}`"),
        Action::Save { name, .. } => format!("save `{name}`"),
        Action::Log(text) => format!("log: {}", value(text, known)),
        Action::Parallel(steps) => {
            let mut text = "at once:\n".to_owned();
            for (number, step) in steps.iter().enumerate() {
                text.push_str(&step_text(number + 1, step, known)?);
            }
            text
        }
    })
}

fn host(work: &HostWork, known: &Scope) -> String {
    match work {
        HostWork::Make(path) => format!("make {}", value(path, known)),
        HostWork::Remove(path) => format!("remove {}", value(path, known)),
        HostWork::Empty(path) => format!("empty {}", value(path, known)),
        HostWork::Run { script, .. } => format!("run {}", value(script, known)),
    }
}

fn verb(fault: &NodeFault, known: &Scope) -> String {
    match fault {
        NodeFault::Cordon => "cordon".to_owned(),
        NodeFault::Uncordon => "uncordon".to_owned(),
        NodeFault::Drain => "drain".to_owned(),
        NodeFault::Taint { key, effect, .. } => {
            format!("taint with {}:{}", value(key, known), effect.as_str())
        }
        NodeFault::Untaint { key, .. } => format!("take the taint {} from", value(key, known)),
        NodeFault::Stop => "stop".to_owned(),
        NodeFault::Start => "start".to_owned(),
        NodeFault::Delete => "delete".to_owned(),
    }
}

fn redis(work: &RedisWork) -> String {
    match work {
        RedisWork::Create { replicas } => format!("create a cluster, replicas: {replicas}"),
        RedisWork::Check => "what `redis-cli --cluster check` finds".to_owned(),
        RedisWork::Healthy(HealthyFor::Once) => "healthy, as all pods see it".to_owned(),
        RedisWork::Healthy(HealthyFor::Window) => {
            "healthy, as all pods see it, for longer than its time-out".to_owned()
        }
        RedisWork::Write { per_shard } => format!("write keys, for each shard {per_shard}"),
        RedisWork::Verify => "every key as it was written".to_owned(),
        RedisWork::ProveDisks => "the data, from the disks".to_owned(),
    }
}

fn expected(what: &Expected, known: &Scope) -> String {
    match what {
        Expected::Objects { which, matches, .. } => {
            let matches = matches.as_ref();
            let matches =
                matches.map_or_else(String::new, |it| format!(" to match {}", value(it, known)));
            format!("{}{matches}", selection(which, known))
        }
        Expected::Event { about, .. } => format!("an event about {}", selection(about, known)),
        Expected::Files { node, path, .. } => {
            format!("{} on node {}", value(path, known), value(node, known))
        }
        Expected::Logs { log, .. } => format!("the log of {}", name(&log.pod, known)),
        Expected::Exec(exec) => {
            format!(
                "of {} in {}",
                words(&exec.command, known),
                name(&exec.pod, known)
            )
        }
        Expected::Pods {
            pods, compared_to, ..
        } => {
            format!("{} as saved under `{compared_to}`", pods_text(pods, known))
        }
        Expected::That(that) => written(that),
    }
}

fn how_long(mode: Mode) -> String {
    match mode {
        Mode::Eventually => String::new(),
        Mode::Holds(span) => format!(", holding for {}s", span.as_secs_f64()),
        Mode::Never(span) => format!(", never for {}s", span.as_secs_f64()),
    }
}

fn manifests_text(verb: &str, manifests: &[Manifest], known: &Scope) -> Result<String> {
    let mut text = headings(verb, manifests, known);
    for manifest in manifests {
        let object = rendered(&manifest.object, known);
        for line in serde_yaml::to_string(&object)?.lines() {
            write!(text, "\n  {line}")?;
        }
        text.push_str("\n  ---");
    }
    Ok(text)
}

fn headings(verb: &str, manifests: &[Manifest], known: &Scope) -> String {
    let heading = |manifest: &Manifest| {
        let object = rendered(&manifest.object, known);
        let field = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let kind = field("/kind").unwrap_or("an object");
        format!("{kind} {}", field("/metadata/name").unwrap_or_default())
    };
    let headings: Vec<_> = manifests.iter().map(heading).collect();
    format!("{verb} {}", headings.join(", "))
}

fn pods_text(pods: &Pods, known: &Scope) -> String {
    match pods {
        Pods::One(one) => name(one, known),
        Pods::All(which) => selection(which, known),
    }
}

fn selection(which: &Selection, known: &Scope) -> String {
    let part = |word: &str, part: &Option<Template>| {
        let part = part.as_ref();
        part.map_or_else(String::new, |it| format!(" {word} {}", value(it, known)))
    };
    format!(
        "{}{}{}{}",
        which.kind,
        part("named", &which.name),
        part("in", &which.namespace),
        part("with", &which.labels)
    )
}

fn name(name: &ObjectName, known: &Scope) -> String {
    let one = value(&name.name, known);
    let namespace = name.namespace.as_ref();
    namespace.map_or(one.clone(), |it| format!("{}/{one}", value(it, known)))
}

fn words(command: &[Template], known: &Scope) -> String {
    let words: Vec<_> = command.iter().map(|word| value(word, known)).collect();
    words.join(" ")
}

/// A value in one line.
fn value(template: &Template, known: &Scope) -> String {
    match rendered(template, known) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// As it will be; what only a run knows stands as it is written.
fn rendered(template: &Template, known: &Scope) -> Value {
    template
        .render(known)
        .unwrap_or_else(|_| in_parts(template.source(), known))
}

fn in_parts(source: &Value, known: &Scope) -> Value {
    match source {
        Value::Object(fields) => {
            let part = |(key, value): (&String, &Value)| (key.clone(), in_parts(value, known));
            Value::Object(fields.iter().map(part).collect())
        }
        Value::Array(items) => items.iter().map(|item| in_parts(item, known)).collect(),
        Value::String(_) => {
            let rendered = Template::parse(source.clone()).ok();
            let rendered = rendered.and_then(|template| template.render(known).ok());
            rendered.unwrap_or_else(|| source.clone())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => source.clone(),
    }
}

fn written(template: &Template) -> String {
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

    const SCENARIO: &str = "apiVersion: stayput.dev/v1alpha1
kind: Scenario
metadata: {name: p}
spec:
  about: A plan.
  cluster: {nodes: [one]}
  values: {sizes: [1Gi, 2Gi]}
  steps:
    - name: volumes
      forEach: ${{ values.sizes }}
      apply: m.yaml
    - when: cluster.minor > 30
      expect: {all: Pod, in: x, labels: a=b, match: {spec: {nodeName: '${{ nodes.one }}'}}, holds: 2s}
  finally:
    - node: {start: one}
";

    const MANIFEST: &str = "apiVersion: v1
kind: PersistentVolume
metadata: {name: 'v-${{ index }}', labels: {at: '${{ nodes.one }}'}}
spec: {capacity: {storage: '${{ item }}'}}
";

    #[test]
    fn what_is_known_is_rendered_and_the_rest_stands_as_written() {
        let read = |path: &Utf8Path| {
            Ok(match path.as_str() {
                "m.yaml" => MANIFEST.to_owned(),
                _ => SCENARIO.to_owned(),
            })
        };
        let plan = stayput_scenario::load(&read, Utf8Path::new("s.yaml")).unwrap();
        assert_snapshot!(text(&plan).unwrap(), @r#"
        p: A plan.
        nodes: one
          1  volumes
               apply PersistentVolume v-0
                 apiVersion: v1
                 kind: PersistentVolume
                 metadata:
                   labels:
                     at: ${{ nodes.one }}
                   name: v-0
                 spec:
                   capacity:
                     storage: 1Gi
                 ---
               apply PersistentVolume v-1
                 apiVersion: v1
                 kind: PersistentVolume
                 metadata:
                   labels:
                     at: ${{ nodes.one }}
                   name: v-1
                 spec:
                   capacity:
                     storage: 2Gi
                 ---
          2  expect Pod, when ${{ cluster.minor > 30 }}
               expect Pod in x with a=b to match {"spec":{"nodeName":"${{ nodes.one }}"}}, holding for 2s
          3  start one, whatever happened
               start node one
          4  leak check
        "#);
    }
}
