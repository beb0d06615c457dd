//! What a real API server answers, and how like it another one answers.
//!
//! A *group* is a row of requests, sent exactly as they are written. Answers are kept
//! without what differs in each run and compared field by field, texts word for word.
//!
//! Invariants:
//! - A share counts equal answers only; one that differs as declared is no equal one.
//! - A declaration names the fields that differ; whatever else is in the answer is held.
//! - An answer about a kind that is not served counts for nothing, if it says so by 404.

mod answer;
mod case;
mod compare;
mod course;
mod declared;
mod group;
mod kept;
mod normal;
mod path;
mod talk;
mod text;
mod values;

pub use answer::Answer;
pub use compare::Unlike;
pub use course::Stage;
pub use declared::{Declaration, Declared};
pub use group::{Group, Likeness, declared, groups};
