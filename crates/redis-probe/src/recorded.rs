//! Recorded answers of real clusters, for tests.

use std::fs;

use crate::{
    Digest, Member, View,
    info::{ClusterInfo, Replication, Server},
    nodes,
};

/// The text of a file in `testdata`.
pub(crate) fn text(file: &str) -> String {
    let path = format!("{}/testdata/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_default()
}

/// What the six pods of a recorded state said. A pod that was gone has no
/// sections.
pub(crate) fn members(state: &str) -> Vec<Member> {
    let text = text(&format!("{state}.views"));
    let pods = text.split("=== ").skip(1);
    pods.map(member).collect()
}

fn member(text: &str) -> Member {
    let (head, body) = text.split_once('\n').unwrap();
    let (pod, address) = head.trim().split_once(' ').unwrap();
    let section = |name: &str| {
        let mut sections = body.split("--- ").skip(1);
        let own = sections.find_map(|section| section.strip_prefix(name));
        own.unwrap_or_default().trim_start_matches('\n').to_owned()
    };
    let seen = if section("cluster nodes").is_empty() {
        Err("connection refused".to_owned())
    } else {
        Ok(View {
            cluster: ClusterInfo::parse(&section("cluster info")).unwrap(),
            nodes: nodes::parse(&section("cluster nodes")).unwrap(),
            replication: Replication::parse(&section("replication")).unwrap(),
            server: Server::parse(&section("server")).unwrap(),
            dbsize: section("dbsize").trim().parse().unwrap(),
            digest: Digest::Known(section("digest").trim().to_owned()),
        })
    };
    Member {
        pod: pod.to_owned(),
        address: address.to_owned(),
        seen,
    }
}
