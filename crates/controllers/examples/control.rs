//! Runs the control plane against the cluster of the current kubeconfig, until Ctrl-C.
//!
//! For trying it beside a real API server whose own controllers are stopped.

use jiff::Timestamp;
use kube::Client;
use stayput_controllers::Options;
use stayput_controllers::run::run;
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), kube::Error> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let client = Client::try_default().await?;
    let stop = CancellationToken::new();
    run(client, Timestamp::now, Options::default(), stop).await;
    Ok(())
}
