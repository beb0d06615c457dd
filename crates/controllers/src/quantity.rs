//! Amounts such as `2Gi` and `100m`.
//!
//! Invariants:
//! - Compared in thousandths, rounded up; what is not a quantity counts as 0.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// The amount in thousandths.
pub(crate) fn thousandths(quantity: &Quantity) -> i128 {
    parse(&quantity.0).unwrap_or(0)
}

fn parse(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits_end = text
        .char_indices()
        .find(|(index, letter)| {
            !(letter.is_ascii_digit() || *letter == '.' || (*index == 0 && "+-".contains(*letter)))
        })
        .map_or(text.len(), |(index, _)| index);
    let (number, suffix) = text.split_at(digits_end);
    let (numerator, denominator) = factor(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let amount = digits.checked_mul(numerator)?.checked_mul(1000)?;
    let divisor = scale.checked_mul(denominator)?;
    Some(amount.div_euclid(divisor) + i128::from(amount.rem_euclid(divisor) != 0))
}

fn factor(suffix: &str) -> Option<(i128, i128)> {
    let whole = |factor: i128| Some((factor, 1));
    match suffix {
        "" => whole(1),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1_000)),
        "k" => whole(1_000),
        "M" => whole(1_000_000),
        "G" => whole(1_000_000_000),
        "T" => whole(1_000_000_000_000),
        "P" => whole(1_000_000_000_000_000),
        "E" => whole(1_000_000_000_000_000_000),
        "Ki" => whole(1 << 10),
        "Mi" => whole(1 << 20),
        "Gi" => whole(1 << 30),
        "Ti" => whole(1 << 40),
        "Pi" => whole(1 << 50),
        "Ei" => whole(1 << 60),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            let factor = 10_i128.checked_pow(power.unsigned_abs())?;
            Some(if power < 0 { (1, factor) } else { (factor, 1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_fractions_and_exponents() {
        let amounts = [
            "2Gi", "1500Mi", "100m", "0.5", "1e3", "12E-1", "1.5Gi", "1n", "x", "",
        ];
        let read: Vec<i128> = amounts
            .map(|text| thousandths(&Quantity(text.to_owned())))
            .to_vec();
        assert_eq!(
            read,
            [
                2_147_483_648_000,
                1_572_864_000_000,
                100,
                500,
                1_000_000,
                1_200,
                1_610_612_736_000,
                1,
                0,
                0
            ]
        );
    }
}
