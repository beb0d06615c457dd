//! Connections to the pods, by port-forward.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api as KubeApi, api::Portforwarder};
use serde_json::Value;
use stayput_redis_probe::{Connection, Member, look};
use tokio::task::JoinSet;

use super::RedisState;
use crate::{
    api::Api,
    halt::Halt,
    object::{self, ObjectKey},
    session::Session,
    watch::World,
};

/// How long a pod may take to answer one question. A hung peer is an ailment,
/// not a reason to wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Open connections, by pod.
#[derive(Default)]
pub(crate) struct Links {
    open: BTreeMap<String, Link>,
    drivers: JoinSet<()>,
}

/// A connection to one run of one pod.
pub(crate) struct Link {
    uid: String,
    pub(crate) connection: Connection,
    /// Ends the forwarding when it is dropped.
    _forward: Forward,
}

/// A port-forward that ends with its owner.
struct Forward(Portforwarder);

impl Drop for Forward {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A pod of the set, as the watch last saw it.
#[derive(Debug, Clone)]
pub(crate) struct SetPod {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) address: String,
}

/// The pods of the set, by ordinal.
pub(crate) async fn pods(session: &Session, redis: &RedisState) -> Result<Vec<SetPod>, Halt> {
    session.watch("v1/Pod", Some(&redis.namespace)).await?;
    session
        .watch("apps/v1/StatefulSet", Some(&redis.namespace))
        .await?;
    let set = redis.set_key();
    let pods = session
        .watches
        .read(move |world| pods_of(world, &set))
        .await?;
    Ok(pods)
}

fn pods_of(world: &World, set: &ObjectKey) -> Vec<SetPod> {
    let uid = world.get(set).map(|set| object::uid(set).to_owned());
    let Some(uid) = uid else {
        return Vec::new();
    };
    let owned = world
        .of_kind("Pod")
        .filter(|pod| object::owned_by(pod, &uid));
    let mut pods: Vec<_> = owned.map(set_pod).collect();
    pods.sort_by_key(|pod| super::state::ordinal(&pod.name));
    pods
}

fn set_pod(pod: &Arc<Value>) -> SetPod {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    SetPod {
        name: text(&pod["metadata"]["name"]),
        uid: object::uid(pod).to_owned(),
        address: text(&pod["status"]["podIP"]),
    }
}

impl Links {
    /// Asks every pod at once what it sees.
    pub(crate) async fn look_at(
        &mut self,
        api: &Api,
        namespace: &str,
        port: u16,
        pods: &[SetPod],
    ) -> Vec<Member> {
        self.open.retain(|name, link| {
            pods.iter()
                .any(|pod| pod.name == *name && pod.uid == link.uid)
        });
        let looks = pods.iter().map(|pod| {
            let link = self.open.remove(&pod.name);
            async move {
                let (link, driver) = match link {
                    Some(link) => (Ok(link), None),
                    None => match open(api, namespace, port, pod).await {
                        Ok((link, driver)) => (Ok(link), Some(driver)),
                        Err(why) => (Err(why), None),
                    },
                };
                (pod, link, driver)
            }
        });
        let mut opened = Vec::new();
        for (pod, link, driver) in join_all(looks).await {
            if let Some(driver) = driver {
                self.drivers.spawn(driver);
            }
            opened.push((pod, link));
        }
        let looks = opened.into_iter().map(|(pod, link)| async move {
            match link {
                Ok(mut link) => {
                    let seen = look(&mut link.connection).await;
                    (pod, Some(link), seen.map_err(|error| error.to_string()))
                }
                Err(why) => (pod, None, Err(why)),
            }
        });
        let mut members = Vec::new();
        for (pod, link, seen) in join_all(looks).await {
            // A connection that failed once is not trusted again.
            if let Some(link) = link.filter(|_| seen.is_ok()) {
                self.open.insert(pod.name.clone(), link);
            }
            members.push(Member {
                pod: pod.name.clone(),
                address: pod.address.clone(),
                seen,
            });
        }
        // Drivers of closed connections have ended: forget them.
        while self.drivers.try_join_next().is_some() {}
        members
    }

    /// The open connection to a pod that answered the last look.
    pub(crate) fn connection(&mut self, pod: &str) -> Option<&mut Connection> {
        self.open.get_mut(pod).map(|link| &mut link.connection)
    }
}

type Driver = futures::future::BoxFuture<'static, ()>;

async fn open(
    api: &Api,
    namespace: &str,
    port: u16,
    pod: &SetPod,
) -> Result<(Link, Driver), String> {
    if pod.address.is_empty() {
        return Err("it has no address yet".to_owned());
    }
    let opening = async {
        let pods: KubeApi<Pod> = KubeApi::namespaced(api.client(), namespace);
        let mut forward = pods
            .portforward(&pod.name, &[port])
            .await
            .map_err(|error| format!("no port-forward: {error}"))?;
        let stream = forward
            .take_stream(port)
            .ok_or("the port-forward gave no stream")?;
        let forward = Forward(forward);
        let (connection, driver) = Connection::open(stream, ANSWER_WITHIN)
            .await
            .map_err(|error| error.to_string())?;
        let link = Link {
            uid: pod.uid.clone(),
            connection,
            _forward: forward,
        };
        Ok((link, Box::pin(driver) as Driver))
    };
    tokio::time::timeout(ANSWER_WITHIN, opening)
        .await
        .unwrap_or_else(|_| Err("it does not answer".to_owned()))
}
