//! Characters and quoting as Go has them.

use std::sync::LazyLock;

use regex::Regex;

/// Whether Go lets the character stand in a name: a letter, a decimal digit or `_`.
pub(crate) fn is_letter_or_digit(character: char) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    if character.is_ascii() {
        return character == '_' || character.is_ascii_alphanumeric();
    }
    matches_class(&OTHER, character)
}

/// Whether Go calls the character printable: letters, marks, numbers, punctuation, symbols, the ASCII blank.
pub(crate) fn is_print(character: char) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    matches_class(&OTHER, character)
}

/// Whether the character is punctuation in Unicode's sense.
pub(crate) fn is_punctuation(character: char) -> bool {
    static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}$").ok());
    matches_class(&CLASS, character)
}

/// Whether the character is white space in Go's sense.
pub(crate) fn is_space(character: char) -> bool {
    // Rust's set and Go's are the same, White_Space.
    character.is_whitespace()
}

fn matches_class(class: &LazyLock<Option<Regex>>, character: char) -> bool {
    class.as_ref().is_some_and(|class| class.is_match(character.encode_utf8(&mut [0; 4])))
}

/// `U+0041 'A'`, as `%#U` prints a character.
pub(crate) fn unicode_point(character: char) -> String {
    match is_print(character) {
        true => format!("U+{:04X} '{character}'", character as u32),
        false => format!("U+{:04X}", character as u32),
    }
}

/// The bytes as a Go string literal, as `%q` prints it.
pub(crate) fn quote(bytes: &[u8]) -> String {
    quote_with(bytes, '"', false)
}

/// The bytes as a Go string literal between `delimiter`s; `ascii` writes everything else as escapes.
pub(crate) fn quote_with(bytes: &[u8], delimiter: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(delimiter);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut out, character, delimiter, ascii);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push(delimiter);
    out
}

fn push_escaped(out: &mut String, character: char, delimiter: char, ascii: bool) {
    match character {
        '\\' => out.push_str("\\\\"),
        character if character == delimiter => {
            out.push('\\');
            out.push(character);
        }
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        character if is_print(character) && (!ascii || character.is_ascii()) => out.push(character),
        character if (character as u32) < 0x20 || character as u32 == 0x7f => {
            out.push_str(&format!("\\x{:02x}", character as u32));
        }
        character if (character as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", character as u32)),
        character => out.push_str(&format!("\\U{:08x}", character as u32)),
    }
}

/// The bytes that a Go literal stands for: `"..."`, raw or with a single quote's one character.
///
/// # Errors
/// `Err(())` when it is none; Go says `invalid syntax`.
pub(crate) fn unquote(literal: &str) -> Result<Vec<u8>, ()> {
    let delimiter = literal.chars().next().ok_or(())?;
    if literal.len() < 2 || !literal.ends_with(delimiter) {
        return Err(());
    }
    let inner = &literal[1..literal.len() - 1];
    match delimiter {
        '`' if inner.contains('`') => Err(()),
        '`' => Ok(inner.replace('\r', "").into_bytes()),
        '"' | '\'' if inner.contains('\n') => Err(()),
        '"' => unescape(inner, '"'),
        '\'' => {
            let bytes = unescape(inner, '\'')?;
            match std::str::from_utf8(&bytes) {
                Ok(text) if text.chars().count() == 1 => Ok(bytes),
                Err(_) if bytes.len() == 1 => Ok(bytes),
                _ => Err(()),
            }
        }
        _ => Err(()),
    }
}

fn unescape(inner: &str, delimiter: char) -> Result<Vec<u8>, ()> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => rest = escape(rest, delimiter, &mut out)?,
            character if character == delimiter => return Err(()),
            character => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(out)
}

fn escape<'a>(rest: &'a str, delimiter: char, out: &mut Vec<u8>) -> Result<&'a str, ()> {
    let kind = rest.chars().next().ok_or(())?;
    let after = &rest[kind.len_utf8()..];
    let plain = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        kind if kind == delimiter => kind as u8,
        'x' => return number(after, 2, 16, out, false),
        'u' => return number(after, 4, 16, out, true),
        'U' => return number(after, 8, 16, out, true),
        '0'..='7' => return number(rest, 3, 8, out, false),
        _ => return Err(()),
    };
    out.push(plain);
    Ok(after)
}

fn number<'a>(text: &'a str, digits: usize, radix: u32, out: &mut Vec<u8>, rune: bool) -> Result<&'a str, ()> {
    let head = text.get(..digits).ok_or(())?;
    if !head.chars().all(|digit| digit.is_digit(radix)) {
        return Err(());
    }
    let value = u32::from_str_radix(head, radix).map_err(|_| ())?;
    if rune {
        let character = char::from_u32(value).ok_or(())?;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(value).map_err(|_| ())?);
    }
    Ok(&text[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_gos() {
        for (bytes, quoted) in [
            (&b"a\"b\\\n\t\x00\x7f"[..], r#""a\"b\\\n\t\x00\x7f""#),
            ("ünï✓\u{a0}\u{200b}\u{1f600}".as_bytes(), "\"ünï✓\\u00a0\\u200b😀\""),
            (&b"\xff\xc3"[..], r#""\xff\xc3""#),
        ] {
            assert_eq!(quote(bytes), quoted);
            assert_eq!(unquote(quoted).unwrap(), bytes);
        }
    }

    #[test]
    fn literals_that_go_refuses() {
        for literal in ["\"", "\"a", r#""\q""#, r#""\x1""#, r#""\'""#, r#""\400""#, "'ab'", "\"a\nb\""] {
            assert!(unquote(literal).is_err(), "{literal}");
        }
        assert_eq!(unquote("`a\\n`").unwrap(), b"a\\n");
        assert_eq!(unquote(r"'\''").unwrap(), b"'");
    }
}
