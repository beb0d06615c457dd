//! Files on nodes, as an expectation and as a saved value.

use stayput_cluster::NodeName;
use stayput_events::{Mismatch, Subject};
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::{Mode, Presence};

use super::{
    hold::{Seen, poll},
    host,
};
use crate::{
    halt::Halt,
    session::{self, Session},
    shell,
};

/// The digest of a file of a node, or of all that is in a directory; none where it is not there.
pub(crate) async fn digest(
    session: &Session,
    node: &NodeName,
    path: &str,
) -> Result<Option<String>, Halt> {
    let output = session.on_node(node, &shell::digest(path)).await?;
    let digest = output.stdout_text().trim().to_owned();
    Ok(Some(digest).filter(|digest| !digest.is_empty()))
}

/// What a path on a node has to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) presence: Presence,
    pub(crate) digest: Option<&'a Template>,
}

/// Sees that a path is there or not, and holds what it held.
pub(crate) async fn expect(
    session: &Session,
    scope: &Scope,
    mode: Mode,
    (node, path): (&Template, &Template),
    wanted: Wanted<'_>,
) -> Result<(), Halt> {
    let node = session.node(&session::text(node, scope)?)?;
    let path = host::absolute(path, scope)?;
    let wanted_digest = wanted.digest.map(|it| session::text(it, scope));
    let wanted_digest = wanted_digest.transpose()?;
    let what = match (wanted.presence, &wanted_digest) {
        (Presence::Absent, _) => format!("no {path} on node `{node}`"),
        (Presence::There, None) => format!("{path} on node `{node}`"),
        (Presence::There, Some(_)) => format!("{path} on node `{node}`, with what it held"),
    };
    poll(session, mode, &what, async || {
        let seen = digest(session, &node, &path).await?;
        let expected = match (wanted.presence, &wanted_digest) {
            (Presence::Absent, _) => None,
            (Presence::There, Some(digest)) => Some(digest.clone()),
            (Presence::There, None) => seen.clone().or(Some("anything".to_owned())),
        };
        let met = seen == expected;
        let absent = || "nothing: it is not there".to_owned();
        let evidence = match (&seen, &wanted_digest) {
            (None, _) => "is not there".to_owned(),
            (Some(_), None) => "is there".to_owned(),
            (Some(it), Some(_)) => format!("holds what it held ({})", it.get(..12).unwrap_or(it)),
        };
        let on = Subject::Path {
            node: node.as_str().to_owned(),
            path: path.clone(),
        };
        let mismatch = Mismatch {
            object: format!("Node {node}"),
            path: path.clone(),
            expected: expected.unwrap_or_else(absent),
            seen: seen.unwrap_or_else(absent),
        };
        Ok(Seen {
            met,
            summary: mismatch.seen.clone(),
            mismatches: if met { Vec::new() } else { vec![mismatch] },
            evidence: vec![format!("{path} on `{node}` {evidence}")],
            on: vec![on],
            ..Seen::default()
        })
    })
    .await
}
