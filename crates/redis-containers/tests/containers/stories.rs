//! The stories, by what they are about.

pub(crate) mod answers;
pub(crate) mod data;
pub(crate) mod disk;
pub(crate) mod shape;
