//! The summary itself: exit codes, time, claims.

use insta::assert_snapshot;
use stayput_events::{ControlResult, Cost, Event, Outcome, PartVerdict, Record};
use stayput_report::{LedgerPart, Summary};

use crate::{fold, recorded, records};

#[test]
fn every_way_to_end_has_its_exit_code() {
    let codes: Vec<String> = recorded::NAMES
        .iter()
        .map(|name| format!("{name} {}", fold(&records(name)).exit_code()))
        .collect();
    assert_snapshot!(codes.join("\n"), @r"
    passed 0
    failed 1
    flaky 1
    interrupted 130
    controls 130
    no-cluster 1
    ");
}

#[test]
fn a_record_cut_short_never_passes() {
    let all = records("passed");
    for length in 0..all.len() {
        assert_eq!(
            fold(&all[..length]).exit_code(),
            1,
            "after {length} records"
        );
    }
}

#[test]
fn controls_decide_the_exit_code_too() {
    let code = |result: ControlResult| {
        let mut all = records("passed");
        let end = all.pop().unwrap();
        for event in [
            Event::ControlStarted {
                control: "c".to_owned(),
                fails_at: "s".to_owned(),
                steps: Vec::new(),
            },
            Event::ControlFinished {
                control: "c".to_owned(),
                result,
            },
        ] {
            all.push(Record { at: end.at, event });
        }
        all.push(end);
        fold(&all).exit_code()
    };
    assert_eq!(code(ControlResult::Caught(Outcome::Interrupted)), 0);
    assert_eq!(code(ControlResult::NotTried("no disks".to_owned())), 0);
    assert_eq!(code(ControlResult::Missed), 1);
    assert_eq!(
        code(ControlResult::ChangedNothing {
            what: "x".to_owned()
        }),
        1
    );
    assert_eq!(code(ControlResult::Broken(Outcome::Interrupted)), 1);
    assert_eq!(code(ControlResult::Interrupted), 130);
}

#[test]
fn the_parts_of_the_time_add_up() {
    for name in recorded::NAMES {
        let time = fold(&records(name)).time();
        let costs = [
            Cost::Cluster,
            Cost::Kubernetes,
            Cost::Redis,
            Cost::Window,
            Cost::Proof,
        ];
        let spent: std::time::Duration = costs.iter().map(|cost| time.of(*cost)).sum();
        assert_eq!(spent + time.harness + time.controls, time.total, "{name}");
    }
}

#[test]
fn a_control_keeps_its_steps_to_itself() {
    let (alone, with_controls) = (fold(&records("passed")), fold(&records("controls")));
    assert_eq!(alone.steps, with_controls.steps);
    assert_eq!(alone.ledger(), with_controls.ledger());
}

#[test]
fn parts_are_shown_only_by_what_ran_and_passed() {
    assert_snapshot!(verdicts("passed"), @r"
    2.place Confirmed by 10
    2.lost-node not tried
    3 not tried
    5.provisions-nothing not tried
    5.delays Confirmed by 3
    7.order Confirmed by 5
    8.place Confirmed by 10
    8.address Confirmed by 10
    8.data MoreExactly by 11 12
    10.volume-stays Confirmed by 13
    10.failed MoreExactly by 13
    13.random not tried
    13.selector MoreExactly by 6
    ");
    assert_snapshot!(verdicts("failed"), @r"
    2.place not shown by 10
    2.lost-node not tried
    3 not tried
    5.provisions-nothing not tried
    5.delays Confirmed by 3
    7.order Confirmed by 5
    8.place not shown by 10
    8.address not shown by 10
    8.data not tried: `nothing was lost` was skipped: an earlier step failed
    10.volume-stays not tried: not possible here: this cluster gives no way to its nodes' disks
    10.failed not tried: not possible here: this cluster gives no way to its nodes' disks
    13.random not tried
    13.selector not tried: one claim was bound before the run began
    ");
    assert_snapshot!(verdicts("interrupted"), @r"
    2.place not tried: the run was stopped before `redis-cluster-0 comes back to its node`
    2.lost-node not tried
    3 not tried
    5.provisions-nothing not tried
    5.delays Confirmed by 3
    7.order not tried: `pods come up in order` was interrupted
    8.place not tried: the run was stopped before `redis-cluster-0 comes back to its node`
    8.address not tried: the run was stopped before `redis-cluster-0 comes back to its node`
    8.data not tried: the run was stopped before `nothing was lost`
    10.volume-stays not tried: the run was stopped before `the volumes stay, and are Failed`
    10.failed not tried: the run was stopped before `the volumes stay, and are Failed`
    13.random not tried
    13.selector not tried: the run was stopped before `each claim has the volume that its selector names`
    ");
    assert_snapshot!(verdicts("flaky"), @r"
    2.place Confirmed by 10
    2.lost-node not tried
    3 not tried
    5.provisions-nothing not tried
    5.delays Confirmed by 3
    7.order not shown by 5
    8.place Confirmed by 10
    8.address Confirmed by 10
    8.data MoreExactly by 11 12
    10.volume-stays Confirmed by 13
    10.failed MoreExactly by 13
    13.random not tried
    13.selector MoreExactly by 6
    ");
}

fn verdicts(name: &str) -> String {
    let ledger = fold(&records(name)).ledger();
    let parts: Vec<String> = ledger
        .iter()
        .flat_map(|row| &row.parts)
        .map(in_words)
        .collect();
    parts.join("\n")
}

fn in_words(part: &LedgerPart) -> String {
    let id = &part.id;
    match &part.verdict {
        PartVerdict::Shown { verdict, steps, .. } => {
            let steps: Vec<String> = steps.iter().map(|step| step.0.to_string()).collect();
            format!("{id} {verdict:?} by {}", steps.join(" "))
        }
        PartVerdict::NotShown { step } => format!("{id} not shown by {}", step.0),
        PartVerdict::NotTried { reason: None } => format!("{id} not tried"),
        PartVerdict::NotTried { reason: Some(why) } => format!("{id} not tried: {why}"),
    }
}

#[test]
fn a_new_attempt_forgets_what_the_last_one_found() {
    let mut all = records("flaky");
    let again = all
        .iter()
        .rposition(|record| matches!(&record.event, Event::StepStarted { step } if step.0 == 5));
    let found = Event::Found {
        step: stayput_events::StepId(5),
        what: "of the first attempt".to_owned(),
        on: Vec::new(),
    };
    let at = all[again.unwrap()].at;
    all.insert(again.unwrap(), Record { at, event: found });
    let summary: Summary = fold(&all);
    assert_eq!(summary.steps[5].findings, Vec::<String>::new());
}
