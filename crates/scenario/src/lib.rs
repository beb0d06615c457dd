//! Scenario text to a checked plan
