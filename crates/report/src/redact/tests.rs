//! Secrets of every look, planted and looked for.
