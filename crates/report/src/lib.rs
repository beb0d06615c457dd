//! Folds events into a terminal, JSON and JUnit
