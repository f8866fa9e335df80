//! How a string is written: plain, in quotes, or as a block, by the rules of Go's yaml.v2.

use crate::resolve::{Scalar, is_base_60, resolve};

/// The form of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Line breaks of YAML 1.1: beside line feed and carriage return also NEL, and the line and paragraph separators.
pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand unescaped; tabs and everything outside the basic plane may not.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}') && c != '\u{FEFF}'
}

/// The form in which a string is written.
pub(crate) fn style_of(text: &str) -> Style {
    let found = Analysis::of(text);
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if matches!(resolve(text), Scalar::String) && !is_base_60(text) {
        Style::Plain
    } else {
        Style::Double
    };
    match wanted {
        Style::Literal if found.block => Style::Literal,
        Style::Plain if found.plain => Style::Plain,
        Style::Plain if found.single => Style::Single,
        _ => Style::Double,
    }
}

/// Whether a key can stand before its colon; if not, it takes a line of its own after `? `.
pub(crate) fn is_simple_key(text: &str) -> bool {
    text.len() <= 128 && !text.contains(is_break)
}

/// Which forms a string allows.
struct Analysis {
    plain: bool,
    single: bool,
    block: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let special = text.contains(|c| !is_printable(c));
        let pairs = || text.chars().zip(text.chars().skip(1));
        let blank_then_break = pairs().any(|(a, b)| a == ' ' && is_break(b));
        let break_then_blank = pairs().any(|(a, b)| is_break(a) && b == ' ');
        let breaks = text.contains(is_break);
        let edge = |c: char| c == ' ' || is_break(c);
        Self {
            plain: !(special || breaks || text.starts_with(edge) || text.ends_with(edge) || has_indicator(text)),
            single: !(special || blank_then_break || break_then_blank),
            block: !(special || blank_then_break || text.ends_with(' ') || text.is_empty()),
        }
    }
}

/// Whether the text, written plain, would be read as something else than a scalar.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let blank_or_end = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == '\t');
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let before_blank = blank_or_end(rest.clone().next());
        let indicates = match (c, before) {
            ('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`', None) => {
                true
            }
            ('?' | '-', None) | (':', _) => before_blank,
            ('#', Some(before)) => before == ' ' || before == '\t' || before == '\0' || is_break(before),
            _ => false,
        };
        if indicates {
            return true;
        }
        before = Some(c);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_back_as_something_else_is_double_quoted() {
        for text in [
            "",
            "~",
            "null",
            "yes",
            "on",
            "y",
            "True",
            "123",
            "0644",
            "0o7",
            "0x1F",
            "08",
            "1_000",
            "1_",
            "1e3",
            "12e03",
            "+1",
            ".5",
            ".inf",
            "1.20",
            "99999999999999999999",
            "2001-1-1",
            "2001-01-01",
            "1:30",
            "1:2",
        ] {
            assert_eq!(style_of(text), Style::Double, "{text}");
        }
        for text in ["a\tb", "a\rb", "\u{7f}", "🦀", "\u{feff}", "\0"] {
            assert_eq!(style_of(text), Style::Double, "{text:?}");
        }
    }

    #[test]
    fn what_is_text_stays_plain() {
        for text in [
            "=",
            "<<",
            "1:90",
            "0xZ",
            "1.2.3",
            ".",
            "tRuE",
            "NaN",
            "Infinity",
            "~x",
            "2001-01-01T",
            "0b2",
            "a:b",
            "-x",
            "?x",
            ":x",
            "a#b",
            "a, b",
            "a'b",
            "a\"b",
            "\\",
            "it's \"q\"",
            "ünï✓",
            "a\u{a0}b",
            "a\u{200b}b",
        ] {
            assert_eq!(style_of(text), Style::Plain, "{text:?}");
        }
    }

    #[test]
    fn what_means_something_to_yaml_is_single_quoted() {
        for text in [
            "---",
            "--- a",
            "...",
            "#a",
            ", a",
            "[a",
            "]",
            "{}",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "'",
            "\"",
            "%a",
            "@a",
            "`a`",
            "?",
            "? a",
            ":",
            ": a",
            "-",
            "- a",
            "a: b",
            "a:",
            "a #b",
            " a",
            "a ",
            "a\u{2028}b",
        ] {
            assert_eq!(style_of(text), Style::Single, "{text:?}");
        }
    }

    #[test]
    fn several_lines_are_a_block_unless_a_blank_would_be_lost() {
        for text in ["a\nb", "a\n", "\n", " a\n b\n", "a\n\n", "a\n  b"] {
            assert_eq!(style_of(text), Style::Literal, "{text:?}");
        }
        for text in ["x \ny\n", "a\nb ", "a\tb\nc\n", "a\u{2028} b"] {
            assert_eq!(style_of(text), Style::Double, "{text:?}");
        }
    }
}
