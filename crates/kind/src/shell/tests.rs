//! The shell protocol against the machine's own `sh`.

use std::process::Stdio;

use super::*;
use stayput_program::{Call, Programs};

const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    output: 1 << 20,
};

async fn shell() -> Shell {
    let call = Call::new("sh", Vec::<String>::new());
    let child = Programs::default().spawn(&call, Stdio::piped()).unwrap();
    Shell::open(child, LIMITS).await.unwrap()
}

async fn check(script: &str) -> String {
    let output = shell().await.run(script, LIMITS).await.unwrap();
    format!(
        "{} | {} | {}",
        output.stdout_text(),
        output.stderr_text(),
        output.exit
    )
}

#[tokio::test]
async fn outputs_and_exit_code_come_apart() {
    insta::assert_snapshot!(check("printf out; printf err >&2; exit 3").await, @"out | err | 3");
}

#[tokio::test]
async fn quotes_and_dashes_and_comments_reach_the_script() {
    insta::assert_snapshot!(check(r#"printf '%s' "it's"; # done"#).await, @"it's |  | 0");
    assert!(check("-x").await.ends_with(" | 127"));
}

#[tokio::test]
async fn a_script_that_is_no_shell_ends_itself_only() {
    let mut shell = shell().await;
    let broken = shell.run("if then (", LIMITS).await.unwrap();
    assert!(!broken.exit.is_success() && !broken.stderr.is_empty());
    let next = shell.run("echo on", LIMITS).await.unwrap();
    assert_eq!(next.stdout_text(), "on\n");
}

#[tokio::test]
async fn nothing_is_left_of_a_script_for_the_next() {
    let mut shell = shell().await;
    let first = "cd /; X=1; set -eu; exec >/dev/null 2>&1; trap 'echo bye' EXIT; cat; false";
    assert_eq!(shell.run(first, LIMITS).await.unwrap().exit, ExitCode(1));
    let next = shell.run("echo \"${X-unset}\"", LIMITS).await.unwrap();
    assert_eq!(next.stdout_text(), "unset\n");
}

#[tokio::test]
async fn any_bytes_and_much_of_them() {
    let mut shell = shell().await;
    let script = "i=0; while [ $i -lt 256 ]; do printf \"\\\\$(printf %o $i)\"; i=$((i+1)); done";
    let bytes = shell.run(script, LIMITS).await.unwrap().stdout;
    assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    let large = shell
        .run("head -c 1000000 /dev/zero", LIMITS)
        .await
        .unwrap();
    assert_eq!(large.stdout.len(), 1_000_000);
}

#[tokio::test]
async fn a_script_larger_than_any_pipe() {
    let long = "x".repeat(300_000);
    let script = format!("v={long}; printf ${{#v}}");
    insta::assert_snapshot!(check(&script).await, @"300000 |  | 0");
}

#[tokio::test]
async fn too_much_and_too_long_are_failures() {
    let failed = shell().await.run("cat /dev/zero", LIMITS).await;
    assert_eq!(failed.unwrap_err(), ShellFailure::TooLarge);
    let short = Limits {
        time: Duration::from_millis(300),
        ..LIMITS
    };
    let mut shell = shell().await;
    let failed = shell.run("echo waiting; sleep 1000", short).await;
    shell.kill_here();
    assert_eq!(
        failed.unwrap_err(),
        ShellFailure::TimedOut("waiting".to_owned())
    );
}

#[tokio::test]
async fn a_shell_that_is_killed_is_lost() {
    let mut shell = shell().await;
    let failed = shell
        .run("echo the end is near >&2; kill -9 $$", LIMITS)
        .await;
    assert_eq!(
        failed.unwrap_err(),
        ShellFailure::Lost("the end is near".to_owned())
    );
    shell.ended().await;
}
