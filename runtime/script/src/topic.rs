//! What there is to read about: host functions, control functions, functions of the standard library.

use meshrun_host::Spec;
use serde::Serialize;

/// An entry of the manual.
#[derive(Debug, Clone, Serialize)]
pub struct Topic {
    /// `kind::create_cluster`, `parallel`.
    pub name: String,
    /// How it is called.
    pub signature: String,
    /// The manual: first line an imperative sentence.
    pub doc: String,
    /// A script that runs.
    pub example: String,
    /// The specification, for a host function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Spec>,
}

impl Topic {
    pub(crate) fn of(spec: &Spec) -> Self {
        Self {
            name: spec.name.to_owned(),
            signature: spec.signature(),
            doc: spec.doc.clone(),
            example: spec.example.to_owned(),
            spec: Some(spec.clone()),
        }
    }

    /// A function of a script module.
    pub(crate) fn of_module(module: &str, function: &rhai::ScriptFnMetadata) -> Self {
        let line =
            |line: &str| line.trim_start().trim_start_matches("///").strip_prefix(' ').unwrap_or_default().to_owned();
        let doc: Vec<String> = function.comments.iter().flat_map(|comment| comment.lines()).map(line).collect();
        Self {
            name: format!("{module}::{}", function.name),
            signature: format!("{module}::{}({})", function.name, function.params.join(", ")),
            doc: doc.join("\n"),
            example: String::new(),
            spec: None,
        }
    }

    /// The first sentence of the manual.
    pub fn summary(&self) -> &str {
        let first = self.doc.split("\n\n").next().unwrap_or_default();
        first.find(". ").map_or(first, |end| &first[..=end])
    }
}
