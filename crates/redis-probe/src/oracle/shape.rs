//! Which pods are masters and replicas, and whether a shard's data is equal.

use super::{Ailment, Digests, Expected, Known, Own, Roles, sight::list};
use crate::{Baseline, Digest, PodBaseline, Role};

/// Judges all shards, by what each pod says of itself.
pub(super) fn judge(
    own: &[Own<'_>],
    known: &Known<'_>,
    expected: &Expected<'_>,
    ailments: &mut Vec<Ailment>,
) {
    judge_masters(own, expected, ailments);
    for pod in own {
        judge_role(pod, ailments);
        if pod.line.role() == Some(Role::Replica) {
            judge_replica(pod, known, expected, ailments);
        }
        if let Some(baseline) = expected.baseline {
            judge_against(baseline, pod, known, expected.roles, ailments);
        }
    }
}

/// Judges how many masters there are, and how many replicas each has.
fn judge_masters(own: &[Own<'_>], expected: &Expected<'_>, ailments: &mut Vec<Ailment>) {
    let serving = |pod: &&Own<'_>| pod.line.master.is_none() && !pod.line.slots.is_empty();
    let masters: Vec<_> = own.iter().filter(serving).collect();
    if masters.len() != expected.masters {
        let pods: Vec<_> = masters.iter().map(|own| own.member.pod.as_str()).collect();
        ailments.push(Ailment::Masters {
            expected: expected.masters,
            seen: masters.len(),
            pods: pods.join(", "),
        });
    }
    for master in masters {
        let follows = |pod: &&Own<'_>| pod.line.master.as_ref() == Some(&master.line.id);
        let replicas = own.iter().filter(follows).count();
        if replicas != expected.replicas_per_master {
            ailments.push(Ailment::Replicas {
                pod: master.member.pod.clone(),
                expected: expected.replicas_per_master,
                seen: replicas,
            });
        }
    }
}

/// Compares a pod's role on the bus with its role in replication.
fn judge_role(own: &Own<'_>, ailments: &mut Vec<Ailment>) {
    let seen = own.view.replication.role;
    if let Some(expected) = own.line.role()
        && expected != seen
    {
        ailments.push(Ailment::OwnRole {
            pod: own.member.pod.clone(),
            expected,
            seen,
        });
    }
}

/// Judges whether a replica follows its master, where it is, and with its data.
fn judge_replica(
    own: &Own<'_>,
    known: &Known<'_>,
    expected: &Expected<'_>,
    ailments: &mut Vec<Ailment>,
) {
    let pod = || own.member.pod.clone();
    let replication = &own.view.replication;
    let link = replication.master_link_status.as_deref().unwrap_or("none");
    if link != "up" {
        ailments.push(Ailment::MasterLink {
            pod: pod(),
            seen: link.to_owned(),
        });
    }
    let id = own.line.master.as_deref().unwrap_or("no node");
    let Some(master) = known.by_id.get(id) else {
        ailments.push(Ailment::NoMaster {
            pod: pod(),
            seen: id.to_owned(),
        });
        return;
    };
    let host = replication.master_host.as_deref().unwrap_or("none");
    if host != master.member.address {
        ailments.push(Ailment::MasterHost {
            pod: pod(),
            master: master.member.pod.clone(),
            expected: master.member.address.clone(),
            seen: host.to_owned(),
        });
    }
    match expected.digests {
        Digests::Equal => judge_digest(own, master, ailments),
        Digests::NotCompared => {}
    }
}

/// Compares the data of a replica with its master's.
fn judge_digest(own: &Own<'_>, master: &Own<'_>, ailments: &mut Vec<Ailment>) {
    for pod in [own, master] {
        if let Digest::Refused(why) = &pod.view.digest {
            ailments.push(Ailment::NoDigest {
                pod: pod.member.pod.clone(),
                why: why.clone(),
            });
            return;
        }
    }
    if own.view.digest != master.view.digest {
        ailments.push(Ailment::Digest {
            pod: own.member.pod.clone(),
            master: master.member.pod.clone(),
            expected: master.view.digest.clone(),
            seen: own.view.digest.clone(),
        });
    }
}

/// Compares a pod with what it was.
fn judge_against(
    baseline: &Baseline,
    own: &Own<'_>,
    known: &Known<'_>,
    roles: Roles,
    ailments: &mut Vec<Ailment>,
) {
    let pod = || own.member.pod.clone();
    let Some(before) = baseline.pod(&own.member.pod) else {
        ailments.push(Ailment::NewPod { pod: pod() });
        return;
    };
    if own.line.id != before.node_id {
        ailments.push(Ailment::NodeId {
            pod: pod(),
            expected: before.node_id.clone(),
            seen: own.line.id.clone(),
        });
    }
    match roles {
        Roles::AsBaseline => judge_standing(baseline, before, own, known, ailments),
        Roles::MayChange => {}
    }
}

/// Compares a pod's role, slots and master with what they were.
fn judge_standing(
    baseline: &Baseline,
    before: &PodBaseline,
    own: &Own<'_>,
    known: &Known<'_>,
    ailments: &mut Vec<Ailment>,
) {
    let pod = || own.member.pod.clone();
    let seen = own.view.replication.role;
    if seen != before.role {
        ailments.push(Ailment::Role {
            pod: pod(),
            expected: before.role,
            seen,
        });
        return;
    }
    let Some(shard) = baseline.shards().get(before.shard) else {
        return;
    };
    match before.role {
        Role::Master if own.line.slots != shard.slots => ailments.push(Ailment::Slots {
            pod: pod(),
            expected: list(&shard.slots),
            seen: list(&own.line.slots),
        }),
        Role::Master => {}
        Role::Replica => {
            let id = own.line.master.as_deref().unwrap_or("no node");
            let seen = known.name_of_id(id);
            if seen != shard.master {
                ailments.push(Ailment::Follows {
                    pod: pod(),
                    expected: shard.master.clone(),
                    seen,
                });
            }
        }
    }
}
