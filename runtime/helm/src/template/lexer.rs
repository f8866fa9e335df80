//! Cuts a template into tokens, by Go's rules.

use crate::text::{is_letter_or_digit, unicode_point};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn is_keyword(self) -> bool {
        keyword_names().iter().any(|(_, kind)| *kind == self)
    }
}

fn keyword_names() -> &'static [(&'static str, Kind)] {
    &[
        (".", Kind::Dot),
        ("block", Kind::Block),
        ("break", Kind::Break),
        ("continue", Kind::Continue),
        ("define", Kind::Define),
        ("else", Kind::Else),
        ("end", Kind::End),
        ("if", Kind::If),
        ("range", Kind::Range),
        ("nil", Kind::Nil),
        ("template", Kind::Template),
        ("with", Kind::With),
    ]
}

/// A token: where it starts (byte and line), and its text (for `Error`, the message).
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) position: usize,
    pub(crate) line: u32,
    pub(crate) text: std::borrow::Cow<'a, str>,
}

impl std::fmt::Display for Token<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Eof => out.write_str("EOF"),
            Kind::Error => out.write_str(&self.text),
            kind if kind.is_keyword() => write!(out, "<{}>", self.text),
            _ if self.text.chars().count() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                write!(out, "{}...", crate::text::quote(head.as_bytes()))
            }
            _ => out.write_str(&crate::text::quote(self.text.as_bytes())),
        }
    }
}

/// The state of cutting one text.
pub(crate) struct Lexer<'a> {
    input: &'a str,
    position: usize,
    start: usize,
    line: u32,
    start_line: u32,
    depth: i32,
    inside_action: bool,
    failed: bool,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

impl<'a> Lexer<'a> {
    pub(crate) fn new(input: &'a str) -> Self {
        Self { input, position: 0, start: 0, line: 1, start_line: 1, depth: 0, inside_action: false, failed: false }
    }

    /// The next token; after an error or the end, `Eof` for ever.
    pub(crate) fn next_token(&mut self) -> Token<'a> {
        if self.failed {
            return Token { kind: Kind::Eof, position: self.position, line: self.start_line, text: "EOF".into() };
        }
        if self.inside_action {
            return self.inside();
        }
        loop {
            if let Some(token) = self.text() {
                return token;
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += character.len_utf8();
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|character| valid.contains(character));
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn emit(&mut self, kind: Kind) -> Token<'a> {
        let token = Token {
            kind,
            position: self.start,
            line: self.start_line,
            text: self.input[self.start..self.position].into(),
        };
        self.start = self.position;
        self.start_line = self.line;
        token
    }

    fn ignore(&mut self) {
        self.start = self.position;
        self.start_line = self.line;
    }

    fn advance(&mut self, bytes: usize) {
        let skipped = &self.input[self.position..self.position + bytes];
        self.line += skipped.bytes().filter(|byte| *byte == b'\n').count() as u32;
        self.position += bytes;
    }

    fn error(&mut self, message: String) -> Token<'a> {
        self.failed = true;
        Token { kind: Kind::Error, position: self.start, line: self.start_line, text: message.into() }
    }

    fn text(&mut self) -> Option<Token<'a>> {
        let Some(offset) = self.rest().find(LEFT) else {
            self.advance(self.input.len() - self.position);
            let kind = if self.position > self.start { Kind::Text } else { Kind::Eof };
            return Some(self.emit(kind));
        };
        if offset > 0 {
            let text = &self.rest()[..offset];
            let trimmed = match has_left_trim(&self.rest()[offset + LEFT.len()..]) {
                true => text.len() - text.trim_end_matches(is_space).len(),
                false => 0,
            };
            self.advance(offset - trimmed);
            let token = self.emit(Kind::Text);
            self.advance(trimmed);
            self.ignore();
            if !token.text.is_empty() {
                return Some(token);
            }
        }
        self.left_delim()
    }

    fn left_delim(&mut self) -> Option<Token<'a>> {
        self.position += LEFT.len();
        let marker = if has_left_trim(self.rest()) { 2 } else { 0 };
        if self.rest()[marker..].starts_with("/*") {
            self.advance(marker);
            self.ignore();
            return self.comment();
        }
        let token = self.emit(Kind::LeftDelim);
        self.inside_action = true;
        self.advance(marker);
        self.ignore();
        self.depth = 0;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token<'a>> {
        let Some(end) = self.rest()[2..].find("*/") else {
            return Some(self.error("unclosed comment".into()));
        };
        let length = end + 4;
        let after = &self.rest()[length..];
        let Some(trims) = right_delim(after) else {
            return Some(self.error("comment ends before closing delimiter".into()));
        };
        self.advance(length);
        self.close(trims);
        None
    }

    /// Step over the closing delimiter and, with a trim mark, the blanks behind it.
    fn close(&mut self, trims: bool) {
        self.advance(if trims { 2 } else { 0 } + RIGHT.len());
        if trims {
            self.advance(self.rest().len() - self.rest().trim_start_matches(is_space).len());
        }
        self.ignore();
    }

    fn right(&mut self, trims: bool) -> Token<'a> {
        if trims {
            self.advance(2);
            self.ignore();
        }
        self.position += RIGHT.len();
        let token = self.emit(Kind::RightDelim);
        if trims {
            self.advance(self.rest().len() - self.rest().trim_start_matches(is_space).len());
            self.ignore();
        }
        self.inside_action = false;
        token
    }

    fn inside(&mut self) -> Token<'a> {
        if let Some(trims) = right_delim(self.rest()) {
            return match self.depth {
                0 => self.right(trims),
                _ => self.error("unclosed left paren".into()),
            };
        }
        let Some(character) = self.next() else {
            return self.error("unclosed action".into());
        };
        match character {
            character if is_space(character) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' => match self.next() {
                Some('=') => self.emit(Kind::Declare),
                _ => self.error("expected :=".into()),
            },
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '`' => self.raw(),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '$' => self.name(Kind::Variable),
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) && self.position < self.input.len() => {
                self.name(Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position -= 1;
                self.number()
            }
            '(' => {
                self.depth += 1;
                self.emit(Kind::LeftParen)
            }
            ')' => {
                self.depth -= 1;
                if self.depth < 0 {
                    return self.error("unexpected right paren".into());
                }
                self.emit(Kind::RightParen)
            }
            character if is_letter_or_digit(character) => self.identifier(),
            character if character.is_ascii_graphic() => self.emit(Kind::Char),
            other => self.error(format!("unrecognized character in action: {}", unicode_point(other))),
        }
    }

    fn space(&mut self) -> Token<'a> {
        while self.peek().is_some_and(is_space) {
            self.next();
        }
        // A blank belongs to the mark of a trimming delimiter, not to the run before it.
        let last = &self.input[self.position - 1..];
        if has_right_trim(last) && last[2..].starts_with(RIGHT) {
            self.position -= 1;
            if last.starts_with('\n') {
                self.line -= 1;
            }
            if self.position == self.start {
                return self.right(true);
            }
        }
        self.emit(Kind::Space)
    }

    fn identifier(&mut self) -> Token<'a> {
        self.letters();
        if let Some(token) = self.bad_end() {
            return token;
        }
        let word = &self.input[self.start..self.position];
        let keyword = keyword_names().iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
        match word {
            _ if keyword.is_some() => self.emit(keyword.unwrap_or(Kind::Identifier)),
            "true" | "false" => self.emit(Kind::Bool),
            _ => self.emit(Kind::Identifier),
        }
    }

    /// The rest of a field or variable, whose first character is read.
    fn name(&mut self, kind: Kind) -> Token<'a> {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        self.letters();
        self.bad_end().unwrap_or_else(|| self.emit(kind))
    }

    fn letters(&mut self) {
        while self.peek().is_some_and(is_letter_or_digit) {
            self.next();
        }
    }

    fn bad_end(&mut self) -> Option<Token<'a>> {
        if self.at_terminator() {
            return None;
        }
        let found = self.peek().map_or_else(String::new, unicode_point);
        Some(self.error(format!("bad character {found}")))
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(character) => is_space(character) || self.rest().starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, end: char, kind: Kind, unterminated: &str) -> Token<'a> {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.error(unterminated.into());
                    }
                }
                None | Some('\n') => return self.error(unterminated.into()),
                Some(character) if character == end => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Token<'a> {
        loop {
            match self.next() {
                None => return self.error("unterminated raw quoted string".into()),
                Some('`') => return self.emit(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Token<'a> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || !self.input[..self.position].ends_with('i') {
                return self.bad_number();
            }
            return self.emit(Kind::Complex);
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Token<'a> {
        let text = &self.input[self.start..self.position];
        self.error(format!("bad number syntax: {}", crate::text::quote(text.as_bytes())))
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_letter_or_digit) {
            self.next();
            return false;
        }
        true
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn has_left_trim(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[0] == b'-' && is_space(bytes[1] as char)
}

fn has_right_trim(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && is_space(bytes[0] as char) && bytes[1] == b'-'
}

/// Whether a closing delimiter starts here, and whether it trims.
fn right_delim(text: &str) -> Option<bool> {
    if has_right_trim(text) && text[2..].starts_with(RIGHT) {
        return Some(true);
    }
    text.starts_with(RIGHT).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> String {
        let mut lexer = Lexer::new(text);
        let mut out = Vec::new();
        loop {
            let token = lexer.next_token();
            let end = matches!(token.kind, Kind::Eof | Kind::Error);
            out.push(format!("{:?}@{}:{} {:?}", token.kind, token.line, token.position, token.text));
            if end {
                return out.join("\n");
            }
        }
    }

    #[test]
    fn trims_take_only_blanks_tabs_and_line_ends() {
        assert_eq!(
            tokens("a \n\u{a0}\n{{- /* c\n */ -}}\n\t b{{- .x -}} \n"),
            "Text@1:0 \"a \\n\\u{a0}\"\nText@5:25 \"b\"\nLeftDelim@5:26 \"{{\"\nField@5:30 \".x\"\nRightDelim@5:34 \"}}\"\nEof@6:38 \"\""
        );
    }

    #[test]
    fn words_end_where_go_says() {
        assert_eq!(
            tokens("{{$x.y|f 'a' `r` 0x1F .5 -1e3 (nil)}}"),
            "LeftDelim@1:0 \"{{\"\nVariable@1:2 \"$x\"\nField@1:4 \".y\"\nPipe@1:6 \"|\"\nIdentifier@1:7 \"f\"\nSpace@1:8 \" \"\n\
             CharConstant@1:9 \"'a'\"\nSpace@1:12 \" \"\nRawString@1:13 \"`r`\"\nSpace@1:16 \" \"\nNumber@1:17 \"0x1F\"\n\
             Space@1:21 \" \"\nNumber@1:22 \".5\"\nSpace@1:24 \" \"\nNumber@1:25 \"-1e3\"\nSpace@1:29 \" \"\nLeftParen@1:30 \"(\"\n\
             Nil@1:31 \"nil\"\nRightParen@1:34 \")\"\nRightDelim@1:35 \"}}\"\nEof@1:37 \"\""
        );
    }

    #[test]
    fn mistakes_are_told_in_gos_words() {
        for (text, message) in [
            ("{{", "unclosed action"),
            ("{{(", "unclosed action"),
            ("{{(}}", "unclosed left paren"),
            ("{{)}}", "unexpected right paren"),
            ("{{/* x", "unclosed comment"),
            ("{{/* x */ }}", "comment ends before closing delimiter"),
            ("{{\"a\n\"}}", "unterminated quoted string"),
            ("{{`a", "unterminated raw quoted string"),
            ("{{'a}}", "unterminated character constant"),
            ("{{$x+2}}", "bad character U+002B '+'"),
            ("{{3k}}", "bad number syntax: \"3k\""),
            ("{{:x}}", "expected :="),
            ("{{\u{1}}}", "unrecognized character in action: U+0001"),
        ] {
            let last = tokens(text).lines().last().unwrap().to_owned();
            assert!(last.starts_with("Error") && last.ends_with(&format!("{message:?}")), "{text}: {last}");
        }
    }
}
