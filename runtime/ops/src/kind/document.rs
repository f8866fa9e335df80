//! A configuration of kind as scripts give it: a path, a text or a map.

use meshrun_host::{Class, Failure, Value};
use meshrun_kind::{Document, Error};

use crate::Cx;

/// The document that is meant. A text with a line break, or with a colon before a blank, is YAML; any other is a path, and reading
/// it needs the permission `files`.
pub(crate) async fn read(cx: &Cx, operation: &str, given: Value) -> Result<Document, Failure> {
    let text = match given {
        Value::String(text) => text,
        other => return Ok(Document { text: meshrun_yaml::to_string(&other), file: None }),
    };
    if text.contains('\n') || text.contains(": ") || text.trim_start().starts_with('{') {
        return Ok(Document { text, file: None });
    }
    cx.call.context.permissions.check(operation, &[Class::Files])?;
    let path = cx.world.environment.path(&text);
    match tokio::fs::read_to_string(&path).await {
        Ok(content) => Ok(Document { text: content, file: Some(text) }),
        Err(source) => Err(Error::File { path, source }.into()),
    }
}
