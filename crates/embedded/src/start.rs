//! The launcher's side of a cluster's begin.
//!
//! Invariants:
//! - Programs are found before the namespaces are entered: inside there is no network.
//! - A begin that fails leaves nothing.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use camino::{Utf8Path, Utf8PathBuf};
use stayput_cluster::{ClusterError, NodeMap, Origin};
use stayput_sandbox::{FabricSpec, Launch, Launched, Lifeline};
use tokio::task::spawn_blocking;

use crate::answer::Answer;
use crate::home::{Description, Home, failed, sweep};
use crate::inside::{Blueprint, ENTRY};
use crate::kept::{self, Recipe};
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
        let order = apart(&options, move || prepare(&asked, spoken, workers)).await?;
        let versions = programs::versions(&order.recipe.images, &options.images);
        let kept = Box::pin(take_kept(&options, &order)).await?;
        let (parts, origin) = if let Some(parts) = kept {
            (parts, Origin::Reused)
        } else {
            let asked = options.clone();
            let launched = apart(&options, move || launch(&asked, order)).await?;
            (launched, Origin::Created)
        };
        let (usable, others) = nodes::sorted(&planned(&parts.home.name, workers));
        let nodes = NodeMap::assign(&options.scenario_nodes, usable, others)?;
        Self::connect(parts, nodes, versions, origin).await
    }
}

/// Does what blocks where it holds nobody up.
async fn apart<T: Send + 'static>(
    options: &Options,
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    let done = spawn_blocking(work).await;
    done.map_err(|panic| ClusterError::CreateFailed {
        name: options.name.clone().unwrap_or_default(),
        said: panic.to_string(),
    })?
}

/// What is settled before a cluster begins.
struct Order {
    state: Utf8PathBuf,
    minor: u32,
    recipe: Recipe,
}

fn prepare(options: &Options, spoken: Spoken, workers: usize) -> Result<Order, ClusterError> {
    let places = &options.places;
    let state = std::path::absolute(&places.state)
        .ok()
        .and_then(|path| Utf8PathBuf::from_path_buf(path).ok())
        .unwrap_or_else(|| places.state.clone());
    for name in sweep(&state) {
        let line = format!("removed what was left of `{name}`");
        options.progress.tell(&line);
    }
    let recipe = Recipe {
        workers,
        release: spoken.release,
        images: programs::find(options)?,
        build: Recipe::this_build(),
    };
    Ok(Order {
        state,
        minor: spoken.minor,
        recipe,
    })
}

/// A kept cluster that fits, where one is wanted.
async fn take_kept(options: &Options, order: &Order) -> Result<Option<Parts>, ClusterError> {
    match (options.lifetime, &options.name) {
        (Lifetime::Kept, None) => {}
        // Who asks for a name asks for a new one.
        (Lifetime::Kept, Some(_)) | (Lifetime::Program | Lifetime::Own, _) => return Ok(None),
    }
    let taken = kept::take(&order.state, &order.recipe, &options.progress).await?;
    Ok(taken.map(|taken| Parts {
        home: taken.home,
        held: taken.held,
        _using: taken.using,
        launched: None,
        lifetime: options.lifetime,
    }))
}

fn launch(options: &Options, order: Order) -> Result<Parts, ClusterError> {
    let (home, held) = Home::make(&order.state, options.name.as_deref())?;
    let using = home.take().map_err(failed("lock", &home.directory))?;
    let using = using.ok_or_else(|| ClusterError::InUse {
        name: home.name.clone(),
    })?;
    let lifetime = options.lifetime;
    match enter(&home, order, lifetime) {
        Ok(launched) => Ok(Parts {
            home,
            held,
            _using: using,
            launched: Some(launched),
            lifetime,
        }),
        Err(error) => {
            home.remove()?;
            Err(error)
        }
    }
}

fn enter(home: &Home, order: Order, lifetime: Lifetime) -> Result<Launched, ClusterError> {
    let broken = |said: String| ClusterError::CreateFailed {
        name: home.name.clone(),
        said,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(|error| broken(format!("no port on loopback: {error}")))?;
    describe(home, &order.recipe, lifetime)?;
    let blueprint = Blueprint {
        name: home.name.clone(),
        state: order.state,
        workers: order.recipe.workers,
        minor: order.minor,
        release: order.recipe.release,
        images: order.recipe.images,
        seed: RandomState::new().hash_one(0_u8),
    };
    let arguments = serde_json::to_vec(&blueprint).map_err(|error| broken(error.to_string()))?;
    // What outlives this program must not hold its standard error open.
    let errors = crate::inside::private(home.errors().as_std_path())
        .map_err(failed("create", &home.errors()))?;
    let launch = Launch {
        entry: ENTRY,
        arguments,
        listeners: vec![listener],
        fabric: FabricSpec::default(),
        stage: home.stage().into(),
        remove: vec![home.directory.clone().into()],
        lifeline: match lifetime {
            Lifetime::Program => Lifeline::Launcher,
            Lifetime::Own | Lifetime::Kept => Lifeline::Own,
        },
        errors: Some(errors),
    };
    let launched = launch.start().map_err(|error| explain(error, home))?;
    match Answer::read(&launched.control) {
        Ok(Answer::Ready) => Ok(launched),
        Ok(Answer::Failed(said)) => Err(broken(said)),
        Err(_) => Err(broken(last_words(home))),
    }
}

/// Writes what the cluster is, for whoever lists it.
fn describe(home: &Home, recipe: &Recipe, lifetime: Lifetime) -> Result<(), ClusterError> {
    let described = Description {
        nodes: recipe.workers + 1,
        kubernetes: format!("v{}", recipe.release),
        kept: (lifetime == Lifetime::Kept).then(|| recipe.clone()),
    };
    let path = home.description();
    let text = serde_json::to_vec(&described).unwrap_or_default();
    std::fs::write(&path, text).map_err(failed("write", &path))
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
