//! The proof from the disks: while no pod runs, a helper pod on each volume's
//! node loads a copy of what is on it.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api as KubeApi, api::LogParams};
use serde_json::{Value, json};
use stayput_events::{Cost, Failure, Subject};
use stayput_redis_probe::{Baseline, volume};

use super::{RedisState, links};
use crate::{
    api::Grace,
    error::RunError,
    halt::Halt,
    object::{self, ObjectKey},
    session::Session,
    step::{Doomed, delete_all},
    watch::{Progress, World},
};

/// Where the helper sees the volume, read-only.
const DATA: &str = "/stayput-volume";

/// Proves for each pod of the baseline that its disk holds its data.
pub(crate) async fn prove(session: &Session, redis: &RedisState) -> Result<(), Halt> {
    let Some(baseline) = redis.baseline.clone() else {
        return Err(Halt::failed(
            "there is no baseline to compare the disks with",
        ));
    };
    let running = links::pods(session, redis).await?;
    if !running.is_empty() {
        let names: Vec<_> = running.iter().map(|pod| pod.name.as_str()).collect();
        return Err(Halt::failed(format!(
            "the disks prove nothing while pods run: {}",
            names.join(", ")
        )));
    }
    let from = session.now();
    let helpers = start(session, redis, &baseline).await?;
    let proof = read(session, redis, &helpers).await;
    let removed = delete_all(session, &helpers_doomed(redis, &helpers), Grace::Seconds(0)).await;
    session
        .events
        .spent(session.step, Cost::Proof, from, session.now());
    let proof = proof?;
    removed?;
    judge(session, redis, &baseline, &proof)
}

/// A helper pod for one pod's volume.
struct Helper {
    pod: String,
    name: String,
    uid: String,
}

async fn start(
    session: &Session,
    redis: &RedisState,
    baseline: &Baseline,
) -> Result<Vec<Helper>, Halt> {
    let starts = baseline.pods().map(|(pod, _)| async move {
        let at = volume_of(session, redis, pod).await?;
        let manifest = helper(redis, pod, &at);
        let answer = session.api.create(&manifest).await?;
        let helper = Helper {
            pod: pod.to_owned(),
            name: ObjectKey::of(&answer).name,
            uid: object::uid(&answer).to_owned(),
        };
        session.watches.wrote(answer).await?;
        Ok::<_, Halt>(helper)
    });
    try_join_all(starts).await
}

/// The claim that holds a pod's data.
fn claim_of(redis: &RedisState, pod: &str) -> String {
    format!("{}-{pod}", redis.claim)
}

/// Where a pod's volume is.
struct VolumePlace {
    node: String,
    path: String,
}

async fn volume_of(session: &Session, redis: &RedisState, pod: &str) -> Result<VolumePlace, Halt> {
    let claim = claim_of(redis, pod);
    let kind = session.api.kind("v1/PersistentVolumeClaim")?;
    let claimed = session
        .api
        .get(kind, Some(&redis.namespace), &claim)
        .await?;
    let volume = claimed.and_then(|it| it["spec"]["volumeName"].as_str().map(str::to_owned));
    let missing = |what: &str| Halt::failed(format!("{pod}: {what}"));
    let volume = volume.ok_or_else(|| missing(&format!("claim `{claim}` has no volume")))?;
    let kind = session.api.kind("v1/PersistentVolume")?;
    let volume = session.api.get(kind, None, &volume).await?;
    let volume = volume.ok_or_else(|| missing("its volume is gone"))?;
    let spec = &volume["spec"];
    let path = spec["local"]["path"]
        .as_str()
        .or(spec["hostPath"]["path"].as_str());
    let term = &spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
    let hostname = term["values"][0].as_str();
    let at = path.zip(hostname);
    let (path, hostname) =
        at.ok_or_else(|| missing("its volume is not a directory of one node"))?;
    Ok(VolumePlace {
        node: node_called(session, hostname).await?,
        path: path.to_owned(),
    })
}

/// The node whose hostname label is this: the two need not be the same.
async fn node_called(session: &Session, hostname: &str) -> Result<String, RunError> {
    let labels = format!("kubernetes.io/hostname={hostname}");
    let kind = session.api.kind("v1/Node")?;
    let nodes = session.api.list(kind, None, Some(&labels)).await?;
    let node = nodes.first().map(|node| ObjectKey::of(node).name);
    node.ok_or_else(|| RunError::UnknownNode {
        node: hostname.to_owned(),
        known: session.plan.nodes.join(", "),
    })
}

fn helper(redis: &RedisState, pod: &str, at: &VolumePlace) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": format!("stayput-proof-{pod}-"),
            "namespace": redis.namespace,
            "labels": {"app.kubernetes.io/managed-by": "stayput"},
        },
        "spec": {
            "restartPolicy": "Never",
            "nodeName": at.node,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "containers": [{
                "name": "proof",
                "image": redis.image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", volume::script(DATA)],
                "volumeMounts": [{"name": "volume", "mountPath": DATA, "readOnly": true}],
            }],
            "volumes": [{"name": "volume", "hostPath": {"path": at.path, "type": "Directory"}}],
        },
    })
}

fn helpers_doomed(redis: &RedisState, helpers: &[Helper]) -> Vec<Doomed> {
    let doomed = helpers.iter().map(|helper| Doomed {
        kind: "v1/Pod".to_owned(),
        key: ObjectKey::new("Pod", Some(&redis.namespace), &helper.name),
        uid: helper.uid.clone(),
    });
    doomed.collect()
}

/// What each helper printed, by the pod whose volume it read.
async fn read(
    session: &Session,
    redis: &RedisState,
    helpers: &[Helper],
) -> Result<BTreeMap<String, String>, Halt> {
    let reads = helpers.iter().map(|helper| async move {
        ended(session, redis, helper).await?;
        let pods: KubeApi<Pod> = KubeApi::namespaced(session.api.client(), &redis.namespace);
        let log = pods
            .logs(&helper.name, &LogParams::default())
            .await
            .map_err(RunError::api(format!("read the log of {}", helper.name)))?;
        Ok::<_, Halt>((helper.pod.clone(), log))
    });
    Ok(try_join_all(reads).await?.into_iter().collect())
}

/// Waits until a helper has run to its end; the time is the proof's.
async fn ended(session: &Session, redis: &RedisState, helper: &Helper) -> Result<(), Halt> {
    let key = ObjectKey::new("Pod", Some(&redis.namespace), &helper.name);
    let what = format!("the volume of {} is read", helper.pod);
    let condition = move |world: &World, _| {
        let phase = world
            .get(&key)
            .and_then(|pod| pod["status"]["phase"].as_str());
        match phase {
            Some("Succeeded" | "Failed") => Progress::Done(Ok(())),
            other => Progress::Wait {
                seen: format!("{key}: {}", other.unwrap_or("not there")),
                wake: None,
            },
        }
    };
    session.wait(&what, Cost::Proof, condition).await
}

fn judge(
    session: &Session,
    redis: &RedisState,
    baseline: &Baseline,
    proof: &BTreeMap<String, String>,
) -> Result<(), Halt> {
    let mut problems = Vec::new();
    for (pod, was) in baseline.pods() {
        let log = proof.get(pod).map_or("", String::as_str);
        match volume::parse(log) {
            Ok(on_disk) => {
                let differs = volume::compare(pod, was, &on_disk);
                problems.extend(differs.iter().map(ToString::to_string));
            }
            Err(error) => problems.push(format!("{pod}: {error}")),
        }
    }
    if problems.is_empty() {
        let count = proof.len();
        let claims = proof.keys().map(|pod| claim_of(redis, pod));
        let key = |claim: String| {
            ObjectKey::new("PersistentVolumeClaim", Some(&redis.namespace), &claim).to_string()
        };
        session.found_of(
            format!(
                "the disks of all {count} pods, replicas too, hold what the pods held: keys and digests"
            ),
            claims.map(|claim| Subject::Object(key(claim))).collect(),
        );
        return Ok(());
    }
    Err(Halt::Failed(Box::new(Failure {
        summary: format!("a disk does not hold what its pod held: {}", problems[0]),
        expected: "each volume, loaded alone, has the digest that its pod had".to_owned(),
        seen: problems.join("\n"),
        ..Failure::default()
    })))
}
