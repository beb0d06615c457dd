//! Tests of the whole: see `catalogue.rs` and `causes.rs`. Here is what both ask:
//! which lanes can be played.

/// The variable that turns lanes of real clusters on.
const LANES: &str = "STAYPUT_LANES";

/// What this machine forbids, and how to allow it; none where the embedded cluster works.
///
/// `state` is a folder to try it in.
pub fn why_not_embedded(state: &str) -> Option<String> {
    let error = stayput_embedded::preflight(state.into()).err()?;
    let cure = error.hint().unwrap_or_default();
    Some(format!("{error}: {cure}"))
}

/// How much is played on real clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnKind {
    /// The flagship: a few minutes.
    Flagship,
    /// Everything: half an hour.
    Everything,
}

/// Why a lane of real clusters is not played; none where it is.
pub fn why_no_kind(what: OnKind) -> Option<String> {
    let lane = match what {
        OnKind::Flagship => "kind",
        OnKind::Everything => "kind-everything",
    };
    let lanes = std::env::var(LANES).unwrap_or_default();
    let played = lanes.split(',').any(|it| it == lane);
    (!played).then(|| format!("{LANES}={lane} plays it, with kind and an engine"))
}
