//! Floating-point numbers as Go writes them.

/// Write with the verb `e`, `E`, `f`, `F`, `g` or `G`; without a precision, with as many digits as tell the number apart.
pub(crate) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    match verb {
        'e' | 'E' => exponential(value, precision, verb),
        'g' | 'G' => general(value, precision, verb),
        _ => match precision {
            Some(precision) => format!("{value:.precision$}"),
            None => format!("{value}"),
        },
    }
}

/// What `print` and `%v` write: `1e+06`, `0.25`, `123456`.
pub(crate) fn display(value: f64) -> String {
    format(value, 'g', None)
}

/// What JSON gets: plain digits from 1e-6 up to 1e21.
pub(crate) fn json(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format(value, 'f', None);
    }
    let text = format(value, 'e', None);
    match text.strip_suffix(|digit: char| digit.is_ascii_digit()).and_then(|head| head.strip_suffix("e-0")) {
        Some(mantissa) => format!("{mantissa}e-{}", &text[text.len() - 1..]),
        None => text,
    }
}

fn exponential(value: f64, precision: Option<usize>, verb: char) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = split(&text);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{verb}{sign}{:02}", exponent.unsigned_abs())
}

fn split(text: &str) -> (&str, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn general(value: f64, precision: Option<usize>, verb: char) -> String {
    let precision = precision.map(|digits| digits.max(1));
    let text = match precision {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = split(&text);
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    let count = digits.trim_end_matches('0').len().max(1) as i32;
    let point = exponent + 1;
    let limit = match precision {
        None => 6,
        Some(digits) if digits as i32 > count && count >= point => count,
        Some(digits) => digits as i32,
    };
    if exponent < -4 || exponent >= limit {
        let verb = if verb == 'G' { 'E' } else { 'e' };
        return exponential(value, Some((count - 1) as usize), verb);
    }
    format(value, 'f', Some((count - point).max(0) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_go() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (100.0, "100"),
            (999999.0, "999999"),
            (1000000.0, "1e+06"),
            (1234567.0, "1.234567e+06"),
            (123456789.0, "1.23456789e+08"),
            (0.25, "0.25"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123456.75, "123456.75"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
        ] {
            assert_eq!(display(value), text);
        }
    }

    #[test]
    fn json_keeps_plain_digits_longer() {
        for (value, text) in [
            (1e6, "1000000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (0.1, "0.1"),
        ] {
            assert_eq!(json(value), text);
        }
    }

    #[test]
    fn precision_rounds() {
        for (verb, precision, value, text) in [
            ('g', 3, 100.0, "100"),
            ('g', 3, 1000.0, "1e+03"),
            ('g', 3, 1234.0, "1.23e+03"),
            ('e', 2, 12345.678, "1.23e+04"),
            ('f', 2, 2.675, "2.67"),
            ('f', 0, 2.5, "2"),
        ] {
            assert_eq!(format(value, verb, Some(precision)), text);
        }
    }
}
