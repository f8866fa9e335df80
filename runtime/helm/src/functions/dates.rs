//! Dates and durations.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};

use super::{ANY, TEXT, arguments::text, fixed};
use crate::{
    golang_time::{duration_text, format, parse, parse_duration, zero},
    template::{
        function::{Code, Function, Type},
        object::Object,
        value::{IntKind, Value},
    },
};

const TIME: Type = Type::Time;

const DATE_MODIFY: Code = |_, a| {
    // An unreadable duration leaves the date as it is.
    let change = parse_duration(&text(&a[0])).unwrap_or(0);
    Ok(shifted(&time_of(&a[1]), change))
};
const MUST_DATE_MODIFY: Code = |_, a| Ok(shifted(&time_of(&a[1]), parse_duration(&text(&a[0]))?));
const DATE_IN_ZONE: Code = |_, a| Ok(Value::text(format(&in_zone(&time_of(&a[1]), &text(&a[2])), &text(&a[0]))));

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("now", &[], |_, _| Ok(time(Zoned::now()))),
    fixed("date", &[TEXT, ANY], |_, a| Ok(Value::text(format(&in_zone(&time_of(&a[1]), "Local"), &text(&a[0]))))),
    fixed("dateInZone", &[TEXT, ANY, TEXT], DATE_IN_ZONE),
    fixed("date_in_zone", &[TEXT, ANY, TEXT], DATE_IN_ZONE),
    fixed("htmlDate", &[ANY], |_, a| Ok(Value::text(format(&in_zone(&time_of(&a[0]), "Local"), "2006-01-02")))),
    fixed("htmlDateInZone", &[ANY, TEXT], |_, a| {
        Ok(Value::text(format(&in_zone(&time_of(&a[0]), &text(&a[1])), "2006-01-02")))
    }),
    fixed("dateModify", &[TEXT, TIME], DATE_MODIFY),
    fixed("date_modify", &[TEXT, TIME], DATE_MODIFY),
    fixed("mustDateModify", &[TEXT, TIME], MUST_DATE_MODIFY),
    fixed("must_date_modify", &[TEXT, TIME], MUST_DATE_MODIFY),
    fixed("ago", &[ANY], |_, a| {
        let seconds = Zoned::now().duration_since(&time_of(&a[0])).as_secs_f64().round();
        Ok(Value::text(duration_text((seconds as i64).saturating_mul(1_000_000_000))))
    }),
    fixed("duration", &[ANY], |_, a| {
        let seconds = match &a[0] {
            Value::String(text) => text.parse().unwrap_or(0),
            Value::Int(seconds, IntKind::Int64) => *seconds,
            _ => 0,
        };
        Ok(Value::text(duration_text(seconds.saturating_mul(1_000_000_000))))
    }),
    fixed("durationRound", &[ANY], |_, a| Ok(Value::text(rounded(&a[0])))),
    fixed("toDate", &[TEXT, TEXT], |_, a| {
        Ok(time(parse(&text(&a[0]), &text(&a[1]), &TimeZone::system()).unwrap_or_else(|_| zero())))
    }),
    fixed("mustToDate", &[TEXT, TEXT], |_, a| parse(&text(&a[0]), &text(&a[1]), &TimeZone::system()).map(time)),
    fixed("unixEpoch", &[TIME], |_, a| Ok(Value::text(time_of(&a[0]).timestamp().as_second().to_string()))),
];

fn time(time: Zoned) -> Value {
    Value::Object(Object::Time(time).into())
}

/// The time that a value means: itself, seconds since 1970, or now for anything else.
fn time_of(value: &Value) -> Zoned {
    let seconds = |seconds: i64| Timestamp::from_second(seconds).map(|at| at.to_zoned(TimeZone::system())).ok();
    let found = match value {
        Value::Object(object) => match &**object {
            Object::Time(time) => Some(time.clone()),
            _ => None,
        },
        Value::Int(value, IntKind::Int | IntKind::Int64) => seconds(*value),
        _ => None,
    };
    found.unwrap_or_else(Zoned::now)
}

fn in_zone(time: &Zoned, name: &str) -> Zoned {
    let zone = match name {
        "Local" => TimeZone::system(),
        "" | "UTC" => TimeZone::UTC,
        name => TimeZone::get(name).unwrap_or(TimeZone::UTC),
    };
    time.with_time_zone(zone)
}

fn shifted(start: &Zoned, nanoseconds: i64) -> Value {
    let moved = start.checked_add(SignedDuration::from_nanos(nanoseconds));
    time(moved.unwrap_or_else(|_| start.clone()))
}

fn rounded(value: &Value) -> String {
    let nanoseconds = match value {
        Value::String(text) => parse_duration(text).unwrap_or(0),
        Value::Int(value, IntKind::Int64) => *value,
        Value::Object(object) => match &**object {
            Object::Time(time) => i64::try_from(Zoned::now().duration_since(time).as_nanos()).unwrap_or(i64::MAX),
            _ => 0,
        },
        _ => 0,
    };
    let seconds = 1_000_000_000;
    let units = [(365 * 24 * 3600, "y"), (30 * 24 * 3600, "mo"), (24 * 3600, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let size = nanoseconds.unsigned_abs();
    let unit = units.into_iter().find(|(unit, _)| size > unit * seconds);
    unit.map_or_else(|| "0s".into(), |(unit, name)| format!("{}{name}", size / (unit * seconds)))
}
