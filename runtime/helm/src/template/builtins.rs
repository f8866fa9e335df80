//! The functions that Go's templates have of themselves. Sprig has its own `slice`, which replaces Go's.

use super::{
    compare, escape,
    exec::Engine,
    function::{Function, Type},
    object::Object,
    print, printf,
    value::{IntKind, Value},
};

const ONE: &[Type] = &[Type::Any];
const TWO: &[Type] = &[Type::Any, Type::Any];

/// The functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function { name: "and", parameters: ONE, variadic: true, run: unreachable_here },
    Function { name: "or", parameters: ONE, variadic: true, run: unreachable_here },
    Function { name: "not", parameters: ONE, variadic: false, run: |_, a| Ok(Value::Bool(!a[0].is_true())) },
    Function { name: "call", parameters: TWO, variadic: true, run: call },
    Function { name: "html", parameters: ONE, variadic: true, run: |_, a| Ok(Value::text(escape::html(&joined(a)))) },
    Function {
        name: "js",
        parameters: ONE,
        variadic: true,
        run: |_, a| Ok(Value::text(escape::javascript(&joined(a)))),
    },
    Function {
        name: "urlquery",
        parameters: ONE,
        variadic: true,
        run: |_, a| Ok(Value::text(escape::query(&printable(a)))),
    },
    Function { name: "index", parameters: TWO, variadic: true, run: |_, a| index(&a[0], &a[1..]) },
    Function { name: "len", parameters: ONE, variadic: false, run: |_, a| length(&a[0]) },
    Function { name: "print", parameters: ONE, variadic: true, run: |_, a| Ok(Value::go_string(print::sprint(a))) },
    Function { name: "println", parameters: ONE, variadic: true, run: |_, a| Ok(Value::go_string(print::sprintln(a))) },
    Function {
        name: "printf",
        parameters: &[Type::String, Type::Any],
        variadic: true,
        run: |_, a| Ok(Value::go_string(printf::sprintf(a[0].as_bytes().unwrap_or_default(), &a[1..]))),
    },
    Function { name: "eq", parameters: TWO, variadic: true, run: |_, a| compare::eq(&a[0], &a[1..]).map(Value::Bool) },
    Function {
        name: "ne",
        parameters: TWO,
        variadic: false,
        run: |_, a| compare::eq(&a[0], &a[1..]).map(|equal| Value::Bool(!equal)),
    },
    Function { name: "lt", parameters: TWO, variadic: false, run: |_, a| less(&a[0], &a[1]).map(Value::Bool) },
    Function { name: "le", parameters: TWO, variadic: false, run: |_, a| less_or_equal(&a[0], &a[1]).map(Value::Bool) },
    Function {
        name: "gt",
        parameters: TWO,
        variadic: false,
        run: |_, a| less_or_equal(&a[0], &a[1]).map(|less| Value::Bool(!less)),
    },
    Function {
        name: "ge",
        parameters: TWO,
        variadic: false,
        run: |_, a| less(&a[0], &a[1]).map(|less| Value::Bool(!less)),
    },
];

/// `and` and `or` are evaluated by the engine, which may leave arguments alone.
fn unreachable_here(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(arguments.last().cloned().unwrap_or(Value::Nil))
}

fn call(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    match &arguments[0] {
        Value::Nil => Err("call of nil".into()),
        other => Err(format!("non-function of type {}", other.type_name())),
    }
}

/// The text of arguments as the escaping functions see it: nil is `<no value>` when it stands alone.
fn printable(arguments: &[Value]) -> Vec<u8> {
    let shown: Vec<Value> = arguments
        .iter()
        .map(|value| match value {
            Value::Nil => Value::text("<no value>"),
            value => value.clone(),
        })
        .collect();
    print::sprint(&shown)
}

fn joined(arguments: &[Value]) -> String {
    String::from_utf8_lossy(&printable(arguments)).into()
}

fn less(left: &Value, right: &Value) -> Result<bool, String> {
    compare::order(left, right).map(|order| order.is_some_and(|order| order.is_lt()))
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool, String> {
    compare::order(left, right).map(|order| order.is_some_and(|order| order.is_le()))
}

/// `index x 1 2 3` is `x[1][2][3]`.
pub(crate) fn index(item: &Value, indexes: &[Value]) -> Result<Value, String> {
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::List(list) => list.items()[position(index, list.items().len(), "slice")?].clone(),
            Value::String(_) | Value::Binary(_) | Value::Bytes(_) => {
                let bytes = item.as_bytes().unwrap_or_default();
                let what = if matches!(item, Value::Bytes(_)) { "slice" } else { "string" };
                Value::Int(i64::from(bytes[position(index, bytes.len(), what)?]), IntKind::Uint8)
            }
            Value::Map(map) => {
                let zero = if map.is_boxed() { Value::Nil } else { Value::text("") };
                map.get(&key(index)?).unwrap_or(zero)
            }
            Value::Object(object) => match &**object {
                Object::Files(files) => Value::Bytes(files.get(&key(index)?)),
                other => return Err(format!("can't index item of type {}", other.type_name())),
            },
            other => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(item)
}

fn position(index: &Value, length: usize, what: &str) -> Result<usize, String> {
    match index {
        Value::Int(at, _) => match usize::try_from(*at) {
            Ok(at) if at < length => Ok(at),
            Ok(at) if at == length => Err(format!("reflect: {what} index out of range")),
            _ => Err(format!("index out of range: {at}")),
        },
        Value::Nil => Err("cannot index slice/array with nil".into()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn key(index: &Value) -> Result<String, String> {
    match index {
        Value::String(_) | Value::Binary(_) => {
            Ok(String::from_utf8_lossy(index.as_bytes().unwrap_or_default()).into_owned())
        }
        Value::Nil => Err("value is nil; should be of type string".into()),
        other => Err(format!("value has type {}; should be string", other.type_name())),
    }
}

fn length(item: &Value) -> Result<Value, String> {
    let length = match item {
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Object(object) => match &**object {
            Object::Files(files) => files.iter().count(),
            other => return Err(format!("len of type {}", other.type_name())),
        },
        other => match other.as_bytes() {
            Some(bytes) => bytes.len(),
            None => return Err(format!("len of type {}", other.type_name())),
        },
    };
    Ok(Value::int(length as i64))
}
