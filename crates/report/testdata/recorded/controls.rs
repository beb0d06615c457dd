//! A run that passes, and a control for every result.

use stayput_events::{ControlResult, Cost, Event, Outcome, Record};

use super::{Recorder, failures::elsewhere, steps};

pub(crate) fn controls() -> Vec<Record> {
    let mut run = Recorder::begun();
    run.all_steps();
    let failed = || Outcome::Failed(Box::new(elsewhere()));
    let results = [
        (
            "refused writes are noticed",
            9,
            ControlResult::Caught(failed()),
        ),
        (
            "the old pod does not pass for the new one",
            10,
            ControlResult::FailedElsewhere {
                at: "pods come up in order".to_owned(),
                outcome: failed(),
            },
        ),
        ("a wiped shard is noticed", 11, ControlResult::Missed),
        (
            "a pod on another node is noticed",
            10,
            ControlResult::ChangedNothing {
                what: "`node: {cordon: master-1}`: unschedulable before and after".to_owned(),
            },
        ),
        (
            "the lost keys of one shard are noticed",
            11,
            ControlResult::Broken(failed()),
        ),
        (
            "a replica's replaced data is noticed",
            12,
            ControlResult::NotTried("this cluster gives no way to its nodes' disks".to_owned()),
        ),
        (
            "a claim made anew under its name is noticed",
            12,
            ControlResult::Interrupted,
        ),
    ];
    for (name, fails_at, result) in results {
        control(&mut run, name, fails_at, result);
    }
    run.ended(Outcome::Passed)
}

fn control(run: &mut Recorder, name: &str, fails_at: usize, result: ControlResult) {
    let all = steps();
    run.add(Event::ControlStarted {
        control: name.to_owned(),
        fails_at: all[fails_at].name.clone(),
        steps: all[..=fails_at].to_vec(),
    });
    for step in 0..fails_at {
        run.passed(step, Cost::Kubernetes, 350);
    }
    run.started(fails_at);
    run.awaiting(
        fails_at,
        "200 keys of each shard, acknowledged",
        "CLUSTERDOWN for 67 of 200",
    );
    run.spent(fails_at, Cost::Redis, 1_200);
    run.finished(fails_at, Outcome::Failed(Box::new(elsewhere())));
    run.add(Event::ControlFinished {
        control: name.to_owned(),
        result,
    });
}
