//! The texts of all scripts of a run, by name, so that errors can show the line they came from.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// A script: its name, as errors show it, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A path, `stdlib:clusters`, `scripts:multi-primary.rhai`, `-e` or `standard input`.
    pub name: String,
    /// The text as it is on disk.
    pub text: String,
}

impl Source {
    /// The text as Rhai reads it: a `#!` line becomes a comment of the same length of lines.
    pub(crate) fn code(&self) -> String {
        match self.text.strip_prefix("#!") {
            Some(rest) => format!("// {rest}"),
            None => self.text.clone(),
        }
    }
}

/// The texts of a run. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<RwLock<HashMap<String, Arc<str>>>>);

impl Sources {
    /// The text of the script with this name.
    pub fn text(&self, name: &str) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn add(&self, source: &Source) {
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        texts.insert(source.name.clone(), source.text.as_str().into());
    }

    /// The byte range that a place of this source covers: the word there, or one character.
    pub fn span(text: &str, line: usize, column: usize) -> (usize, usize) {
        let begin: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = text.get(begin..).unwrap_or_default();
        let this_line = rest.split('\n').next().unwrap_or_default();
        let at =
            this_line.char_indices().nth(column.saturating_sub(1)).map_or(this_line.trim_end().len(), |(at, _)| at);
        let word = this_line[at..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
            .map(char::len_utf8)
            .sum::<usize>();
        (begin + at, word.max(1).min(text.len().saturating_sub(begin + at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_becomes_the_bytes_of_its_word() {
        let text = "let ü = 1;\n  kind::creat(ü);\n";
        let (offset, length) = Sources::span(text, 2, 3);
        assert_eq!(&text[offset..offset + length], "kind::creat");
        let (offset, length) = Sources::span(text, 1, 5);
        assert_eq!(&text[offset..offset + length], "ü");
        assert_eq!(Sources::span(text, 9, 1), (text.len(), 0));
    }
}
