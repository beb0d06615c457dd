//! Tests of the whole: see `catalogue.rs` and `causes.rs`. Here is what both ask:
//! which lanes can be played.

/// The variable that turns the lane of real clusters on.
const LANES: &str = "STAYPUT_LANES";

/// What this machine forbids, and how to allow it; none where the embedded cluster works.
///
/// `state` is a folder to try it in.
pub fn why_not_embedded(state: &str) -> Option<String> {
    let error = stayput_embedded::preflight(state.into()).err()?;
    let cure = error.hint().unwrap_or_default();
    Some(format!("{error}: {cure}"))
}

/// Why the lane of real clusters is not played; none where it is.
pub fn why_no_kind() -> Option<String> {
    let lanes = std::env::var(LANES).unwrap_or_default();
    if !lanes.split(',').any(|lane| lane == "kind") {
        return Some(format!("{LANES}=kind plays it, with kind and an engine"));
    }
    None
}
