//! The server as its clients see it: in process, and over HTTPS.

#[path = "api/bad_input.rs"]
mod bad_input;
#[path = "api/crud.rs"]
mod crud;
#[path = "api/https.rs"]
mod https;
#[path = "api/nodes.rs"]
mod nodes;
#[path = "api/watches.rs"]
mod watches;
#[path = "api/world.rs"]
mod world;
