//! The control plane against an API in memory.
//!
//! Invariants:
//! - Only the public interface is used; time passes when a test says so.

#[cfg(test)]
mod api;
#[cfg(test)]
mod binding;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod collector;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod knowledge;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod scheduling;
#[cfg(test)]
mod sets;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod weather;
