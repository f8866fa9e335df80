//! From a document to a type, with the place of what does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{
    error::{Error, Kind},
    locate::locate,
};

pub(crate) fn typed<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut value = crate::parse(text)?;
    whole_numbers(&mut value);
    serde_path_to_error::deserialize(value).map_err(|wrong| {
        let (at, length) = locate(text, &segments(wrong.path())).unwrap_or((0, 0));
        let path = wrong.path().to_string();
        let message = wrong.into_inner().to_string();
        let message = if path == "." { message } else { format!("`{path}`: {message}") };
        Error::new(Kind::Shape, text, at, length, message)
    })
}

/// Go passes values through JSON text, where 1.0 is written `1`: what is whole is an integer.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(map) => map.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

fn whole(float: f64) -> Option<i64> {
    // 2^53: beyond it a double does not tell one integer from the next.
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
}

/// The path in the document: keys and list indices, as text.
fn segments(path: &Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            // An enum's variant is a key of its own in JSON.
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect()
}
