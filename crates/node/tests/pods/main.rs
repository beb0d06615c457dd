//! Real pods on real nodes, under an API in memory. Where the machine forbids namespaces
//! or has no redis-server, the tests are reported as ignored, with the reason.
#![expect(
    clippy::unwrap_used,
    reason = "a test without libtest: clippy does not see that it is one"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test measures with the real clock"
)]

mod api;
mod lab;
mod stories;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use stayput_node::images::{Images, built_in};
use stayput_node::programs::{Download, Finder};
use stayput_sandbox::{FabricSpec, Inside, Launch, Lifeline};

stayput_sandbox::before_main!("pods", inside);

fn main() {
    let arguments = Arguments::from_args();
    let directory = tempfile::tempdir().unwrap();
    let forbidden = stayput_sandbox::preflight(directory.path().join("stage"))
        .err()
        .map(|error| error.to_string());
    let found = images();
    let absent = found.as_ref().err().cloned();
    let trials = stories::ALL.iter().map(|(name, needs_redis)| {
        let reason = forbidden
            .clone()
            .or_else(|| absent.clone().filter(|_| *needs_redis));
        let label = reason
            .as_ref()
            .map_or((*name).to_owned(), |reason| format!("{name} ({reason})"));
        let images = found.clone().unwrap_or_default();
        Trial::test(label, move || run(name, &images)).with_ignored_flag(reason.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn images() -> Result<Images, String> {
    let path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let cache = std::env::var_os("STAYPUT_TEST_CACHE")
        .map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    let finder = Finder {
        path,
        cache,
        download: Download::Allowed,
    };
    finder
        .images(built_in(), &["redis-server", "redis-cli"])
        .map_err(|error| error.to_string())
}

fn run(name: &str, images: &Images) -> Result<(), Failed> {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch {
        entry: "pods",
        arguments: serde_json::to_vec(&(name, directory.path(), images)).unwrap(),
        listeners: Vec::new(),
        fabric: FabricSpec::default(),
        stage: directory.path().join("stage"),
        remove: vec![directory.path().join("disks")],
        lifeline: Lifeline::Launcher,
        errors: None,
    };
    let mut launched = launch.start()?;
    let mut said = String::new();
    launched.control.read_to_string(&mut said).unwrap();
    let Some(notes) = said.strip_suffix("ok") else {
        return Err(said.into());
    };
    if !notes.is_empty() {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{name}: {notes}");
    }
    Ok(())
}

/// The cluster's process of these tests.
fn inside(inside: Inside) -> i32 {
    let Inside {
        arguments,
        mut control,
        sandbox,
        ..
    } = inside;
    let (name, directory, images): (String, PathBuf, Images) =
        serde_json::from_slice(&arguments).unwrap();
    let complaint = control.try_clone().unwrap();
    std::panic::set_hook(Box::new(move |panic| {
        let _ = write!(&complaint, "{panic}");
        // Another thread's panic must end the story, too.
        std::process::exit(101);
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let notes = runtime.block_on(play(&name, &directory, images, sandbox));
    write!(control, "{notes}ok").unwrap();
    0
}

async fn play(
    name: &str,
    directory: &Path,
    images: Images,
    sandbox: stayput_sandbox::Connection,
) -> String {
    let (sandbox, owner) = sandbox.open().unwrap();
    let (client, api) = api::start();
    let lab = lab::Lab::new(client, sandbox, directory, images);
    let limit = std::time::Duration::from_secs(100);
    tokio::select! {
        () = owner => panic!("the zygote is gone"),
        () = api => panic!("the API is gone"),
        notes = tokio::time::timeout(limit, stories::play(name, lab)) => {
            notes.unwrap_or_else(|_| panic!("{name} took too long"))
        }
    }
}
