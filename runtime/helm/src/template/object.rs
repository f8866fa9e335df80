//! Values that are more than data: structures with methods, a chart's files, points in time, versions.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Zoned;

use crate::{files::Files, semver::Version};

use super::value::Value;

/// A value with fields or methods.
#[derive(Debug)]
pub(crate) enum Object {
    Struct(Struct),
    Files(Files),
    Time(Zoned),
    Version(Version),
}

/// A Go structure: named fields in order.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) go_type: &'static str,
    /// Whether templates hold a pointer to it.
    pub(crate) pointer: bool,
    pub(crate) fields: Vec<Field>,
    /// How many of the first fields belong to an embedded structure, which prints in braces of its own.
    pub(crate) embedded: usize,
    /// What `String()` returns, if the type has that method.
    pub(crate) text: Option<Arc<str>>,
}

/// A field of a structure.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// The key in JSON.
    pub(crate) json: &'static str,
    /// Whether JSON leaves the field out when it is empty.
    pub(crate) omit_empty: bool,
    pub(crate) value: Value,
}

impl Field {
    pub(crate) fn new(name: &'static str, json: &'static str, omit_empty: bool, value: Value) -> Self {
        Self { name, json, omit_empty, value }
    }
}

impl Struct {
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }
}

impl Object {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Struct(object) => object.go_type,
            Self::Files(_) => "engine.files",
            Self::Time(_) => "time.Time",
            Self::Version(_) => "*semver.Version",
        }
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Struct(object) if object.pointer => "ptr",
            Self::Struct(_) | Self::Time(_) => "struct",
            Self::Files(_) => "map",
            Self::Version(_) => "ptr",
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Files(files) => !files.is_empty(),
            _ => true,
        }
    }

    /// The files as a map of byte lists, for those who range over them.
    pub(crate) fn file_entries(files: &Files) -> BTreeMap<Arc<str>, Value> {
        files.iter().map(|(name, bytes)| (name.clone(), Value::Bytes(bytes.clone()))).collect()
    }
}
