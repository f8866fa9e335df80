//! Time as Go writes and reads it: layouts like `2006-01-02`, durations like `1h30m`.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The name of a month, 1 for January.
pub(crate) fn month_name(month: i64) -> String {
    let index = usize::try_from(month - 1).ok();
    index.and_then(|index| MONTHS.get(index)).map_or_else(|| format!("%!Month({month})"), |name| (*name).into())
}

/// The name of a day of the week, 0 for Sunday.
pub(crate) fn weekday_name(day: i64) -> String {
    let index = usize::try_from(day).ok();
    index.and_then(|index| DAYS.get(index)).map_or_else(|| format!("%!Weekday({day})"), |name| (*name).into())
}

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Literal(&'a str),
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// A numeric zone: `Z` for UTC, a colon, how many fields (1 to 3).
    Zone {
        z: bool,
        colon: bool,
        fields: usize,
    },
    /// A fraction of a second: its separator, its digits, whether zeros at the end are dropped.
    Fraction {
        separator: char,
        digits: usize,
        trims: bool,
    },
}

const PIECES: &[(&str, Piece<'static>)] = &[
    ("January", Piece::LongMonth),
    ("Jan", Piece::Month),
    ("Monday", Piece::LongWeekday),
    ("Mon", Piece::Weekday),
    ("MST", Piece::ZoneName),
    ("002", Piece::ZeroYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHour12),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::Year),
    ("15", Piece::Hour),
    ("1", Piece::NumberMonth),
    ("2006", Piece::LongYear),
    ("__2", Piece::UnderYearDay),
    ("_2", Piece::UnderDay),
    ("2", Piece::Day),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::UpperPm),
    ("pm", Piece::LowerPm),
    ("-07:00:00", Piece::Zone { z: false, colon: true, fields: 3 }),
    ("-070000", Piece::Zone { z: false, colon: false, fields: 3 }),
    ("-07:00", Piece::Zone { z: false, colon: true, fields: 2 }),
    ("-0700", Piece::Zone { z: false, colon: false, fields: 2 }),
    ("-07", Piece::Zone { z: false, colon: false, fields: 1 }),
    ("Z07:00:00", Piece::Zone { z: true, colon: true, fields: 3 }),
    ("Z070000", Piece::Zone { z: true, colon: false, fields: 3 }),
    ("Z07:00", Piece::Zone { z: true, colon: true, fields: 2 }),
    ("Z0700", Piece::Zone { z: true, colon: false, fields: 2 }),
    ("Z07", Piece::Zone { z: true, colon: false, fields: 1 }),
];

fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < layout.len() {
        match piece_at(&layout[at..]) {
            Some((piece, length)) => {
                if start < at {
                    out.push(Piece::Literal(&layout[start..at]));
                }
                out.push(piece);
                at += length;
                start = at;
            }
            None => at += layout[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if start < layout.len() {
        out.push(Piece::Literal(&layout[start..]));
    }
    out
}

fn piece_at(text: &str) -> Option<(Piece<'_>, usize)> {
    if let Some(found) = fraction_at(text) {
        return Some(found);
    }
    // `_2006` is a literal `_` before a year.
    if text.starts_with("_2006") {
        return None;
    }
    let (name, piece) = PIECES.iter().find(|(name, _)| text.starts_with(name))?;
    // `Jan` in `January` is taken above; in a longer word like `Janet` it is text.
    let is_word = matches!(piece, Piece::Month | Piece::Weekday);
    if is_word && text[name.len()..].starts_with(|next: char| next.is_ascii_lowercase()) {
        return None;
    }
    Some((*piece, name.len()))
}

fn fraction_at(text: &str) -> Option<(Piece<'_>, usize)> {
    let separator = text.chars().next().filter(|first| matches!(first, '.' | ','))?;
    let digit = text[1..].chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let digits = text[1..].chars().take_while(|next| *next == digit).count();
    if text[1 + digits..].starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    Some((Piece::Fraction { separator, digits, trims: digit == '9' }, 1 + digits))
}

/// Write a point in time in a Go layout.
pub(crate) fn format(time: &Zoned, layout: &str) -> String {
    pieces(layout).into_iter().map(|piece| written(time, piece)).collect()
}

fn written(time: &Zoned, piece: Piece<'_>) -> String {
    let hour12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let month = month_name(i64::from(time.month()));
    let weekday = weekday_name(i64::from(time.weekday().to_sunday_zero_offset()));
    match piece {
        Piece::Literal(text) => text.into(),
        Piece::LongMonth => month,
        Piece::Month => month[..3].into(),
        Piece::NumberMonth => time.month().to_string(),
        Piece::ZeroMonth => format!("{:02}", time.month()),
        Piece::LongWeekday => weekday,
        Piece::Weekday => weekday[..3].into(),
        Piece::Day => time.day().to_string(),
        Piece::UnderDay => format!("{:2}", time.day()),
        Piece::ZeroDay => format!("{:02}", time.day()),
        Piece::UnderYearDay => format!("{:3}", time.day_of_year()),
        Piece::ZeroYearDay => format!("{:03}", time.day_of_year()),
        Piece::Hour => format!("{:02}", time.hour()),
        Piece::Hour12 => hour12.to_string(),
        Piece::ZeroHour12 => format!("{hour12:02}"),
        Piece::Minute => time.minute().to_string(),
        Piece::ZeroMinute => format!("{:02}", time.minute()),
        Piece::Second => time.second().to_string(),
        Piece::ZeroSecond => format!("{:02}", time.second()),
        Piece::LongYear => format!("{:04}", time.year()),
        Piece::Year => format!("{:02}", time.year().rem_euclid(100)),
        Piece::UpperPm => if time.hour() >= 12 { "PM" } else { "AM" }.into(),
        Piece::LowerPm => if time.hour() >= 12 { "pm" } else { "am" }.into(),
        Piece::ZoneName => zone_name(time),
        Piece::Zone { z, colon, fields } => numeric_zone(time.offset().seconds(), z, colon, fields),
        Piece::Fraction { separator, digits, trims } => fraction(time, separator, digits, trims),
    }
}

fn zone_name(time: &Zoned) -> String {
    let info = time.time_zone().to_offset_info(time.timestamp());
    let name = info.abbreviation().to_string();
    match name.starts_with(['+', '-']) {
        // Zones without a name of their own are written as numbers, without minutes when there are none.
        true => numeric_zone(time.offset().seconds(), false, false, 2).trim_end_matches("00").into(),
        false => name,
    }
}

fn numeric_zone(seconds: i32, z: bool, colon: bool, fields: usize) -> String {
    if z && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let total = seconds.abs();
    let parts = [total / 3600, total / 60 % 60, total % 60].map(|part| format!("{part:02}"));
    format!("{sign}{}", parts[..fields].join(if colon { ":" } else { "" }))
}

fn fraction(time: &Zoned, separator: char, digits: usize, trims: bool) -> String {
    let nanoseconds = format!("{:09}", time.subsec_nanosecond());
    let padded = format!("{nanoseconds:0<digits$}");
    let shown = &padded[..digits];
    match trims {
        false => format!("{separator}{shown}"),
        true => match shown.trim_end_matches('0') {
            "" => String::new(),
            shown => format!("{separator}{shown}"),
        },
    }
}

/// What `print` makes of a time.
pub(crate) fn display(time: &Zoned) -> String {
    format(time, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// RFC 3339 with nanoseconds.
pub(crate) fn rfc3339(time: &Zoned) -> String {
    format(time, "2006-01-02T15:04:05.999999999Z07:00")
}

/// The time that Go calls zero: the first of January of year one.
pub(crate) fn zero() -> Zoned {
    let date = Date::constant(1, 1, 1).to_datetime(Time::midnight());
    TimeZone::UTC.to_zoned(date).unwrap_or_else(|_| Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC))
}

#[derive(Default)]
struct Fields {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    pm: Option<bool>,
    minute: i8,
    second: i8,
    nanosecond: i32,
    offset: Option<i32>,
    utc: bool,
}

/// Read a time in a Go layout; without a zone in it, it is in `zone`.
///
/// # Errors
/// In Go's words.
pub(crate) fn parse(layout: &str, text: &str, zone: &TimeZone) -> Result<Zoned, String> {
    let quote = |text: &str| crate::text::quote(text.as_bytes());
    let mut fields = Fields::default();
    let mut rest = text;
    for piece in pieces(layout) {
        rest = read(piece, rest, &mut fields).ok_or_else(|| {
            let wanted = written_layout(piece);
            format!(
                "parsing time {} as {}: cannot parse {} as {}",
                quote(text),
                quote(layout),
                quote(rest),
                quote(&wanted)
            )
        })?;
    }
    if !rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(rest)));
    }
    finish(&fields, zone).ok_or_else(|| format!("parsing time {}: day out of range", quote(text)))
}

fn written_layout(piece: Piece<'_>) -> String {
    match piece {
        Piece::Literal(text) => text.into(),
        Piece::Fraction { separator, digits, trims } => {
            format!("{separator}{}", if trims { "9" } else { "0" }.repeat(digits))
        }
        other => PIECES.iter().find(|(_, piece)| *piece == other).map_or_else(String::new, |(name, _)| (*name).into()),
    }
}

fn finish(fields: &Fields, zone: &TimeZone) -> Option<Zoned> {
    let hour = match fields.pm {
        Some(true) if fields.hour < 12 => fields.hour + 12,
        Some(false) if fields.hour == 12 => 0,
        _ => fields.hour,
    };
    let date = match fields.year_day {
        Some(day) => Date::new(fields.year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
        None => Date::new(fields.year, fields.month.unwrap_or(1), fields.day.unwrap_or(1)).ok()?,
    };
    let time = Time::new(hour, fields.minute, fields.second, fields.nanosecond).ok()?;
    let zone = match fields.offset {
        _ if fields.utc => TimeZone::UTC,
        Some(seconds) => Offset::from_seconds(seconds).ok()?.to_time_zone(),
        None => zone.clone(),
    };
    date.to_datetime(time).to_zoned(zone).ok()
}

fn read<'a>(piece: Piece<'_>, text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    match piece {
        Piece::Literal(literal) => literal_prefix(literal, text),
        Piece::LongMonth => name(text, &MONTHS, 0).map(|(index, rest)| set(&mut fields.month, index as i8 + 1, rest)),
        Piece::Month => name(text, &MONTHS, 3).map(|(index, rest)| set(&mut fields.month, index as i8 + 1, rest)),
        Piece::LongWeekday => name(text, &DAYS, 0).map(|(_, rest)| rest),
        Piece::Weekday => name(text, &DAYS, 3).map(|(_, rest)| rest),
        Piece::NumberMonth => digits(text, 1, 2).map(|(value, rest)| set(&mut fields.month, value as i8, rest)),
        Piece::ZeroMonth => digits(text, 2, 2).map(|(value, rest)| set(&mut fields.month, value as i8, rest)),
        Piece::Day | Piece::UnderDay => {
            digits(text.trim_start_matches(' '), 1, 2).map(|(value, rest)| set(&mut fields.day, value as i8, rest))
        }
        Piece::ZeroDay => digits(text, 2, 2).map(|(value, rest)| set(&mut fields.day, value as i8, rest)),
        Piece::UnderYearDay | Piece::ZeroYearDay => digits(text.trim_start_matches(' '), 1, 3)
            .map(|(value, rest)| set(&mut fields.year_day, value as i16, rest)),
        Piece::Hour | Piece::Hour12 => digits(text, 1, 2).map(|(value, rest)| put(&mut fields.hour, value as i8, rest)),
        Piece::ZeroHour12 => digits(text, 2, 2).map(|(value, rest)| put(&mut fields.hour, value as i8, rest)),
        Piece::Minute => digits(text, 1, 2).map(|(value, rest)| put(&mut fields.minute, value as i8, rest)),
        Piece::ZeroMinute => digits(text, 2, 2).map(|(value, rest)| put(&mut fields.minute, value as i8, rest)),
        Piece::Second => digits(text, 1, 2).map(|(value, rest)| seconds(fields, value, rest)),
        Piece::ZeroSecond => digits(text, 2, 2).map(|(value, rest)| seconds(fields, value, rest)),
        Piece::LongYear => digits(text, 4, 4).map(|(value, rest)| put(&mut fields.year, value as i16, rest)),
        Piece::Year => digits(text, 2, 2).map(|(value, rest)| {
            let century = if value >= 69 { 1900 } else { 2000 };
            put(&mut fields.year, value as i16 + century, rest)
        }),
        Piece::UpperPm => meridiem(text, ["AM", "PM"], fields),
        Piece::LowerPm => meridiem(text, ["am", "pm"], fields),
        Piece::ZoneName => zone_letters(text, fields),
        Piece::Zone { z, colon, fields: count } => zone(text, z, colon, count, fields),
        Piece::Fraction { trims, digits: count, .. } => read_fraction(text, trims, count, fields),
    }
}

fn set<'a, T>(field: &mut Option<T>, value: T, rest: &'a str) -> &'a str {
    *field = Some(value);
    rest
}

fn put<'a, T>(field: &mut T, value: T, rest: &'a str) -> &'a str {
    *field = value;
    rest
}

fn literal_prefix<'a>(literal: &str, text: &'a str) -> Option<&'a str> {
    text.strip_prefix(literal)
}

fn digits(text: &str, minimum: usize, maximum: usize) -> Option<(u32, &str)> {
    let count = text.bytes().take(maximum).take_while(u8::is_ascii_digit).count();
    if count < minimum {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn name<'a>(text: &'a str, names: &[&str], length: usize) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if length > 0 { &name[..length] } else { name };
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
    })
}

fn seconds<'a>(fields: &mut Fields, value: u32, rest: &'a str) -> &'a str {
    fields.second = value as i8;
    // A fraction behind the seconds is read even where the layout has none.
    match rest.starts_with(['.', ',']) && rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
        true => read_fraction(rest, true, 9, fields).unwrap_or(rest),
        false => rest,
    }
}

fn read_fraction<'a>(text: &'a str, optional: bool, count: usize, fields: &mut Fields) -> Option<&'a str> {
    let Some(body) = text.strip_prefix(['.', ',']) else {
        return (optional || fields.nanosecond != 0).then_some(text);
    };
    let found = body.bytes().take_while(u8::is_ascii_digit).count();
    if found == 0 || !optional && found != count {
        return None;
    }
    let nine: String = body[..found].chars().chain("000000000".chars()).take(9).collect();
    fields.nanosecond = nine.parse().ok()?;
    Some(&body[found..])
}

fn meridiem<'a>(text: &'a str, names: [&str; 2], fields: &mut Fields) -> Option<&'a str> {
    let pm = names.iter().position(|name| text.starts_with(name))?;
    fields.pm = Some(pm == 1);
    Some(&text[2..])
}

fn zone_letters<'a>(text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=5).contains(&length) {
        return None;
    }
    fields.utc |= &text[..length] == "UTC";
    fields.offset = fields.offset.or(Some(0));
    Some(&text[length..])
}

fn zone<'a>(text: &'a str, z: bool, colon: bool, count: usize, fields: &mut Fields) -> Option<&'a str> {
    if z && text.starts_with('Z') {
        fields.utc = true;
        return Some(&text[1..]);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let mut rest = &text[1..];
    let mut total = 0;
    for (index, unit) in [3600, 60, 1].into_iter().enumerate().take(count) {
        if colon && index > 0 {
            rest = rest.strip_prefix(':')?;
        }
        let (value, after) = digits(rest, 2, 2)?;
        total += value as i32 * unit;
        rest = after;
    }
    fields.offset = Some(sign * total);
    Some(rest)
}

/// Read a duration like `1h15m30.5s` or `-2ms` as nanoseconds.
///
/// # Errors
/// In Go's words.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", crate::text::quote(text.as_bytes()));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: f64 = 0.0;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let value: f64 = rest[..length].parse().map_err(|_| invalid())?;
        rest = &rest[length..];
        let length = rest.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(rest.len());
        let unit = match &rest[..length] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "" => return Err(format!("time: missing unit in duration {}", crate::text::quote(text.as_bytes()))),
            unit => {
                let (unit, text) = (crate::text::quote(unit.as_bytes()), crate::text::quote(text.as_bytes()));
                return Err(format!("time: unknown unit {unit} in duration {text}"));
            }
        };
        total += value * unit;
        rest = &rest[length..];
    }
    if total > 9.2e18 {
        return Err(invalid());
    }
    Ok(if negative { -total } else { total } as i64)
}

/// A duration as Go writes it: `1h30m0s`, `1.5s`, `2ms`.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    let decimal = |unit: u64| crate::template::float::format(size as f64 / unit as f64, 'f', None);
    if size == 0 {
        return "0s".into();
    }
    if size < 1_000_000_000 {
        return match size {
            ..1_000 => format!("{sign}{size}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", decimal(1_000)),
            _ => format!("{sign}{}ms", decimal(1_000_000)),
        };
    }
    let (hours, minutes) = (size / 3_600_000_000_000, size / 60_000_000_000 % 60);
    let rest = size % 60_000_000_000;
    let fraction = format!("{:09}", rest % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let seconds = match fraction {
        "" => format!("{}s", rest / 1_000_000_000),
        fraction => format!("{}.{fraction}s", rest / 1_000_000_000),
    };
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_write_and_read() {
        let time: Zoned = "2006-01-02T15:04:05.123456789-07:00[-07:00]".parse().unwrap();
        for (layout, text) in [
            ("2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05-07:00"),
            ("Mon Jan _2 3:04PM 06", "Mon Jan  2 3:04PM 06"),
            ("Monday, 02-Jan-06 15:04:05 -0700", "Monday, 02-Jan-06 15:04:05 -0700"),
            ("20060102150405.000", "20060102150405.123"),
            ("15h04m 002 January", "15h04m 002 January"),
            ("Janet _2006 .999", "Janet _2006 .123"),
        ] {
            assert_eq!(format(&time, layout), text);
        }
        let read = parse("2006-01-02 15:04:05 -0700", "2020-02-29 23:59:58 +0130", &TimeZone::UTC).unwrap();
        assert_eq!(rfc3339(&read), "2020-02-29T23:59:58+01:30");
        assert_eq!(
            display(&parse("2006-01-02", "2020-01-05", &TimeZone::UTC).unwrap()),
            "2020-01-05 00:00:00 +0000 UTC"
        );
        assert_eq!(
            parse("2006", "x", &TimeZone::UTC).unwrap_err(),
            "parsing time \"x\" as \"2006\": cannot parse \"x\" as \"2006\""
        );
    }

    #[test]
    fn durations_read_and_write() {
        for (text, nanoseconds, written) in [
            ("1h30m", 5_400_000_000_000, "1h30m0s"),
            ("-1.5s", -1_500_000_000, "-1.5s"),
            ("2ms", 2_000_000, "2ms"),
            ("95m", 5_700_000_000_000, "1h35m0s"),
            ("0", 0, "0s"),
            ("1500us", 1_500_000, "1.5ms"),
        ] {
            assert_eq!(parse_duration(text).unwrap(), nanoseconds, "{text}");
            assert_eq!(duration_text(nanoseconds), written);
        }
        assert_eq!(parse_duration("5").unwrap_err(), "time: missing unit in duration \"5\"");
        assert_eq!(parse_duration("1x").unwrap_err(), "time: unknown unit \"x\" in duration \"1x\"");
        assert_eq!(parse_duration("").unwrap_err(), "time: invalid duration \"\"");
    }
}
