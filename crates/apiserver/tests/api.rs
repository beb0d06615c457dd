//! The server as its clients see it: in process, and over HTTPS.

#[path = "api/bad_input.rs"]
mod bad_input;
#[path = "api/crud.rs"]
mod crud;
#[path = "api/excess.rs"]
mod excess;
#[path = "api/https.rs"]
mod https;
#[path = "api/nodes.rs"]
mod nodes;
#[path = "api/nonsense.rs"]
mod nonsense;
#[path = "api/patience.rs"]
mod patience;
#[path = "api/storm.rs"]
mod storm;
#[path = "api/watches.rs"]
mod watches;
#[path = "api/world.rs"]
mod world;
