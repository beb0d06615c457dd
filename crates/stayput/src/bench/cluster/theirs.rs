//! etcd and kube-apiserver of the same version, out of the node image that the container
//! engine has: measured on this machine, a moment after ours.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

/// How long unpacking and all rounds may take.
const LIMIT: Duration = Duration::from_mins(10);

/// What was measured, an entry a round.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Theirs {
    pub(super) millis: Vec<f64>,
    pub(super) megabytes: Vec<f64>,
}

/// Measures them so often.
pub(super) async fn measure(rounds: usize) -> Result<Theirs> {
    let version = stayput_apiserver::Options::default().version;
    let image = format!("kindest/node:v{version}");
    let engine = std::env::var("KIND_EXPERIMENTAL_PROVIDER").unwrap_or("docker".to_owned());
    let there = engine_says(&engine, &["image", "inspect", &image], "").await;
    there.with_context(|| format!("`{engine}` does not have the image `{image}`"))?;
    let rounds = rounds.to_string();
    let words = [
        "run",
        "--rm",
        "--interactive",
        "--network",
        "none",
        "--entrypoint",
        "sh",
        &image,
        "-s",
        &rounds,
    ];
    let script = include_str!("theirs.sh");
    parse(&engine_says(&engine, &words, script).await?)
}

/// Runs the container engine; what it prints.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the benchmark that runs the container engine"
)]
async fn engine_says(engine: &str, words: &[&str], input: &str) -> Result<String> {
    let mut command = Command::new(engine);
    command
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().context("no container engine")?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = timeout(LIMIT, child.wait_with_output())
        .await
        .with_context(|| format!("no end after {} s", LIMIT.as_secs()))??;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{}",
            said.trim().lines().last().unwrap_or("it says nothing")
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse(printed: &str) -> Result<Theirs> {
    let mut theirs = Theirs::default();
    for line in printed.lines() {
        let (millis, kilobytes) = line
            .split_once(' ')
            .with_context(|| format!("not two numbers: `{line}`"))?;
        theirs.millis.push(millis.parse()?);
        theirs
            .megabytes
            .push(kilobytes.parse::<f64>()? * 1.024 / 1000.0);
    }
    ensure!(!theirs.millis.is_empty(), "nothing was measured");
    Ok(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_round() {
        let theirs = parse("2590 1000000\n2243 500000\n").unwrap();
        assert_eq!(
            theirs,
            Theirs {
                millis: vec![2590.0, 2243.0],
                megabytes: vec![1024.0, 512.0],
            }
        );
        assert!(parse("").is_err() && parse("x y").is_err());
    }
}
