//! Commands in pods, through the API's exec.

use futures::TryFutureExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api as KubeApi,
    api::{AttachParams, AttachedProcess},
};
use stayput_judge::outcome::Output;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{api::Api, error::RunError};

/// Where a command runs.
#[derive(Debug, Clone)]
pub(crate) struct ExecTarget<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) pod: &'a str,
    pub(crate) container: Option<&'a str>,
}

/// Runs a command in a pod until it ends.
pub(crate) async fn run(
    api: &Api,
    target: &ExecTarget<'_>,
    command: &[String],
) -> Result<Output, RunError> {
    let pods: KubeApi<Pod> = KubeApi::namespaced(api.client(), target.namespace);
    let mut parameters = AttachParams::default().stdout(true).stderr(true);
    parameters.container = target.container.map(str::to_owned);
    let what = format!("run `{}` in pod `{}`", command.join(" "), target.pod);
    let mut process = pods
        .exec(target.pod, command, &parameters)
        .await
        .map_err(RunError::api(what))?;
    collect(&mut process, target.pod).await
}

async fn collect(process: &mut AttachedProcess, pod: &str) -> Result<Output, RunError> {
    let lost = |what: &'static str| RunError::ExecLost {
        pod: pod.to_owned(),
        what,
    };
    let status = process.take_status().ok_or_else(|| lost("status"))?;
    let stdout = process.stdout().ok_or_else(|| lost("stdout"))?;
    let stderr = process.stderr().ok_or_else(|| lost("stderr"))?;
    let (stdout, stderr, status) = futures::join!(
        read_all(stdout).unwrap_or_else(|error| error.to_string()),
        read_all(stderr).unwrap_or_else(|error| error.to_string()),
        status
    );
    let status = status.ok_or_else(|| lost("exit code"))?;
    Ok(Output {
        stdout,
        stderr,
        exit_code: exit_code(&status).ok_or_else(|| lost("exit code"))?,
    })
}

async fn read_all(mut stream: impl AsyncRead + Unpin) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The exit code in the Status that ends an exec: kubernetes 1.34
/// `remotecommand`, reason `NonZeroExitCode`, cause `ExitCode`.
fn exit_code(status: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Status) -> Option<i32> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    let causes = status.details.as_ref()?.causes.as_ref()?;
    let cause = causes
        .iter()
        .find(|it| it.reason.as_deref() == Some("ExitCode"))?;
    cause.message.as_ref()?.parse().ok()
}
