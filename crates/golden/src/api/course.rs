//! Plays one case: in a namespace of its own, and nothing is left of it.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::{Value, json};
use stayput_cluster::Cluster;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::case::{Case, Settle, Step, Until};
use super::kept;
use super::normal::{Managers, Normal};
use super::path::dig;
use super::talk::{Ask, Said, unescaped, watch};
use super::text::Texts;
use super::values::Values;

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long controllers are waited for.
const SETTLED: Duration = Duration::from_secs(20);
/// How often an object has to look the same to have settled.
const SAME: usize = 4;
/// Kinds that say which of their generations was seen to.
const OBSERVED: [&str; 5] = [
    "StatefulSet",
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "PodDisruptionBudget",
];
/// Subresources, whose answer 201 is no new object.
const NO_OBJECTS: [&str; 5] = ["binding", "eviction", "token", "status", "scale"];

/// Where a case is played.
#[derive(Clone)]
pub struct Stage {
    /// The cluster's API.
    pub client: Client,
    /// The name of its first node.
    pub node: String,
}

impl Stage {
    /// A cluster's API.
    pub fn of(cluster: &dyn Cluster) -> Self {
        let first = cluster.nodes().iter().next();
        Self {
            client: cluster.client(),
            node: first.map(|node| node.name.to_string()).unwrap_or_default(),
        }
    }
}

/// A case that is being played.
pub(super) struct Course<'c> {
    client: Client,
    case: &'c Case,
    values: Values,
    normal: Normal,
    namespace: String,
    /// Whether a path is of a kind that is served: nothing is waited for in others.
    served: &'c (dyn Fn(&str) -> bool + Sync),
    watches: BTreeMap<&'c str, Running>,
    tasks: JoinSet<()>,
    created: Vec<String>,
}

/// A watch that runs while requests are sent.
struct Running {
    ask: Ask,
    said: oneshot::Receiver<Result<Said, String>>,
}

impl<'c> Course<'c> {
    /// A case with this text.
    pub(super) fn new(
        stage: &Stage,
        case: &'c Case,
        text: &str,
        run: &str,
        served: &'c (dyn Fn(&str) -> bool + Sync),
    ) -> Self {
        let namespace = format!("g-{run}");
        let names = BTreeMap::from([
            ("run", run.to_owned()),
            ("ns", namespace.clone()),
            ("node", stage.node.clone()),
            ("c", format!("/api/v1/namespaces/{namespace}")),
            ("a", format!("/apis/apps/v1/namespaces/{namespace}")),
        ]);
        let managers = if case.managed_fields {
            Managers::Kept
        } else {
            Managers::Dropped
        };
        Self {
            client: stage.client.clone(),
            case,
            values: Values::new(names),
            normal: Normal::new(Texts::new(text, run, &stage.node), managers),
            namespace,
            served,
            watches: BTreeMap::new(),
            tasks: JoinSet::new(),
            created: Vec::new(),
        }
    }

    /// Plays it; every answer that is compared, in order.
    pub(super) async fn play(mut self) -> Result<Vec<Answer>, String> {
        if self.case.namespace {
            self.make_namespace().await?;
        }
        let mut answers = Vec::new();
        let case = self.case;
        for step in &case.requests {
            let answer = match self.step(step).await {
                Ok(answer) => answer,
                Err(why) => Some(Answer {
                    name: step.name.clone(),
                    request: step.request.clone().unwrap_or_default(),
                    said: json!({"error": why}),
                }),
            };
            answers.extend(answer);
        }
        self.clean_up().await;
        Ok(answers)
    }

    async fn step(&mut self, step: &'c Step) -> Result<Option<Answer>, String> {
        if let Some(seconds) = step.sleep {
            let never = std::future::pending::<()>();
            let _over = tokio::time::timeout(Duration::from_secs_f64(seconds), never).await;
            return Ok(None);
        }
        if let Some(name) = &step.collect {
            let running = self.watches.remove(name.as_str());
            let running = running.ok_or_else(|| format!("there is no watch `{name}`"))?;
            let said = running.said.await;
            let said = said.map_err(|_| "the watch is gone".to_owned())??;
            return self.finish(step, &running.ask, &said).map(Some);
        }
        let ask = self.ask(step)?;
        if let Some(window) = step.watch {
            let answer = ask.open(&self.client).await?;
            if window.background {
                let (done, said) = oneshot::channel();
                self.tasks.spawn(async move {
                    let _nobody = done.send(watch(answer, window).await);
                });
                self.watches.insert(&step.name, Running { ask, said });
                return Ok(None);
            }
            let said = watch(answer, window).await?;
            return self.finish(step, &ask, &said).map(Some);
        }
        let said = self.answer(step, &ask).await?;
        self.note_created(&ask, &said);
        self.values.remember(&step.name, &said.body);
        if said.status < 300 {
            self.settle(step, &ask, &said.body).await;
        }
        if step.record {
            self.finish(step, &ask, &said).map(Some)
        } else {
            Ok(None)
        }
    }

    fn ask(&self, step: &Step) -> Result<Ask, String> {
        let request = step.request.as_deref().unwrap_or_default();
        let (method, path) = request
            .split_once(' ')
            .ok_or_else(|| format!("`{}` has no request", step.name))?;
        let method = method.parse::<Method>().map_err(|it| it.to_string())?;
        let mut ask = Ask::plain(method, self.values.fill(path)?);
        if let Some(body) = &step.body {
            let media_type = step.patch.map_or("application/json", |it| it.media_type());
            ask = ask.with_body(media_type, self.values.body(body)?);
        }
        Ok(ask.with_headers(step))
    }

    /// The answer, or the first that is as it is waited for; the last one after all
    /// patience.
    async fn answer(&self, step: &Step, ask: &Ask) -> Result<Said, String> {
        let mut last = ask.send(&self.client).await?;
        let Some(until) = step.until.as_ref().filter(|_| (self.served)(&ask.path)) else {
            return Ok(last);
        };
        let waiting = async {
            let mut looks = tokio::time::interval(LOOK);
            while !until.is_met(&last) {
                looks.tick().await;
                last = ask.send(&self.client).await?;
            }
            Ok::<(), String>(())
        };
        if let Ok(failed) = tokio::time::timeout(PATIENCE, waiting).await {
            failed?;
        }
        Ok(last)
    }

    fn note_created(&mut self, ask: &Ask, said: &Said) {
        if said.status != 201 || ask.path.contains("dryRun") {
            return;
        }
        let path = ask.path.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let Some(name) = said.body["metadata"]["name"].as_str() else {
            return;
        };
        if !NO_OBJECTS.contains(&last) {
            self.created.push(match ask.method {
                Method::POST => format!("{path}/{name}"),
                _ => path.to_owned(),
            });
        }
    }

    /// Waits until no controller writes the object any more.
    async fn settle(&self, step: &Step, ask: &Ask, body: &Value) {
        let written = ask.path.split('?').next().unwrap_or_default();
        let path = match &step.settle {
            None | Some(Settle::Written(false)) => return,
            Some(Settle::At(path)) => match self.values.fill(path) {
                Ok(path) => path,
                Err(_) => return,
            },
            Some(Settle::Written(true)) if ask.method == Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                format!("{written}/{name}")
            }
            Some(Settle::Written(true)) => written.to_owned(),
        };
        let get = Ask::plain(Method::GET, path);
        let waiting = async {
            let mut looks = tokio::time::interval(LOOK);
            let (mut same, mut last) = (0, None);
            while same < SAME {
                looks.tick().await;
                let Ok(said) = get.send(&self.client).await else {
                    return;
                };
                let version = said.body["metadata"]["resourceVersion"].clone();
                let still = last.replace(version.clone()) == Some(version);
                same = if still && is_seen_to(&said) {
                    same + 1
                } else {
                    0
                };
            }
        };
        // One that never rests is compared as it is then.
        let _rest = tokio::time::timeout(SETTLED, waiting).await;
    }

    fn finish(&mut self, step: &Step, ask: &Ask, said: &Said) -> Result<Answer, String> {
        if let Some((events, _)) = &said.watched
            && let Some(last) = events.last()
        {
            self.values.remember(&step.name, &last["object"]);
        }
        let said = kept::compared(step, said.to_value(), &mut self.normal)?;
        let path = self.normal.texts.plain(&unescaped(&ask.path));
        Ok(Answer {
            name: step.name.clone(),
            request: format!("{} {}", ask.method, kept::request(&path)),
            said,
        })
    }

    async fn make_namespace(&self) -> Result<(), String> {
        let body = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": self.namespace, "labels": {"golden": "api"}}});
        let ask = Ask::plain(Method::POST, "/api/v1/namespaces".to_owned());
        let ask = ask.with_body("application/json", body.to_string());
        let said = ask.send(&self.client).await?;
        if said.status != 201 {
            return Err(format!("the namespace was not made: {}", said.body));
        }
        // Each answer 200: what every namespace gets is there.
        for path in ["serviceaccounts/default", "configmaps/kube-root-ca.crt"] {
            let path = format!("/api/v1/namespaces/{}/{path}", self.namespace);
            let get = Ask::plain(Method::GET, path);
            let there = async {
                let mut looks = tokio::time::interval(LOOK);
                loop {
                    looks.tick().await;
                    if get.send(&self.client).await?.status == 200 {
                        return Ok::<(), String>(());
                    }
                }
            };
            let there = tokio::time::timeout(PATIENCE, there).await;
            there.map_err(|_| format!("`{}` was not made by itself", get.path))??;
        }
        Ok(())
    }

    /// Removes what was made; what is gone already is no mistake.
    async fn clean_up(&mut self) {
        self.tasks.shutdown().await;
        for path in self.created.iter().rev() {
            remove(&self.client, path).await;
        }
        if self.case.namespace {
            let path = format!("/api/v1/namespaces/{}", self.namespace);
            let _gone = Ask::plain(Method::DELETE, path).send(&self.client).await;
        }
    }
}

async fn remove(client: &Client, path: &str) {
    let get = Ask::plain(Method::GET, path.to_owned());
    let Ok(Said {
        status: 200, body, ..
    }) = get.send(client).await
    else {
        return;
    };
    let volume = body["kind"]
        .as_str()
        .is_some_and(|it| it.starts_with("PersistentVolume"));
    if !volume && body["metadata"]["finalizers"].is_array() {
        let free = json!({"metadata": {"finalizers": null}}).to_string();
        let freed = Ask::plain(Method::PATCH, path.to_owned());
        let freed = freed.with_body("application/merge-patch+json", free);
        let _free = freed.send(client).await;
    }
    let path = format!("{path}?gracePeriodSeconds=0&propagationPolicy=Background");
    let _gone = Ask::plain(Method::DELETE, path).send(client).await;
}

/// Whether its controller has seen an object's last change.
fn is_seen_to(said: &Said) -> bool {
    let (metadata, status) = (&said.body["metadata"], &said.body["status"]);
    let kind = said.body["kind"].as_str().unwrap_or_default();
    if said.status != 200 {
        return true;
    }
    if kind == "PersistentVolume" && status["phase"] == "Pending" {
        return false;
    }
    let observed = status["observedGeneration"].as_i64().unwrap_or(0);
    !OBSERVED.contains(&kind) || observed >= metadata["generation"].as_i64().unwrap_or(0)
}

impl Until {
    fn is_met(&self, said: &Said) -> bool {
        if self.status == Some(said.status) {
            return true;
        }
        let Some(path) = self.path.as_ref().filter(|_| said.body.is_object()) else {
            return false;
        };
        let found = dig(&said.body, path);
        self.equals.as_ref().is_some_and(|it| found == Some(it))
            || self.present.is_some_and(|it| found.is_some() == it)
    }
}
