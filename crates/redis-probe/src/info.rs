//! CLUSTER INFO and the sections of INFO: open maps of `name:value` lines.
//!
//! Invariants:
//! - Unknown names are kept, never refused: versions add them freely.
//! - Lines may end in CR LF or LF.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::Role;

/// CLUSTER INFO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInfo {
    /// `cluster_state`: `ok` or `fail`.
    pub state: String,
    /// `cluster_current_epoch`.
    pub current_epoch: u64,
    /// `cluster_my_epoch`.
    pub my_epoch: u64,
    /// Everything it printed, these too.
    pub fields: BTreeMap<String, String>,
}

/// INFO replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replication {
    /// `role`.
    pub role: Role,
    /// `master_host`, of a replica.
    pub master_host: Option<String>,
    /// `master_link_status`, of a replica: `up` or `down`.
    pub master_link_status: Option<String>,
    /// `connected_slaves`: replicas that follow this server.
    pub connected_replicas: u64,
    /// Everything it printed, these too.
    pub fields: BTreeMap<String, String>,
}

/// INFO server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// `redis`, or what `server_name` says, as `valkey`.
    pub name: String,
    /// `valkey_version` and the like where there is one, else `redis_version`:
    /// valkey calls itself Redis 7.2.4 for old clients.
    pub version: String,
    /// `run_id`: another one after each start.
    pub run_id: String,
}

/// Something that every server prints is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InfoError {
    /// The name is missing.
    #[error("there is no `{0}`")]
    Missing(&'static str),
    /// Its value is of the wrong kind.
    #[error("`{name}` is `{value}`")]
    Unreadable {
        /// The name.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

impl ClusterInfo {
    /// Reads CLUSTER INFO.
    pub fn parse(text: &str) -> Result<Self, InfoError> {
        let fields = fields(text);
        Ok(Self {
            state: needed(&fields, "cluster_state")?.to_owned(),
            current_epoch: number(&fields, "cluster_current_epoch")?,
            my_epoch: number(&fields, "cluster_my_epoch")?,
            fields,
        })
    }
}

impl Replication {
    /// Reads INFO replication.
    pub fn parse(text: &str) -> Result<Self, InfoError> {
        let fields = fields(text);
        let role = match needed(&fields, "role")? {
            "master" | "primary" => Role::Master,
            "slave" | "replica" => Role::Replica,
            other => {
                return Err(InfoError::Unreadable {
                    name: "role",
                    value: other.to_owned(),
                });
            }
        };
        Ok(Self {
            role,
            master_host: fields.get("master_host").cloned(),
            master_link_status: fields.get("master_link_status").cloned(),
            connected_replicas: number(&fields, "connected_slaves")?,
            fields,
        })
    }
}

impl Server {
    /// Reads INFO server.
    pub fn parse(text: &str) -> Result<Self, InfoError> {
        let fields = fields(text);
        let name = fields.get("server_name").map_or("redis", String::as_str);
        let own_version = fields.get(&format!("{name}_version"));
        let version = match own_version {
            Some(version) => version,
            None => needed(&fields, "redis_version")?,
        };
        Ok(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            run_id: needed(&fields, "run_id")?.to_owned(),
        })
    }
}

/// All `name:value` lines.
fn fields(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim_end);
    let pairs = lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn needed<'a>(
    fields: &'a BTreeMap<String, String>,
    name: &'static str,
) -> Result<&'a str, InfoError> {
    let value = fields.get(name).map(String::as_str);
    value.ok_or(InfoError::Missing(name))
}

fn number(fields: &BTreeMap<String, String>, name: &'static str) -> Result<u64, InfoError> {
    let value = needed(fields, name)?;
    value.parse().map_err(|_| InfoError::Unreadable {
        name,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn check<T: Serialize>(parsed: Result<T, InfoError>) -> String {
        match parsed {
            Ok(parsed) => {
                let mut value = serde_json::to_value(parsed).unwrap();
                value.as_object_mut().unwrap().remove("fields");
                value.to_string()
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn cluster_info_with_its_line_ends() {
        let text = "cluster_state:ok\r\ncluster_current_epoch:6\r\ncluster_my_epoch:2\r\nnew:1\r\n";
        assert_snapshot!(check(ClusterInfo::parse(text)), @r#"{"currentEpoch":6,"myEpoch":2,"state":"ok"}"#);
        assert_eq!(ClusterInfo::parse(text).unwrap().fields["new"], "1");
    }

    #[test]
    fn a_replica_on_its_way() {
        let text = "# Replication\r\nrole:slave\r\nmaster_host:fd00::5\r\nmaster_link_status:down\r\nconnected_slaves:0\r\n";
        assert_snapshot!(check(Replication::parse(text)), @r#"{"connectedReplicas":0,"masterHost":"fd00::5","masterLinkStatus":"down","role":"replica"}"#);
    }

    #[test]
    fn valkey_calls_itself_redis_for_old_clients() {
        let text =
            "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.1\r\nrun_id:ab\r\n";
        assert_snapshot!(check(Server::parse(text)), @r#"{"name":"valkey","runId":"ab","version":"9.0.1"}"#);
        assert_snapshot!(check(Server::parse("redis_version:7.0.15\nrun_id:ab\n")), @r#"{"name":"redis","runId":"ab","version":"7.0.15"}"#);
        assert_snapshot!(check(Server::parse("redis_version:7.2.4\nserver_name:other\nrun_id:ab")), @r#"{"name":"other","runId":"ab","version":"7.2.4"}"#);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_snapshot!(check(ClusterInfo::parse("")), @"there is no `cluster_state`");
        assert_snapshot!(check(Replication::parse("role:sentinel")), @"`role` is `sentinel`");
        assert_snapshot!(check(Replication::parse("role:master\nconnected_slaves:many")), @"`connected_slaves` is `many`");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|[\\r\\n:])*") {
            let _ = ClusterInfo::parse(&text);
            let _ = Replication::parse(&text);
            let _ = Server::parse(&text);
        }
    }
}
