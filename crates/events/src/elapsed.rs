//! Time as a run counts it: from its own start.

use std::{fmt, ops::Sub, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time since the start of the run.
///
/// Serialised as seconds with three decimals, so that a person can read a
/// report and a test can write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Elapsed(Duration);

impl Elapsed {
    /// The start of the run.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// A moment so long after the start.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// A moment so many milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the start this is.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// This moment moved by `span`.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub for Elapsed {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}s", self.0.as_secs_f64())
    }
}

impl Serialize for Elapsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millis();
        #[expect(clippy::cast_precision_loss, reason = "a run lasts less than 2^52 ms")]
        serializer.serialize_f64(millis as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Elapsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}
