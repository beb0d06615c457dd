//! Runs one program in a container and takes what it says.
//!
//! Invariant: a program that outlives its limit is killed before the answer is given.

use std::os::fd::OwnedFd;
use std::time::Duration;

use stayput_sandbox::{Exit, ProcessId, ProcessSpec, Sandbox, Stdio};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::timeout;

/// Enough for a message.
const MOST: u64 = 10 * 1024;

/// What came of it.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// Output and error, mixed as they came.
    pub(crate) output: String,
    pub(crate) timed_out: bool,
}

pub(crate) async fn run_in(
    sandbox: &Sandbox,
    container: ProcessId,
    process: ProcessSpec,
    limit: Duration,
) -> Result<Ended, String> {
    let (output, said) = pipe_out().map_err(|error| error.to_string())?;
    let null = Stdio::null().map_err(|error| error.to_string())?;
    let error = said.try_clone().map_err(|error| error.to_string())?;
    let stdio = Stdio {
        input: null.input,
        output: said,
        error,
    };
    let running = sandbox
        .exec(container, process, stdio)
        .await
        .map_err(|error| exec_failure(&error, "probe"))?;
    let id = running.id;
    let mut text = Vec::new();
    let mut exit = running.exit;
    let mut limited = output.take(MOST);
    let whole = async {
        let _ = limited.read_to_end(&mut text).await;
        (&mut exit).await
    };
    let (exit, timed_out) = if let Ok(exit) = timeout(limit, whole).await {
        (exit, false)
    } else {
        let _ = sandbox.signal(id, 9).await;
        (exit.await, true)
    };
    let exit = exit.map_err(|_| "the container is gone".to_owned())?;
    Ok(Ended {
        exit,
        output: String::from_utf8_lossy(&text).into_owned(),
        timed_out,
    })
}

/// A runtime's words for a program that could not be run in a container.
pub(crate) fn exec_failure(error: &stayput_sandbox::Error, id: &str) -> String {
    match error {
        stayput_sandbox::Error::Failed(failure)
            if failure.fault == stayput_sandbox::Fault::Unknown =>
        {
            format!(
                "rpc error: code = NotFound desc = failed to exec in container: failed to load task: {failure}: not found"
            )
        }
        error => format!(
            "failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: exec failed: \
             unable to start container process: {error}: unknown"
        ),
    }
}

/// A pipe that this side reads asynchronously.
pub(crate) fn pipe_out() -> std::io::Result<(pipe::Receiver, OwnedFd)> {
    let (reader, writer) = stayput_sandbox::pipe()?;
    Ok((pipe::Receiver::from_owned_fd(reader)?, writer))
}
