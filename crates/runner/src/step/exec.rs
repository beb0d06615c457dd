//! `exec`: a command in a pod, and what it has to come to.

use stayput_events::{Cost, Subject};
use stayput_expr::{Scope, Template};
use stayput_judge::outcome::Output;
use stayput_scenario::plan::Exec;

use super::outcome;
use crate::{
    error::RunError,
    halt::Halt,
    object::ObjectKey,
    pod_exec::{self, ExecTarget},
    session::{self, Intent, Session},
};

/// Runs the command once and judges its outcome.
pub(crate) async fn exec(session: &mut Session, scope: &Scope, exec: &Exec) -> Result<(), Halt> {
    once(session, scope, exec).await?;
    Ok(())
}

/// The same, and what it gave back.
pub(crate) async fn once(session: &Session, scope: &Scope, exec: &Exec) -> Result<Output, Halt> {
    let changes = exec.changes.as_deref();
    let changes = changes.filter(|_| session.intent == Intent::Sabotage);
    let before = match changes {
        Some(probe) => Some(run(session, scope, exec, probe).await?.stdout),
        None => None,
    };
    let output = run(session, scope, exec, &exec.command).await?;
    acted(session, scope, exec)?;
    outcome::judge(session, &exec.expect, scope, &output)?;
    if let Some((probe, before)) = changes.zip(before)
        && run(session, scope, exec, probe).await?.stdout == before
    {
        return Err(Halt::ChangedNothing(format!("still {}", before.trim())));
    }
    Ok(output)
}

/// Tells of the command; by itself it may change anything in the pod.
fn acted(session: &Session, scope: &Scope, exec: &Exec) -> Result<(), Halt> {
    let (namespace, pod) = session::name(&exec.pod, scope)?;
    let words = exec.command.iter().map(|word| session::text(word, scope));
    let words = words.collect::<Result<Vec<_>, RunError>>()?;
    let pod = ObjectKey::new("Pod", namespace.as_deref(), &pod);
    session.acted(
        format!("ran `{}`", words.join(" ")),
        vec![Subject::Object(pod.to_string())],
    );
    Ok(())
}

/// Runs a command in the pod, within the step's time.
pub(crate) async fn run(
    session: &Session,
    scope: &Scope,
    exec: &Exec,
    command: &[Template],
) -> Result<Output, Halt> {
    let (namespace, pod) = session::name(&exec.pod, scope)?;
    let container = exec.container.as_ref().map(|it| session::text(it, scope));
    let container = container.transpose()?;
    let command: Vec<_> = command
        .iter()
        .map(|word| session::text(word, scope))
        .collect::<Result<_, RunError>>()?;
    let target = ExecTarget {
        namespace: namespace.as_deref().unwrap_or("default"),
        pod: &pod,
        container: container.as_deref(),
    };
    let from = session.now();
    let output = pod_exec::run(&session.api, &target, &command);
    let what = format!("`{}` in {pod}", command.join(" "));
    let output = tokio::time::timeout(session.within, output)
        .await
        .map_err(|_| session.timed_out(&what, "it still runs".to_owned()))??;
    session
        .events
        .spent(session.step, Cost::Kubernetes, from, session.now());
    Ok(output)
}
