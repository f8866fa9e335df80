//! Regular expressions with Go's syntax.

use regex::Regex;

use super::{
    INT, TEXT,
    arguments::{int, text},
    fixed,
    regex_syntax::translate,
};
use crate::template::{
    exec::Engine,
    function::Function,
    value::{List, STRINGS, Value},
};

/// Run with the expression in the first argument, or fail: with Go's panic in the plain functions, with the plain error
/// in those that start with `must`.
macro_rules! with_regex {
    ($must:literal, |$regex:ident, $a:ident| $body:expr) => {
        |engine, $a| {
            let $regex = compile(engine, &text(&$a[0]), $must)?;
            Ok($body)
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", &[TEXT, TEXT], |engine, a| {
        let matches = compile(engine, &text(&a[0]), true).is_ok_and(|regex| regex.is_match(&text(&a[1])));
        Ok(Value::Bool(matches))
    }),
    fixed("mustRegexMatch", &[TEXT, TEXT], with_regex!(true, |regex, a| Value::Bool(regex.is_match(&text(&a[1]))))),
    fixed("regexFind", &[TEXT, TEXT], with_regex!(false, |regex, a| find(&regex, &text(&a[1])))),
    fixed("mustRegexFind", &[TEXT, TEXT], with_regex!(true, |regex, a| find(&regex, &text(&a[1])))),
    fixed(
        "regexFindAll",
        &[TEXT, TEXT, INT],
        with_regex!(false, |regex, a| find_all(&regex, &text(&a[1]), int(&a[2]))),
    ),
    fixed(
        "mustRegexFindAll",
        &[TEXT, TEXT, INT],
        with_regex!(true, |regex, a| find_all(&regex, &text(&a[1]), int(&a[2]))),
    ),
    fixed("regexReplaceAll", &[TEXT, TEXT, TEXT], with_regex!(false, |regex, a| replace(&regex, a))),
    fixed("mustRegexReplaceAll", &[TEXT, TEXT, TEXT], with_regex!(true, |regex, a| replace(&regex, a))),
    fixed("regexReplaceAllLiteral", &[TEXT, TEXT, TEXT], with_regex!(false, |regex, a| replace_literal(&regex, a))),
    fixed("mustRegexReplaceAllLiteral", &[TEXT, TEXT, TEXT], with_regex!(true, |regex, a| replace_literal(&regex, a))),
    fixed("regexSplit", &[TEXT, TEXT, INT], with_regex!(false, |regex, a| split(&regex, &text(&a[1]), int(&a[2])))),
    fixed("mustRegexSplit", &[TEXT, TEXT, INT], with_regex!(true, |regex, a| split(&regex, &text(&a[1]), int(&a[2])))),
    fixed("regexQuoteMeta", &[TEXT], |_, a| Ok(Value::text(quote_meta(&text(&a[0]))))),
];

fn compile(engine: &Engine<'_>, expression: &str, must: bool) -> Result<Regex, String> {
    if let Some(known) = engine.host.regexes.borrow().get(expression) {
        return Ok(known.clone());
    }
    let failed = |reason: String| match must {
        true => format!("error parsing regexp: {reason}"),
        false => format!("regexp: Compile({}): error parsing regexp: {reason}", backquoted(expression)),
    };
    let translated = translate(expression).map_err(failed)?;
    let regex = Regex::new(&translated).map_err(|error| failed(reason(&error, expression)))?;
    engine.host.regexes.borrow_mut().insert(expression.to_owned(), regex.clone());
    Ok(regex)
}

fn backquoted(text: &str) -> String {
    match text.contains('`') {
        true => crate::text::quote(text.as_bytes()),
        false => format!("`{text}`"),
    }
}

/// The one line of the regex crate's error that says what is wrong.
fn reason(error: &regex::Error, expression: &str) -> String {
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
    match last {
        "unclosed group" => format!("missing closing ): `{expression}`"),
        "unopened group" => format!("unexpected ): `{expression}`"),
        "repetition operator missing expression" => {
            let operator = expression.chars().find(|character| "*+?{".contains(*character)).unwrap_or('*');
            format!("missing argument to repetition operator: `{operator}`")
        }
        other => format!("{other}: `{expression}`"),
    }
}

fn find(regex: &Regex, all: &str) -> Value {
    Value::text(regex.find(all).map_or("", |found| found.as_str()))
}

fn find_all(regex: &Regex, all: &str, limit: i64) -> Value {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found: Vec<&str> = regex.find_iter(all).take(limit).map(|found| found.as_str()).collect();
    match found.is_empty() {
        true => Value::List(List::nil(STRINGS)),
        false => Value::strings(found),
    }
}

fn replace(regex: &Regex, arguments: &[Value]) -> Value {
    Value::text(&*regex.replace_all(&text(&arguments[1]), &*text(&arguments[2])))
}

fn replace_literal(regex: &Regex, arguments: &[Value]) -> Value {
    Value::text(&*regex.replace_all(&text(&arguments[1]), regex::NoExpand(&text(&arguments[2]))))
}

/// Go's `Split`: an empty match at the start splits nothing off.
fn split(regex: &Regex, all: &str, limit: i64) -> Value {
    if limit == 0 {
        return Value::List(List::nil(STRINGS));
    }
    if !regex.as_str().is_empty() && all.is_empty() {
        return Value::strings([""]);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(all) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&all[start..end]);
        }
        start = found.end();
    }
    if end != all.len() {
        parts.push(&all[start..]);
    }
    Value::strings(parts)
}

fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
