//! Begins a play: finds out what is there before anything is touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::try_join_all;
use serde_json::{Map, Value, json};
use stayput_events::StepId;
use stayput_expr::Scope;
use stayput_scenario::plan::{Action, Deletion, Manifest, Step};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    api::{self, Api, Kind, Revision, WatchScope},
    disk::{self, DisksBefore},
    error::RunError,
    faults::Faults,
    halt::Halt,
    leak::Before,
    lookout::Open,
    play::Run,
    redis::{Links, RedisState},
    session::{self, Intent, Session},
    watch::{Beginning, Watched, Watcher, Watches},
};

/// A play that has begun.
pub(crate) struct Started {
    pub(crate) session: Session,
    /// The objects of the cluster before it.
    pub(crate) before: Arc<Before>,
    /// What the watches see.
    pub(crate) reports: mpsc::UnboundedReceiver<Watched>,
    /// The owner of the world, until a play ends with nobody to go on with it.
    pub(crate) owner: JoinSet<()>,
    /// What else goes on for as long as the play.
    pub(crate) tasks: JoinSet<()>,
}

/// Opens the watches, and takes down objects and disks as they are.
pub(crate) async fn start(run: &Run) -> Result<Started, Halt> {
    let (reports_sender, reports) = mpsc::unbounded_channel();
    let left = run.lookout.take();
    let goes_on = left.is_some();
    let Open {
        api,
        watches,
        owner,
        until,
    } = match left {
        Some(left) => left,
        None => open(run, reports_sender.clone()).await?,
    };
    let mut session = session(run, api, watches)?;
    let early = early(&session);
    if goes_on {
        session.watches.begin(Beginning {
            clock: session.clock(),
            reports: reports_sender,
            scopes: early.iter().map(Early::scope).collect(),
        })?;
    }
    let (disks, ()) = futures::try_join!(disk::before(&session), async {
        Ok(watch_from(until, &session, &early).await?)
    })?;
    session.disks = disks;
    session.begun = session.now();
    let before = Before::at(until, session.api.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&before).keep(session.clock()));
    Ok(Started {
        session,
        before,
        reports,
        owner,
        tasks,
    })
}

/// A session in which nothing has been done yet.
fn session(run: &Run, api: Api, watches: Watches) -> Result<Session, RunError> {
    let mut session = Session {
        plan: Arc::clone(&run.plan),
        settings: run.settings.clone(),
        cluster: Arc::clone(&run.cluster),
        api,
        watches,
        events: run.events.clone(),
        step: StepId(0),
        shows: Vec::new(),
        within: Duration::from_mins(1),
        intent: Intent::Play,
        constants: constants(run),
        saved: Map::new(),
        pods_saved: BTreeMap::new(),
        made_objects: Vec::new(),
        made_directories: BTreeSet::new(),
        made_tops: BTreeSet::new(),
        listed_directories: BTreeSet::new(),
        namespaces: BTreeSet::new(),
        disks: DisksBefore::default(),
        failed: false,
        begun: run.events.clock().now(),
        faults: Faults::default(),
        kubeconfig: None,
        redis: None,
        redis_notes: Vec::new(),
        branches: Vec::new(),
    };
    session.redis = redis_state(&session)?;
    Ok(session)
}

/// Learns what the cluster serves; nothing is watched yet.
async fn open(run: &Run, reports: mpsc::UnboundedSender<Watched>) -> Result<Open, Halt> {
    let client = run.cluster.client();
    let (api, until) =
        futures::try_join!(Api::discover(client.clone()), api::newest_revision(&client))?;
    let (world, watches) = Watcher::new(api.clone(), run.events.clock(), reports);
    let mut owner = JoinSet::new();
    owner.spawn(world.run());
    Ok(Open {
        api,
        watches,
        owner,
        until,
    })
}

/// The scenario's values and the real names of its nodes.
pub(crate) fn constants(run: &Run) -> Scope {
    let names = run.cluster.nodes().iter().filter_map(|node| {
        let scenario = node.scenario_name.clone()?;
        Some((scenario, json!(node.name.as_str())))
    });
    Scope::new()
        .with("nodes", Value::Object(names.collect()))
        .with("values", run.plan.values.clone())
        .with("cluster", cluster(run))
}

/// What conditions may ask of the cluster.
fn cluster(run: &Run) -> Value {
    let facts = run.cluster.facts();
    let version = facts.kubernetes.trim_start_matches('v');
    let minor = version.split('.').nth(1).and_then(|it| {
        let digits = it.find(|c: char| !c.is_ascii_digit()).unwrap_or(it.len());
        it[..digits].parse::<u32>().ok()
    });
    json!({"provider": facts.provider, "kubernetes": version, "minor": minor})
}

fn redis_state(session: &Session) -> Result<Option<RedisState>, RunError> {
    let Some(target) = &session.plan.redis else {
        return Ok(None);
    };
    let (namespace, set) = session::name(&target.statefulset, &session.scope())?;
    Ok(Some(RedisState {
        namespace: namespace.unwrap_or_else(|| "default".to_owned()),
        set,
        port: target.port,
        node_timeout: target.node_timeout,
        image: target.image.clone(),
        claim: target.claim.clone(),
        links: Links::default(),
        shape: None,
        baseline: None,
        ledger: None,
        restarted: BTreeSet::new(),
    }))
}

/// What is watched from before the first step: what failures are explained with,
/// what is judged by its history, and what the manifests make: what was seen to
/// come and to go need not be looked for at the end.
fn early(session: &Session) -> Vec<Early<'_>> {
    let mut scopes = BTreeSet::from([
        ("v1/Node".to_owned(), None),
        ("v1/PersistentVolume".to_owned(), None),
        ("v1/Event".to_owned(), Some("default".to_owned())),
        // Nothing is asked of them, but they are written all the time.
        ("coordination.k8s.io/v1/Lease".to_owned(), None),
    ]);
    for (kind, namespace) in named(session) {
        if let Some(namespace) = &namespace {
            scopes.extend(OF_A_WORKLOAD.map(|it| (it.to_owned(), Some(namespace.clone()))));
        }
        scopes.insert((kind, namespace));
    }
    let served = scopes.into_iter().filter_map(|(kind, namespace)| {
        let kind = session.api.kind(&kind).ok()?;
        Some(Early { kind, namespace })
    });
    served.collect()
}

/// A kind that is watched from before the first step.
struct Early<'a> {
    kind: &'a Kind,
    namespace: Option<String>,
}

impl Early<'_> {
    fn scope(&self) -> WatchScope {
        self.kind.watch_scope(self.namespace.as_deref())
    }
}

/// Opens the watches; what is watched already goes on.
async fn watch_from(
    revision: Revision,
    session: &Session,
    early: &[Early<'_>],
) -> Result<(), RunError> {
    let watches = early.iter().map(|it| {
        let watches = &session.watches;
        watches.watch_from(revision, it.kind, it.namespace.as_deref())
    });
    try_join_all(watches).await?;
    Ok(())
}

/// What is watched in every namespace.
const OF_A_WORKLOAD: [&str; 4] = [
    "v1/Pod",
    "v1/PersistentVolumeClaim",
    "v1/Event",
    "apps/v1/StatefulSet",
];

/// The kinds that the manifests name outright, with the namespaces that they go to.
fn named(session: &Session) -> BTreeSet<(String, Option<String>)> {
    let plan = &session.plan;
    let acts = plan.controls.iter().flat_map(|control| &control.acts);
    let acts = acts.flat_map(|act| act.body.iter());
    let steps = plan.steps.iter().chain(acts);
    let scope = |manifest: &Manifest| {
        let object = manifest.object.source().clone();
        // A kind that is not served yet is made by the scenario.
        let object = session
            .api
            .placed(object, manifest.namespace.as_deref())
            .ok()?;
        let kind = &session.api.kind_of(&object).ok()?.resource;
        let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
        let is_known = !namespace.as_deref().is_some_and(|it| it.contains("${{"));
        is_known.then(|| (format!("{}/{}", kind.api_version, kind.kind), namespace))
    };
    steps.flat_map(manifests).filter_map(scope).collect()
}

fn manifests(step: &Step) -> Vec<&Manifest> {
    fn of_action(action: &Action) -> Vec<&Manifest> {
        match action {
            Action::Apply(manifests)
            | Action::Create(manifests)
            | Action::Delete {
                what: Deletion::Manifests(manifests),
                ..
            } => manifests.iter().collect(),
            Action::Parallel(steps) => steps.iter().flat_map(manifests).collect(),
            _ => Vec::new(),
        }
    }
    step.body.iter().flat_map(of_action).collect()
}
