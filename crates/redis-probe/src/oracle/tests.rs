use insta::assert_snapshot;

use super::*;
use crate::{Digest, recorded};

/// Judges members as six pods, three masters; ids are cut to four digits.
fn check_members(members: &[Member], baseline: Option<&Baseline>) -> String {
    let expected = Expected {
        masters: 3,
        replicas_per_master: 1,
        baseline,
        roles: Roles::AsBaseline,
        digests: Digests::Equal,
    };
    let ailments = judge(members, &expected);
    let lines = ailments.iter().map(|ailment| {
        let words = ailment.to_string();
        let words = words.split(' ').map(|word| match word {
            id if id.len() >= 40 => &id[..4],
            other => other,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Judges a recorded state.
fn check(state: &str) -> String {
    check_members(&recorded::members(state), None)
}

/// Judges the healthy state, with its own baseline, after a change to one pod's view.
fn check_changed(pod: usize, change: impl Fn(&mut View)) -> String {
    let mut members = recorded::members("healthy");
    let baseline = Baseline::of(&members).unwrap();
    change(members[pod].seen.as_mut().unwrap());
    check_members(&members, Some(&baseline))
}

#[test]
fn a_healthy_cluster_has_no_ailments() {
    assert_snapshot!(check("healthy"), @"");
    assert_snapshot!(check_changed(0, |_| ()), @"");
}

#[test]
fn an_open_slot() {
    assert_snapshot!(check("open-slot"), @"
    redis-0: expected no open slot, saw slot 100 migrating to redis-1
    redis-1: expected no open slot, saw slot 100 importing from redis-0
    ");
}

#[test]
fn a_slot_that_only_its_owner_gave_up() {
    assert_snapshot!(check("disagreement"), @"
    redis-0: expected cluster_state ok, saw fail
    redis-0: expected all 16384 slots served, saw none serve 0
    redis-1: expected slots 0 on no node as redis-0 says, saw them on redis-0
    redis-2: expected slots 0 on no node as redis-0 says, saw them on redis-0
    redis-3: expected slots 0 on no node as redis-0 says, saw them on redis-0
    redis-4: expected slots 0 on no node as redis-0 says, saw them on redis-0
    redis-5: expected slots 0 on no node as redis-0 says, saw them on redis-0
    ");
}

#[test]
fn a_slot_that_nobody_serves() {
    assert_snapshot!(check("uncovered"), @"
    redis-0: expected cluster_state ok, saw fail
    redis-0: expected all 16384 slots served, saw none serve 0
    redis-1: expected cluster_state ok, saw fail
    redis-1: expected all 16384 slots served, saw none serve 0
    redis-2: expected cluster_state ok, saw fail
    redis-2: expected all 16384 slots served, saw none serve 0
    redis-3: expected cluster_state ok, saw fail
    redis-3: expected all 16384 slots served, saw none serve 0
    redis-4: expected cluster_state ok, saw fail
    redis-4: expected all 16384 slots served, saw none serve 0
    redis-5: expected cluster_state ok, saw fail
    redis-5: expected all 16384 slots served, saw none serve 0
    ");
}

#[test]
fn a_replica_is_down() {
    assert_snapshot!(check("replica-down"), @"
    redis-4: expected an answer, got none: connection refused
    redis-0: expected no failure flag on 474d at 10.77.0.14 (redis-4), saw `fail`
    redis-0: expected a link to 474d at 10.77.0.14 (redis-4), saw it disconnected
    redis-1: expected no failure flag on 474d at 10.77.0.14 (redis-4), saw `fail`
    redis-1: expected a link to 474d at 10.77.0.14 (redis-4), saw it disconnected
    redis-2: expected no failure flag on 474d at 10.77.0.14 (redis-4), saw `fail`
    redis-2: expected a link to 474d at 10.77.0.14 (redis-4), saw it disconnected
    redis-3: expected no failure flag on 474d at 10.77.0.14 (redis-4), saw `fail`
    redis-3: expected a link to 474d at 10.77.0.14 (redis-4), saw it disconnected
    redis-5: expected no failure flag on 474d at 10.77.0.14 (redis-4), saw `fail`
    redis-5: expected a link to 474d at 10.77.0.14 (redis-4), saw it disconnected
    redis-0: expected 1 replicas to follow it, saw 0
    ");
}

#[test]
fn a_master_is_down() {
    assert_snapshot!(check("master-down"), @"
    redis-0: expected an answer, got none: connection refused
    redis-1: expected cluster_state ok, saw fail
    redis-1: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-1: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-2: expected cluster_state ok, saw fail
    redis-2: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-2: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-3: expected cluster_state ok, saw fail
    redis-3: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-3: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-4: expected cluster_state ok, saw fail
    redis-4: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-4: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-5: expected cluster_state ok, saw fail
    redis-5: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-5: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    expected 3 masters that serve slots, saw 2: redis-1, redis-2
    redis-4: expected master_link_status up, saw down
    redis-4: expected to follow one of the pods, saw it follow bf98
    ");
}

#[test]
fn a_master_is_down_and_its_replica_took_over() {
    assert_snapshot!(check("after-failover"), @"
    redis-0: expected an answer, got none: connection refused
    redis-1: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-1: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-2: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-2: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-3: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-3: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-4: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-4: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-5: expected no failure flag on bf98 at 10.77.0.10 (redis-0), saw `fail`
    redis-5: expected a link to bf98 at 10.77.0.10 (redis-0), saw it disconnected
    redis-4: expected 1 replicas to follow it, saw 0
    ");
}

#[test]
fn the_old_master_is_back_as_a_replica() {
    assert_snapshot!(check("failed-over-returned"), @"");
}

#[test]
fn a_replica_lost_its_volume() {
    assert_snapshot!(check("replica-wiped"), @"
    redis-0: expected no failure flag on ba89 at no address, saw `fail`
    redis-0: expected no failure flag on ba89 at no address, saw `noaddr`
    redis-0: expected a link to ba89 at no address, saw it disconnected
    redis-0: expected only nodes of the pods, saw ba89 at no address
    redis-0: expected to see redis-4, saw no such node
    redis-1: expected no failure flag on ba89 at no address, saw `fail`
    redis-1: expected no failure flag on ba89 at no address, saw `noaddr`
    redis-1: expected a link to ba89 at no address, saw it disconnected
    redis-1: expected only nodes of the pods, saw ba89 at no address
    redis-1: expected to see redis-4, saw no such node
    redis-2: expected no failure flag on ba89 at no address, saw `fail`
    redis-2: expected no failure flag on ba89 at no address, saw `noaddr`
    redis-2: expected a link to ba89 at no address, saw it disconnected
    redis-2: expected only nodes of the pods, saw ba89 at no address
    redis-2: expected to see redis-4, saw no such node
    redis-3: expected no failure flag on ba89 at no address, saw `fail`
    redis-3: expected no failure flag on ba89 at no address, saw `noaddr`
    redis-3: expected a link to ba89 at no address, saw it disconnected
    redis-3: expected only nodes of the pods, saw ba89 at no address
    redis-3: expected to see redis-4, saw no such node
    redis-4: expected cluster_state ok, saw fail
    redis-4: expected 6 nodes, saw 1
    redis-4: expected to see redis-0, saw no such node
    redis-4: expected to see redis-5, saw no such node
    redis-4: expected to see redis-2, saw no such node
    redis-4: expected to see redis-1, saw no such node
    redis-4: expected to see redis-3, saw no such node
    redis-4: expected all 16384 slots served, saw none serve 0-16383
    redis-5: expected no failure flag on ba89 at no address, saw `fail`
    redis-5: expected no failure flag on ba89 at no address, saw `noaddr`
    redis-5: expected a link to ba89 at no address, saw it disconnected
    redis-5: expected only nodes of the pods, saw ba89 at no address
    redis-5: expected to see redis-4, saw no such node
    redis-4: expected slots 0-5460 on redis-0 as redis-0 says, saw them on no node
    redis-4: expected slots 10923-16383 on redis-2 as redis-0 says, saw them on no node
    redis-4: expected slots 5461-10922 on redis-1 as redis-0 says, saw them on no node
    redis-0: expected 1 replicas to follow it, saw 0
    ");
}

#[test]
fn a_master_lost_its_volume() {
    assert_snapshot!(check("master-wiped"), @"
    redis-0: expected no failure flag on fb32 at no address, saw `noaddr`
    redis-0: expected a link to fb32 at no address, saw it disconnected
    redis-0: expected only nodes of the pods, saw fb32 at no address
    redis-0: expected to see redis-1, saw no such node
    redis-1: expected cluster_state ok, saw fail
    redis-1: expected 6 nodes, saw 1
    redis-1: expected to see redis-0, saw no such node
    redis-1: expected to see redis-3, saw no such node
    redis-1: expected to see redis-4, saw no such node
    redis-1: expected to see redis-5, saw no such node
    redis-1: expected to see redis-2, saw no such node
    redis-1: expected all 16384 slots served, saw none serve 0-16383
    redis-2: expected no failure flag on fb32 at no address, saw `noaddr`
    redis-2: expected a link to fb32 at no address, saw it disconnected
    redis-2: expected only nodes of the pods, saw fb32 at no address
    redis-2: expected to see redis-1, saw no such node
    redis-3: expected no failure flag on fb32 at no address, saw `noaddr`
    redis-3: expected a link to fb32 at no address, saw it disconnected
    redis-3: expected only nodes of the pods, saw fb32 at no address
    redis-3: expected to see redis-1, saw no such node
    redis-4: expected no failure flag on fb32 at no address, saw `noaddr`
    redis-4: expected a link to fb32 at no address, saw it disconnected
    redis-4: expected only nodes of the pods, saw fb32 at no address
    redis-4: expected to see redis-1, saw no such node
    redis-5: expected no failure flag on fb32 at no address, saw `noaddr`
    redis-5: expected a link to fb32 at no address, saw it disconnected
    redis-5: expected only nodes of the pods, saw fb32 at no address
    redis-5: expected to see redis-1, saw no such node
    redis-1: expected slots 0-5460 on redis-0 as redis-0 says, saw them on no node
    redis-1: expected slots 10923-16383 on redis-2 as redis-0 says, saw them on no node
    redis-1: expected slots 5461-10922 on fb32 as redis-0 says, saw them on no node
    expected 3 masters that serve slots, saw 2: redis-0, redis-2
    redis-5: expected to follow one of the pods, saw it follow fb32
    ");
}

/// The cluster itself is whole: only ledger and digests from before can tell.
#[test]
fn a_shard_without_its_data_is_no_ailment_of_the_cluster() {
    assert_snapshot!(check("shard-wiped"), @"");
    assert_snapshot!(check("aof-wiped"), @"");
}

#[test]
fn a_pod_has_an_old_address_of_its_own() {
    assert_snapshot!(check("stale-self"), @"redis-3: expected redis-3 at 10.77.0.33, saw it at 10.77.0.13");
}

#[test]
fn two_masters_swapped_their_addresses() {
    assert_snapshot!(check("swapped"), @"
    redis-0: expected no failure flag on redis-1, saw `noaddr`
    redis-0: expected a link to redis-1, saw it disconnected
    redis-0: expected redis-1 at 10.77.0.10, saw it at no address
    redis-1: expected no failure flag on redis-0, saw `noaddr`
    redis-1: expected a link to redis-0, saw it disconnected
    redis-1: expected redis-0 at 10.77.0.11, saw it at no address
    ");
}

#[test]
fn two_replicas_swapped_their_addresses() {
    assert_snapshot!(check("swapped-replicas"), @"
    redis-3: expected no failure flag on redis-4, saw `noaddr`
    redis-3: expected a link to redis-4, saw it disconnected
    redis-3: expected redis-4 at 10.77.0.13, saw it at no address
    redis-4: expected no failure flag on redis-3, saw `noaddr`
    redis-4: expected a link to redis-3, saw it disconnected
    redis-4: expected redis-3 at 10.77.0.14, saw it at no address
    ");
}

#[test]
fn all_pods_moved_and_none_finds_another() {
    let ailments = check("all-moved");
    let first: Vec<_> = ailments
        .lines()
        .filter(|line| line.starts_with("redis-0"))
        .collect();
    assert_snapshot!(first.join("\n"), @"
    redis-0: expected cluster_state ok, saw fail
    redis-0: expected no failure flag on redis-3, saw `fail?`
    redis-0: expected redis-3 at 10.77.0.43, saw it at 10.77.0.13
    redis-0: expected no failure flag on redis-4, saw `fail?`
    redis-0: expected redis-4 at 10.77.0.44, saw it at 10.77.0.14
    redis-0: expected no failure flag on redis-1, saw `fail?`
    redis-0: expected redis-1 at 10.77.0.41, saw it at 10.77.0.11
    redis-0: expected no failure flag on redis-2, saw `fail?`
    redis-0: expected redis-2 at 10.77.0.42, saw it at 10.77.0.12
    redis-0: expected no failure flag on redis-5, saw `fail?`
    redis-0: expected redis-5 at 10.77.0.45, saw it at 10.77.0.15
    ");
}

#[test]
fn a_pod_too_few() {
    let members = recorded::members("healthy");
    assert_snapshot!(check_members(&members[..5], None), @"
    expected 6 pods, got 5
    redis-0: expected only nodes of the pods, saw 488f at 10.77.0.15
    redis-1: expected only nodes of the pods, saw 488f at 10.77.0.15
    redis-2: expected only nodes of the pods, saw 488f at 10.77.0.15
    redis-3: expected only nodes of the pods, saw 488f at 10.77.0.15
    redis-4: expected only nodes of the pods, saw 488f at 10.77.0.15
    redis-1: expected 1 replicas to follow it, saw 0
    ");
}

#[test]
fn nobody_answers() {
    assert_snapshot!(check_members(&[], None), @"
    expected 6 pods, got 0
    expected 3 masters that serve slots, saw 0:
    ");
}

#[test]
fn another_baseline() {
    let other = Baseline::of(&recorded::members("swapped-replicas")).unwrap();
    let ailments = check_members(&recorded::members("healthy"), Some(&other));
    assert_snapshot!(ailments.lines().take(4).collect::<Vec<_>>().join("\n"), @"
    redis-0: expected node id d680 as before, saw afff
    redis-1: expected node id d381 as before, saw 5806
    redis-2: expected node id 57f5 as before, saw 3b77
    redis-3: expected node id ed0d as before, saw a5ba
    ");
}

#[test]
fn roles_that_changed_are_an_ailment_only_against_a_baseline() {
    let before = recorded::members("healthy");
    let baseline = Baseline::of(&before).unwrap();
    let mut members = before.clone();
    // redis-0 and redis-4 are one shard: each takes the other's name.
    let (zero, four) = (members[0].address.clone(), members[4].address.clone());
    let (pod_zero, pod_four) = (members[0].pod.clone(), members[4].pod.clone());
    members[0] = Member {
        pod: pod_zero,
        address: four,
        ..before[4].clone()
    };
    members[4] = Member {
        pod: pod_four,
        address: zero,
        ..before[0].clone()
    };
    assert_snapshot!(check_members(&members, None), @"");
    assert_snapshot!(check_members(&members, Some(&baseline)), @"
    redis-0: expected node id afff as before, saw 6f8f
    redis-0: expected role master as before, saw replica
    redis-4: expected node id 6f8f as before, saw afff
    redis-4: expected role replica as before, saw master
    ");
}

#[test]
fn a_replica_with_other_data() {
    let wiped = Digest::Known("0".repeat(40));
    assert_snapshot!(check_changed(4, |view| view.digest = wiped.clone()), @"redis-4: expected the data of its master redis-0, digest 7fe1 saw 0000");
}

#[test]
fn a_digest_that_is_refused_is_not_equal() {
    let refused = Digest::Refused("ERR DEBUG command not allowed.".to_owned());
    assert_snapshot!(check_changed(4, |view| view.digest = refused.clone()), @"redis-4: expected a digest of its data, got none: ERR DEBUG command not allowed.");
}

#[test]
fn a_replica_that_has_lost_its_master() {
    assert_snapshot!(check_changed(4, |view| {
        view.replication.master_link_status = Some("down".to_owned());
        view.replication.master_host = Some("10.77.0.99".to_owned());
    }), @"
    redis-4: expected master_link_status up, saw down
    redis-4: expected its master redis-0 at 10.77.0.10, saw master_host 10.77.0.99
    ");
}

#[test]
fn a_state_that_is_not_ok() {
    assert_snapshot!(check_changed(2, |view| view.cluster.state = "fail".to_owned()), @"redis-2: expected cluster_state ok, saw fail");
}

#[test]
fn a_possible_failure_is_one() {
    use crate::nodes::Flags;
    assert_snapshot!(check_changed(2, |view| view.nodes[0].flags = Flags::parse("slave,fail?")), @"redis-2: expected no failure flag on redis-5, saw `fail?`");
    assert_snapshot!(check_changed(2, |view| view.nodes[0].flags = Flags::parse("slave,nofailover")), @"");
}
