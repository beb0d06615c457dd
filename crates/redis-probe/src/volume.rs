//! The volume oracle: what a stopped pod's disk holds, read from a copy.
//!
//! A helper pod on the same node, with the scenario's own image and the data
//! directory mounted read-only, runs [`script`]; what it prints goes into
//! [`parse`], and that into [`compare`].
//!
//! Invariants:
//! - The original is never loaded and never written.
//! - A server that did not come up is an error, never an empty volume.
//! - Output that does not end as the script ends it is an error: half an
//!   answer is none.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::{Digest, PodBaseline, nodes};

/// Runs under any POSIX shell; `DATA` is the quoted directory.
const SCRIPT: &str = include_str!("volume.sh");

/// What a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeContents {
    /// The node id in `nodes.conf`; none where the file is not there, or has
    /// no line of the node's own.
    pub node_id: Option<String>,
    /// How many keys came off the disk.
    pub dbsize: u64,
    /// Their digest.
    pub digest: Digest,
    /// The server's own lines about what it loaded.
    pub log: Vec<String>,
}

/// Why it is not known what a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VolumeError {
    /// The script ended early, with its reason.
    #[error("cannot read the data on the volume: {reason}")]
    Failed {
        /// What failed, in the script's words, and the server's last ones.
        reason: String,
    },
    /// The output is not the script's, or not all of it.
    #[error("expected the output of the volume oracle with {expected}, got `{output}`")]
    Unreadable {
        /// What is missing in it.
        expected: &'static str,
        /// The output.
        output: String,
    },
}

/// A difference between a volume and what its pod last held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(rename_all = "camelCase")]
pub enum VolumeProblem {
    /// Another node's volume, or a new one.
    #[error("{pod}: expected node id {expected} in nodes.conf, saw {}", seen.as_deref().unwrap_or("none"))]
    NodeId {
        /// The pod.
        pod: String,
        /// The id that the pod had.
        expected: String,
        /// The id on the disk.
        seen: Option<String>,
    },
    /// More or fewer keys.
    #[error("{pod}: expected {expected} keys on the disk, saw {seen}")]
    Dbsize {
        /// The pod.
        pod: String,
        /// How many the pod had.
        expected: u64,
        /// How many are on the disk.
        seen: u64,
    },
    /// Other keys or values.
    #[error("{pod}: expected data with digest {expected} on the disk, saw {seen}")]
    Digest {
        /// The pod.
        pod: String,
        /// The digest that the pod had.
        expected: Digest,
        /// The digest of the disk's data.
        seen: Digest,
    },
    /// There is nothing to compare with.
    #[error("{pod}: expected a digest from before, had none: {why}")]
    NoDigest {
        /// The pod.
        pod: String,
        /// Why not.
        why: String,
    },
}

/// The script for `sh -c`, for a data directory mounted at `data`.
///
/// It prints its answer on standard output, its failures too, and ends within
/// a minute.
pub fn script(data: &str) -> String {
    let quoted = format!("'{}'", data.replace('\'', r"'\''"));
    format!("data={quoted}\n{SCRIPT}")
}

/// Reads what the script printed.
pub fn parse(output: &str) -> Result<VolumeContents, VolumeError> {
    let lines: Vec<_> = output.lines().map(str::trim_end).collect();
    let said = lines
        .iter()
        .filter_map(|line| line.strip_prefix("stayput-volume "));
    let mut values = BTreeMap::new();
    let mut log = Vec::new();
    for line in said {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "failed" => {
                let reason = value.to_owned();
                return Err(VolumeError::Failed { reason });
            }
            "log" => log.push(value.to_owned()),
            _ => {
                values.insert(name, value);
            }
        }
    }
    let value = |name: &'static str| {
        let value = values.get(name).copied();
        value.ok_or_else(|| unreadable(name, output))
    };
    value("end")?;
    let digest = value("digest")?;
    let is_digest = digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(VolumeContents {
        node_id: node_id(value("myself")?),
        dbsize: value("dbsize")?
            .parse()
            .map_err(|_| unreadable("dbsize", output))?,
        digest: if is_digest {
            Digest::Known(digest.to_owned())
        } else {
            Digest::Refused(digest.to_owned())
        },
        log,
    })
}

/// Lists the differences from what the pod last held.
///
/// Take the baseline after the last write and before the pods go.
pub fn compare(pod: &str, baseline: &PodBaseline, volume: &VolumeContents) -> Vec<VolumeProblem> {
    let pod = || pod.to_owned();
    let mut problems = Vec::new();
    if volume.node_id.as_ref() != Some(&baseline.node_id) {
        problems.push(VolumeProblem::NodeId {
            pod: pod(),
            expected: baseline.node_id.clone(),
            seen: volume.node_id.clone(),
        });
    }
    if volume.dbsize != baseline.dbsize {
        problems.push(VolumeProblem::Dbsize {
            pod: pod(),
            expected: baseline.dbsize,
            seen: volume.dbsize,
        });
    }
    match &baseline.digest {
        Digest::Refused(why) => problems.push(VolumeProblem::NoDigest {
            pod: pod(),
            why: why.clone(),
        }),
        Digest::Known(_) if volume.digest != baseline.digest => {
            problems.push(VolumeProblem::Digest {
                pod: pod(),
                expected: baseline.digest.clone(),
                seen: volume.digest.clone(),
            });
        }
        Digest::Known(_) => {}
    }
    problems
}

/// The id in the line that `nodes.conf` marks as the node's own.
fn node_id(line: &str) -> Option<String> {
    let nodes = nodes::parse(line).ok()?;
    let own = nodes.into_iter().find(|node| node.flags.myself());
    own.map(|node| node.id)
}

fn unreadable(expected: &'static str, output: &str) -> VolumeError {
    VolumeError::Unreadable {
        expected,
        output: output.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{Baseline, recorded};

    const ANSWER: &str = "\
stayput-volume myself afffa1c1dc34a7647db152b5a8195de55ccef666 10.77.0.10:6379@16379 myself,master,nofailover - 0 0 1 connected 0-5460
stayput-volume dbsize 39
stayput-volume digest 7fe178da8560bd537d01dc7e3a6be2d32d329b5b
stayput-volume log 9:M 24 Nov 2026 13:19:06.000 * DB loaded from append only file: 0.000 seconds
stayput-volume end
";

    /// Compares an answer with what redis-0 of the healthy state held.
    fn check(output: &str) -> String {
        let baseline = Baseline::of(&recorded::members("healthy")).unwrap();
        match parse(output) {
            Err(error) => error.to_string(),
            Ok(volume) => {
                let problems = compare("redis-0", baseline.pod("redis-0").unwrap(), &volume);
                let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
                lines.join("\n")
            }
        }
    }

    #[test]
    fn a_volume_that_holds_what_its_pod_held() {
        assert_snapshot!(check(ANSWER), @"");
        assert_eq!(parse(ANSWER).unwrap().log.len(), 1);
    }

    #[test]
    fn a_volume_with_other_data() {
        let other = ANSWER
            .replace("dbsize 39", "dbsize 0")
            .replace("7fe1", "0000");
        assert_snapshot!(check(&other), @"
        redis-0: expected 39 keys on the disk, saw 0
        redis-0: expected data with digest 7fe178da8560bd537d01dc7e3a6be2d32d329b5b on the disk, saw 000078da8560bd537d01dc7e3a6be2d32d329b5b
        ");
    }

    #[test]
    fn a_volume_without_nodes_conf() {
        let none = ANSWER.replacen(" afffa1c1", "\nafffa1c1", 1);
        assert_snapshot!(check(&none), @"redis-0: expected node id afffa1c1dc34a7647db152b5a8195de55ccef666 in nodes.conf, saw none");
    }

    #[test]
    fn a_server_that_refuses_the_digest_shows_nothing() {
        let refused = ANSWER.replace(
            "digest 7fe178da8560bd537d01dc7e3a6be2d32d329b5b",
            "digest ERR DEBUG command not allowed.",
        );
        assert_snapshot!(check(&refused), @"redis-0: expected data with digest 7fe178da8560bd537d01dc7e3a6be2d32d329b5b on the disk, saw not given (ERR DEBUG command not allowed.)");
    }

    #[test]
    fn half_an_answer_is_none() {
        let (half, _) = ANSWER.split_once("stayput-volume log").unwrap();
        assert!(matches!(
            parse(half),
            Err(VolumeError::Unreadable {
                expected: "end",
                ..
            })
        ));
        assert_snapshot!(check("sh: not found"), @"expected the output of the volume oracle with end, got `sh: not found`");
    }

    #[test]
    fn a_failure_says_why() {
        assert_snapshot!(check("stayput-volume failed /data is not a directory"), @"cannot read the data on the volume: /data is not a directory");
    }

    #[test]
    fn a_directory_is_quoted() {
        assert_snapshot!(script("/disk1/it's $HOME").lines().next().unwrap(), @r#"data='/disk1/it'\''s $HOME'"#);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(lines in proptest::collection::vec("(stayput-volume )?[a-z]{0,7} \\PC{0,20}", 0..8)) {
            let _ = parse(&lines.join("\n"));
        }
    }
}
