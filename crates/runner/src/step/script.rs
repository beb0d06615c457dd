//! `script`: a shell script on this machine, the way out.
//!
//! Invariants:
//! - It reaches the run's cluster, and no other by accident.
//! - It is killed, with all that it started, when its time is over or the run ends.

use std::io::Write as _;

use serde_json::Value;
use stayput_expr::{Scope, Template};
use stayput_judge::outcome::Output;
use stayput_program::{Call, Programs};
use stayput_scenario::plan::Script;
use tempfile::NamedTempFile;

use super::outcome;
use crate::{
    error::RunError,
    halt::Halt,
    session::{self, Intent, Session},
};

/// Runs the script once and judges its outcome.
pub(crate) async fn script(
    session: &mut Session,
    scope: &Scope,
    script: &Script,
) -> Result<(), Halt> {
    once(session, scope, script).await?;
    Ok(())
}

/// The same, and what it gave back.
pub(crate) async fn once(
    session: &mut Session,
    scope: &Scope,
    script: &Script,
) -> Result<Output, Halt> {
    let changes = script.changes.as_ref();
    let changes = changes.filter(|_| session.intent == Intent::Sabotage);
    let before = match changes {
        Some(probe) => Some(run(session, scope, script, probe).await?.stdout),
        None => None,
    };
    let output = run(session, scope, script, &script.run).await?;
    outcome::judge(session, &script.expect, scope, &output)?;
    if let Some((probe, before)) = changes.zip(before)
        && run(session, scope, script, probe).await?.stdout == before
    {
        return Err(Halt::ChangedNothing(format!("still {}", before.trim())));
    }
    Ok(output)
}

async fn run(
    session: &mut Session,
    scope: &Scope,
    script: &Script,
    text: &Template,
) -> Result<Output, Halt> {
    let text = session::text(text, scope)?;
    let mut call = Call::new("sh", ["-c", text.as_str()])
        .within(session.within)
        .in_folder(&session.settings.folder);
    for (name, value) in variables(script, scope)? {
        call = call.variable(&name, &value);
    }
    call = call.variable("KUBECONFIG", &kubeconfig(session)?);
    session.awaiting("the script ends");
    let printed = Programs::default().run(&call).await?;
    Ok(Output {
        stdout: String::from_utf8_lossy(&printed.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&printed.stderr).into_owned(),
        exit_code: printed.exit_code(),
    })
}

fn variables(script: &Script, scope: &Scope) -> Result<Vec<(String, String)>, RunError> {
    let Some(env) = &script.env else {
        return Ok(Vec::new());
    };
    let Value::Object(env) = session::value(env, scope)? else {
        return Ok(Vec::new());
    };
    let as_text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(env
        .into_iter()
        .map(|(name, value)| (name, as_text(value)))
        .collect())
}

/// The path of a kubeconfig of the run's cluster alone, readable for nobody else.
fn kubeconfig(session: &mut Session) -> Result<String, Halt> {
    let failed = |source| RunError::File {
        what: "write",
        path: "kubeconfig".into(),
        source,
    };
    if session.kubeconfig.is_none() {
        let text = session.cluster.kubeconfig()?;
        let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        session.kubeconfig = Some(file);
    }
    let path = session.kubeconfig.as_ref().map(NamedTempFile::path);
    Ok(path.map_or_else(String::new, |path| path.display().to_string()))
}
