//! The embedded cluster answers as a real API server does, and an answer that does not
//! is noticed. Where the machine forbids namespaces the tests are reported as ignored,
//! with the reason.
#![expect(
    clippy::unwrap_used,
    reason = "a test without libtest: clippy does not see that it is one"
)]

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;
use stayput_cluster::{Cluster as _, Release};
use stayput_embedded::{Cluster, Options, Places, preflight};
use stayput_golden::api::{Answer, Declared, Group, Likeness, Stage, declared, groups};
use tokio::task::JoinSet;

/// Needs a `redis-server`, which not every machine has.
const NEEDS_REDIS: [&str; 1] = ["pods-running"];

fn main() {
    let arguments = Arguments::from_args();
    let directory = tempfile::tempdir().unwrap();
    let forbidden = preflight(utf8(directory.path())).err();
    let forbidden = forbidden.map(|error| format!("{error}: {}", error.hint().unwrap_or_default()));
    let trials = vec![
        Trial::test("every_answer_is_held_to_the_real_one", || {
            every_answer_is_held_to_the_real_one();
            Ok(())
        }),
        trial(forbidden.as_ref()),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(forbidden: Option<&String>) -> Trial {
    let name = "the_answers_are_a_real_servers";
    let label = match forbidden {
        None => name.to_owned(),
        Some(reason) => format!("{name} ({reason})"),
    };
    let run = || -> Result<(), Failed> {
        let directory = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(the_answers_are_a_real_servers(
            utf8(directory.path()).to_owned(),
        ));
        Ok(())
    };
    Trial::test(label, run).with_ignored_flag(forbidden.is_some())
}

fn utf8(path: &std::path::Path) -> &Utf8Path {
    Utf8Path::from_path(path).unwrap()
}

/// Without a cluster: whatever a real server said is as it should be, and is not once
/// anything in it is changed.
fn every_answer_is_held_to_the_real_one() {
    let declared = declared().unwrap();
    for group in groups(&[]).unwrap() {
        let real = group.load().unwrap();
        let same = group.compare(&real, &real, &declared);
        assert_eq!(right(&same), real.len(), "{}", group.name);
        for tampered in 0..real.len() {
            let mut here = real.clone();
            here[tampered].said["status"] = json!(299);
            noticed(&group, &real, &here, &declared);
            let mut here = real.clone();
            here.remove(tampered);
            noticed(&group, &real, &here, &declared);
        }
    }
}

/// Answers that are as they should be.
fn right(likeness: &Likeness) -> usize {
    likeness.equal + likeness.unserved
}

fn noticed(group: &Group, real: &[Answer], here: &[Answer], declared: &Declared) {
    let likeness = group.compare(real, here, declared);
    assert_eq!(right(&likeness), real.len() - 1, "{}", group.name);
    let told = likeness.unlike.len() + likeness.declared.len();
    assert_eq!(told, 1, "{}", group.name);
}

async fn the_answers_are_a_real_servers(directory: Utf8PathBuf) {
    let options = Options {
        workers: 0,
        ..Options::new(Places::below(&directory))
    };
    let cluster = Cluster::start(options).await.unwrap();
    let declared = Arc::new(declared().unwrap());
    let mut playing = JoinSet::new();
    let groups = groups(&[]).unwrap().into_iter();
    for group in groups.filter(|it| !NEEDS_REDIS.contains(&&*it.name)) {
        let (stage, declared) = (Stage::of(&cluster), Arc::clone(&declared));
        playing.spawn(async move {
            let here = group.play(&stage, &declared).await.unwrap();
            let likeness = group.compare(&group.load().unwrap(), &here, &declared);
            let (name, share) = (&group.name, declared.share(&group.name));
            assert!(likeness.unlike.is_empty(), "{name}: {:#?}", likeness.unlike);
            assert!(likeness.stale.is_empty(), "{name}: {:?}", likeness.stale);
            assert!(likeness.reaches(share), "{name}: too few are equal");
        });
    }
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
    Arc::new(cluster).release(Release::Delete).await.unwrap();
}
