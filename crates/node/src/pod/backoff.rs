//! Growing pauses between attempts, as a kubelet counts them.
//!
//! Invariant: pure; the first attempt after a success never waits.

use jiff::{SignedDuration, Timestamp};

/// How long to wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: SignedDuration,
    most: SignedDuration,
    current: Option<(SignedDuration, Timestamp)>,
}

impl Backoff {
    /// For containers and images: 10 s doubling to 5 min.
    pub const fn restarts() -> Self {
        Self {
            first: SignedDuration::from_secs(10),
            most: SignedDuration::from_secs(300),
            current: None,
        }
    }

    /// For mounts: 0.5 s doubling to 2 min 2 s.
    pub const fn mounts() -> Self {
        Self {
            first: SignedDuration::from_millis(500),
            most: SignedDuration::from_secs(122),
            current: None,
        }
    }

    /// When the next attempt may be made after an end or failure at `at`: `None` is at
    /// once, and the pause after the following one grows.
    pub fn after(&mut self, at: Timestamp) -> Option<SignedDuration> {
        if let Some((pause, since)) = self.current
            && at.duration_since(since) <= self.most * 2
        {
            return Some(pause);
        }
        self.current = None;
        None
    }

    /// Notes that an attempt is made at `now`.
    pub fn attempt(&mut self, now: Timestamp) {
        let pause = self
            .current
            .map_or(self.first, |(pause, _)| (pause * 2).min(self.most));
        self.current = Some((pause, now));
    }

    /// The pause now due, growing with each call: for things that fail at once.
    pub fn next(&mut self, now: Timestamp) -> SignedDuration {
        self.attempt(now);
        self.current.map_or(self.first, |(pause, _)| pause)
    }
}

/// A duration as Go prints it: `10s`, `1m20s`, `5m0s`.
pub(crate) fn go_duration(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_ten_seconds_to_five_minutes() {
        let mut backoff = Backoff::restarts();
        let mut now = Timestamp::UNIX_EPOCH;
        assert_eq!(backoff.after(now), None);
        let mut said = Vec::new();
        for _ in 0..7 {
            backoff.attempt(now);
            let pause = backoff.after(now).unwrap();
            said.push(go_duration(pause));
            now += pause;
        }
        assert_eq!(said.join(" "), "10s 20s 40s 1m20s 2m40s 5m0s 5m0s");
    }

    #[test]
    fn ten_minutes_of_running_are_forgiven() {
        let mut backoff = Backoff::restarts();
        backoff.attempt(Timestamp::UNIX_EPOCH);
        assert_eq!(backoff.after(Timestamp::from_second(601).unwrap()), None);
    }

    #[test]
    fn mounts_are_tried_again_after_half_a_second_one_two() {
        let mut backoff = Backoff::mounts();
        let pauses = [(); 4].map(|()| backoff.next(Timestamp::UNIX_EPOCH).as_millis());
        assert_eq!(pauses, [500, 1000, 2000, 4000]);
    }
}
