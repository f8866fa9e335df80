//! What a plain scalar means: YAML 1.1 as Go's yaml.v2 reads it, not YAML 1.2.

use crate::timestamp::is_timestamp;

/// The meaning of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Only for what does not fit `Int`.
    Uint(u64),
    /// Also `.inf` and `.nan`, which JSON has no word for.
    Float(f64),
    /// A date, or date and time; it is read as a string, but must be quoted when a string is written.
    Timestamp,
    String,
}

/// Resolve a plain scalar. The first character decides which forms are tried at all; this is why `tRuE`, `NaN` and
/// `~x` are strings and why `<<` as a value is one.
pub(crate) fn resolve(text: &str) -> Scalar {
    match text.bytes().next() {
        None => Scalar::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => match word(text) {
            Scalar::String => go_float(text).map_or(Scalar::String, Scalar::Float),
            found => found,
        },
        Some(b'+' | b'-' | b'0'..=b'9') => match word(text) {
            Scalar::String if is_timestamp(text) => Scalar::Timestamp,
            Scalar::String => number(text),
            found => found,
        },
        Some(_) => Scalar::String,
    }
}

/// The words of YAML 1.1, in exactly these spellings.
fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => Scalar::String,
    }
}

/// A number that begins with a digit or sign. Underscores may stand anywhere.
fn number(text: &str) -> Scalar {
    let plain: std::borrow::Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(int) = go_int(&plain) {
        return Scalar::Int(int);
    }
    if let Some(uint) = go_uint(&plain) {
        return Scalar::Uint(uint);
    }
    if is_decimal(&plain)
        && let Some(float) = finite(&plain)
    {
        return Scalar::Float(float);
    }
    // `0b` with a sign after it is no number in Go, but yaml.v2 tries once more and takes it.
    plain.strip_prefix("0b").and_then(|digits| i64::from_str_radix(digits, 2).ok()).map_or(Scalar::String, Scalar::Int)
}

/// Go's `strconv.ParseInt(text, 0, 64)`: the base comes from the prefix, and a leading 0 alone means octal.
fn go_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let size = go_uint(digits)?;
    if negative { 0i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

/// Go's `strconv.ParseUint(text, 0, 64)`: no sign.
fn go_uint(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    // Rust takes a sign here, Go does not.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, base).ok() }
}

/// Whether the text is `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(text);
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole == 0 && length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        None => rest.is_empty(),
    }
}

/// How many digits the text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The number, unless it is too large for a double: such a text is a string.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Go's `strconv.ParseFloat` of a text that begins with a point: underscores only between digits.
fn go_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let between_digits = |at: usize| {
        let digit = |index: Option<usize>| index.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        digit(at.checked_sub(1)) && digit(Some(at + 1))
    };
    if text.bytes().enumerate().any(|(at, byte)| byte == b'_' && !between_digits(at)) {
        return None;
    }
    let plain = text.replace('_', "");
    if is_decimal(&plain) { finite(&plain) } else { None }
}

/// Whether other YAML readers take the text for a number to the base 60, such as `1:30`: it is written quoted.
/// The pattern is `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
pub(crate) fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
    let mut parts = whole.split(':');
    let counted = |c: u8| c.is_ascii_digit() || c == b'_';
    let first = parts.next().unwrap_or("");
    let mut sixtieths = 0;
    for part in parts {
        sixtieths += 1;
        if !matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
    }
    sixtieths > 0 && first.bytes().all(counted) && fraction.bytes().all(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yaml_1_1_in_their_spellings() {
        for text in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            assert_eq!(resolve(text), Scalar::Bool(true), "{text}");
        }
        for text in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            assert_eq!(resolve(text), Scalar::Bool(false), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Scalar::Null, "{text}");
        }
        for text in
            ["tRuE", "nULL", "yEs", "oN", "~x", "NaN", "Infinity", "nan", "inf", "<<", "=", "-", "+", ".", "..."]
        {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn integers_by_their_prefix() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("+1", 1),
            ("0644", 420),
            ("0o644", 420),
            ("0O17", 15),
            ("0777_0", 4088),
            ("007", 7),
            ("1_000", 1000),
            ("1_", 1),
            ("0b11", 3),
            ("0B1", 1),
            ("-0b11", -3),
            ("0b+1", 1),
            ("0b-1", -1),
            ("0x1F", 31),
            ("+0x10", 16),
            ("-0644", -420),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(resolve(text), Scalar::Int(number), "{text}");
        }
        assert_eq!(resolve("9223372036854775808"), Scalar::Uint(1 << 63));
        assert_eq!(resolve("18446744073709551615"), Scalar::Uint(u64::MAX));
        assert_eq!(resolve("0xFFFFFFFFFFFFFFFF"), Scalar::Uint(u64::MAX));
    }

    #[test]
    fn floats_and_what_only_looks_like_one() {
        for (text, number) in [
            ("08", 8.0),
            ("09.5", 9.5),
            ("1.20", 1.2),
            ("1.", 1.0),
            (".5", 0.5),
            (".5e3", 500.0),
            (".5_0", 0.5),
            ("1_0.5", 10.5),
            ("685_230.15", 685_230.15),
            ("1e3", 1000.0),
            ("-1E-2", -0.01),
            ("99999999999999999999", 1e20),
            ("+18446744073709551615", 18_446_744_073_709_551_615.0),
            ("1e-999", 0.0),
            (".inf", f64::INFINITY),
            ("-.INF", f64::NEG_INFINITY),
        ] {
            assert_eq!(resolve(text), Scalar::Float(number), "{text}");
        }
        for text in [
            "1e999", ".5e999", "1.2.3", "v1.20", "1e", "e1", "0xZ", "0b2", "0x1.8p1", "1:30", "1.5_", "+-1", "._5",
            ".5_", "--1", "+", "-x", "1 000", "0o8", "0b++1", "-0b+1",
        ] {
            let expected = if text == "1.5_" { Scalar::Float(1.5) } else { Scalar::String };
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn base_60() {
        for text in ["1:30", "1:2", "-1:30:59", "1_0:0", "1:30.5_", "190:20:30"] {
            assert!(is_base_60(text), "{text}");
        }
        for text in ["1:90", "1", "1.5", ":30", "1:", "a:1", "1:300", "1.5:30", "1::3", "1:3_"] {
            assert!(!is_base_60(text), "{text}");
        }
    }
}
