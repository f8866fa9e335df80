//! `printf`: Go's verbs, flags, widths and precisions, and its way of telling mistakes inside the text.

use super::{
    float,
    print::{self, Style},
    value::{IntKind, Value},
};
use crate::text::{is_print, quote_with, unicode_point};

/// The largest width or precision; Go's is the same.
const MAX_NUMBER: usize = 1_000_000;

#[derive(Clone, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// `fmt.Sprintf`.
pub(crate) fn sprintf(format: &[u8], arguments: &[Value]) -> Vec<u8> {
    let mut printer = Printer { format, at: 0, arguments, argument: 0, reordered: false, good: true, out: Vec::new() };
    printer.run();
    printer.out
}

struct Printer<'a> {
    format: &'a [u8],
    at: usize,
    arguments: &'a [Value],
    argument: usize,
    reordered: bool,
    /// Whether the last argument index was a valid one.
    good: bool,
    out: Vec<u8>,
}

impl Printer<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn run(&mut self) {
        let mut was_reordered = false;
        while self.at < self.format.len() {
            let rest = &self.format[self.at..];
            let literal = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
            self.out.extend_from_slice(&rest[..literal]);
            self.at += literal;
            if self.at >= self.format.len() {
                break;
            }
            self.at += 1;
            self.reordered = false;
            self.good = true;
            self.verb();
            was_reordered |= self.reordered;
        }
        if !was_reordered && self.argument < self.arguments.len() {
            self.extra();
        }
    }

    fn extra(&mut self) {
        self.out.extend_from_slice(b"%!(EXTRA ");
        for (index, value) in self.arguments[self.argument..].iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            match value {
                Value::Nil => self.out.extend_from_slice(b"<nil>"),
                value => {
                    self.out.extend_from_slice(value.type_name().as_bytes());
                    self.out.push(b'=');
                    print::write(&mut self.out, value);
                }
            }
        }
        self.out.push(b')');
    }

    fn verb(&mut self) {
        let mut flags = self.flags();
        let mut after_index = self.index();
        self.width(&mut flags, &mut after_index);
        self.precision(&mut flags, &mut after_index);
        if !after_index {
            self.index();
        }
        let Some(verb) = self.next_char() else {
            return self.out.extend_from_slice(b"%!(NOVERB)");
        };
        if verb == '%' {
            return self.out.push(b'%');
        }
        if !self.good {
            return self.note(verb, "BADINDEX");
        }
        let Some(value) = self.arguments.get(self.argument) else {
            return self.note(verb, "MISSING");
        };
        self.argument += 1;
        format_value(&mut self.out, value, verb, &flags, 0);
    }

    fn note(&mut self, verb: char, text: &str) {
        self.out.extend_from_slice(format!("%!{verb}({text})").as_bytes());
    }

    fn next_char(&mut self) -> Option<char> {
        let rest = &self.format[self.at.min(self.format.len())..];
        let length = match rest.first()? {
            0..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        let text = rest.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.at += text.map_or(1, str::len);
        Some(text.and_then(|text| text.chars().next()).unwrap_or('\u{fffd}'))
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        flags
    }

    /// An argument index in brackets; whether there was one.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.format[self.at..].iter().position(|byte| *byte == b']') else {
            self.good = false;
            self.at += 1;
            return true;
        };
        let inner = std::str::from_utf8(&self.format[self.at + 1..self.at + end]).unwrap_or_default();
        self.at += end + 1;
        match inner.parse::<usize>() {
            Ok(index) if index >= 1 && index <= self.arguments.len() => self.argument = index - 1,
            _ => self.good = false,
        }
        true
    }

    fn width(&mut self, flags: &mut Flags, after_index: &mut bool) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.zero &= width >= 0;
                    flags.width = Some(width.unsigned_abs() as usize);
                }
                None => self.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            *after_index = false;
            return;
        }
        flags.width = self.digits();
        if *after_index && flags.width.is_some() {
            self.good = false;
        }
    }

    fn precision(&mut self, flags: &mut Flags, after_index: &mut bool) {
        if self.peek() != Some(b'.') {
            return;
        }
        self.at += 1;
        if *after_index {
            self.good = false;
        }
        *after_index = self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(precision) => flags.precision = usize::try_from(precision).ok(),
                None => self.out.extend_from_slice(b"%!(BADPREC)"),
            }
            *after_index = false;
            return;
        }
        flags.precision = Some(self.digits().unwrap_or(0));
    }

    fn int_argument(&mut self) -> Option<i64> {
        let value = self.arguments.get(self.argument)?;
        self.argument += 1;
        match value {
            Value::Int(value, _) if value.unsigned_abs() as usize <= MAX_NUMBER => Some(*value),
            _ => None,
        }
    }

    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.format[start..self.at]).ok()?;
        text.parse().ok().filter(|number| *number <= MAX_NUMBER)
    }
}

fn pad(out: &mut Vec<u8>, text: &[u8], flags: &Flags) {
    let length = String::from_utf8_lossy(text).chars().count();
    let missing = flags.width.unwrap_or(0).saturating_sub(length);
    if flags.minus {
        out.extend_from_slice(text);
    }
    let filler = if flags.zero && !flags.minus { b'0' } else { b' ' };
    out.extend(std::iter::repeat_n(filler, missing));
    if !flags.minus {
        out.extend_from_slice(text);
    }
}

fn format_value(out: &mut Vec<u8>, value: &Value, verb: char, flags: &Flags, depth: usize) {
    if depth > 100 {
        return out.extend_from_slice(b"...");
    }
    match (verb, value) {
        ('T', _) => return pad(out, value.type_name().as_bytes(), flags),
        ('v', Value::Nil) if depth == 0 => return pad(out, b"<nil>", flags),
        (_, Value::Nil) if depth == 0 => return bad_verb(out, value, verb),
        ('v', _) if flags.sharp => return styled(out, value, Style::Source),
        ('v', _) if flags.plus && !matches!(value, Value::Int(..) | Value::Float(_)) => {
            return styled(out, value, Style::Named);
        }
        _ => {}
    }
    match value {
        Value::Bool(truth) => match verb {
            't' | 'v' => pad(out, if *truth { b"true" } else { b"false" }, flags),
            _ => bad_verb(out, value, verb),
        },
        Value::Int(number, kind) => format_integer(out, *number, *kind, verb, flags),
        Value::Float(number) => format_float(out, *number, verb, flags),
        Value::String(_) | Value::Binary(_) => format_string(out, value, verb, flags),
        Value::Bytes(bytes) => match verb {
            's' | 'q' | 'x' | 'X' => format_string(out, value, verb, flags),
            _ => {
                let items: Vec<Value> = bytes.iter().map(|byte| Value::Int(i64::from(*byte), IntKind::Uint8)).collect();
                sequence(out, &items, verb, flags, depth);
            }
        },
        Value::List(list) => sequence(out, list.items(), verb, flags, depth),
        Value::Map(map) => {
            out.extend_from_slice(b"map[");
            for (index, (key, item)) in map.entries().iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                format_value(out, &Value::String(key.clone()), verb, flags, depth + 1);
                out.push(b':');
                element(out, item, verb, flags, depth);
            }
            out.push(b']');
        }
        Value::Object(_) => format_string(out, &Value::go_string(print::text(value)), verb, flags),
        Value::Nil => pad(out, b"<nil>", flags),
    }
}

fn styled(out: &mut Vec<u8>, value: &Value, style: Style) {
    print::write_styled(out, value, style, 0);
}

fn sequence(out: &mut Vec<u8>, items: &[Value], verb: char, flags: &Flags, depth: usize) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        element(out, item, verb, flags, depth);
    }
    out.push(b']');
}

fn element(out: &mut Vec<u8>, value: &Value, verb: char, flags: &Flags, depth: usize) {
    match value {
        Value::Nil if !flags.sharp => out.extend_from_slice(b"<nil>"),
        value => format_value(out, value, verb, flags, depth + 1),
    }
}

fn bad_verb(out: &mut Vec<u8>, value: &Value, verb: char) {
    out.extend_from_slice(format!("%!{verb}(").as_bytes());
    match value {
        Value::Nil => out.extend_from_slice(b"<nil>"),
        value => {
            out.extend_from_slice(value.type_name().as_bytes());
            out.push(b'=');
            print::write(out, value);
        }
    }
    out.push(b')');
}

fn format_string(out: &mut Vec<u8>, value: &Value, verb: char, flags: &Flags) {
    let bytes = value.as_bytes().unwrap_or_default();
    match verb {
        'v' | 's' => pad(out, truncated(bytes, flags.precision), flags),
        'q' => {
            let bytes = truncated(bytes, flags.precision);
            let raw = flags.sharp && std::str::from_utf8(bytes).is_ok_and(can_be_raw);
            let quoted = match raw {
                true => format!("`{}`", String::from_utf8_lossy(bytes)),
                false => quote_with(bytes, '"', flags.plus),
            };
            pad(out, quoted.as_bytes(), flags);
        }
        'x' | 'X' => pad(out, hex(bytes, verb, flags).as_bytes(), &Flags { zero: false, ..flags.clone() }),
        _ => bad_verb(out, value, verb),
    }
}

fn can_be_raw(text: &str) -> bool {
    text.chars()
        .all(|character| character == '\t' || (!character.is_control() && character != '`' && character != '\u{feff}'))
}

/// The first `precision` characters.
fn truncated(bytes: &[u8], precision: Option<usize>) -> &[u8] {
    let Some(precision) = precision else {
        return bytes;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.char_indices().nth(precision).map_or(bytes, |(end, _)| &bytes[..end]),
        Err(_) => &bytes[..bytes.len().min(precision)],
    }
}

fn hex(bytes: &[u8], verb: char, flags: &Flags) -> String {
    let bytes = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let prefix = match (flags.sharp, verb) {
        (true, 'x') => "0x",
        (true, _) => "0X",
        _ => "",
    };
    let digits = |byte: &u8| if verb == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") };
    let parts: Vec<String> = bytes.iter().map(digits).collect();
    match flags.space {
        true => parts.iter().map(|part| format!("{prefix}{part}")).collect::<Vec<_>>().join(" "),
        false if parts.is_empty() => String::new(),
        false => format!("{prefix}{}", parts.concat()),
    }
}

fn format_integer(out: &mut Vec<u8>, number: i64, kind: IntKind, verb: char, flags: &Flags) {
    let named = matches!(kind, IntKind::Month | IntKind::Weekday);
    if named && matches!(verb, 'v' | 's' | 'q') {
        let text = Value::go_string(print::text(&Value::Int(number, kind)));
        return format_string(out, &text, verb, flags);
    }
    let magnitude = if kind.is_unsigned() { number as u64 } else { number.unsigned_abs() };
    let negative = number < 0 && !kind.is_unsigned();
    let (digits, prefix) = match verb {
        'v' | 'd' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), if flags.sharp { "0b" } else { "" }),
        'o' => (format!("{magnitude:o}"), if flags.sharp { "0" } else { "" }),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), if flags.sharp { "0x" } else { "" }),
        'X' => (format!("{magnitude:X}"), if flags.sharp { "0X" } else { "" }),
        'c' => return pad(out, rune(magnitude).to_string().as_bytes(), flags),
        'q' => {
            let quoted = quote_with(rune(magnitude).to_string().as_bytes(), '\'', flags.plus);
            return pad(out, quoted.as_bytes(), flags);
        }
        'U' => {
            let character = rune(magnitude);
            let text = match flags.sharp && is_print(character) {
                true => unicode_point(character),
                false => format!("U+{magnitude:04X}"),
            };
            return pad(out, text.as_bytes(), &Flags { zero: false, ..flags.clone() });
        }
        _ => return bad_verb(out, &Value::Int(number, kind), verb),
    };
    let sign = sign(negative, flags);
    pad_number(out, sign, prefix, digits, flags);
}

fn sign(negative: bool, flags: &Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn pad_number(out: &mut Vec<u8>, sign: &str, prefix: &str, digits: String, flags: &Flags) {
    let minimum = match flags.precision {
        Some(0) if digits == "0" => return pad(out, b"", &Flags { zero: false, ..flags.clone() }),
        Some(precision) => precision,
        None if flags.zero && !flags.minus => flags.width.unwrap_or(0).saturating_sub(sign.len()),
        None => 0,
    };
    let zeros = "0".repeat(minimum.saturating_sub(digits.len()));
    pad(out, format!("{sign}{prefix}{zeros}{digits}").as_bytes(), &Flags { zero: false, ..flags.clone() });
}

fn rune(code: u64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
}

fn format_float(out: &mut Vec<u8>, number: f64, verb: char, flags: &Flags) {
    let (verb, default) = match verb {
        'v' => ('g', None),
        'g' | 'G' => (verb, None),
        'e' | 'E' | 'f' => (verb, Some(6)),
        'F' => ('f', Some(6)),
        _ => return bad_verb(out, &Value::Float(number), verb),
    };
    let text = float::format(number, verb, flags.precision.or(default));
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['-', '+']);
    let finite = number.is_finite();
    let plus = flags.plus && !number.is_nan() || number.is_infinite() && number > 0.0 && flags.plus;
    let sign = match number.is_infinite() && number > 0.0 && !flags.space {
        true => "+",
        false => sign(negative, &Flags { plus, ..flags.clone() }),
    };
    let zeros = match flags.zero && !flags.minus && finite {
        true => "0".repeat(flags.width.unwrap_or(0).saturating_sub(sign.len() + digits.len())),
        false => String::new(),
    };
    pad(out, format!("{sign}{zeros}{digits}").as_bytes(), &Flags { zero: false, ..flags.clone() });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: &str, arguments: &[Value]) -> String {
        String::from_utf8(sprintf(format.as_bytes(), arguments)).unwrap()
    }

    #[test]
    fn verbs_print_as_in_go() {
        let int = Value::int;
        let text = |text: &str| Value::text(text);
        let list = Value::list(vec![int(1), text("a"), Value::Nil]);
        for (format, arguments, wanted) in [
            ("%d|%5d|%-5d|%05d|%+d|% d", vec![int(1); 6], "1|    1|1    |00001|+1| 1"),
            (
                "%x %X %#x %o %#o %O %b %c %q %U %#U",
                vec![int(65); 11],
                "41 41 0x41 101 0101 0o101 1000001 A 'A' U+0041 U+0041 'A'",
            ),
            ("%s|%10s|%-5s|%.2s|%q|%x|% X", vec![text("abc"); 7], "abc|       abc|abc  |ab|\"abc\"|616263|61 62 63"),
            ("%v %v %v", vec![Value::Float(1e6), Value::Float(0.5), Value::Bool(true)], "1e+06 0.5 true"),
            ("%.2f %8.3f %e %g %06.1f", vec![Value::Float(2.34567); 5], "2.35    2.346 2.345670e+00 2.34567 0002.3"),
            ("%v %s %d", vec![list.clone(); 3], "[1 a <nil>] [%!s(int=1) a <nil>] [1 %!d(string=a) <nil>]"),
            ("%#v %T", vec![list.clone(); 2], "[]interface {}{1, \"a\", interface {}(nil)} []interface {}"),
            ("%d", vec![text("hi")], "%!d(string=hi)"),
            ("%s", vec![Value::Nil], "%!s(<nil>)"),
            ("%v", vec![Value::Nil], "<nil>"),
            ("%s", vec![int(3)], "%!s(int=3)"),
            ("%d %d", vec![int(1)], "1 %!d(MISSING)"),
            ("%d", vec![int(1), text("x")], "1%!(EXTRA string=x)"),
            ("100%", vec![], "100%!(NOVERB)"),
            ("%z", vec![int(1)], "%!z(int=1)"),
            ("%[2]d %[1]d", vec![int(1), int(2)], "2 1"),
            ("%[5]d", vec![int(1)], "%!d(BADINDEX)"),
            ("%*d|%-*d", vec![int(4), int(1), int(4), int(2)], "   1|2   "),
            ("%t %t", vec![Value::Bool(false), int(1)], "false %!t(int=1)"),
            ("%5t|%%", vec![Value::Bool(true)], " true|%"),
            ("%6.2f%%", vec![Value::Float(12.345)], " 12.35%"),
            ("%03d", vec![int(-5)], "-05"),
            ("%d", vec![Value::Float(5.0)], "%!d(float64=5)"),
        ] {
            assert_eq!(printed(format, &arguments), wanted, "{format}");
        }
    }
}
