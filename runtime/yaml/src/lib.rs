//! YAML as Kubernetes and Helm read and write it.
//!
//! The measure is what Go's `sigs.k8s.io/yaml` does on top of `yaml.v2`: YAML 1.1 (`yes` is true, `0644` is 420, also
//! as keys), everything passed through JSON, output byte for byte the same. No I/O.

mod error;
mod float;
mod locate;
mod order;
mod print;
mod read;
mod resolve;
mod scalar;
mod shape;
mod style;
mod timestamp;
mod tree;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::Error;
pub use print::{to_string, to_string_all};
pub use read::Document;

/// Read the first document of a text; an empty text is null, and what follows the first document is not looked at.
///
/// # Errors
/// When the text is no YAML, or says what JSON has no word for: a null key, a list as a key, `.inf`.
pub fn parse(text: &str) -> Result<Value, Error> {
    let first = read::Documents::of(text).next()?;
    Ok(first.map(|document| document.value).unwrap_or_default())
}

/// Read all documents of a text, leaving out empty ones, as `kubectl` does.
///
/// # Errors
/// As [`parse`]; the line is that of the whole text.
pub fn parse_all(text: &str) -> Result<Vec<Value>, Error> {
    Ok(parse_documents(text)?.into_iter().map(|document| document.value).collect())
}

/// Read all documents of a text and where they begin, leaving out empty ones.
///
/// # Errors
/// As [`parse`]; the line is that of the whole text.
pub fn parse_documents(text: &str) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    let mut rest = read::Documents::of(text);
    while let Some(document) = rest.next()? {
        if !document.value.is_null() {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// Read the first document of a text into a type. A whole number may be written with a point, as everywhere in Kubernetes: `1.0`
/// is 1.
///
/// # Errors
/// As [`parse`], and when the document is not of the type's shape; the message then tells the path.
pub fn parse_as<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    shape::typed(text)
}
