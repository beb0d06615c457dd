//! Resource quantities: `1.5Gi`, `100m`, `12E+6`.
//!
//! Invariants:
//! - Numbers are whole thousandths of thousandths in 128 bits; nothing is a float.
//! - The canonical form is the one Kubernetes writes.

use std::cmp::Ordering;

/// What Kubernetes says a quantity must match.
pub(crate) const PATTERN: &str = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// The kind of suffix a quantity was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
    Exponent(char),
}

/// A parsed quantity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    billionths: i128,
    form: Form,
}

impl Quantity {
    /// Reads a quantity.
    pub(crate) fn parse(text: &str) -> Option<Quantity> {
        let end = text
            .find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '+' | '-')))
            .unwrap_or(text.len());
        let (digits, suffix) = text.split_at(end);
        let (form, factor) = suffix_factor(suffix)?;
        let billionths = scaled(digits, &factor)?;
        Some(Quantity { billionths, form })
    }

    /// Whether it is less than nothing, nothing, or more.
    pub(crate) fn sign(self) -> Ordering {
        self.billionths.cmp(&0)
    }

    /// Compares two amounts.
    pub(crate) fn compare(self, other: Quantity) -> Ordering {
        self.billionths.cmp(&other.billionths)
    }

    /// Whether it is a whole number.
    pub(crate) fn is_whole(self) -> bool {
        self.billionths % ONE == 0
    }

    /// As Kubernetes writes it.
    pub(crate) fn canonical(self) -> String {
        if self.billionths == 0 {
            return "0".to_owned();
        }
        match self.form {
            Form::Binary if self.is_whole() && (self.billionths / ONE).abs() >= 1024 => {
                binary(self.billionths / ONE)
            }
            Form::Exponent(letter) => decimal(self.billionths, Some(letter)),
            Form::Binary | Form::Decimal => decimal(self.billionths, None),
        }
    }
}

/// The canonical form of a quantity, if it is one.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let quantity = Quantity::parse(text)?;
    let exponent_as_written = matches!(quantity.form, Form::Exponent(_))
        && text.starts_with(|first: char| first.is_ascii_digit());
    // Kubernetes remembers how an exponent was written and gives it back unchanged.
    Some(if exponent_as_written {
        text.to_owned()
    } else {
        quantity.canonical()
    })
}

fn suffix_factor(suffix: &str) -> Option<(Form, Factor)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, i32); 10] = [
        ("n", -9),
        ("u", -6),
        ("m", -3),
        ("", 0),
        ("k", 3),
        ("M", 6),
        ("G", 9),
        ("T", 12),
        ("P", 15),
        ("E", 18),
    ];
    if let Some(index) = BINARY.iter().position(|known| *known == suffix) {
        return Some((
            Form::Binary,
            Factor {
                base: 1024,
                power: i32::try_from(index).ok()? + 1,
            },
        ));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((
            Form::Decimal,
            Factor {
                base: 10,
                power: *power,
            },
        ));
    }
    let letter = suffix
        .chars()
        .next()
        .filter(|letter| matches!(letter, 'e' | 'E'))?;
    let power = suffix[1..]
        .parse::<i32>()
        .ok()
        .filter(|power| (-18..=18).contains(power))?;
    Some((Form::Exponent(letter), Factor { base: 10, power }))
}

struct Factor {
    base: i128,
    power: i32,
}

fn scaled(digits: &str, factor: &Factor) -> Option<i128> {
    let (sign, bare) = match digits.strip_prefix(['+', '-']) {
        Some(bare) => (if digits.starts_with('-') { -1 } else { 1 }, bare),
        None => (1, digits),
    };
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !all_digits(whole)
        || !all_digits(fraction)
        || bare.len() > 30
    {
        return None;
    }
    let number: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let mut numerator = number.checked_mul(ONE)?;
    let mut denominator: i128 = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    let power = factor.base.checked_pow(factor.power.unsigned_abs())?;
    if factor.power >= 0 {
        numerator = numerator.checked_mul(power).unwrap_or(i128::MAX);
    } else {
        denominator = denominator.checked_mul(power)?;
    }
    // Amounts finer than a billionth are rounded up, away from nothing.
    Some(sign * ((numerator + denominator - 1) / denominator))
}

fn binary(whole: i128) -> String {
    let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let (mut value, mut index) = (whole, 0);
    while value % 1024 == 0 && index + 1 < suffixes.len() {
        value /= 1024;
        index += 1;
    }
    format!("{value}{}", suffixes[index])
}

fn decimal(billionths: i128, exponent: Option<char>) -> String {
    let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let (mut value, mut index) = (billionths, 0);
    while value % 1000 == 0 && index + 1 < suffixes.len() {
        value /= 1000;
        index += 1;
    }
    match exponent {
        Some(letter) => match i32::try_from(index).unwrap_or_default() * 3 - 9 {
            0 => value.to_string(),
            power => format!("{value}{letter}{power}"),
        },
        None => format!("{value}{}", suffixes[index]),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn canonical_forms_are_those_of_kubernetes() {
        let inputs = [
            "0.100",
            "1024Ki",
            "1e3",
            "3",
            "1000m",
            "1048576000m",
            "1500M",
            "3.0",
            "1500u",
            "1.5Gi",
            "0.5Mi",
            "2E",
            "12E+6",
            "100m",
            "1.5",
            "0",
            "-1",
            "0.5",
            "64000k",
            "1Gig",
            "",
            "1.2.3",
        ];
        let outputs = inputs.map(|input| canonical(input).unwrap_or_else(|| "-".to_owned()));
        assert_snapshot!(outputs.join(" "), @"100m 1Mi 1e3 3 1 1048576 1500M 3 1500u 1536Mi 512Ki 2E 12E+6 100m 1500m 0 -1 500m 64M - - -");
    }
}
