//! Files on nodes, as an expectation and as a saved value.

use stayput_cluster::NodeName;
use stayput_events::{Failure, Mismatch, Subject};
use stayput_expr::{Scope, Template};
use stayput_scenario::plan::Presence;

use super::host;
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

/// Sees that a path is there or not, and holds what it held.
pub(crate) async fn expect(
    session: &Session,
    scope: &Scope,
    node: &Template,
    path: &Template,
    presence: Presence,
    expected: Option<&Template>,
) -> Result<(), Halt> {
    let node = session.node(&session::text(node, scope)?)?;
    let path = host::absolute(path, scope)?;
    let seen = digest(session, &node, &path).await?;
    let wanted = match (presence, expected) {
        (Presence::Absent, _) => None,
        (Presence::There, Some(digest)) => Some(session::text(digest, scope)?),
        (Presence::There, None) => seen.clone().or(Some("anything".to_owned())),
    };
    if seen == wanted {
        let holds = match (seen, expected) {
            (None, _) => "is not there".to_owned(),
            (Some(_), None) => "is there".to_owned(),
            (Some(it), Some(_)) => format!("holds what it held ({})", it.get(..12).unwrap_or(&it)),
        };
        let on = Subject::Path {
            node: node.as_str().to_owned(),
            path: path.clone(),
        };
        session.found_of(format!("{path} on `{node}` {holds}"), vec![on]);
        return Ok(());
    }
    let absent = || "nothing: it is not there".to_owned();
    let (expected, seen) = (wanted.unwrap_or_else(absent), seen.unwrap_or_else(absent));
    Err(Halt::Failed(Box::new(Failure {
        summary: format!("{path} on node `{node}` is not as expected"),
        expected: expected.clone(),
        seen: seen.clone(),
        mismatches: vec![Mismatch {
            object: format!("Node {node}"),
            path,
            expected,
            seen,
        }],
        ..Failure::default()
    })))
}
