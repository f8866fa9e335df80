//! What is wrong with a YAML text, and where.

use std::{fmt, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan};

/// A text that is no YAML, or none that Kubernetes can read: what is wrong, and at which line and column. Drawn with
/// miette it shows the line.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    help: Option<&'static str>,
    file: Option<String>,
    source: Option<NamedSource<Arc<str>>>,
    at: usize,
    length: usize,
    line: usize,
    column: usize,
}

/// What sort of mistake it is; it decides over the code and the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The text breaks YAML's grammar.
    Syntax,
    /// The text is YAML, but says something that JSON, and so Kubernetes, has no word for.
    Value,
    /// The text would grow or nest without measure.
    Limit,
    /// The value is not of the shape that was asked for.
    Shape,
}

impl Error {
    /// An error about `length` bytes at byte `at` of `text`.
    pub(crate) fn new(kind: Kind, text: &str, at: usize, length: usize, message: impl Into<String>) -> Self {
        let at = floor(text, at);
        let length = floor(text, at + length) - at;
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            help: None,
            file: None,
            source: Some(NamedSource::new("yaml", Arc::from(text)).with_language("yaml")),
            at,
            length,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }))
    }

    /// The same error with what the user can do.
    pub(crate) fn with_help(mut self, help: &'static str) -> Self {
        self.0.help = Some(help);
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The line of the whole text, from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The name of the file, when [`in_file`](Self::in_file) has told it.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// The same error, naming the file that the text came from.
    #[must_use]
    pub fn in_file(mut self, name: impl fmt::Display) -> Self {
        let name = name.to_string();
        self.0.source =
            self.0.source.map(|source| NamedSource::new(&name, source.inner().clone()).with_language("yaml"));
        self.0.file = Some(name);
        self
    }

    /// The same error without the text, for a file that holds keys or tokens.
    #[must_use]
    pub fn without_source(mut self) -> Self {
        self.0.source = None;
        self
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, file, line, column, .. } = &*self.0;
        match file {
            Some(file) => write!(formatter, "{file}:{line}:{column}: {message}"),
            None => write!(formatter, "line {line}, column {column}: {message}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Error({:?}, {self})", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl Diagnostic for Error {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(match self.0.kind {
            Kind::Syntax => "yaml::syntax",
            Kind::Value => "yaml::value",
            Kind::Limit => "yaml::limit",
            Kind::Shape => "yaml::shape",
        }))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = SourceSpan::new(self.0.at.into(), self.0.length);
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_counts_lines_and_characters_from_1() {
        let error = Error::new(Kind::Syntax, "a: ü\nb: ü]\n", 11, 1, "unexpected `]`");
        assert_eq!(error.to_string(), "line 2, column 5: unexpected `]`");
        assert_eq!(error.clone().in_file("kind.yaml").to_string(), "kind.yaml:2:5: unexpected `]`");
        assert_eq!((error.line(), error.column(), error.file()), (2, 5, None));
    }

    #[test]
    fn a_place_inside_a_character_or_past_the_end_is_moved_to_a_boundary() {
        assert_eq!(Error::new(Kind::Syntax, "ü", 1, 9, "x").to_string(), "line 1, column 1: x");
        assert_eq!(Error::new(Kind::Syntax, "ü", 9, 9, "x").to_string(), "line 1, column 2: x");
    }
}
