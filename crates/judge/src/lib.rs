//! Match, diff, stability and snapshots over JSON as served
