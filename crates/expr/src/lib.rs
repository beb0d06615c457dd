//! CEL in `${{ … }}`, inside strings of YAML and JSON.
//!
//! Invariants:
//! - Pure: no I/O, no clock, no state between evaluations.
//! - Numbers of JSON are signed integers in CEL wherever they fit, so that
//!   `x == 3` and `x + 1` mean what they say.
//! - The shell's `${X}` and Kubernetes' `$(X)` pass through untouched.

use serde_json::Value;

/// JSON that still holds expressions.
#[derive(Debug, Clone)]
pub struct Template(Value);
