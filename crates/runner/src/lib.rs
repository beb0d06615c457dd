//! Plays a plan on a cluster
