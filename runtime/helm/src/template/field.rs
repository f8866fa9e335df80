//! Fields and methods of values.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    exec::Place,
    function::Type,
    object::Object,
    value::{IntKind, STRINGS, VERSION_SET, Value},
};
use crate::golang_time;

/// A method: its parameters, and code that gets the receiver and the arguments.
pub(crate) struct Method {
    pub(crate) parameters: &'static [Type],
    pub(crate) run: fn(&Value, &[Value]) -> Result<Value, String>,
}

const NOTHING: &[Type] = &[];
const TEXT: &[Type] = &[Type::String];

/// The field or map entry of this name; a map's missing entry is the zero value of its elements.
pub(crate) fn get(receiver: &Value, name: &str) -> Option<Place> {
    match receiver {
        Value::Map(map) if map.is_boxed() => Some(Place::boxed(map.get(name).unwrap_or(Value::Nil))),
        Value::Map(map) => Some(Place::plain(map.get(name).unwrap_or_else(|| Value::text("")))),
        Value::Object(object) => match &**object {
            Object::Struct(object) => object.field(name).cloned().map(Place::plain),
            Object::Files(files) => Some(Place::plain(Value::Bytes(files.get(name)))),
            _ => None,
        },
        _ => None,
    }
}

/// The entries of a value that holds files.
pub(crate) fn files(object: &Object) -> Option<BTreeMap<Arc<str>, Value>> {
    match object {
        Object::Files(files) => Some(Object::file_entries(files)),
        _ => None,
    }
}

/// The method of this name.
pub(crate) fn method(receiver: &Value, name: &str) -> Option<Method> {
    match receiver {
        Value::List(list) if list.go_type() == VERSION_SET && name == "Has" => {
            Some(Method { parameters: TEXT, run: has_version })
        }
        Value::Int(_, IntKind::Month | IntKind::Weekday) if name == "String" => {
            Some(Method { parameters: NOTHING, run: string })
        }
        Value::Object(object) => match &**object {
            Object::Struct(object) if object.text.is_some() && matches!(name, "String" | "GitVersion") => {
                Some(Method { parameters: NOTHING, run: string })
            }
            Object::Struct(_) => None,
            Object::Files(_) => file_method(name),
            Object::Time(_) => time_method(name),
            Object::Version(_) => version_method(name),
        },
        _ => None,
    }
}

fn string(receiver: &Value, _: &[Value]) -> Result<Value, String> {
    Ok(Value::go_string(super::print::text(receiver)))
}

fn has_version(receiver: &Value, arguments: &[Value]) -> Result<Value, String> {
    let Value::List(list) = receiver else {
        return Ok(Value::Bool(false));
    };
    Ok(Value::Bool(list.items().iter().any(|item| item.as_bytes() == arguments[0].as_bytes())))
}

fn name_of(arguments: &[Value]) -> String {
    arguments.first().and_then(Value::as_bytes).map(|bytes| String::from_utf8_lossy(bytes).into()).unwrap_or_default()
}

/// Define a method of `.Files`, of times or of versions as a function without captures.
macro_rules! method {
    ($variant:ident, $parameters:expr, |$receiver:ident, $arguments:ident| $body:expr) => {
        Some(Method {
            parameters: $parameters,
            run: |receiver, $arguments| match receiver {
                Value::Object(object) => match &**object {
                    Object::$variant($receiver) => $body,
                    _ => Ok(Value::Nil),
                },
                _ => Ok(Value::Nil),
            },
        })
    };
}

fn file_method(name: &str) -> Option<Method> {
    match name {
        "Get" => {
            method!(Files, TEXT, |files, arguments| { Ok(Value::go_string(files.get(&name_of(arguments)).to_vec())) })
        }
        "GetBytes" => method!(Files, TEXT, |files, arguments| Ok(Value::Bytes(files.get(&name_of(arguments))))),
        "Glob" => method!(Files, TEXT, |files, arguments| {
            Ok(Value::Object(Object::Files(files.glob(&name_of(arguments))).into()))
        }),
        "Lines" => method!(Files, TEXT, |files, arguments| {
            let lines = files.lines(&name_of(arguments))?.into_iter().map(Value::go_string).collect();
            Ok(Value::List(super::value::List::new(STRINGS, lines)))
        }),
        "AsConfig" => method!(Files, NOTHING, |files, _arguments| Ok(Value::text(files.as_config()))),
        "AsSecrets" => method!(Files, NOTHING, |files, _arguments| Ok(Value::text(files.as_secrets()))),
        _ => None,
    }
}

fn time_method(name: &str) -> Option<Method> {
    match name {
        "Format" => {
            method!(Time, TEXT, |time, arguments| { Ok(Value::text(golang_time::format(time, &name_of(arguments)))) })
        }
        "String" => method!(Time, NOTHING, |time, _arguments| Ok(Value::text(golang_time::display(time)))),
        "Unix" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int64(time.timestamp().as_second()))),
        "UnixNano" => method!(Time, NOTHING, |time, _arguments| {
            Ok(Value::int64(i64::try_from(time.timestamp().as_nanosecond()).unwrap_or(i64::MAX)))
        }),
        "Year" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.year().into()))),
        "Month" => method!(Time, NOTHING, |time, _arguments| Ok(Value::Int(time.month().into(), IntKind::Month))),
        "Day" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.day().into()))),
        "Hour" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.hour().into()))),
        "Minute" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.minute().into()))),
        "Second" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.second().into()))),
        "YearDay" => method!(Time, NOTHING, |time, _arguments| Ok(Value::int(time.day_of_year().into()))),
        "Weekday" => method!(Time, NOTHING, |time, _arguments| {
            Ok(Value::Int(time.weekday().to_sunday_zero_offset().into(), IntKind::Weekday))
        }),
        "UTC" => method!(Time, NOTHING, |time, _arguments| {
            Ok(Value::Object(Object::Time(time.with_time_zone(jiff::tz::TimeZone::UTC)).into()))
        }),
        _ => None,
    }
}

fn version_method(name: &str) -> Option<Method> {
    match name {
        "Major" => method!(Version, NOTHING, |version, _arguments| Ok(unsigned(version.major))),
        "Minor" => method!(Version, NOTHING, |version, _arguments| Ok(unsigned(version.minor))),
        "Patch" => method!(Version, NOTHING, |version, _arguments| Ok(unsigned(version.patch))),
        "Prerelease" => method!(Version, NOTHING, |version, _arguments| Ok(Value::text(&*version.pre))),
        "Metadata" => method!(Version, NOTHING, |version, _arguments| Ok(Value::text(&*version.metadata))),
        "Original" => method!(Version, NOTHING, |version, _arguments| Ok(Value::text(&*version.original))),
        "String" => method!(Version, NOTHING, |version, _arguments| Ok(Value::text(version.to_string()))),
        "IncMajor" => method!(Version, NOTHING, |version, _arguments| Ok(new_version(version.next_major()))),
        "IncMinor" => method!(Version, NOTHING, |version, _arguments| Ok(new_version(version.next_minor()))),
        "IncPatch" => method!(Version, NOTHING, |version, _arguments| Ok(new_version(version.next_patch()))),
        "Compare" => method!(Version, &[Type::Any], |version, arguments| {
            other_version(&arguments[0]).map(|other| Value::int(version.compare(&other) as i64))
        }),
        "Equal" => method!(Version, &[Type::Any], |version, arguments| {
            other_version(&arguments[0]).map(|other| Value::Bool(version.compare(&other).is_eq()))
        }),
        "GreaterThan" => method!(Version, &[Type::Any], |version, arguments| {
            other_version(&arguments[0]).map(|other| Value::Bool(version.compare(&other).is_gt()))
        }),
        "LessThan" => method!(Version, &[Type::Any], |version, arguments| {
            other_version(&arguments[0]).map(|other| Value::Bool(version.compare(&other).is_lt()))
        }),
        _ => None,
    }
}

fn unsigned(value: u64) -> Value {
    Value::Int(value as i64, IntKind::Uint64)
}

fn new_version(version: crate::semver::Version) -> Value {
    Value::Object(Object::Version(version).into())
}

fn other_version(value: &Value) -> Result<crate::semver::Version, String> {
    match value {
        Value::Object(object) => match &**object {
            Object::Version(version) => Ok(version.clone()),
            other => Err(format!("wrong type for value; expected *semver.Version; got {}", other.type_name())),
        },
        other => Err(format!("wrong type for value; expected *semver.Version; got {}", other.type_name())),
    }
}
