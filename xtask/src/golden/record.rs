//! `golden record [NAME…]`: asks a real cluster again.

use anyhow::Result;
use clap::Args;
use stayput_cluster::Release;
use stayput_golden::{Expected, Facts, GoldenError, Scenario, Stage, play, scenarios};
use tokio_util::sync::CancellationToken;

use super::{
    say,
    stages::{self, Nodes},
};

/// The version that is recorded.
const KUBERNETES: &str = "1.34";

/// Flags of `golden record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// Scripts to play; all of them without any.
    names: Vec<String>,
}

/// Plays the scripts on one real cluster; what is expected becomes what it did every time.
pub(crate) async fn record(flags: Record) -> Result<u8> {
    let chosen = scenarios(&flags.names)?;
    let stage = real(Nodes::Several).await?;
    let done = tokio::select! {
        done = all(&chosen, &stage) => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into).map(|()| 130),
    };
    stage.cluster.release(Release::Delete).await?;
    done
}

/// A real cluster, to be released; nothing is left of one that was interrupted.
pub(super) async fn real(nodes: Nodes) -> Result<Stage> {
    let cancel = CancellationToken::new();
    let stage = stages::kind(KUBERNETES, nodes, cancel.clone());
    let mut stage = std::pin::pin!(stage);
    tokio::select! {
        stage = &mut stage => stage,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            cancel.cancel();
            // It removes what it has made so far.
            stage.await
        }
    }
}

async fn all(chosen: &[Scenario], stage: &Stage) -> Result<u8> {
    for scenario in chosen {
        let recording = play(scenario, stage).await?;
        let facts = Facts::of(&recording, &stage.cluster.facts().name);
        let before = before(scenario)?;
        let said = before.compare(&facts);
        if before.recordings > 0 {
            for difference in &said.differences {
                say(&format!("    not repeated: {difference}"));
            }
        }
        let expected = before.and(&facts);
        let (name, count) = (&scenario.name, expected.recordings);
        say(&format!("{name}: {count} recordings"));
        scenario.save(&expected)?;
    }
    Ok(0)
}

/// What was recorded so far; nothing where the script is new.
fn before(scenario: &Scenario) -> Result<Expected, GoldenError> {
    match scenario.load() {
        Err(GoldenError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(Expected::default())
        }
        loaded => loaded,
    }
}
