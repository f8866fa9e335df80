//! One view of the structure of objects, of Kubernetes' own kinds and of those that definitions make.

use serde_json::Value;

use super::{
    kinds::Resource,
    registry::Known,
    types::{self, Shape, Sharing, Type},
};

/// A part of a kind's structure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schema<'s> {
    /// Of a kind of Kubernetes' own; with what its field says of sharing it.
    BuiltIn(&'s Shape, &'s Sharing, bool),
    /// The root of such a kind.
    Type(&'s Type),
    /// A part of a definition's schema.
    Custom(&'s Value),
    /// The root of an object of a definition.
    CustomRoot(&'s Value),
    /// Nothing is known of it.
    Unknown,
}

/// The structure of a kind.
pub(super) fn of<'s>(known: &'s Known, resource: &Resource) -> Schema<'s> {
    if !resource.custom {
        return types::root(&resource.api_version(), &resource.kind).map_or(Schema::Unknown, Schema::Type);
    }
    let schema = known.definition(resource).and_then(|(_, version)| version.pointer("/schema/openAPIV3Schema"));
    schema.map_or(Schema::Unknown, Schema::CustomRoot)
}

impl<'s> Schema<'s> {
    /// Of a field.
    pub(super) fn field(self, name: &str) -> Self {
        let of_type = |of: &'s Type| {
            of.field(name).map_or(Schema::Unknown, |field| Schema::BuiltIn(&field.shape, &field.sharing, field.atomic))
        };
        match self {
            Self::Type(of) => of_type(of),
            Self::BuiltIn(Shape::Type(of), ..) => types::named(of).map_or(Schema::Unknown, of_type),
            Self::BuiltIn(Shape::Map(item), ..) => Self::BuiltIn(item, &Sharing::Atomic, false),
            Self::BuiltIn(..) | Self::Unknown => Self::Unknown,
            Self::CustomRoot(_) if name == "metadata" => {
                types::named("meta.v1.ObjectMeta").map_or(Schema::Unknown, Schema::Type)
            }
            Self::Custom(schema) | Self::CustomRoot(schema) => {
                let field = schema["properties"].get(name);
                field.or_else(|| schema.get("additionalProperties")).map_or(Self::Unknown, Self::Custom)
            }
        }
    }

    /// Of the items of a list.
    pub(super) fn item(self) -> Self {
        match self {
            Self::BuiltIn(Shape::List(item), ..) => Self::BuiltIn(item, &Sharing::Atomic, false),
            Self::Custom(schema) => schema.get("items").map_or(Self::Unknown, Self::Custom),
            _ => Self::Unknown,
        }
    }

    /// How a list is shared.
    pub(super) fn sharing(self) -> Sharing {
        match self {
            Self::BuiltIn(_, sharing, _) => sharing.clone(),
            Self::Custom(schema) => match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => Sharing::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                    Sharing::Keys(keys.filter_map(Value::as_str).map(str::to_owned).collect())
                }
                _ => Sharing::Atomic,
            },
            _ => Sharing::Atomic,
        }
    }

    /// Whether a map belongs to one applier as a whole.
    pub(super) fn is_atomic(self) -> bool {
        match self {
            Self::BuiltIn(Shape::Type(of), _, atomic) => atomic || types::named(of).is_some_and(|of| of.atomic),
            Self::BuiltIn(_, _, atomic) => atomic,
            Self::Custom(schema) => schema["x-kubernetes-map-type"] == "atomic",
            Self::Type(_) | Self::CustomRoot(_) | Self::Unknown => false,
        }
    }

    /// Whether it is a map whose keys are data, rather than one of fields.
    pub(super) fn is_free_map(self) -> bool {
        match self {
            Self::BuiltIn(Shape::Map(_), ..) => true,
            Self::Custom(schema) => schema.get("additionalProperties").is_some_and(|more| more != false),
            _ => false,
        }
    }

    /// What a key of a list's item is when it is not given.
    pub(super) fn key_default(self, key: &str) -> Option<Value> {
        match self {
            Self::BuiltIn(..) => (key == "protocol").then(|| "TCP".into()),
            Self::Custom(schema) => schema["properties"][key].get("default").cloned(),
            _ => None,
        }
    }
}
