//! The fields of Kubernetes' own kinds: what they hold, and how lists in them are shared.

use std::{collections::HashMap, sync::LazyLock};

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Any,
    Text,
    Int,
    Number,
    Bool,
    Quantity,
    IntOrText,
    Time,
    Bytes,
    Map(Box<Shape>),
    List(Box<Shape>),
    Type(String),
}

/// How appliers share a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sharing {
    /// It belongs to one of them as a whole.
    Atomic,
    /// Each item belongs to whoever has put it there.
    Set,
    /// Items are told apart by these of their fields.
    Keys(Vec<String>),
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) shape: Shape,
    pub(super) sharing: Sharing,
    /// Of a map: whether it belongs to one applier as a whole.
    pub(super) atomic: bool,
}

/// A type: its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Type {
    pub(super) atomic: bool,
    pub(super) fields: Vec<Field>,
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

#[derive(Default)]
struct Table {
    roots: HashMap<(String, String), String>,
    types: HashMap<String, Type>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| parse(include_str!("types.txt")));

/// The type of an object of this version and kind.
pub(super) fn root(api_version: &str, kind: &str) -> Option<&'static Type> {
    named(TABLE.roots.get(&(api_version.to_owned(), kind.to_owned()))?)
}

/// A type by its name: `core.v1.Container`.
pub(super) fn named(name: &str) -> Option<&'static Type> {
    TABLE.types.get(name)
}

fn parse(text: &str) -> Table {
    let mut table = Table::default();
    let mut current = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["#", ..] | [] => {}
            ["=", version, kind, of] => {
                let version = version.strip_prefix("core/").unwrap_or(version);
                table.roots.insert((version.to_owned(), (*kind).to_owned()), (*of).to_owned());
            }
            [name, shape, rest @ ..] if line.starts_with(' ') => {
                let field = field(name, shape, rest.first().copied());
                table.types.entry(current.clone()).or_default().fields.push(field);
            }
            [name, rest @ ..] => {
                current = (*name).to_owned();
                table.types.entry(current.clone()).or_default().atomic = !rest.is_empty();
            }
        }
    }
    table
}

fn field(name: &str, text: &str, sharing: Option<&str>) -> Field {
    let atomic = sharing == Some("atomic");
    let sharing = match sharing {
        None | Some("atomic") => Sharing::Atomic,
        Some("set") => Sharing::Set,
        Some(keys) => Sharing::Keys(keys.split(',').map(str::to_owned).collect()),
    };
    let required = name.ends_with('!');
    Field { name: name.trim_end_matches('!').to_owned(), required, shape: shape(text), sharing, atomic }
}

fn shape(text: &str) -> Shape {
    if let Some(item) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return Shape::List(Box::new(shape(item)));
    }
    if let Some(item) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        return Shape::Map(Box::new(shape(item)));
    }
    match text {
        "any" => Shape::Any,
        "string" => Shape::Text,
        "int" => Shape::Int,
        "number" => Shape::Number,
        "bool" => Shape::Bool,
        "quantity" => Shape::Quantity,
        "port" => Shape::IntOrText,
        "time" => Shape::Time,
        "bytes" => Shape::Bytes,
        name => Shape::Type(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(shape: &Shape) -> Option<&str> {
        match shape {
            Shape::Map(inner) | Shape::List(inner) => names_in(inner),
            Shape::Type(name) => Some(name),
            _ => None,
        }
    }

    #[test]
    fn every_type_that_is_named_is_there() {
        for (name, one) in &TABLE.types {
            for field in &one.fields {
                let missing = names_in(&field.shape).filter(|name| named(name).is_none());
                assert_eq!(missing, None, "{name}.{}", field.name);
            }
        }
        for kind in super::super::kinds::built_in() {
            assert!(root(&kind.api_version(), &kind.kind).is_some(), "{kind:?}");
        }
        let ports = root("v1", "Service").unwrap().field("spec").unwrap();
        assert_eq!(ports.shape, Shape::Type("core.v1.ServiceSpec".to_owned()));
    }
}
