//! Values: what the user gives, laid over what charts bring.

mod coalesce;
mod dependencies;
mod literal;
mod scanner;
mod schema;
mod strvals;
mod user;

use serde_json::{Map, Number, Value as Json};

pub(crate) use coalesce::Warnings;
pub use coalesce::coalesce;
pub(crate) use coalesce::coalesce_with;
pub(crate) use dependencies::process;
pub use literal::set_literal;
pub(crate) use schema::validate;
pub use strvals::{set, set_file, set_json, set_string};
pub use user::UserValues;

/// The key whose values every chart inside sees.
pub(crate) const GLOBAL: &str = "global";

/// The same data with every number as a float, which is how Go reads numbers out of files.
pub(crate) fn floats(json: Json) -> Json {
    match json {
        Json::Number(number) => match number.as_f64().and_then(Number::from_f64) {
            Some(float) => Json::Number(float),
            None => Json::Number(number),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(floats).collect()),
        Json::Object(entries) => Json::Object(entries.into_iter().map(|(key, value)| (key, floats(value))).collect()),
        other => other,
    }
}

/// The table at a path like `a.b`.
pub(crate) fn table<'v>(values: &'v Map<String, Json>, path: &str) -> Option<&'v Map<String, Json>> {
    path.split('.').try_fold(values, |table, name| table.get(name)?.as_object())
}

/// The value at a path like `a.b`, which must not be a table.
pub(crate) fn path_value<'v>(values: &'v Map<String, Json>, path: &str) -> Option<&'v Json> {
    let found = match path.rsplit_once('.') {
        Some((tables, name)) => table(values, tables)?.get(name),
        None => values.get(path),
    };
    found.filter(|value| !value.is_object())
}
