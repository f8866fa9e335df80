//! Operations `text::*`: pure functions on strings: they return a new string and leave theirs alone.

mod captures;
mod dedent;
mod ends_with;
mod error;
mod find_all;
mod indent;
mod join;
mod lines;
mod lowercased;
mod matches;
mod pad_end;
mod pad_start;
mod replace_regex;
mod replaced;
mod split;
mod starts_with;
mod trimmed;
mod uppercased;
mod words;

use meshrun_host::Value;
use regex::Regex;
use unicode_width::UnicodeWidthStr;

use crate::catalogue::Catalogue;

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<trimmed::Trimmed>();
    catalogue.add::<lines::Lines>();
    catalogue.add::<words::Words>();
    catalogue.add::<split::Split>();
    catalogue.add::<join::Join>();
    catalogue.add::<replaced::Replaced>();
    catalogue.add::<starts_with::StartsWith>();
    catalogue.add::<ends_with::EndsWith>();
    catalogue.add::<lowercased::Lowercased>();
    catalogue.add::<uppercased::Uppercased>();
    catalogue.add::<pad_end::PadEnd>();
    catalogue.add::<pad_start::PadStart>();
    catalogue.add::<indent::Indent>();
    catalogue.add::<dedent::Dedent>();
    catalogue.add::<matches::Matches>();
    catalogue.add::<captures::Captures>();
    catalogue.add::<find_all::FindAll>();
    catalogue.add::<replace_regex::ReplaceRegex>();
}

use self::error::Error;

/// Wider than any terminal.
const WIDEST: usize = 10_000;

/// The regular expression.
fn regex(pattern: &str) -> Result<Regex, Error> {
    Regex::new(pattern).map_err(|source| Error::Pattern { pattern: pattern.to_owned(), source: Box::new(source) })
}

/// A value as a part of a text.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What brings the text to this width.
fn filling(text: &str, width: usize, fill: char) -> Result<String, Error> {
    if width > WIDEST {
        return Err(Error::Width { most: WIDEST, found: width });
    }
    Ok(std::iter::repeat_n(fill, width.saturating_sub(text.width())).collect())
}
