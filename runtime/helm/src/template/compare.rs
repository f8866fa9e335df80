//! Comparison: `eq`, `ne`, `lt` and the rest, with Go's refusals; and deep equality.

use std::cmp::Ordering;

use super::{object::Object, print, value::Value};

const BAD_TYPE: &str = "invalid type for comparison";

/// The kinds that Go's templates can compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invalid,
    Bool,
    Int,
    Float,
    String,
    Uint,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_, kind) if kind.is_unsigned() => Kind::Uint,
        Value::Int(..) => Kind::Int,
        Value::Float(_) => Kind::Float,
        Value::String(_) | Value::Binary(_) => Kind::String,
        _ => Kind::Invalid,
    }
}

/// Whether the first value equals one of the others.
pub(crate) fn eq(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (kind(left), kind(right)) {
        (Kind::Int, Kind::Uint) | (Kind::Uint, Kind::Int) => Ok(integer(left) == integer(right)),
        (one, other) if one != other => match (left, right) {
            (Value::Nil, _) | (_, Value::Nil) => Ok(false),
            _ => Err(incompatible(left, right)),
        },
        (Kind::Invalid, _) => equal_by_identity(left, right),
        (Kind::Float, _) => Ok(number(left) == number(right)),
        (Kind::Bool, _) => Ok(left.is_true() == right.is_true()),
        (Kind::String, _) => Ok(left.as_bytes() == right.as_bytes()),
        _ => Ok(integer(left) == integer(right)),
    }
}

fn equal_by_identity(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, other) | (other, Value::Nil) => Ok(matches!(other, Value::List(list) if list.is_nil())),
        _ if left.kind_name() != right.kind_name() => Err(format!(
            "non-comparable types {}: {}, {}: {}",
            shown(left),
            left.type_name(),
            right.type_name(),
            shown(right)
        )),
        (Value::Object(one), Value::Object(other)) if !matches!(**other, Object::Files(_)) => {
            Ok(std::rc::Rc::ptr_eq(one, other))
        }
        _ => Err(format!("non-comparable type {}: {}", shown(right), right.type_name())),
    }
}

fn shown(value: &Value) -> String {
    String::from_utf8_lossy(&print::text(value)).into()
}

fn incompatible(left: &Value, right: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", left.type_name(), right.type_name())
}

fn integer(value: &Value) -> i128 {
    match value {
        Value::Int(value, kind) if kind.is_unsigned() => i128::from(*value as u64),
        Value::Int(value, _) => i128::from(*value),
        _ => 0,
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        _ => f64::NAN,
    }
}

/// The order of two values; none when one of them is no number in the float sense.
///
/// # Errors
/// When their types have no order, or not the same one.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (kind(left), kind(right)) {
        (Kind::Invalid, _) | (_, Kind::Invalid) => Err(BAD_TYPE.into()),
        (Kind::Int | Kind::Uint, Kind::Int | Kind::Uint) => Ok(Some(integer(left).cmp(&integer(right)))),
        (one, other) if one != other => Err(incompatible(left, right)),
        (Kind::Bool, _) => Err(BAD_TYPE.into()),
        (Kind::Float, _) => Ok(number(left).partial_cmp(&number(right))),
        _ => Ok(Some(left.as_bytes().cmp(&right.as_bytes()))),
    }
}

/// `reflect.DeepEqual`: the same types with the same contents.
pub(crate) fn deep_equal(left: &Value, right: &Value) -> bool {
    deep_equal_at(left, right, 0)
}

fn deep_equal_at(left: &Value, right: &Value, depth: usize) -> bool {
    if left.type_name() != right.type_name() || depth > 500 {
        return false;
    }
    match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one, _), Value::Int(other, _)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            one.is_same(other)
                || one.is_nil() == other.is_nil()
                    && one.items().len() == other.items().len()
                    && one.items().iter().zip(other.items()).all(|(one, other)| deep_equal_at(one, other, depth + 1))
        }
        (Value::Map(one), Value::Map(other)) => {
            let (one, other) = match one.is_same(other) {
                true => return true,
                false => (one.borrow(), other.borrow()),
            };
            one.len() == other.len()
                && one.iter().zip(other.iter()).all(|((name, value), (other_name, other_value))| {
                    name == other_name && deep_equal_at(value, other_value, depth + 1)
                })
        }
        (Value::Object(one), Value::Object(other)) => {
            std::rc::Rc::ptr_eq(one, other) || print::text(left) == print::text(right)
        }
        _ => left.as_bytes() == right.as_bytes(),
    }
}
