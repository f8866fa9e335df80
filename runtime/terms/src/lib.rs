//! Words with units and rules, shared by every crate: durations, sizes, subnets, ports, names, images, secrets; and
//! the way a long act tells what it is doing. No I/O.

mod bytes;
mod cidr;
mod image;
mod name;
mod port;
mod secret;
mod steps;
mod timeout;

pub use bytes::Bytes;
pub use cidr::Cidr;
pub use image::Image;
pub use name::ClusterName;
pub use port::Port;
pub use secret::Secret;
pub use steps::{Progress, Steps};
pub use timeout::Timeout;

/// A word that does not keep its rule: what was expected, what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("expected {expected}, found {found}")]
#[diagnostic(code("terms::invalid"))]
pub struct Invalid {
    /// The rule, with an example of a good value.
    pub expected: &'static str,
    /// What was given, quoted.
    pub found: String,
}

impl Invalid {
    pub(crate) fn new(expected: &'static str, found: impl std::fmt::Display) -> Self {
        Self { expected, found: format!("`{found}`") }
    }
}

/// Let a word be written as a string in scripts and files: serde goes through `FromStr` and `Display`, and the schema
/// carries the word's name as its format, so that help and errors can name the unit.
macro_rules! written_as_string {
    ($type:ident, $format:literal, $expected:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str($expected)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}
pub(crate) use written_as_string;
