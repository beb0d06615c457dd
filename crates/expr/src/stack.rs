//! Room for a recursive parser and evaluator.
//!
//! The CEL parser takes up to 180 KiB of stack for a level of brackets and
//! 45 KiB for an operator (unoptimised, measured): a test's or a worker's
//! thread of 2 MiB is soon too small. What is more than plain gets a thread of
//! its own, whose stack is as large as its weight asks for.

use std::thread;

/// Up to this weight the caller's own stack is used.
const PLAIN: usize = 12;
const BASE: usize = 1 << 20;
const PER_WEIGHT: usize = 64 << 10;

/// Does `work` with enough stack for an expression of this weight; `None` where no thread can be
/// had for it.
pub(crate) fn with_room<T: Send>(weight: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    if weight <= PLAIN {
        return Some(work());
    }
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(BASE + weight * PER_WEIGHT)
            .spawn_scoped(scope, work)
            .ok()?
            .join()
            .ok()
    })
}
