//! Expectations about what sends no events: logs, commands, files, pods with
//! their storage. Each is looked at again and again.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api as KubeApi, api::LogParams};
use stayput_expr::Scope;
use stayput_judge::{
    count::Count,
    identity as judge_identity, lines,
    outcome::{self as judge_outcome},
};
use stayput_scenario::plan::{Exec, Identity, Log, LogOf, Mode, Pods};

use super::{
    exec,
    hold::{Seen, poll},
    identity, outcome, restart,
};
use crate::{
    error::RunError,
    halt::Halt,
    session::{self, Session},
};

/// The most of a log that is read.
const LOG_LIMIT: i64 = 16 << 20;

/// Sees that a command in a pod comes to what is asked.
pub(crate) async fn command(
    session: &Session,
    scope: &Scope,
    mode: Mode,
    exec: &Exec,
) -> Result<(), Halt> {
    let asked = outcome::asked(&exec.expect, scope)?;
    let (_, pod) = session::name(&exec.pod, scope)?;
    let words: Vec<_> = exec
        .command
        .iter()
        .map(|word| session::text(word, scope))
        .collect::<Result<_, RunError>>()?;
    let what = format!("`{}` in {pod} as asked", words.join(" "));
    poll(session, mode, &what, async || {
        let output = exec::run(session, scope, exec, &exec.command).await?;
        let judged = judge_outcome::judge(&asked, &output, scope);
        let mismatches = judged.map_err(outcome::not_evaluated)?;
        Ok(Seen {
            met: mismatches.is_empty(),
            summary: output.summary(),
            mismatches,
            evidence: vec![output.summary()],
            ..Seen::default()
        })
    })
    .await
}

/// Sees that so many lines of a log are as asked.
pub(crate) async fn logs(
    session: &Session,
    scope: &Scope,
    mode: Mode,
    log: &Log,
    asked: &lines::Asked,
) -> Result<(), Halt> {
    let (_, pod) = session::name(&log.pod, scope)?;
    let what = format!(
        "{} line{} {} in the log of {pod}",
        asked.count,
        if asked.count == Count::exactly(1) {
            ""
        } else {
            "s"
        },
        asked.words()
    );
    poll(session, mode, &what, async || {
        let text = read_log(session, scope, log).await?;
        let verdict = lines::judge(asked, &text);
        Ok(Seen {
            met: verdict.mismatch.is_none(),
            evidence: vec![verdict.summary.clone()],
            summary: verdict.summary,
            mismatches: verdict.mismatch.into_iter().collect(),
            ..Seen::default()
        })
    })
    .await
}

/// The log of a container.
pub(crate) async fn read_log(session: &Session, scope: &Scope, log: &Log) -> Result<String, Halt> {
    let (namespace, pod) = session::name(&log.pod, scope)?;
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    let container = match &log.container {
        Some(container) => Some(session::text(container, scope)?),
        None => first_container(session, &namespace, &pod).await?,
    };
    let parameters = LogParams {
        container,
        previous: log.of == LogOf::Previous,
        limit_bytes: Some(LOG_LIMIT),
        ..LogParams::default()
    };
    let pods: KubeApi<Pod> = KubeApi::namespaced(session.api.client(), &namespace);
    let text = pods.logs(&pod, &parameters).await;
    Ok(text.map_err(RunError::api(format!(
        "read the log of `{namespace}/{pod}`"
    )))?)
}

/// The API wants a name where there are several containers.
async fn first_container(
    session: &Session,
    namespace: &str,
    pod: &str,
) -> Result<Option<String>, RunError> {
    let kind = session.api.kind("v1/Pod")?;
    let pod = session.api.get(kind, Some(namespace), pod).await?;
    let name = pod.and_then(|pod| {
        let name = pod["spec"]["containers"][0]["name"].as_str();
        name.map(str::to_owned)
    });
    Ok(name)
}

/// Sees that pods are what was saved of them, as far as is asked.
pub(crate) async fn pods(
    session: &Session,
    scope: &Scope,
    mode: Mode,
    asked: (&Pods, &str, &Identity),
) -> Result<(), Halt> {
    let (pods, compared_to, identity) = asked;
    let selected = identity::selected(pods, scope)?;
    let none = Vec::new();
    let before = session.pods_saved.get(compared_to).unwrap_or(&none);
    let what = format!("pods as saved in `{compared_to}`");
    let mut last = None;
    poll(session, mode, &what, async || {
        let after = identity::identities(session, &selected).await?;
        let comparison = judge_identity::compare_all(before, &after, identity);
        let first = comparison.mismatches.first();
        let summary = first.map_or_else(
            || "as they were".to_owned(),
            |it| format!("{} {}: {}", it.object, it.path, it.seen),
        );
        let seen = Seen {
            met: comparison.mismatches.is_empty(),
            summary,
            mismatches: comparison.mismatches.clone(),
            ..Seen::default()
        };
        last = Some(comparison);
        Ok(seen)
    })
    .await?;
    // What is never so has nothing to show.
    match (mode, last) {
        (Mode::Eventually | Mode::Holds(_), Some(comparison)) => {
            restart::compared(session, before, comparison)
        }
        (Mode::Never(_), _) | (_, None) => Ok(()),
    }
}
