//! `cargo xtask …`: the program, plus the workspace's own chores.

fn main() {}
