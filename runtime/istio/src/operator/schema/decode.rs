//! Read a value against a message: unknown keys and wrong types are found, and what remains has one spelling.

use serde_json::{Map, Number, Value};

use super::{Message, Type, nanoseconds, parse_duration};
use crate::operator::problem::{Problem, Trail};

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Unknown keys are problems; zeros, empty texts, lists and maps are left out, as protocol buffers do.
    Strict,
    /// Unknown keys are problems; what is given stays, so that zero and absence differ.
    Explicit,
    /// Unknown keys are left out.
    Lenient,
}

/// What was read.
#[derive(Debug)]
pub struct Decoded {
    /// The value with every known key in its JSON spelling.
    pub value: Value,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

/// Read a value; `path` is where it stands, for the problems.
pub fn decode(message: &Message, value: &Value, reading: Reading, path: &str) -> Decoded {
    let mut decoder = Decoder { reading, problems: Vec::new() };
    let value = decoder.message(message, value, &Trail::Root(path));
    Decoded { value: value.unwrap_or_else(|| Value::Object(Map::new())), problems: decoder.problems }
}

struct Decoder {
    reading: Reading,
    problems: Vec<Problem>,
}

impl Decoder {
    fn message(&mut self, message: &Message, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        let map = match value {
            Value::Object(map) => map,
            // A null element or message is an empty one.
            Value::Null => return Some(Value::Object(Map::new())),
            other => return self.wrong("a map", other, trail),
        };
        let mut out = Map::new();
        for (key, value) in map {
            let Some(field) = message.field(key) else {
                self.unknown(message, key, trail);
                continue;
            };
            // Both spellings given: the JSON one counts.
            if key != field.json && map.contains_key(field.json) {
                continue;
            }
            if value.is_null() && !matches!(field.holds, Type::Any | Type::IntOrString) {
                continue;
            }
            let read = self.value(field.holds, value, &Trail::Key(trail, key));
            if let Some(read) = read.filter(|read| self.keeps(field.holds, read)) {
                out.insert(field.json.to_owned(), read);
            }
        }
        Some(Value::Object(out))
    }

    /// Whether a read value differs from what absence means.
    fn keeps(&self, holds: Type, value: &Value) -> bool {
        if self.reading == Reading::Explicit {
            return true;
        }
        match (holds, value) {
            (Type::List(_), Value::Array(items)) => !items.is_empty(),
            (Type::Map(_), Value::Object(map)) => !map.is_empty(),
            (Type::Bool, Value::Bool(flag)) => *flag,
            (Type::String, Value::String(text)) => !text.is_empty(),
            (Type::Int32 | Type::Int64 | Type::Uint32 | Type::Double, Value::Number(number)) => {
                number.as_f64() != Some(0.0)
            }
            _ => true,
        }
    }

    fn value(&mut self, holds: Type, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        match holds {
            Type::Bool => match value {
                Value::Bool(_) => Some(value.clone()),
                Value::Null => Some(Value::Bool(false)),
                other => self.wrong("`true` or `false`", other, trail),
            },
            Type::String => match value {
                Value::String(_) => Some(value.clone()),
                Value::Null => Some(Value::String(String::new())),
                other => self.wrong("a text", other, trail),
            },
            Type::Int32 => self.integer(value, i64::from(i32::MIN), i64::from(i32::MAX), trail),
            Type::Int64 => self.integer(value, i64::MIN, i64::MAX, trail),
            Type::Uint32 => self.integer(value, 0, i64::from(u32::MAX), trail),
            Type::Double => self.double(value, trail),
            Type::Enum(words) => self.word(words, value, trail),
            Type::Duration => self.duration(value, trail),
            Type::IntOrString => match value {
                Value::String(_) => Some(value.clone()),
                Value::Null => Some(Value::from(0)),
                Value::Number(number) if as_integer(number).is_some() => {
                    self.integer(value, i64::from(i32::MIN), i64::from(i32::MAX), trail)
                }
                other => self.wrong("a whole number or a text", other, trail),
            },
            Type::Any => Some(value.clone()),
            Type::Struct => match value {
                Value::Object(_) => Some(value.clone()),
                Value::Null => Some(Value::Object(Map::new())),
                other => self.wrong("a map", other, trail),
            },
            Type::Optional(inner) => self.value(*inner, value, trail),
            Type::List(inner) => self.list(*inner, value, trail),
            Type::Map(inner) => self.map(*inner, value, trail),
            Type::Message(message) => self.message(message, value, trail),
        }
    }

    fn list(&mut self, holds: Type, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        let Value::Array(items) = value else {
            return self.wrong("a list", value, trail);
        };
        let read = items.iter().enumerate();
        Some(Value::Array(read.filter_map(|(at, item)| self.value(holds, item, &Trail::Index(trail, at))).collect()))
    }

    fn map(&mut self, holds: Type, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        let Value::Object(entries) = value else {
            return self.wrong("a map", value, trail);
        };
        let mut out = Map::new();
        for (key, value) in entries {
            if let Some(read) = self.value(holds, value, &Trail::Key(trail, key)) {
                out.insert(key.clone(), read);
            }
        }
        Some(Value::Object(out))
    }

    /// A whole number, also written as a text.
    fn integer(&mut self, value: &Value, least: i64, most: i64, trail: &Trail<'_>) -> Option<Value> {
        let number = match value {
            Value::Number(number) => as_integer(number),
            Value::String(text) => text.parse().ok(),
            Value::Null => Some(0),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Some(Value::from(number)),
            Some(_) => self.wrong(&format!("a whole number from {least} to {most}"), value, trail),
            None => self.wrong("a whole number", value, trail),
        }
    }

    fn double(&mut self, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        let number = match value {
            Value::Number(_) => return Some(value.clone()),
            Value::String(text) => text.parse().ok().and_then(Number::from_f64),
            Value::Null => Some(Number::from(0)),
            _ => None,
        };
        match number {
            Some(number) => Some(Value::Number(number)),
            None => self.wrong("a number", value, trail),
        }
    }

    fn word(&mut self, words: &[&str], value: &Value, trail: &Trail<'_>) -> Option<Value> {
        match value {
            Value::String(text) if words.contains(&text.as_str()) => Some(value.clone()),
            Value::Number(number) => {
                let at = as_integer(number).and_then(|number| usize::try_from(number).ok());
                Some(at.and_then(|at| words.get(at)).map_or_else(|| value.clone(), |word| Value::from(*word)))
            }
            Value::String(text) => {
                let expected = format!("one of `{}`", words.join("`, `"));
                let nearest = Problem::nearest(text, words.iter().copied());
                self.problems.push(Problem::new(trail, format!("expected {expected}, found `{text}`")).hint(nearest));
                None
            }
            other => self.wrong(&format!("one of `{}`", words.join("`, `")), other, trail),
        }
    }

    fn duration(&mut self, value: &Value, trail: &Trail<'_>) -> Option<Value> {
        const EXPECTED: &str = "a duration such as `30s` or `1m30s`";
        match value.as_str().and_then(parse_duration) {
            Some(nanos) => Some(Value::String(nanoseconds(nanos))),
            None => self.wrong(EXPECTED, value, trail),
        }
    }

    fn wrong(&mut self, expected: &str, found: &Value, trail: &Trail<'_>) -> Option<Value> {
        self.problems.push(Problem::new(trail, format!("expected {expected}, found {}", shown(found))));
        None
    }

    fn unknown(&mut self, message: &Message, key: &str, trail: &Trail<'_>) {
        if self.reading == Reading::Lenient {
            return;
        }
        let known = message.fields.iter().map(|field| field.json);
        let nearest = Problem::nearest(key, known);
        self.problems.push(Problem::new(trail, format!("unknown field `{key}`")).hint(nearest));
    }
}

/// A number that is whole, however it is written.
fn as_integer(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        // Whole numbers below 2^53 are exact in a float.
        (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
    })
}

/// A value in an error text, cut short.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "a map".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.chars().count() > 60 => {
            format!("`{}…`", text.chars().take(60).collect::<String>())
        }
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operator::schema::{MESH_CONFIG, OPERATOR_SPEC, VALUES};

    fn problems(message: &Message, value: Value) -> Vec<String> {
        let decoded = decode(message, &value, Reading::Strict, "spec");
        decoded.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_keys_are_told_with_their_place_and_the_nearest_one() {
        let found = problems(&OPERATOR_SPEC, json!({"components": {"pilot": {"k8s": {"replicas": 3}}}, "hubb": "x"}));
        assert_eq!(
            found,
            [
                "unknown field `replicas` in `spec.components.pilot.k8s`; did you mean `replicaCount`?",
                "unknown field `hubb` in `spec`; did you mean `hub`?"
            ]
        );
    }

    #[test]
    fn wrong_types_are_told_with_their_place() {
        let found = problems(
            &OPERATOR_SPEC,
            json!({"components": {
            "base": {"enabled": "maybe"},
            "pilot": {"k8s": {"env": {"A": "b"}, "replicaCount": "many"}}}}),
        );
        assert_eq!(
            found,
            [
                "`spec.components.base.enabled`: expected `true` or `false`, found `maybe`",
                "`spec.components.pilot.k8s.env`: expected a list, found a map",
                "`spec.components.pilot.k8s.replicaCount`: expected a whole number, found `many`",
            ]
        );
        assert_eq!(
            problems(&MESH_CONFIG, json!({"accessLogEncoding": "JSN", "connectTimeout": "soon"})),
            [
                "`spec.accessLogEncoding`: expected one of `TEXT`, `JSON`, found `JSN`; did you mean `JSON`?",
                "`spec.connectTimeout`: expected a duration such as `30s` or `1m30s`, found `soon`",
            ]
        );
    }

    #[test]
    fn zeros_and_empty_things_are_left_out_but_wrapped_ones_stay() {
        let spec = json!({"hub": "", "components": {"ingressGateways": [
            {"name": "a", "enabled": false, "label": {}, "k8s": {"replicaCount": "2", "env": [], "affinity": {},
             "securityContext": {"runAsUser": 0, "fsGroup": 1337.0}}}, null]}});
        let decoded = decode(&OPERATOR_SPEC, &spec, Reading::Strict, "spec");
        assert_eq!(decoded.problems.len(), 0);
        assert_eq!(
            decoded.value,
            json!({"components": {"ingressGateways": [
                {"name": "a", "enabled": false,
                 "k8s": {"replicaCount": 2, "affinity": {}, "securityContext": {"fsGroup": 1337}}}, {}]}})
        );
    }

    #[test]
    fn both_spellings_of_a_key_are_known() {
        assert_eq!(
            problems(&VALUES, json!({"istio_cni": {"enabled": true}, "cni": {"resource_quotas": {"pods": 1}}})),
            [""; 0]
        );
        let read = decode(&MESH_CONFIG, &json!({"trust_domain": "a", "trustDomain": "b"}), Reading::Explicit, "");
        assert_eq!(read.value, json!({"trustDomain": "b"}));
    }
}
