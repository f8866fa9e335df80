//! Floating-point numbers as Go's `strconv` writes them.

/// A double as Go's `%g` in the shortest digits that read back the same: with an exponent, of at least two digits, when it
/// is below -4 or above 5.
fn go_float(value: f64) -> String {
    from_scientific(&format!("{value:e}"))
}

/// The same in single precision, which is how a number becomes a key.
pub(crate) fn go_float_32(value: f64) -> String {
    // Rounding to single precision is the point.
    let value = value as f32;
    match value {
        _ if value.is_nan() => ".nan".to_owned(),
        f32::INFINITY => ".inf".to_owned(),
        f32::NEG_INFINITY => "-.inf".to_owned(),
        _ => from_scientific(&format!("{value:e}")),
    }
}

/// A number as it is written into YAML: whole numbers that fit 64 bits without point or exponent, everything else as
/// [`go_float`] does. Go passes through JSON, where a whole number is written out in its shortest digits and zeros.
pub(crate) fn yaml_float(value: f64) -> String {
    let plain = format!("{value}");
    if value == 0.0 {
        "0".to_owned()
    } else if plain.parse::<i64>().is_ok() || plain.parse::<u64>().is_ok() {
        plain
    } else {
        go_float(value)
    }
}

/// Turn Rust's shortest digits, `d.ddde±x`, into Go's `%g`.
fn from_scientific(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(|&c| c != '.').collect();
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_go_writes_them() {
        for (value, text) in [
            (0.25, "0.25"),
            (-0.25, "-0.25"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (123_456.5, "123456.5"),
            (1_234_567.5, "1.2345675e+06"),
            (1.5e300, "1.5e+300"),
            (-1.5e-300, "-1.5e-300"),
            (1.0, "1"),
            (-0.0, "0"),
            (100_000.0, "100000"),
            (9.3e18, "9300000000000000000"),
            (1e19, "10000000000000000000"),
            (1e20, "1e+20"),
            (-1e19, "-1e+19"),
            (18_446_744_073_709_551_615.0, "1.8446744073709552e+19"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(yaml_float(value), text);
        }
    }

    #[test]
    fn keys_are_of_single_precision() {
        for (value, text) in [
            (1.5, "1.5"),
            (1.234_567_89, "1.2345679"),
            (1e40, ".inf"),
            (-1e40, "-.inf"),
            (f64::NAN, ".nan"),
            (1e6, "1e+06"),
            (100.0, "100"),
        ] {
            assert_eq!(go_float_32(value), text);
        }
    }
}
