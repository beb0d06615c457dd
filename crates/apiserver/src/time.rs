//! Times as the API writes them, and the errors of Go's parser.

use jiff::fmt::temporal::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// Whole seconds, as in `creationTimestamp`.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Microseconds, as in leases and events.
pub(crate) fn micros(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// So many seconds later, or as late as a time can be.
pub(crate) fn later(time: Timestamp, seconds: i64) -> Timestamp {
    let later = time.checked_add(SignedDuration::from_secs(seconds));
    later.unwrap_or(Timestamp::MAX)
}

/// How exact a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Whole seconds.
    Seconds,
    /// Microseconds.
    Micros,
}

/// A time as exact as that.
pub(crate) fn write(time: Timestamp, precision: Precision) -> String {
    match precision {
        Precision::Seconds => seconds(time),
        Precision::Micros => micros(time),
    }
}

/// Reads a time and writes it again in the API's form; nothing for the zero time.
pub(crate) fn parse(text: &str, precision: Precision) -> Result<Option<String>, String> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    if text.is_empty() {
        return Ok(None);
    }
    let layout = match precision {
        Precision::Micros => "2006-01-02T15:04:05.000000Z07:00",
        Precision::Seconds => "2006-01-02T15:04:05Z07:00",
    };
    let error = |rest: &str, part: &str| {
        Err(format!(
            "parsing time \"{text}\" as \"{layout}\": cannot parse \"{rest}\" as \"{part}\""
        ))
    };
    if !text
        .as_bytes()
        .get(..4)
        .is_some_and(|year| year.iter().all(u8::is_ascii_digit))
    {
        return error(text, "2006");
    }
    let Ok(time) = PARSER.parse_timestamp(text) else {
        return error(text.get(4..).unwrap_or_default(), "-");
    };
    let fraction = text.get(19..).unwrap_or_default();
    let digits = fraction.strip_prefix('.').map_or(0, |rest| {
        rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    if precision == Precision::Micros && digits < 6 {
        return error(fraction, ".000000");
    }
    Ok(Some(write(time, precision)))
}

/// The time of a serialized field, when it is one.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A span as tables print it: two units at most.
pub(crate) fn human(total: i64) -> String {
    let (minutes, hours, days) = (total / 60, total / 3600, total / 86400);
    let two = |big: i64, name: char, rest: i64, small: char| {
        if rest == 0 {
            format!("{big}{name}")
        } else {
            format!("{big}{name}{rest}{small}")
        }
    };
    match total {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{total}s"),
        120..600 => two(minutes, 'm', total % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn spans_are_printed_as_kubectl_does() {
        let spans = [
            0, 119, 120, 125, 600, 10_800, 11_000, 28_800, 172_800, 180_000, 900_000, 70_000_000,
        ];
        assert_snapshot!(spans.map(human).join(" "), @"0s 119s 2m 2m5s 10m 3h 3h3m 8h 2d 2d2h 10d 2y80d");
    }

    #[test]
    fn bad_times_are_refused_in_the_words_of_go() {
        assert_snapshot!(parse("yesterday", Precision::Seconds).expect_err("no time"), @r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#);
        assert_snapshot!(parse("2026-01-02T03:04:05.1Z", Precision::Micros).expect_err("too short"), @r#"parsing time "2026-01-02T03:04:05.1Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".1Z" as ".000000""#);
        assert_eq!(
            parse("2026-01-02T03:04:05+01:00", Precision::Seconds),
            Ok(Some("2026-01-02T02:04:05Z".to_owned()))
        );
    }
}
