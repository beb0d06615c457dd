//! Ctrl-C and SIGTERM: the first asks the run to stop and to clean up.

use anyhow::Result;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Cancels the token at the first signal, and ends the process at the second.
pub(crate) fn cancel_on_signal(tasks: &mut JoinSet<()>, token: &CancellationToken) -> Result<()> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let token = token.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            if token.is_cancelled() {
                std::process::exit(crate::exit::INTERRUPTED.into());
            }
            crate::screen::complain("\nstopping and cleaning up; once more to leave at once\n");
            token.cancel();
        }
    });
    Ok(())
}
