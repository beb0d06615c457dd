//! `golden api [GROUP…]`: how like a real API server the embedded cluster's answers.

use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use stayput_cluster::Release;
use stayput_golden::api::{Answer, Declared, Group, Likeness, Stage, declared, groups};
use tokio::task::JoinSet;

use super::{
    record, say,
    stages::{self, Nodes},
};

/// Flags of `golden api`.
#[derive(Debug, Args)]
pub(crate) struct Api {
    /// Groups of requests; all of them without any.
    groups: Vec<String>,
    /// Keep what a real cluster by kind answers instead.
    #[arg(long)]
    record: bool,
}

/// Sends the groups' requests; the exit code says whether the answers are a real server's.
pub(crate) async fn api(flags: Api) -> Result<u8> {
    let chosen = groups(&flags.groups)?;
    let declared = Arc::new(declared()?);
    if !flags.record {
        let stage = stages::embedded(Nodes::One).await?;
        return check(&chosen, &stage, &declared).await;
    }
    let stage = record::real(Nodes::One).await?;
    let done = tokio::select! {
        done = keep(&chosen, &stage, &declared) => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into).map(|()| 130),
    };
    stage.cluster.release(Release::Delete).await?;
    done
}

async fn check(
    chosen: &[Group],
    stage: &stayput_golden::Stage,
    declared: &Arc<Declared>,
) -> Result<u8> {
    let mut sum = Sum::default();
    for (group, answers) in played(chosen, stage, declared).await? {
        let likeness = group.compare(&group.load()?, &answers, declared);
        sum.add(&group.name, &likeness, declared);
    }
    Ok(sum.conclude())
}

async fn keep(
    chosen: &[Group],
    stage: &stayput_golden::Stage,
    declared: &Arc<Declared>,
) -> Result<u8> {
    for (group, answers) in played(chosen, stage, declared).await? {
        say(&format!("{}: {} answers", group.name, answers.len()));
        group.save(&answers)?;
    }
    Ok(0)
}

/// The answers to all groups, which are played side by side: none touches another's
/// objects.
async fn played(
    chosen: &[Group],
    stage: &stayput_golden::Stage,
    declared: &Arc<Declared>,
) -> Result<Vec<(Group, Vec<Answer>)>> {
    let stage = Stage::of(&*stage.cluster);
    let mut playing = JoinSet::new();
    for group in chosen.iter().cloned() {
        let (stage, declared) = (stage.clone(), Arc::clone(declared));
        playing.spawn(async move {
            let answers = group.play(&stage, &declared).await;
            answers.map(|answers| (group, answers))
        });
    }
    let mut all = Vec::new();
    while let Some(played) = playing.join_next().await {
        all.push(played??);
    }
    all.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    Ok(all)
}

/// Everything that was compared.
#[derive(Default)]
struct Sum {
    equal: usize,
    compared: usize,
    unlike: usize,
    stale: usize,
    /// Groups of which too little is equal.
    below: usize,
}

impl Sum {
    /// Adds a group, having shown it.
    fn add(&mut self, name: &str, likeness: &Likeness, declared: &Declared) {
        let (equal, compared) = (likeness.equal, likeness.compared());
        self.equal += equal;
        self.compared += compared;
        self.unlike += likeness.unlike.len();
        self.stale += likeness.stale.len();
        let more = [
            (likeness.declared.len(), "declared"),
            (likeness.unserved, "of kinds that are not served"),
        ];
        let more = more.iter().filter(|(count, _)| *count > 0);
        let more: Vec<_> = more
            .map(|(count, what)| format!(", {count} {what}"))
            .collect();
        let more = more.concat();
        say(&format!("{name:<22} {equal:>3}/{compared}{more}"));
        for (answer, unlike) in &likeness.unlike {
            say(&format!("  {}  {}", answer.name, answer.request));
            for one in unlike {
                say(&format!("    {one}"));
            }
        }
        for answer in &likeness.stale {
            say(&format!("  {answer}: declared to differ, and does not"));
        }
        let share = declared.share(name);
        if !likeness.reaches(share) {
            self.below += 1;
            say(&format!("  too few: {share} % have to be equal"));
        }
    }

    /// Says how it ended.
    fn conclude(&self) -> u8 {
        let (equal, compared) = (self.equal, self.compared);
        say(&format!(
            "{equal} of {compared} answers are a real server's"
        ));
        let problems = [
            (self.unlike, "undeclared differences"),
            (self.stale, "stale declarations"),
            (self.below, "groups of which too little is equal"),
        ];
        for (count, what) in problems.iter().filter(|(count, _)| *count > 0) {
            say(&format!("{count} {what}"));
        }
        u8::from(problems.iter().any(|(count, _)| *count > 0))
    }
}
