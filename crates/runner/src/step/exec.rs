//! `exec`: a command in a pod, and what it has to come to.

use serde_json::json;
use stayput_events::{Cost, Failure, Mismatch, Subject};
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::{CommandExpected, Exec};

use crate::{
    error::RunError,
    halt::Halt,
    object::ObjectKey,
    pod_exec::{self, ExecOutput, ExecTarget},
    session::{self, Intent, Session},
};

/// Runs the command once and judges its outcome.
pub(crate) async fn exec(session: &mut Session, scope: &Scope, exec: &Exec) -> Result<(), Halt> {
    let changes = exec.changes.as_deref();
    let changes = changes.filter(|_| session.intent == Intent::Sabotage);
    let before = match changes {
        Some(probe) => Some(run(session, scope, exec, probe).await?.stdout),
        None => None,
    };
    let output = run(session, scope, exec, &exec.command).await?;
    acted(session, scope, exec)?;
    judge(&exec.expect, scope, &output)?;
    if let Some((probe, before)) = changes.zip(before)
        && run(session, scope, exec, probe).await?.stdout == before
    {
        return Err(Halt::ChangedNothing(format!("still {}", before.trim())));
    }
    Ok(())
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

async fn run(
    session: &Session,
    scope: &Scope,
    exec: &Exec,
    command: &[Template],
) -> Result<ExecOutput, Halt> {
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

fn judge(expected: &CommandExpected, scope: &Scope, output: &ExecOutput) -> Result<(), Halt> {
    let mut mismatches = Vec::new();
    let mut differs = |path: &str, expected: String, seen: String| {
        mismatches.push(Mismatch {
            object: String::new(),
            path: path.to_owned(),
            expected,
            seen,
        });
    };
    if output.exit_code != expected.exit_code {
        differs(
            "exit code",
            expected.exit_code.to_string(),
            output.exit_code.to_string(),
        );
    }
    if let Some(contains) = &expected.contains {
        let wanted = session::text(contains, scope)?;
        if !output.stdout.contains(&wanted) {
            differs(
                "stdout",
                format!("contains `{wanted}`"),
                output.stdout.clone(),
            );
        }
    }
    if let Some(that) = &expected.that {
        let scope = scope
            .clone()
            .with("stdout", output.stdout.as_str())
            .with("stderr", output.stderr.as_str())
            .with("exitCode", output.exit_code);
        let came_to = session::value(that, &scope)?;
        if came_to != json!(true) {
            differs("that", that.source().to_string(), came_to.to_string());
        }
    }
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(Halt::Failed(Box::new(Failure {
        summary: "the command did not come to what was expected".to_owned(),
        seen: format!("{}{}", output.stdout, output.stderr),
        mismatches,
        ..Failure::default()
    })))
}
