//! The API server alone in a process of its own.

use anyhow::Result;
use stayput_apiserver::{ApiServer, Options};
use tokio::io::AsyncReadExt as _;

/// Serves until standard input ends; says first how it is reached, on one line.
pub(super) async fn serve() -> Result<()> {
    let mut server = ApiServer::start(Options::default());
    let https = server.serve_https()?;
    let kubeconfig = serde_json::to_string(&https.kubeconfig("bench"))?;
    crate::screen::print(&kubeconfig)?;
    let mut asked = Vec::new();
    tokio::io::stdin().read_to_end(&mut asked).await?;
    Ok(())
}
