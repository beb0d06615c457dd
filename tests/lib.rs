//! The catalogue: one test a fixture and lane.
