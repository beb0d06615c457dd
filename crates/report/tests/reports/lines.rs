//! Plain lines: what CI and a pipe get.

use std::io;

use insta::assert_snapshot;
use stayput_report::{Colour, Display, Style, Terminal};

use crate::{recorded, records, show};

#[test]
#[expect(clippy::too_many_lines, reason = "a snapshot of a whole run")]
fn a_run_that_passes() {
    assert_snapshot!(show(&records("passed"), Style::plain(100)), @"
    note       found `stayput-11aa`, left by a run that was killed: deleting it
    cluster: kind (by --cluster kind), kubernetes v1.34.4, 5 nodes, made in 35.2 s
    scenario: local-pv-redis (15 steps, seed 42)
              Six Redis pods on local volumes come back to their own nodes, volumes and data.

    ok         directories are made by hand                          0.3s  kubernetes 0.3
    ok         a namespace and a class                               0.0s
    ok         six volumes and six claims                            0.2s  kubernetes 0.2
    ok         nothing binds before a consumer                       2.0s  window 2.0
    ok         the set is applied                                    0.1s  kubernetes 0.1
    ok         pods come up in order                                17.1s  kubernetes 17.1
    ok         each claim has the volume that its selector names     0.1s  kubernetes 0.1
    ok         the cluster is formed                                 5.5s  redis 5.2  kubernetes 0.3
    ok         all six pods agree that it is healthy                 5.9s  window 5.0  redis 0.9
    ok         keys are written to every shard                       0.7s  redis 0.7
    ok         redis-cluster-0 comes back to its node                3.9s  kubernetes 3.9
    ok         nothing was lost                                      0.2s  redis 0.2
    ok         the data is on the disks                              6.1s  proof 6.1
    ok         the volumes stay, and are Failed                      1.3s  kubernetes 1.2
    ok         leak check                                            0.4s  kubernetes 0.4

    what the text says, and what was shown
       2  a local volume always brings the pod back to the same node
          2.place          confirmed     redis-cluster-0 comes back to its node
                                         redis-cluster-0: master-1 as before, 10.244.1.5 is now
                                         10.244.1.9
       5  the class does not provision; it only delays binding
          5.delays         confirmed     nothing binds before a consumer
                                         6 claims Pending for 2.0 s, no pod uses them
       7  pods start in order, each on its volume's node
          7.order          confirmed     pods come up in order
                                         redis-cluster-0 … redis-cluster-5, each Ready before the next
                                         was made
       8  deleting redis-cluster-0 brings it back on master-1 with another IP
          8.place          confirmed     redis-cluster-0 comes back to its node
                                         redis-cluster-0: master-1 as before, 10.244.1.5 is now
                                         10.244.1.9
          8.address        confirmed     redis-cluster-0 comes back to its node
                                         redis-cluster-0: master-1 as before, 10.244.1.5 is now
                                         10.244.1.9
          8.data           more exactly  nothing was lost, the data is on the disks
                                         its data is there too, and from its own disk: the text never
                                         looked (1200 keys of 1200, each from the disk of its own shard)
      10  deleting a claim does not delete the volume, though its reclaim policy is Delete
          10.volume-stays  confirmed     the volumes stay, and are Failed
                                         6 volumes Failed: no volume plugin matched
          10.failed        more exactly  the volumes stay, and are Failed
                                         but they are left Failed, not Available: nobody can bind them
                                         again (6 volumes Failed: no volume plugin matched)
      13  a claim is bound to a random volume the first time
          13.selector      more exactly  each claim has the volume that its selector names
                                         with a selector the volume is the chosen one
      13 parts: 6 confirmed, 3 more exactly, 4 not tried
      no step here is about 2.lost-node, 3, 5.provisions-nothing, 13.random

    where the time went
      cluster creation and deletion     38.4s
      Kubernetes                        23.6s
      Redis's own timers                 7.0s
      windows and holds                  7.0s
      proof from the disks               6.1s
      harness                            0.1s
      total                             82.2s

    written: report.json, junit.xml

    passed: all 15 steps, in 82.2s
    rerun: cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a snapshot of a whole run")]
fn a_run_that_fails_on_a_narrow_terminal() {
    assert_snapshot!(show(&records("failed"), Style::plain(80)), @"
    note       found `stayput-11aa`, left by a run that was killed: deleting it
    cluster: kind (by --cluster kind), kubernetes v1.34.4, 5 nodes, made in 35.2 s
    scenario: local-pv-redis (15 steps, seed 42)
              Six Redis pods on local volumes come back to their own nodes, volumes
              and data.

    ok         directories are made by hand                   0.3s  kubernetes 0.3
    ok         a namespace and a class                        0.0s
    ok         six volumes and six claims                     0.2s  kubernetes 0.2
    ok         nothing binds before a consumer                2.0s  window 2.0
    ok         the set is applied                             0.1s  kubernetes 0.1
    ok         pods come up in order                         17.1s  kubernetes 17.1
    log        claims were bound by hand
    log        see the volume's label
    ok         each claim has the volume that its             0.0s
               selector names
    ok         the cluster is formed                          5.6s  redis 5.6
    ok         all six pods agree that it is healthy          5.9s  window 5.0
    ok         keys are written to every shard                0.7s  redis 0.7
    waits      redis-cluster-0 comes back to its node, for 60 s: a new uid, Ready,
               on master-1; sees uid 91d0 Ready on master-2
    FAIL       redis-cluster-0 comes back to its node        61.0s
                 redis-cluster-0 came back, but not to the node that its volume is
                 on
    skip       nothing was lost
                 an earlier step failed
    skip       the data is on the disks                             not `!failed`
    not tried  the volumes stay, and are Failed
                 not possible here: this cluster gives no way to its nodes' disks
    TIMED OUT  leak check                                    30.0s
                 2 things are left that were not there before

    FAIL redis-cluster-0 comes back to its node (scenario.yaml:110, after 61.0s)
      redis-cluster-0 came back, but not to the node that its volume is on

      expected
        spec:
          nodeName: master-1
          volumes:
          - name: data
            persistentVolumeClaim: redis-0-data
        status:
          phase: Running
      seen
        spec:
          nodeName: master-2
          volumes:
          - name: data
            persistentVolumeClaim: redis-0-data-again
        status:
          phase: Running

      cause: volume `redis-0-data` is on node `master-1`, which takes no new pods:
             it is cordoned
        seen: Node master-1: .spec.unschedulable is true
        seen: 0/5 nodes are available: 1 node(s) were unschedulable
        cure: `kubectl uncordon master-1`

      mismatches
        Pod redis/redis-cluster-0 .spec.nodeName: expected master-1, seen master-2
        Pod redis/redis-cluster-0 .spec.volumes[0].persistentVolumeClaim: expected
          redis-0-data, seen redis-0-data-again

      how it came to this
          41.12s  uid 6f1c: Running -> Terminating
          41.30s  uid 91d0: made, Pending
          41.52s  uid 91d0: Scheduled to master-2
          44.87s  uid 91d0: Pending -> Running, Ready

      events
          41.51s  Warning FailedScheduling: 0/5 nodes are available: 1 node(s) were
                  unschedulable, 4 node(s) didn't match PersistentVolume's node
                  affinity
          41.52s  Normal Scheduled: assigned redis/redis-cluster-0 to
                  stayput-7f3a-worker2

      errors of the API that passed by themselves
          43.01s  GET /api/v1/namespaces/redis/pods: 503 apiserver not ready

      /disk1/redis-0-data on master-1
        drwxr-xr-x root root 4096 .
        -rw-r--r-- root root 114 nodes.conf

      log of redis/redis-cluster-0, redis, previous container
        1:M 24 Nov 2026 13:19:09.871 # User requested shutdown...
        1:M 24 Nov 2026 13:19:09.902 * Saving the final RDB snapshot before exiting.

      log of redis/redis-cluster-0, redis
        1:M 24 Nov 2026 13:19:14.120 * Ready to accept connections tcp

      hint: the volume is hostPath and names no node; make it `local` with a node
            affinity

    TIMED OUT leak check (scenario.yaml:138, after 30.0s)
      2 things are left that were not there before

      expected      seen
        nothing   !=  PersistentVolume redis-0-data
                  !=  /disk1/redis-0-data on master-2

      mismatches
        PersistentVolume redis-0-data: expected absent, seen Failed

      keep the cluster for a look: cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42 --keep

    what the text says, and what was shown
       2  a local volume always brings the pod back to the same node
          2.place          NOT SHOWN     failed: redis-cluster-0 comes back to its
                                         node
       5  the class does not provision; it only delays binding
          5.delays         confirmed     nothing binds before a consumer
                                         6 claims Pending for 2.0 s, no pod uses
                                         them
       7  pods start in order, each on its volume's node
          7.order          confirmed     pods come up in order
                                         redis-cluster-0 … redis-cluster-5, each
                                         Ready before the next was made
       8  deleting redis-cluster-0 brings it back on master-1 with another IP
          8.place          NOT SHOWN     failed: redis-cluster-0 comes back to its
                                         node
          8.address        NOT SHOWN     failed: redis-cluster-0 comes back to its
                                         node
          8.data           not tried     `nothing was lost` was skipped: an earlier
                                         step failed
      10  deleting a claim does not delete the volume, though its reclaim policy is
          Delete
          10.volume-stays  not tried     not possible here: this cluster gives no
                                         way to its nodes' disks
          10.failed        not tried     not possible here: this cluster gives no
                                         way to its nodes' disks
      13  a claim is bound to a random volume the first time
          13.selector      not tried     one claim was bound before the run began
      13 parts: 2 confirmed, 3 NOT SHOWN, 8 not tried
      no step here is about 2.lost-node, 3, 5.provisions-nothing, 13.random

    where the time went
      cluster creation and deletion     38.4s
      Kubernetes                       108.7s
      Redis's own timers                 7.2s
      windows and holds                  7.0s
      harness                            0.1s
      total                            161.4s

    written: report.json, junit.xml, logs/redis_redis-cluster-0_redis.previous.log

    FAILED: 10 of 15 steps passed, 1 failed, 1 timed out, 1 not tried, 2 skipped, in
            161.4s
    rerun: cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42
    ");
}

#[test]
fn expected_and_seen_side_by_side() {
    let text = show(&records("failed"), Style::plain(140));
    let from = text.find("  expected  ").unwrap();
    let to = text.find("  mismatches").unwrap();
    assert_snapshot!(&text[from..to], @"
    expected                                     seen
      spec:                                        spec:
        nodeName: master-1                     !=    nodeName: master-2
        volumes:                                     volumes:
        - name: data                                 - name: data
          persistentVolumeClaim: redis-0-data  !=      persistentVolumeClaim: redis-0-data-again
      status:                                      status:
        phase: Running                               phase: Running

    cause: volume `redis-0-data` is on node `master-1`, which takes no new pods: it is cordoned
      seen: Node master-1: .spec.unschedulable is true
      seen: 0/5 nodes are available: 1 node(s) were unschedulable
      cure: `kubectl uncordon master-1`
    ");
}

#[test]
fn a_control_of_every_result() {
    let text = show(&records("controls"), Style::plain(120));
    let from = text.find("caught ").unwrap();
    let to = text.find("\nELSEWHERE control").unwrap();
    assert_snapshot!(&text[from..to], @r"
    caught     refused writes are noticed                            4.4s  at: keys are written to every shard
    ELSEWHERE  the old pod does not pass for the new one             4.7s
                 failed at: pods come up in order; should fail at: redis-cluster-0 comes back to its node
    MISSED     a wiped shard is noticed                              5.1s  passed in spite of it: nothing was lost
    NO CHANGE  a pod on another node is noticed                      4.7s
                 the sabotage changed nothing: `node: {cordon: master-1}`: unschedulable before and after
    BROKEN     the lost keys of one shard are noticed                5.1s  it could not be played, or not be cleaned up
    not tried  a replica's replaced data is noticed                  5.5s
                 not possible here: this cluster gives no way to its nodes' disks
    stopped    a claim made anew under its name is noticed           5.5s  the run was stopped
    ");
}

#[test]
fn a_flaky_run_is_not_passed() {
    let text = show(&records("flaky"), Style::plain(100));
    let lines = text.lines().filter(|line| line.contains("flaky"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    flaky      pods come up in order                                34.0s  passed only at attempt 2
    flaky, which is not passed: only at attempt 2, 14 of 15 steps passed, 1 flaky, in 84.5s
    ");
}

#[test]
fn an_interrupted_run() {
    let text = show(&records("interrupted"), Style::plain(100));
    let lines = text.lines().skip_while(|line| !line.starts_with("stopped"));
    assert_snapshot!(lines.take(4).collect::<Vec<_>>().join("\n"), @r"
    stopped    pods come up in order                                 3.4s  harness 3.4
    skip       8 steps, from `each claim has the volume that its selector names` to `the volumes stay,
               and are Failed`: the run was stopped first
    ok         leak check                                            2.1s  kubernetes 2.1
    ");
    assert_snapshot!(text.lines().rev().take(2).collect::<Vec<_>>().join("\n"), @r"
    rerun: cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42
    interrupted: 6 of 15 steps passed, 1 stopped, 8 skipped, in 47.5s
    ");
}

#[test]
fn a_cluster_that_never_came() {
    assert_snapshot!(show(&records("no-cluster"), Style::plain(100)), @r"
    waits      the cluster, for 60 s: kind makes stayput-7f3a
    cluster: kind (by --cluster kind), never ready
    scenario: local-pv-redis (15 steps, seed 42)
              Six Redis pods on local volumes come back to their own nodes, volumes and data.

    FAIL the run itself
      node stayput-7f3a-worker3 never became Ready

      how it came to this
          88.00s  NotReady: cni plugin not initialized

      hint: the machine has 2 cores; give the engine more, or use fewer nodes

    where the time went
      cluster creation and deletion      3.2s
      harness                           91.0s
      total                             94.2s

    FAILED: 0 of 15 steps passed, in 94.2s
    rerun: cargo xtask e2e local-pv-redis --cluster kind --kubernetes 1.34 --seed 42
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for name in recorded::NAMES {
        for width in [72, 80, 100, 119, 120, 140, 200] {
            let text = show(&records(name), Style::plain(width));
            for line in text.lines().filter(|line| !is_verbatim(line)) {
                let columns = line.chars().count();
                assert!(columns <= usize::from(width), "{name} at {width}: {line}");
            }
        }
    }
}

/// Commands are there to be copied, and a log is as it was.
fn is_verbatim(line: &str) -> bool {
    line.contains("cargo xtask") || line.starts_with("    1:M")
}

#[test]
fn no_line_ends_in_spaces() {
    for name in recorded::NAMES {
        for line in show(&records(name), Style::plain(100)).lines() {
            assert_eq!(line, line.trim_end(), "{name}");
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let style = Style {
        colour: Colour::Always,
        display: Display::Lines,
        width: 100,
    };
    for name in recorded::NAMES {
        let coloured = show(&records(name), style);
        let plain = show(&records(name), Style::plain(100));
        let lines = |text: &str| {
            text.lines()
                .map(|line| uncoloured(line).trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&coloured), lines(&plain), "{name}");
        assert!(
            coloured.contains("\u{1b}[") && !plain.contains('\u{1b}'),
            "{name}"
        );
    }
}

fn uncoloured(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first
        + &parts
            .map(|part| part.split_once('m').unwrap().1)
            .collect::<String>()
}

#[test]
fn a_reader_that_goes_away_ends_the_output_and_not_the_run() {
    struct Gone;
    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut terminal = Terminal::new(Gone, Style::plain(80));
    for record in &records("passed") {
        terminal.record(record).unwrap();
    }
    assert!(terminal.is_closed());
    assert_eq!(terminal.summary().exit_code(), 0);
}

#[test]
fn what_takes_minutes_says_so_on_plain_lines() {
    let text = show(&records("failed"), Style::plain(100));
    let lines = text.lines().filter(|line| line.starts_with("waits"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"waits      redis-cluster-0 comes back to its node, for 60 s: a new uid, Ready, on master-1; sees uid");
}
