//! Small values with a form of their own: times, kinds, names of snapshots.

use std::time::Duration;

use super::Resolver;
use crate::{problem::Problem, spanned::Text};

/// The longest time that makes sense.
const LONGEST: Duration = Duration::from_hours(24);

impl Resolver<'_> {
    /// A time, as `2s`, `3m`, `500ms` or `1m30s`.
    pub(super) fn duration(&mut self, text: &Text) -> Duration {
        match parse_duration(text) {
            Some(duration) if duration.is_zero() => {
                self.problem(text.node, "a time of nothing");
                duration
            }
            Some(duration) if duration > LONGEST => {
                self.problem(text.node, "longer than a day");
                duration
            }
            Some(duration) => duration,
            None => {
                let problem = Problem::new(
                    self.sources.span(text.node),
                    format!("`{}` is not a time", text.value),
                );
                self.problems
                    .push(problem.label("as `500ms`, `2s` or `3m`"));
                Duration::from_secs(1)
            }
        }
    }

    /// A kind, as `Pod` or `apps/v1/StatefulSet`.
    pub(super) fn kind(&mut self, text: &Text) -> String {
        let name = text.rsplit('/').next().unwrap_or_default();
        let parts = text.split('/').count();
        let proper = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !proper || parts > 3 || text.split('/').any(str::is_empty) {
            let message = format!("`{}` is not a kind", text.value);
            self.problem_with_hint(text.node, message, "as `Pod` or `apps/v1/StatefulSet`");
        }
        text.value.clone()
    }

    /// A name in lower case, as Kubernetes has them.
    pub(super) fn plain_name(&mut self, what: &str, text: &Text) -> String {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let ends = |c: char| c != '-' && allowed(c);
        if !text.chars().all(allowed) || !text.starts_with(ends) || !text.ends_with(ends) {
            let message = format!("`{}` is not a name of a {what}", text.value);
            self.problem_with_hint(
                text.node,
                message,
                "small letters, digits, and `-` between them",
            );
        }
        text.value.clone()
    }
}

/// A time from one or more numbers with a unit, the large ones first.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, millis) = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total = total.checked_add(Duration::from_millis(number.checked_mul(millis)?))?;
    }
    (!text.is_empty()).then_some(total)
}
