//! Cargo builds what a build script depends on only where there is one: `syn`
//! is a dependency of macros, whose features are a union of their own.

fn main() {}
