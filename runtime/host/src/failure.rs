//! How a call fails: what was asked, what was seen, what to do. Data, so that scripts can catch and read it.

use std::error::Error as StdError;

use serde::{Deserialize, Serialize};

/// A failed call. Scripts catch it as a map with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable name, `module::reason`, to branch on: `docker::no_engine`.
    pub code: String,
    /// What went wrong, one sentence in lower case; evidence of a wait may follow on further lines.
    pub message: String,
    /// What the user can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The causes beneath, outermost first.
    #[serde(default)]
    pub causes: Vec<String>,
    /// The operation that failed: `kind::create_cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What it was about: `cluster1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The branch of `parallel` that it failed in: `cluster1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The piece of a file that is wrong, when it is a file that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
    /// Where in the scripts it happened, innermost first.
    #[serde(default)]
    pub trace: Vec<Place>,
    /// Several failures at once, as when branches of `parallel` fail.
    #[serde(default)]
    pub related: Vec<Failure>,
}

/// A piece of a text with the part that is wrong marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The file's name.
    pub name: String,
    /// The lines around the mistake.
    pub text: String,
    /// The number of the first of these lines, from 1.
    pub first_line: usize,
    /// Where the mistake begins, in bytes of `text`.
    pub offset: usize,
    /// How many bytes it covers.
    pub length: usize,
    /// What is wrong there.
    pub label: String,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The script's name, as the sources know it.
    pub source: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The function that the place lies in; none at top level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

impl Failure {
    /// A failure with this code and message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            help: None,
            causes: Vec::new(),
            operation: None,
            subject: None,
            branch: None,
            excerpt: None,
            trace: Vec::new(),
            related: Vec::new(),
        }
    }

    /// A broken invariant of meshrun itself.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new("bug::invariant", message).with_help("this is a bug in meshrun, please report it with the script")
    }

    /// The call was ended by Ctrl-C or by a failed sibling.
    pub fn cancelled() -> Self {
        Self::new("host::cancelled", "the call was cancelled")
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it is a cancellation rather than a fault of its own.
    pub fn is_cancelled(&self) -> bool {
        self.code == "host::cancelled"
    }

    /// Name the operation and its subject, unless a deeper call has done so.
    #[must_use]
    pub(crate) fn of(mut self, operation: &str, subject: &str) -> Self {
        self.operation.get_or_insert_with(|| operation.to_owned());
        if !subject.is_empty() {
            self.subject.get_or_insert_with(|| subject.to_owned());
        }
        self
    }
}

impl<E: miette::Diagnostic + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = error.to_string();
        Self {
            code: error.code().map_or_else(|| "host::failed".to_owned(), |code| code.to_string()),
            help: help(&error),
            causes: causes(&error, &message),
            excerpt: excerpt(&error),
            ..Self::new("", message)
        }
    }
}

/// The help of the error, or of the nearest diagnostic beneath it that has one.
fn help(error: &dyn miette::Diagnostic) -> Option<String> {
    error.help().map(|help| help.to_string()).or_else(|| error.diagnostic_source().and_then(help))
}

/// The texts of the sources, leaving out those that the text above already ends with.
fn causes(error: &dyn StdError, message: &str) -> Vec<String> {
    let mut above = message.to_owned();
    let mut found = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !above.ends_with(&text) {
            found.push(text.clone());
        }
        above = text;
        next = source.source();
    }
    found
}

/// The first label of the error, or of the nearest diagnostic beneath it that has one, with a line of context.
fn excerpt(error: &dyn miette::Diagnostic) -> Option<Excerpt> {
    let own = || {
        let code = error.source_code()?;
        let label = error.labels()?.next()?;
        let contents = code.read_span(label.inner(), 1, 1).ok()?; // a span outside the text: better no excerpt than none of the error
        Some(Excerpt {
            name: contents.name().unwrap_or("text").to_owned(),
            text: String::from_utf8_lossy(contents.data()).into_owned(),
            first_line: contents.line() + 1,
            offset: label.offset().saturating_sub(contents.span().offset()),
            length: label.len(),
            label: label.label().unwrap_or("here").to_owned(),
        })
    };
    own().or_else(|| error.diagnostic_source().and_then(excerpt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error, miette::Diagnostic)]
    #[error("cannot read `a.yaml`")]
    #[diagnostic(code("file::unreadable"), help("check the path"))]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("permission denied")]
    struct Inner;

    #[test]
    fn a_library_error_becomes_data_with_its_causes() {
        let failure = Failure::from(Outer(Inner));
        assert_eq!(failure.code, "file::unreadable");
        assert_eq!(failure.message, "cannot read `a.yaml`");
        assert_eq!(failure.help.as_deref(), Some("check the path"));
        assert_eq!(failure.causes, ["permission denied"]);
    }
}
