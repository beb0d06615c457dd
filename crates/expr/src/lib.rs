//! CEL in `${{ … }}`, inside strings of YAML and JSON.
//!
//! A [`Template`] is JSON with expressions, a [`Scope`] holds the values that
//! they speak of, and [`Template::render`] gives JSON without expressions.
//!
//! Invariants:
//! - Pure: no I/O, no clock, no state between evaluations.
//! - Numbers of JSON are signed integers in CEL wherever they fit, so that
//!   `x == 3` and `x + 1` mean what they say.
//! - The shell's `${X}` and Kubernetes' `$(X)` pass through untouched.
//! - No text makes it panic: length and nesting are bounded before the CEL
//!   parser sees an expression.

mod convert;
mod error;
mod expression;
mod names;
mod scan;
mod scope;
mod stack;
mod syntax;
mod template;

pub use error::{ExprError, Location, PathStep, TemplateError, TemplateErrors, TemplateMistake};
pub use names::{Call, FUNCTIONS, Reference};
pub use scan::find_outside;
pub use scope::Scope;
pub use template::Template;

#[cfg(test)]
mod tests;
