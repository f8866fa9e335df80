//! From a YAML text to JSON values, by the rules of Kubernetes: YAML 1.1 words, keys made strings, merge keys, the last
//! of two equal keys wins.

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput};
use serde_json::Value;

use crate::{
    error::{Error, Kind},
    tree::{MAX_DEPTH, Place, Tree},
};

/// A document of a YAML stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The line of the whole text on which its content begins, from 1.
    pub line: usize,
}

/// Reads the documents of a text one after the other; what comes after the last one asked for is not looked at.
pub(crate) struct Documents<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
}

impl<'t> Documents<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, events: Parser::new_from_str_with_options(text, options()) }
    }

    /// The next document, null ones included.
    pub(crate) fn next(&mut self) -> Result<Option<Document>, Error> {
        while let Some((event, span)) = self.event()? {
            match event {
                Event::DocumentStart(_, Some(version)) if (version.major, version.minor) != (1, 1) => {
                    let found = format!("expected YAML 1.1, found `%YAML {}.{}`", version.major, version.minor);
                    return Err(error(Kind::Syntax, self.text, place(span), found)
                        .with_help("leave the `%YAML` line out: Kubernetes reads YAML 1.1 only"));
                }
                Event::DocumentStart(..) => return self.document(),
                _ => {}
            }
        }
        Ok(None)
    }

    fn document(&mut self) -> Result<Option<Document>, Error> {
        let mut tree = Tree::default();
        let mut line = None;
        while let Some((event, span)) = self.event()? {
            if event.is_node() || event.is_alias() {
                line.get_or_insert(span.start.line());
            }
            let at = place(span);
            let added = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                    tree.scalar(&text, style == ScalarStyle::Plain, tag.as_deref(), anchor, at)
                }
                Event::SequenceStart(_, anchor, _) => tree.start_list(anchor, at),
                Event::MappingStart(_, anchor, _) => tree.start_map(anchor, at),
                Event::SequenceEnd | Event::MappingEnd => tree.end(),
                Event::Alias(id) => tree.alias(id, at),
                Event::DocumentEnd => break,
                _ => Ok(()),
            };
            added.map_err(|wrong| {
                let told = error(wrong.kind, self.text, wrong.at, wrong.message);
                wrong.help.map_or(told.clone(), |help| told.with_help(help))
            })?;
        }
        Ok(Some(Document { value: tree.finish(), line: line.unwrap_or(1) }))
    }

    fn event(&mut self) -> Result<Option<(Event<'t>, Span)>, Error> {
        self.events.next_event().transpose().map_err(|scan| {
            let at = scan.marker().byte_offset().unwrap_or(self.text.len());
            let length = usize::from(at < self.text.len());
            let error = Error::new(Kind::Syntax, self.text, at, length, scan.info());
            match self.text[..at.min(self.text.len())].rsplit('\n').next() {
                Some(line) if line.contains('\t') && line.trim_start_matches([' ', '\t']).is_empty() => {
                    error.with_help("indent with blanks; YAML takes no tabs for it")
                }
                _ => error,
            }
        })
    }
}

/// As libyaml reads, on which Go's readers are modelled.
fn options() -> Options {
    granit_parser::options! {
        emit_comments: false,
        bom_inside_document_as_content: true,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

/// The bytes of a span. Of a text in memory the parser always knows them.
fn place(span: Span) -> Place {
    let start = span.start.byte_offset().unwrap_or(0);
    Place { start, end: span.end.byte_offset().unwrap_or(start).max(start) }
}

/// An error about the first line of a place.
fn error(kind: Kind, text: &str, Place { start, end }: Place, message: String) -> Error {
    let length = text[start..end].find('\n').unwrap_or(end - start);
    Error::new(kind, text, start, length, message)
}
