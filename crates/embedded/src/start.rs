//! The launcher's side of a cluster's begin.
//!
//! Invariants:
//! - Programs are found before the namespaces are entered: inside there is no network.
//! - A begin that fails leaves nothing.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use camino::Utf8Path;
use stayput_cluster::{ClusterError, NodeMap};
use stayput_node::images::Images;
use stayput_sandbox::{FabricSpec, Launch, Launched, Lifeline};
use tokio::task::spawn_blocking;

use crate::answer::Answer;
use crate::home::{Home, sweep};
use crate::inside::{Blueprint, ENTRY};
use crate::nodes::{self, MOST, planned};
use crate::options::Spoken;
use crate::running::{Cluster, Parts};
use crate::{Lifetime, Options, programs};

/// Tries whether this machine allows what a cluster is made of, by making it.
pub fn preflight(state: &Utf8Path) -> Result<(), ClusterError> {
    let (home, _held) = Home::make(state, None)?;
    let tried = stayput_sandbox::preflight(home.stage().into());
    home.remove()?;
    tried.map_err(|error| explain(error, &home))
}

impl Cluster {
    /// Starts a cluster; returns when it takes pods.
    pub async fn start(options: Options) -> Result<Self, ClusterError> {
        let spoken = options.spoken()?;
        let workers = options.workers.max(options.scenario_nodes.len());
        if workers > MOST {
            return Err(ClusterError::Machine {
                what: format!("an embedded cluster cannot have {workers} workers"),
                cure: format!("ask for at most {MOST}"),
                source: None,
            });
        }
        let asked = options.clone();
        let launched = spawn_blocking(move || launch(&asked, spoken, workers));
        let begun = launched
            .await
            .map_err(|panic| ClusterError::CreateFailed {
                name: options.name.clone().unwrap_or_default(),
                said: panic.to_string(),
            })??;
        let (usable, others) = nodes::sorted(&planned(&begun.home.name, workers));
        let nodes = NodeMap::assign(&options.scenario_nodes, usable, others)?;
        let versions = programs::versions(&begun.images, &options.images);
        let parts = Parts {
            home: begun.home,
            held: begun.held,
            launched: begun.launched,
            lifetime: options.lifetime,
        };
        Self::connect(parts, nodes, versions).await
    }
}

/// A cluster that has begun.
struct Begun {
    home: Home,
    held: File,
    launched: Launched,
    images: Images,
}

fn launch(options: &Options, spoken: Spoken, workers: usize) -> Result<Begun, ClusterError> {
    let places = &options.places;
    let state = std::path::absolute(&places.state)
        .ok()
        .and_then(|path| camino::Utf8PathBuf::from_path_buf(path).ok())
        .unwrap_or_else(|| places.state.clone());
    for name in sweep(&state) {
        let line = format!("removed what was left of `{name}`");
        options.progress.tell(&line);
    }
    let images = programs::find(options)?;
    let (home, held) = Home::make(&state, options.name.as_deref())?;
    let blueprint = Blueprint {
        name: home.name.clone(),
        state,
        workers,
        minor: spoken.minor,
        release: spoken.release,
        images: images.clone(),
        seed: RandomState::new().hash_one(0_u8),
    };
    match enter(&home, &blueprint, options.lifetime) {
        Ok(launched) => Ok(Begun {
            home,
            held,
            launched,
            images,
        }),
        Err(error) => {
            home.remove()?;
            Err(error)
        }
    }
}

fn enter(home: &Home, blueprint: &Blueprint, lifetime: Lifetime) -> Result<Launched, ClusterError> {
    let failed = |said: String| ClusterError::CreateFailed {
        name: home.name.clone(),
        said,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(|error| failed(format!("no port on loopback: {error}")))?;
    let arguments = serde_json::to_vec(blueprint).map_err(|error| failed(error.to_string()))?;
    describe(home, blueprint)?;
    // What outlives this program must not hold its standard error open.
    let errors = crate::inside::private(home.errors().as_std_path())
        .map_err(crate::home::failed("create", &home.errors()))?;
    let launch = Launch {
        entry: ENTRY,
        arguments,
        listeners: vec![listener],
        fabric: FabricSpec::default(),
        stage: home.stage().into(),
        remove: vec![home.directory.clone().into()],
        lifeline: match lifetime {
            Lifetime::Program => Lifeline::Launcher,
            Lifetime::Own => Lifeline::Own,
        },
        errors: Some(errors),
    };
    let launched = launch.start().map_err(|error| explain(error, home))?;
    match Answer::read(&launched.control) {
        Ok(Answer::Ready) => Ok(launched),
        Ok(Answer::Failed(said)) => Err(failed(said)),
        Err(_) => Err(failed(last_words(home))),
    }
}

/// Writes what the cluster is, for whoever lists it.
fn describe(home: &Home, blueprint: &Blueprint) -> Result<(), ClusterError> {
    let described = crate::clusters::Description {
        nodes: blueprint.workers + 1,
        kubernetes: format!("v{}", blueprint.release),
    };
    let path = home.description();
    let text = serde_json::to_vec(&described).unwrap_or_default();
    std::fs::write(&path, text).map_err(crate::home::failed("write", &path))
}

/// What the cluster's process logged last.
fn last_words(home: &Home) -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let log = read(home.log()) + &read(home.errors());
    let last = log.lines().rev().take(3).collect::<Vec<_>>();
    if last.is_empty() {
        return "it ended without a word".to_owned();
    }
    last.into_iter().rev().collect::<Vec<_>>().join("; ")
}

fn explain(error: stayput_sandbox::Error, home: &Home) -> ClusterError {
    let what = error.to_string();
    match error {
        stayput_sandbox::Error::Forbidden { remedy, source, .. } => ClusterError::Machine {
            what: format!("this machine forbids the embedded cluster: {what}"),
            cure: format!("{remedy}; or play it on another kind of cluster with `--cluster kind`"),
            source: Some(source),
        },
        stayput_sandbox::Error::Start(source) => ClusterError::Spawn {
            command: "/proc/self/exe".to_owned(),
            source,
        },
        stayput_sandbox::Error::Ended { .. }
        | stayput_sandbox::Error::Failed(_)
        | stayput_sandbox::Error::Gone
        | stayput_sandbox::Error::Wire(_) => ClusterError::CreateFailed {
            name: home.name.clone(),
            said: what,
        },
    }
}
