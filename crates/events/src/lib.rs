//! What happens in a run, as a versioned record
