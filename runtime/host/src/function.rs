//! An operation without its type: the specification and a way to call it.

use std::{fmt, pin::Pin, time::Duration};

use schemars::JsonSchema;
use serde_json::Map;

use crate::{Call, Class, Effect, Failure, Spec, Value, spec};

type Running = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;
type Run = dyn Fn(&Spec, Call, Map<String, Value>) -> Result<(String, Running), Failure> + Send + Sync;

/// A function that scripts can call.
pub struct Function {
    /// What it declares of itself.
    pub spec: Spec,
    run: Box<Run>,
}

/// The declared parts of a [`Spec`]; the rest follows from the request's schema.
pub struct Declared {
    /// `module::verb_noun`.
    pub name: &'static str,
    /// The names of the positional parameters.
    pub positional: &'static [&'static str],
    /// What comes back.
    pub returns: &'static str,
    /// What it changes.
    pub effect: Effect,
    /// What it needs to be allowed.
    pub permissions: &'static [Class],
    /// The codes it may fail with.
    pub failures: &'static [&'static str],
    /// A script that runs.
    pub example: &'static str,
    /// How long it may take to clean up after a cancellation.
    pub grace: Duration,
}

impl Function {
    /// The function whose request has the type `T`. `run` gets the checked arguments and returns the subject for
    /// events, and the work.
    pub fn new<T: JsonSchema>(
        declared: Declared,
        run: impl Fn(&Spec, Call, Map<String, Value>) -> Result<(String, Running), Failure> + Send + Sync + 'static,
    ) -> Self {
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value();
        let spec = Spec {
            name: declared.name,
            doc: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            parameters: spec::parameters(&schema, declared.positional),
            returns: declared.returns,
            effect: declared.effect,
            permissions: declared.permissions,
            failures: declared.failures,
            example: declared.example,
            grace: declared.grace,
            schema,
        };
        Self { spec, run: Box::new(run) }
    }

    /// Check the arguments and prepare the work; nothing happens until it is awaited.
    pub(crate) fn prepare(&self, call: Call, named: Map<String, Value>) -> Result<(String, Running), Failure> {
        (self.run)(&self.spec, call, named)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Function({})", self.spec.name)
    }
}
