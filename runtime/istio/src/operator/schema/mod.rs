//! The messages an IstioOperator is made of, as tables of fields, and how a value is read against them.
//!
//! The field names and types are those of Istio 1.20's API: `istio.operator.v1alpha1`, the chart values, and `istio.mesh.v1alpha1`.

mod decode;
mod duration;
mod kubernetes;
mod mesh;
mod operator;
mod values;

pub use decode::{Reading, decode};
pub use duration::{nanoseconds, parse_duration};
pub use kubernetes::KUBERNETES_RESOURCES;
pub use mesh::MESH_CONFIG;
pub use operator::OPERATOR_SPEC;
pub use values::{
    BASE, CNI, CPU_TARGET, GLOBAL, INGRESS_ZVPN, ISTIOD_REMOTE, PILOT, PORTS, SECRET_VOLUME, SIDECAR_INJECTOR,
    TELEMETRY_ACCESS_LOG, TELEMETRY_METADATA_EXCHANGE, TELEMETRY_PROMETHEUS, TELEMETRY_STACKDRIVER, VALUES,
};

/// A message: a map whose keys are known.
#[derive(Debug)]
pub struct Message {
    /// Its fields, in the order in which two names of a choice override each other.
    pub fields: &'static [Field],
}

/// A key of a message and what it holds.
#[derive(Debug)]
pub struct Field {
    /// The name in the definition; accepted everywhere.
    pub name: &'static str,
    /// The name in JSON, mostly the same in camel case; accepted too, and the one written.
    pub json: &'static str,
    /// What it holds.
    pub holds: Type,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    Bool,
    Int32,
    Int64,
    Uint32,
    Double,
    String,
    /// One of these words, or the number of one.
    Enum(&'static [&'static str]),
    /// A text such as `1.5s`.
    Duration,
    /// A number or a text: a port or its name, a count or a percentage.
    IntOrString,
    /// Anything.
    Any,
    /// A map of anything.
    Struct,
    /// A scalar that may be left out, so that zero and absence differ.
    Optional(&'static Type),
    List(&'static Type),
    /// A map with free keys and values of one type.
    Map(&'static Type),
    Message(&'static Message),
}

impl Message {
    /// The field of this name, in either spelling.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name || field.json == name)
    }
}

/// A field written the same way in the definition and in JSON.
const fn field(name: &'static str, holds: Type) -> Field {
    Field { name, json: name, holds }
}

/// A field whose definition has another spelling than JSON.
const fn named(name: &'static str, json: &'static str, holds: Type) -> Field {
    Field { name, json, holds }
}

const BOOL: Type = Type::Optional(&Type::Bool);
const STRINGS: Type = Type::List(&Type::String);
const STRING_MAP: Type = Type::Map(&Type::String);
const STRUCTS: Type = Type::List(&Type::Struct);
