//! The user's values, gathered as Helm gathers them: files first, then the `--set` family.

use serde_json::{Map, Value as Json};

use super::{floats, set, set_file, set_json, set_literal, set_string};
use crate::Error;

/// Values of a user. Whole numbers from files are floats and print as Go prints floats (`1e+06`); those from `--set` are
/// integers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserValues(Map<String, Json>);

impl UserValues {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lay a YAML text over what there is, as `-f` does; `file` names it in errors.
    ///
    /// # Errors
    /// When it is no YAML, or no map.
    pub fn merge_yaml(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let parsed = meshrun_yaml::parse(text).map_err(|source| Error::Yaml { file: file.into(), source })?;
        match parsed {
            Json::Null => Ok(()),
            Json::Object(values) => {
                self.merge(values);
                Ok(())
            }
            other => Err(Error::Shape { file: file.into(), expected: "a map", found: format!("`{other}`") }),
        }
    }

    /// Lay values over what there is, as if they came from a file.
    pub fn merge(&mut self, values: Map<String, Json>) {
        if let Json::Object(values) = floats(Json::Object(values)) {
            merge(&mut self.0, values);
        }
    }

    /// `--set-json`
    ///
    /// # Errors
    /// When the expression cannot be read.
    pub fn set_json(&mut self, expression: &str) -> Result<(), Error> {
        set_json(expression, &mut self.0)
    }

    /// `--set`
    ///
    /// # Errors
    /// When the expression cannot be read.
    pub fn set(&mut self, expression: &str) -> Result<(), Error> {
        set(expression, &mut self.0)
    }

    /// `--set-string`
    ///
    /// # Errors
    /// When the expression cannot be read.
    pub fn set_string(&mut self, expression: &str) -> Result<(), Error> {
        set_string(expression, &mut self.0)
    }

    /// `--set-file`, with `read` to give a file's text.
    ///
    /// # Errors
    /// When the expression cannot be read, or the file.
    pub fn set_file(&mut self, expression: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), Error> {
        set_file(expression, &mut self.0, read)
    }

    /// `--set-literal`
    ///
    /// # Errors
    /// When the expression cannot be read.
    pub fn set_literal(&mut self, expression: &str) -> Result<(), Error> {
        set_literal(expression, &mut self.0)
    }

    /// The values.
    pub fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}

fn merge(target: &mut Map<String, Json>, source: Map<String, Json>) {
    for (key, value) in source {
        match (target.get_mut(&key), value) {
            (Some(Json::Object(below)), Json::Object(value)) => merge(below, value),
            (_, value) => {
                target.insert(key, value);
            }
        }
    }
}
