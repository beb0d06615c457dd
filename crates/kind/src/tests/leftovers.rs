//! What a killed run leaves is found and removed; nothing else is.

use std::sync::mpsc;

use super::fakes::Fakes;
use crate::Usage;
use crate::state::{Kept, Record, StateDirectory};
use stayput_cluster::Progress;

/// A lock file that nobody holds.
fn leave(fakes: &Fakes, cluster: &str, kept: Kept, engine: &str) {
    let record = Record {
        cluster: cluster.to_owned(),
        engine: engine.to_owned(),
        kept,
        ..Record::default()
    };
    let state = StateDirectory::new(fakes.state());
    drop(state.claim_new(record).unwrap().unwrap());
}

fn fakes() -> Fakes {
    // Our own cluster, a kept one, the user's, and one of another state directory.
    let clusters = "stayput-killed stayput-kept kind stayput-elsewhere";
    let get = format!("case $2 in clusters) printf '%s\\n' {clusters} ;; esac");
    let fakes = Fakes::new(&["kind", "docker"])
        .kind_does("get", &get)
        .kind_does("create", "exit 1");
    leave(&fakes, "stayput-killed", Kept::No, "docker ABCD");
    leave(&fakes, "stayput-kept", Kept::ForReuse, "docker ABCD");
    leave(&fakes, "stayput-far", Kept::No, "docker WXYZ");
    leave(&fakes, "stayput-gone", Kept::No, "docker ABCD");
    fakes
}

#[tokio::test]
async fn only_what_is_ours_and_left_is_deleted_and_said() {
    let fakes = fakes();
    let (said, lines) = mpsc::channel();
    let mut options = Fakes::options(None);
    options.progress = Progress::new(move |line| {
        if !line.starts_with("creating") {
            said.send(line.to_owned()).unwrap();
        }
    });
    assert!(fakes.kind().create(options).await.is_err());
    let lines: Vec<_> = lines.try_iter().collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    `stayput-far` was left on another engine (docker WXYZ): not touched
    found `stayput-killed`, left by a run that was killed: deleting it
    ");
    let calls = fakes.calls();
    let deleted: Vec<_> = calls
        .lines()
        .filter_map(|call| call.strip_prefix("kind delete cluster --name "))
        .filter_map(|call| call.split(' ').next())
        .collect();
    assert_eq!(deleted[0], "stayput-killed");
    // The second is the cluster of this run, whose creation failed.
    assert_eq!(deleted.len(), 2);
    assert!(!deleted.contains(&"stayput-elsewhere"));
    let mut left = fakes.state_files();
    left.sort();
    assert_eq!(left, ["stayput-far.lock", "stayput-kept.lock"]);
}

#[tokio::test]
async fn clusters_are_listed_with_their_state() {
    let fakes = fakes();
    let record = Record {
        cluster: "stayput-used".to_owned(),
        ..Record::default()
    };
    let state = StateDirectory::new(fakes.state());
    let _held = state.claim_new(record).unwrap().unwrap();
    let listed = fakes.kind().list().await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|cluster| format!("{} {:?}", cluster.name, cluster.usage))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @"
    stayput-far Leftover
    stayput-gone Leftover
    stayput-kept Kept
    stayput-killed Leftover
    stayput-used Running
    ");
    assert!(listed.contains(&format!("stayput-used {:?}", Usage::Running)));
}

#[tokio::test]
async fn a_cluster_in_use_or_unknown_is_not_taken_down() {
    let fakes = fakes();
    let state = StateDirectory::new(fakes.state());
    let _held = state.claim("stayput-kept").unwrap();
    let in_use = fakes.kind().down("stayput-kept").await.unwrap_err();
    insta::assert_snapshot!(in_use, @"cluster `stayput-kept` is in use by another run");
    let unknown = fakes.kind().down("kind").await.unwrap_err();
    insta::assert_snapshot!(Fakes::told(&unknown), @"
    there is no cluster `kind` of stayput's
    hint: there are: `stayput-far`, `stayput-gone`, `stayput-kept`, `stayput-killed`
    ");
}
