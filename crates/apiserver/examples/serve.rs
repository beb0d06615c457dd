//! Serves HTTPS on loopback and prints where its kubeconfig is: for kubectl and for replaying recordings.
//!
//! `serve [KUBECONFIG] [--bare]`: without `--bare`, the few things that controllers do at once are done here too
//! (default service account, root CA, ends of namespaces, phases of volumes), so that recordings can be replayed.

#![expect(clippy::print_stdout, reason = "a program's output")]

#[path = "serve/stand_in.rs"]
mod stand_in;

use std::error::Error;
use std::os::unix::fs::OpenOptionsExt as _;
use std::{env, fs, io::Write as _};

use stayput_apiserver::{ApiServer, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let path = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"))
        .map_or("/tmp/stayput-apiserver.kubeconfig", String::as_str);
    let mut server = ApiServer::start(Options::default());
    let https = server.serve_https()?;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(https.kubeconfig("stayput").as_bytes())?;
    println!("{} {path}", https.url());
    if arguments.iter().any(|argument| argument == "--bare") {
        std::future::pending::<()>().await;
    }
    stand_in::act(server.client_as("kube-controller-manager")).await?;
    Ok(())
}
