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
