use serde_json::json;

use crate::{
    Declared, Expected, Facts, Recording,
    recording::{Change, Seen},
};

fn seen(kind: &str, object: serde_json::Value) -> Seen {
    Seen {
        kind: kind.to_owned(),
        change: Change::Set,
        object,
    }
}

/// A pod on a node, and the event that says so.
fn facts(node: &str, phase: &str) -> Facts {
    let pod = json!({
        "metadata": {"name": "web-0", "namespace": "n", "uid": "1"},
        "spec": {"nodeName": node, "restartPolicy": "Always"},
        "status": {"phase": phase},
    });
    let event = json!({
        "involvedObject": {"kind": "Pod", "namespace": "n", "name": "web-0"},
        "type": "Normal",
        "reason": "Scheduled",
        "source": {"component": "default-scheduler"},
        "message": format!("Successfully assigned n/web-0 to {node}"),
    });
    let seen = vec![seen("pods", pod), seen("events", event)];
    Facts::of(&Recording { seen }, "two")
}

fn expected(all: &[Facts]) -> Expected {
    let expected = all.iter().fold(Expected::default(), Expected::and);
    // What is kept in the file is what is compared.
    let read = Expected::parse(&expected.to_string()).unwrap();
    assert_eq!(read, expected);
    read
}

fn check(all: &[Facts], here: &Facts) -> String {
    let comparison = expected(all).compare(here);
    let mut said = vec![format!("{}/{}", comparison.agree, comparison.total)];
    let differences = comparison.differences.iter();
    said.extend(differences.map(ToString::to_string));
    said.join("\n")
}

#[test]
fn the_same_again_agrees() {
    let real = facts("two-worker", "Running");
    assert_eq!(check(std::slice::from_ref(&real), &real), "6/6");
}

#[test]
fn another_phase_and_another_node_are_noticed() {
    let real = facts("two-worker", "Running");
    let here = facts("two-worker2", "Failed");
    assert_eq!(
        check(&[real], &here),
        "1/7\n\
         Pod/n/web-0 event Normal Scheduled from default-scheduler: Successfully assigned \
         n/web-0 to worker: real \"seen\", here nothing\n\
         Pod/n/web-0 event Normal Scheduled from default-scheduler: Successfully assigned \
         n/web-0 to worker2: real nothing, here \"seen\"\n\
         pods/n/web-0#1 first.spec.nodeName: real \"worker\", here \"worker2\"\n\
         pods/n/web-0#1 last.spec.nodeName: real \"worker\", here \"worker2\"\n\
         pods/n/web-0#1 phases: real \"Running\", here \"Failed\"\n\
         pods/n/web-0#1 status.phase: real \"Running\", here \"Failed\""
    );
}

#[test]
fn what_the_real_cluster_did_not_repeat_is_free() {
    let real = [
        facts("two-worker", "Running"),
        facts("two-worker2", "Running"),
    ];
    assert_eq!(check(&real, &facts("two-worker3", "Running")), "5/5");
    let failed = check(&real, &facts("two-worker3", "Failed"));
    assert!(failed.starts_with("3/5\n"), "{failed}");
}

#[test]
fn a_declaration_fits_or_is_stale() {
    let real = facts("two-worker", "Running");
    let here = facts("two-worker", "Failed");
    let expected = expected(&[real]);
    let mut declared = Declared::parse(
        "- {scenario: s*, fact: 'pods/n/web-0#1 phases', why: w, when: always}\n\
         - {scenario: s, fact: 'pods/n/web-1#1 phases', why: w, when: always}\n\
         - {scenario: s, fact: 'pods/*#1 last.spec.*', why: w, when: sometimes}\n\
         - {scenario: s, fact: 'nobody knows it', why: w, when: sometimes}\n\
         - {scenario: other, fact: nothing, why: w, when: always}\n",
    )
    .unwrap();
    let mut undeclared = Vec::new();
    for difference in expected.compare(&here).differences {
        if declared.fits("s", &difference).is_none() {
            undeclared.push(difference.about());
        }
    }
    assert_eq!(undeclared, ["pods/n/web-0#1 status.phase"]);
    let stale = declared.stale(&["s"], &[("s".to_owned(), expected)]);
    let stale: Vec<_> = stale.iter().map(|it| it.fact.as_str()).collect();
    assert_eq!(stale, ["pods/n/web-1#1 phases", "nobody knows it"]);
}

#[test]
fn a_mistake_in_the_file_has_a_line() {
    let said = |text: &str| Expected::parse(text).unwrap_err();
    assert_eq!(said("recordings two").0, 1);
    assert_eq!(said("recordings 2\n .a 1").0, 2);
    assert_eq!(said("recordings 2\nfact a life\n .a one").0, 3);
    assert_eq!(said("nonsense").0, 1);
}
