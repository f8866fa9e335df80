//! What a template function is: a name, the Go types of its parameters, and code.

use super::{exec::Engine, object::Object, value::Value};

/// A function that templates may call.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The parameters; of a variadic function the last one stands for any number of arguments.
    pub(crate) parameters: &'static [Type],
    pub(crate) variadic: bool,
    pub(crate) run: Code,
}

/// The code of a function. It gets as many arguments as the parameters ask for, of the right types; the error is what
/// Go's function would return.
pub(crate) type Code = fn(&Engine<'_>, &[Value]) -> Result<Value, String>;

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// The Go type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    Bool,
    Float,
    Int,
    Map,
    String,
    Time,
    Uint32,
    /// `chartutil.Values`, which takes the same maps as `Map`.
    Values,
}

impl Type {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Float => "float64",
            Self::Int => "int",
            Self::Map => "map[string]interface {}",
            Self::String => "string",
            Self::Time => "time.Time",
            Self::Uint32 => "uint32",
            Self::Values => "chartutil.Values",
        }
    }

    /// Whether nil can be passed.
    pub(crate) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::Map | Self::Values)
    }

    /// Whether a value that is not nil can be passed.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Float => matches!(value, Value::Float(_)),
            Self::Int => matches!(value, Value::Int(_, super::value::IntKind::Int)),
            Self::Map | Self::Values => matches!(value, Value::Map(map) if map.is_boxed()),
            Self::String => matches!(value, Value::String(_) | Value::Binary(_)),
            Self::Time => matches!(value, Value::Object(object) if matches!(**object, Object::Time(_))),
            Self::Uint32 => false,
        }
    }
}
