//! Durations as the mesh configuration writes them: `1.5s`, `250ms`, `1h30m`.

/// Read a duration in nanoseconds; `None` when it is none or beyond 292 years.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (amount, after) = part(rest)?;
        total = total.checked_add(amount)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Nanoseconds as JSON writes a duration: seconds with 0, 3, 6 or 9 digits after the point.
pub fn nanoseconds(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, fraction) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    let digits = format!("{seconds}.{fraction:09}");
    let trimmed = digits.strip_suffix("000").unwrap_or(&digits);
    let trimmed = trimmed.strip_suffix("000").unwrap_or(trimmed);
    let trimmed = trimmed.strip_suffix(".000").unwrap_or(trimmed);
    format!("{sign}{trimmed}s")
}

/// One number with its unit, in nanoseconds, and what follows it.
fn part(text: &str) -> Option<(i128, &str)> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let nanos = unit_in_nanoseconds(unit)?;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut scale = nanos;
    let mut amount = whole.checked_mul(nanos)?;
    for digit in fraction.bytes() {
        scale /= 10;
        amount += i128::from(digit - b'0') * scale;
    }
    Some((amount, rest))
}

fn unit_in_nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let cases = [
            ("1.5s", Some(1_500_000_000)),
            ("1h2m3s", Some(3_723_000_000_000)),
            ("-250ms", Some(-250_000_000)),
            (".5m", Some(30_000_000_000)),
            ("0", Some(0)),
            ("soon", None),
            ("5", None),
            ("", None),
            ("1.2.3s", None),
            ("300y", None),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse_duration(text), nanos, "{text}");
        }
    }

    #[test]
    fn durations_are_written() {
        assert_eq!(nanoseconds(1_500_000_000), "1.500s");
        assert_eq!(nanoseconds(60_000_000_000), "60s");
        assert_eq!(nanoseconds(-1_000), "-0.000001s");
    }
}
