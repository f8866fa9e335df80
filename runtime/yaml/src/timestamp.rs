//! Which texts are dates or times to Go's yaml.v2. They are read as strings, but a string of this form is written quoted.

/// Whether the text is a date (`2001-1-2`), or a date with a time that is joined by `T` or `t` and has a zone, or one that is
/// joined by blanks and has none.
pub(crate) fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

fn timestamp(text: &str) -> Option<()> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let year: u32 = text[..4].parse().ok()?;
    let (month, rest) = one_or_two_digits(&bytes[5..])?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(b"-")?)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(month, year) {
        return None;
    }
    match rest {
        [] => Some(()),
        [b'T' | b't', rest @ ..] => zone(clock(rest)?),
        [b' ', ..] => clock(rest.trim_ascii_start()).filter(|rest| rest.is_empty()).map(drop),
        _ => None,
    }
}

/// `15:4:5.999999999`, with one or two digits each and any number of digits after a point or comma; what follows it.
fn clock(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = one_or_two_digits(text)?;
    let (minute, rest) = one_or_two_digits(rest.strip_prefix(b":")?)?;
    let (second, rest) = one_or_two_digits(rest.strip_prefix(b":")?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    match rest {
        [b'.' | b',', b'0'..=b'9', ..] => {
            let end = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            Some(&rest[1 + end..])
        }
        _ => Some(rest),
    }
}

/// `Z` or `+07:00`; Go lets an offset be 24 hours and 60 minutes.
fn zone(text: &[u8]) -> Option<()> {
    let two = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
    match *text {
        [b'Z'] => Some(()),
        [b'+' | b'-', a @ b'0'..=b'9', b @ b'0'..=b'9', b':', c @ b'0'..=b'9', d @ b'0'..=b'9'] => {
            (two(a, b) <= 24 && two(c, d) <= 60).then_some(())
        }
        _ => None,
    }
}

fn one_or_two_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let digit = |byte: u8| u32::from(byte - b'0');
    match *text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', ref rest @ ..] => Some((digit(a) * 10 + digit(b), rest)),
        [a @ b'0'..=b'9', ref rest @ ..] => Some((digit(a), rest)),
        _ => None,
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        for text in [
            "2001-01-01",
            "2001-1-1",
            "2004-02-29",
            "2001-12-14T21:59:43Z",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14T1:2:3,5+24:60",
            "2001-12-14 21:59:43",
            "2001-12-14   1:2:3.123456789012",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2001-01-01T",
            "2001-13-01",
            "2001-02-29",
            "2001-01-00",
            "20011-01-01",
            "201-01-01",
            "2001-12-14T21:59:43",
            "2001-12-14 21:59:43Z",
            "2001-12-14T24:00:00Z",
            "2001-12-14T1:2:3.Z",
            "2001-12-14 21:59:43.10 -5",
            "2001-01",
            "2001-001-01",
            "2001",
            "2001-ü",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
