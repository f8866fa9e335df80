//! From JSON values to YAML, byte for byte as `sigs.k8s.io/yaml` prints it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{
    float::yaml_float,
    order::sorted,
    style::{Style, is_break, is_printable, is_simple_key, style_of},
};

/// After this column a long line is broken at a blank.
const WIDTH: usize = 80;

/// Write a value as Go's `sigs.k8s.io/yaml` does, with a line feed at its end: keys sorted, lists not indented, strings
/// quoted where YAML 1.1 would misread them, long ones broken after column 80.
pub fn to_string(value: &Value) -> String {
    let mut printer = Printer { out: String::new(), column: 0, blank: true, opening: true };
    printer.value(value, None, false);
    printer.new_line(0);
    printer.out
}

/// Write several documents, joined by lines of `---`.
pub fn to_string_all(values: &[Value]) -> String {
    values.iter().map(to_string).collect::<Vec<_>>().join("---\n")
}

struct Printer {
    out: String,
    /// Characters on the current line.
    column: usize,
    /// Whether what comes next needs no blank before it.
    blank: bool,
    /// Whether the current line holds nothing but indentation and `- `, `? ` or `: `, so that a list or map may begin on it.
    opening: bool,
}

impl Printer {
    /// Write a value that stands in a collection indented by `parent`, or in none.
    fn value(&mut self, value: &Value, parent: Option<usize>, after_key: bool) {
        let inner = parent.map_or(0, |indent| indent + 2);
        match value {
            Value::Object(map) if map.is_empty() => self.indicator("{}"),
            Value::Array(items) if items.is_empty() => self.indicator("[]"),
            Value::Object(map) => self.map(map, inner),
            // A list after a key on the same line is not indented further than the key.
            Value::Array(items) => self.list(items, if after_key && !self.opening { inner - 2 } else { inner }),
            Value::String(text) => self.string(&as_read_again(text), parent.map_or(2, |indent| indent + 2), true),
            Value::Number(number) => self.plain(&number_text(number), 0, false),
            Value::Bool(flag) => self.plain(if *flag { "true" } else { "false" }, 0, false),
            Value::Null => self.plain("null", 0, false),
        }
    }

    fn list(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.new_line(indent);
            self.opening_indicator("-");
            self.value(item, Some(indent), false);
        }
    }

    fn map(&mut self, map: &Map<String, Value>, indent: usize) {
        for (key, value) in sorted(map.iter().collect()) {
            self.new_line(indent);
            let key = as_read_again(key);
            if is_simple_key(&key) {
                self.string(&key, indent + 2, false);
                self.blank = true;
                self.indicator(":");
            } else {
                self.opening_indicator("?");
                self.string(&key, indent + 2, true);
                self.new_line(indent);
                self.opening_indicator(":");
            }
            self.value(value, Some(indent), true);
        }
    }

    /// Write a string whose further lines are indented by `indent`; without `breaks` it stays on its line.
    fn string(&mut self, text: &str, indent: usize, breaks: bool) {
        match style_of(text) {
            Style::Plain => self.plain(text, indent, breaks),
            Style::Single => self.single(text, indent, breaks),
            Style::Double => self.double(text, indent, breaks),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, breaks: bool) {
        self.space();
        self.words(text, indent, breaks, false);
        self.close();
    }

    fn single(&mut self, text: &str, indent: usize, breaks: bool) {
        self.indicator("'");
        self.words(text, indent, breaks, true);
        self.put('\'');
        self.close();
    }

    /// Text that is broken at single blanks, plain or in single quotes.
    fn words(&mut self, text: &str, indent: usize, breaks: bool, quoted: bool) {
        let mut after_blank = false;
        let mut after_break = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let next = chars.peek().map(|(_, next)| *next);
                let inside = at > 0 && next.is_some();
                if breaks && !after_blank && self.column > WIDTH && inside && next != Some(' ') {
                    self.new_line(indent);
                } else {
                    self.put(c);
                }
                after_blank = true;
            } else if is_break(c) {
                self.put(c);
                self.opening = true;
                after_break = true;
            } else {
                if after_break {
                    self.new_line(indent);
                }
                if quoted && c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.opening = false;
                after_blank = false;
                after_break = false;
            }
        }
    }

    fn double(&mut self, text: &str, indent: usize, breaks: bool) {
        self.indicator("\"");
        // Go asks at every character whether the text begins with a byte order mark, and then escapes them all.
        let all = text.starts_with('\u{feff}');
        let mut after_blank = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let breakable = breaks && !all && !after_blank && self.column > WIDTH && at > 0 && next.is_some();
            if c == ' ' && breakable {
                self.new_line(indent);
                if next == Some(' ') {
                    self.put('\\');
                }
            } else if is_printable(c) && !all && !is_break(c) && c != '"' && c != '\\' {
                self.put(c);
            } else {
                escape(c).chars().for_each(|c| self.put(c));
            }
            after_blank = c == ' ';
        }
        self.put('"');
        self.close();
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.space();
        let hint = if text.starts_with(|c| c == ' ' || is_break(c)) { "2" } else { "" };
        let mut ends = text.chars().rev().map(is_break);
        let chomp = match (ends.next(), ends.next()) {
            (Some(true), None | Some(true)) => "+",
            (Some(true), Some(false)) => "",
            _ => "-",
        };
        for c in "|".chars().chain(hint.chars()).chain(chomp.chars()).chain(['\n']) {
            self.put(c);
        }
        self.blank = true;
        self.opening = true;
        let mut after_break = true;
        for c in text.chars() {
            if !is_break(c) && after_break {
                self.new_line(indent);
            }
            self.put(c);
            after_break = is_break(c);
            self.opening = after_break;
        }
    }

    /// An indicator after which a list or map may begin on the same line.
    fn opening_indicator(&mut self, text: &str) {
        let opening = self.opening;
        self.indicator(text);
        self.opening = opening;
    }

    fn indicator(&mut self, text: &str) {
        self.space();
        text.chars().for_each(|c| self.put(c));
        self.close();
    }

    /// Something has been written that is neither blank nor opens a collection.
    fn close(&mut self) {
        self.blank = false;
        self.opening = false;
    }

    fn space(&mut self) {
        if !self.blank {
            self.put(' ');
        }
    }

    /// Go to column `indent`, on the current line if it is still open and not that far.
    fn new_line(&mut self, indent: usize) {
        if !self.opening || self.column > indent || (self.column == indent && !self.blank) {
            self.put('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.blank = true;
        self.opening = true;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column = if is_break(c) { 0 } else { self.column + 1 };
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => yaml_float(float),
        _ => number.to_string(),
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        '\0'..='\u{ff}' => return format!("\\x{:02X}", u32::from(c)),
        '\0'..='\u{ffff}' => return format!("\\u{:04X}", u32::from(c)),
        _ => return format!("\\U{:08X}", u32::from(c)),
    };
    format!("\\{short}")
}

/// Go writes JSON first and reads it as YAML again. All line breaks but NEL (U+0085) are escaped in it; that one is folded,
/// as a line break in quotes is: the blanks around it go, one becomes a blank, more become line feeds less one.
fn as_read_again(text: &str) -> Cow<'_, str> {
    const NEL: char = '\u{85}';
    if !text.contains(NEL) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NEL) {
        out.push_str(rest[..at].trim_end_matches(' '));
        let after = rest[at..].trim_start_matches([NEL, ' ']);
        let breaks = rest[at..rest.len() - after.len()].matches(NEL).count();
        if breaks == 1 {
            out.push(' ')
        } else {
            out.extend(std::iter::repeat_n('\n', breaks - 1))
        }
        rest = after;
    }
    Cow::Owned(out + rest)
}
