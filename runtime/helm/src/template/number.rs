//! Number literals: one text, read as every Go type that can hold it.

use super::{ast::Number, lexer::Kind};
use crate::text::{quote, unquote};

/// Read a literal.
///
/// # Errors
/// In Go's words.
pub(crate) fn parse(text: &str, kind: Kind) -> Result<Number, String> {
    if kind == Kind::CharConstant {
        return character(text);
    }
    if kind == Kind::Complex || text.ends_with('i') {
        return Err(format!("complex constant {text} is not supported"));
    }
    let mut number = Number { text: text.into(), int: None, uint: parse_uint(text), float: None };
    number.int = parse_int(text);
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    if let Some(int) = number.int {
        number.float = Some(int as f64);
        return Ok(number);
    }
    if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
        return Ok(number);
    }
    let Some(float) = parse_float(text) else {
        return Err(format!("illegal number syntax: {}", quote(text.as_bytes())));
    };
    if !text.contains(['.', 'e', 'E', 'p', 'P']) {
        return Err(format!("integer overflow: {}", quote(text.as_bytes())));
    }
    number.float = Some(float);
    if float.trunc() == float && (-9.3e18..9.2e18).contains(&float) {
        number.int = Some(float as i64);
    }
    if float.trunc() == float && (0.0..1.8e19).contains(&float) {
        number.uint = Some(float as u64);
    }
    Ok(number)
}

fn character(text: &str) -> Result<Number, String> {
    let malformed = || format!("malformed character constant: {text}");
    let bytes = unquote(text).map_err(|()| malformed())?;
    let code = match std::str::from_utf8(&bytes) {
        Ok(text) => text.chars().next().ok_or_else(malformed)? as u32,
        Err(_) => u32::from(bytes[0]),
    };
    Ok(Number {
        text: text.into(),
        int: Some(i64::from(code)),
        uint: Some(u64::from(code)),
        float: Some(f64::from(code)),
    })
}

/// Read an integer as Go does when it may choose the base: `0x`, `0o`, `0b`, a leading `0` for octal, `_` between digits.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = i128::from(parse_uint(digits)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// [`parse_int`] without a sign.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if digits.is_empty() || digits.starts_with('+') || !underscores_fit(&lower) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// Whether every `_` stands between digits, or between the base's mark and a digit.
fn underscores_fit(text: &str) -> bool {
    !text.starts_with('_') && !text.ends_with('_') && !text.contains("__")
}

/// Read a floating-point number as Go does, hexadecimal ones included.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = hex_float(hex)?;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    let value: f64 = text.parse().ok()?;
    // Go refuses what is too large instead of calling it infinite.
    let names_infinity = unsigned.to_ascii_lowercase().starts_with("inf");
    (value.is_finite() || value.is_nan() || names_infinity).then_some(value)
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let value = u64::from_str_radix(&digits, 16).ok()? as f64;
    let exponent: i32 = exponent.parse().ok()?;
    Some(value * 2f64.powi(exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_literal_is_several_numbers() {
        let read = |text: &str| {
            let number = parse(text, Kind::Number).unwrap();
            (number.int, number.uint, number.float)
        };
        assert_eq!(read("0x1F"), (Some(31), Some(31), Some(31.0)));
        assert_eq!(read("017"), (Some(15), Some(15), Some(15.0)));
        assert_eq!(read("0b11"), (Some(3), Some(3), Some(3.0)));
        assert_eq!(read("0x_1F"), (Some(31), Some(31), Some(31.0)));
        assert_eq!(read("1_000"), (Some(1000), Some(1000), Some(1000.0)));
        assert_eq!(parse("1__0", Kind::Number).unwrap_err(), "illegal number syntax: \"1__0\"");
        assert_eq!(read("-5"), (Some(-5), None, Some(-5.0)));
        assert_eq!(read("1e3"), (Some(1000), Some(1000), Some(1000.0)));
        assert_eq!(read("1.5"), (None, None, Some(1.5)));
        assert_eq!(read("0x1p-2"), (None, None, Some(0.25)));
    }

    #[test]
    fn characters_are_numbers() {
        assert_eq!(parse("'a'", Kind::CharConstant).unwrap().int, Some(97));
        assert_eq!(parse("'ab'", Kind::CharConstant).unwrap_err(), "malformed character constant: 'ab'");
        assert!(parse("99999999999999999999", Kind::Number).unwrap_err().starts_with("integer overflow"));
    }
}
