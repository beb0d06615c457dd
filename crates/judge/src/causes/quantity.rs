//! Amounts, as `2Gi` or `500m`, for comparing.

/// An amount in thousandths; none where the text is no amount.
pub(super) fn thousandths(text: &str) -> Option<i128> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let unit: i128 = match suffix {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let places = u32::try_from(part.len()).ok().filter(|it| *it <= 9)?;
    let scaled: i128 = format!("{whole}{part}").parse().ok()?;
    scaled.checked_mul(unit).map(|it| it / 10_i128.pow(places))
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn amounts_compare_across_units() {
        assert_eq!(thousandths("1.5Gi"), thousandths("1536Mi"));
        assert!(thousandths("1G") < thousandths("1Gi"));
        assert_eq!(thousandths("500m"), Some(500));
        assert_eq!(thousandths("much"), None);
        assert_eq!(thousandths("1e3"), None);
    }
}
