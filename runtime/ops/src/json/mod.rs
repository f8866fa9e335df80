//! Operations `json::*`: JSON read and written.

mod parse;
mod read;
mod to_string;
mod write;

use meshrun_host::{Excerpt, Failure, Value};

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<parse::Parse>();
    catalogue.add::<to_string::ToString>();
    catalogue.add::<read::Read>();
    catalogue.add::<write::Write>();
}

/// The value of a text; an error shows the lines around the mistake.
fn value(text: &str, name: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let place = format!("{name}:{}:{}", error.line(), error.column());
        let mut failure = Failure::new("json::syntax", format!("{place}: {what}"));
        failure.excerpt = Some(excerpt(text, name, error.line(), error.column(), what));
        failure
    })
}

/// The line of the mistake with the one before and the one after.
fn excerpt(text: &str, name: &str, line: usize, column: usize, label: String) -> Excerpt {
    let first = line.saturating_sub(1).max(1);
    let lines: Vec<&str> = text.split_inclusive('\n').skip(first - 1).take(line + 2 - first).collect();
    let shown = lines.concat();
    let before: usize = lines.iter().take(line - first.min(line)).map(|line| line.len()).sum();
    let offset = (before + column.saturating_sub(1)).min(shown.len());
    let offset = (0..=offset).rev().find(|at| shown.is_char_boundary(*at)).unwrap_or(0);
    let length = shown[offset..].chars().next().map_or(0, char::len_utf8);
    Excerpt { name: name.to_owned(), text: shown, first_line: first, offset, length, label }
}

/// A value as text.
fn text(value: &Value, pretty: bool) -> Result<String, Failure> {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.map_err(|error| Failure::bug(format!("data is not JSON: {error}")))
}
