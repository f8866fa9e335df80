//! Quantities in the one form in which API servers keep them: `2000m` is `2`, `0.5` is `500m`, `1024Mi` is `1Gi`.

use serde_json::Value;

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// What is smaller is rounded up.
const SMALLEST: i32 = -9;

/// Bring a quantity into that form; what is none stays as it is.
pub(super) fn normalize(value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Some(normal) = normal(&text) {
        *value = normal.into();
    }
}

fn normal(text: &str) -> Option<String> {
    let end = text.find(|one: char| !one.is_ascii_digit() && !"+-.".contains(one)).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (amount, places) = decimal(number)?;
    if let Some(power) = BINARY.iter().position(|one| *one == suffix).filter(|power| *power > 0) {
        return binary(amount, places, u32::try_from(power).ok()?);
    }
    let (exponent, scientific) = match DECIMAL.iter().find(|(one, _)| *one == suffix) {
        Some((_, exponent)) => (*exponent, false),
        None => (suffix.strip_prefix(['e', 'E'])?.parse().ok()?, true),
    };
    if scientific {
        let (amount, exponent) = thousands(amount, exponent - places)?;
        return Some(if exponent == 0 { amount.to_string() } else { format!("{amount}e{exponent}") });
    }
    suffixed(amount, exponent - places)
}

/// An amount of powers of ten with its suffix.
fn suffixed(amount: i128, exponent: i32) -> Option<String> {
    let (amount, exponent) = thousands(amount, exponent)?;
    let (suffix, _) = DECIMAL.iter().find(|(_, one)| *one == exponent)?;
    Some(format!("{amount}{suffix}"))
}

/// `1.50` is 150 with 2 decimal places.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let amount = format!("{whole}{fraction}").parse().ok()?;
    Some((amount, i32::try_from(fraction.len()).ok()?))
}

/// An amount of powers of ten, with the greatest exponent that 3 divides.
fn thousands(mut amount: i128, mut exponent: i32) -> Option<(i128, i32)> {
    if amount == 0 {
        return Some((0, 0));
    }
    while exponent < SMALLEST {
        amount = amount.div_euclid(10) + i128::from(amount.rem_euclid(10) > 0);
        exponent += 1;
    }
    while amount % 10 == 0 {
        amount /= 10;
        exponent += 1;
    }
    while exponent.rem_euclid(3) != 0 {
        amount = amount.checked_mul(10)?;
        exponent -= 1;
    }
    Some((amount, exponent))
}

fn binary(amount: i128, places: i32, power: u32) -> Option<String> {
    let scale = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    let amount = amount.checked_mul(1024_i128.checked_pow(power)?)?;
    if amount.checked_abs()? < scale.checked_mul(1024)? {
        // Small ones are written with decimal suffixes.
        return suffixed(amount, -places);
    }
    let mut whole = amount.div_euclid(scale) + i128::from(amount.rem_euclid(scale) > 0);
    let mut power = 0;
    while whole % 1024 == 0 && power + 1 < BINARY.len() {
        whole /= 1024;
        power += 1;
    }
    Some(format!("{whole}{}", BINARY[power]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_form() {
        for (given, kept) in [
            ("2000m", "2"),
            ("0.5", "500m"),
            ("100m", "100m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("128Mi", "128Mi"),
            ("0", "0"),
            ("1000k", "1M"),
            ("128974848", "128974848"),
            ("1e3", "1e3"),
            ("0Mi", "0"),
            ("512", "512"),
            ("12345Ki", "12345Ki"),
            ("-1.5", "-1500m"),
            ("0.0000000001", "1n"),
        ] {
            let mut value = Value::from(given);
            normalize(&mut value);
            assert_eq!(value, kept, "{given}");
        }
        let mut number = Value::from(2.5);
        normalize(&mut number);
        assert_eq!(number, "2500m");
        let mut none = Value::from("much");
        normalize(&mut none);
        assert_eq!(none, "much");
    }
}
