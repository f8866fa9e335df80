//! Go's regular expression syntax (RE2) in terms of the regex crate's.
//!
//! The two agree but for these: Go's `\d`, `\w`, `\s` and `\b` mean ASCII, `\Q...\E` quotes, octal escapes exist, a `{`
//! that starts no repetition is literal, and inside a class neither `[` nor `&&`, `--`, `~~` is special.

/// Rewrite an expression.
///
/// # Errors
/// In Go's words, for what Go refuses and the regex crate would take for something else.
pub(super) fn translate(expression: &str) -> Result<String, String> {
    let mut reader = Reader { rest: expression, out: String::with_capacity(expression.len() + 8) };
    while let Some(character) = reader.next() {
        match character {
            '\\' => reader.escape(false)?,
            '[' => reader.class()?,
            '{' => reader.brace(),
            '(' if reader.rest.starts_with("?") => reader.group()?,
            other => reader.out.push(other),
        }
    }
    Ok(reader.out)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn literal(&mut self, character: char) {
        self.out.push_str(&regex::escape(&character.to_string()));
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(character) = self.next() else {
            return Err("trailing backslash at end of expression: ``".into());
        };
        match character {
            'Q' if !in_class => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.out.push_str(&regex::escape(quoted));
                self.rest = rest;
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => self.out.push_str(&ascii_class(character, in_class)),
            'b' if !in_class => self.out.push_str(r"(?-u:\b)"),
            'B' if !in_class => self.out.push_str(r"(?-u:\B)"),
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.push_escape(character),
            'A' | 'z' if !in_class => self.push_escape(character),
            'p' | 'P' | 'x' => self.push_escape(character),
            '0'..='7' => return self.octal(character),
            other if other.is_ascii_alphanumeric() => {
                return Err(format!("invalid escape sequence: `\\{other}`"));
            }
            other => self.literal(other),
        }
        Ok(())
    }

    fn push_escape(&mut self, character: char) {
        self.out.push('\\');
        self.out.push(character);
    }

    fn octal(&mut self, first: char) -> Result<(), String> {
        let more = self.rest.chars().take(2).take_while(|digit| ('0'..='7').contains(digit)).count();
        if first != '0' && more < 1 {
            return Err(format!("invalid escape sequence: `\\{first}`"));
        }
        let digits = format!("{first}{}", &self.rest[..more]);
        self.rest = &self.rest[more..];
        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
        self.out.push_str(&format!("\\x{{{code:x}}}"));
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        let whole = self.rest;
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(character) = self.next() else {
                return Err(format!("missing closing ]: `[{whole}`"));
            };
            match character {
                ']' if !first => break,
                '\\' => self.escape(true)?,
                '[' if self.rest.starts_with(':') && self.rest.contains(":]") => {
                    let end = self.rest.find(":]").unwrap_or(0) + 2;
                    self.out.push('[');
                    self.out.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                // A range's dash stays one; every other sign is made harmless.
                '-' if !first && !self.rest.starts_with(']') && !self.out.ends_with('[') => self.out.push('-'),
                other => self.literal(other),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn brace(&mut self) {
        let inside = self.rest.split('}').next().unwrap_or_default();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let closes = self.rest.len() > inside.len();
        let repeats = match inside.split_once(',') {
            Some((low, high)) => is_number(low) && (high.is_empty() || is_number(high)),
            None => is_number(inside),
        };
        self.out.push_str(if closes && repeats { "{" } else { "\\{" });
    }

    fn group(&mut self) -> Result<(), String> {
        let head: String = self.rest.chars().take(3).collect();
        if head.starts_with("?=") || head.starts_with("?!") || head.starts_with("?<=") || head.starts_with("?<!") {
            let shown: String = self.rest.chars().take(if head.starts_with("?<") { 3 } else { 2 }).collect();
            return Err(format!("invalid or unsupported Perl syntax: `({shown}`"));
        }
        self.out.push('(');
        Ok(())
    }
}

fn ascii_class(character: char, in_class: bool) -> String {
    let members = match character.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t\n\f\r ",
        _ => "0-9A-Za-z_",
    };
    match (character.is_ascii_uppercase(), in_class) {
        (false, true) => members.into(),
        (false, false) => format!("[{members}]"),
        (true, _) => format!("[^{members}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (expression, text, found) in [
            (r"\d+", "٣12", Some("12")),
            (r"\w+", "é_a1", Some("_a1")),
            (r"[\w.-]+", "é a.b-c", Some("a.b-c")),
            (r"[^\d\s]+", "1 ab", Some("ab")),
            (r"[\D]", "1a", Some("a")),
            (r"\Qa.b\E+", "a.bbb", Some("a.bbb")),
            (r"a{,2}", "a{,2}", Some("a{,2}")),
            (r"a{2,3}", "aaaa", Some("aaa")),
            (r"{x}", "{x}", Some("{x}")),
            (r"[[]", "[", Some("[")),
            (r"[a&&b]+", "a&b", Some("a&b")),
            (r"[]a]+", "]a", Some("]a")),
            (r"[a-]+", "-a", Some("-a")),
            (r"[[:alpha:]]+", "1ab", Some("ab")),
            (r"\<b\>", "<b>", Some("<b>")),
            (r"\bfoo\b", "a foo.", Some("foo")),
            (r"(?i)ABC", "xabc", Some("abc")),
            (r"(?P<n>a)", "a", Some("a")),
            (r"\101", "A", Some("A")),
            (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", Some("a-b")),
            (r"a\/b", "a/b", Some("a/b")),
        ] {
            let regex = regex::Regex::new(&translate(expression).unwrap()).unwrap();
            assert_eq!(regex.find(text).map(|found| found.as_str()), found, "{expression}");
        }
        for expression in [r"(?=a)", r"(?<!a)", r"\y", "a\\", "[a", r"\8"] {
            assert!(translate(expression).is_err(), "{expression}");
        }
    }
}
