//! Helm's own functions: `include`, `tpl`, `required`, `fail`, `lookup`; and what they ask of their surroundings.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use regex::Regex;

use super::{ANY, TEXT, arguments::text, fixed};
use crate::{
    Lookup, Query,
    template::{
        exec::Engine,
        function::{Function, Type},
        json::{Integers, from_json},
        parser::{self, Parsed},
        set::Set,
        value::Value,
    },
    text::quote,
};

/// How often a template may be including itself.
const MAX_INCLUDES: usize = 1000;

const MARK_START: &str = "HELM_ERR_START";
const MARK_END: &str = "HELM_ERR_END";

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("include", &[TEXT, ANY], |engine, a| include(engine, &text(&a[0]), &a[1])),
    fixed("tpl", &[TEXT, Type::Values], |engine, a| tpl(engine, &text(&a[0]), &a[1])),
    fixed("required", &[TEXT, ANY], |_, a| match &a[1] {
        Value::Nil => Err(marked(&text(&a[0]))),
        Value::String(value) if value.is_empty() => Err(marked(&text(&a[0]))),
        value => Ok(value.clone()),
    }),
    fixed("fail", &[TEXT], |_, a| Err(marked(&text(&a[0])))),
    fixed("lookup", &[TEXT, TEXT, TEXT, TEXT], lookup),
    // As with Helm, nothing is asked of a name server.
    fixed("getHostByName", &[TEXT], |_, _| Ok(Value::text(""))),
];

/// What functions ask of their surroundings.
pub(crate) struct Host<'a> {
    /// The chart's files in the order in which they are parsed.
    pub(crate) files: &'a [(Arc<str>, Arc<Parsed>)],
    /// What answers `lookup`.
    pub(crate) lookup: Option<&'a Lookup>,
    /// Expressions that are compiled already.
    pub(crate) regexes: RefCell<HashMap<String, Regex>>,
    /// Texts that `tpl` has parsed already.
    texts: RefCell<HashMap<String, Arc<Parsed>>>,
    /// For the file that calls `tpl`, the templates of all other files.
    others: RefCell<HashMap<Arc<str>, Rc<Set<'static>>>>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(files: &'a [(Arc<str>, Arc<Parsed>)], lookup: Option<&'a Lookup>) -> Self {
        Self { files, lookup, regexes: RefCell::default(), texts: RefCell::default(), others: RefCell::default() }
    }

    /// The templates that a `tpl` text of this file sees: those of every file but its own, whose place the text takes.
    fn others(&self, file: &Arc<str>) -> Rc<Set<'static>> {
        if let Some(known) = self.others.borrow().get(file) {
            return known.clone();
        }
        let mut set = Set::default();
        for (name, parsed) in self.files.iter().filter(|(name, _)| name != file) {
            set.add(name, parsed);
        }
        let set = Rc::new(set);
        self.others.borrow_mut().insert(file.clone(), set.clone());
        set
    }

    fn parsed(&self, file: &str, source: &str) -> Result<Arc<Parsed>, String> {
        if let Some(known) = self.texts.borrow().get(source) {
            return Ok(known.clone());
        }
        let parsed = parser::parse(file, &source.into()).map_err(|message| parse_error(file, &message))?;
        let parsed = Arc::new(parsed);
        self.texts.borrow_mut().insert(source.to_owned(), parsed.clone());
        Ok(parsed)
    }
}

/// A message that shall stand alone, without the chain of calls that led to it.
fn marked(message: &str) -> String {
    format!("{MARK_START}{message}{MARK_END}")
}

/// An error of parsing as Helm tells it: the place, and the last part of the message.
pub(crate) fn parse_error(file: &str, message: &str) -> String {
    let parts: Vec<&str> = message.split(": ").collect();
    match parts.as_slice() {
        [] | [_] => format!("parse error in ({file}): {message}"),
        [_, place, .., last] => format!("parse error at ({place}): {last}"),
        [_, place] => format!("parse error at ({place}): {place}"),
    }
}

/// An error of execution as Helm tells it: of a message from `required` or `fail` only the place and the message.
pub(crate) fn undo_marks(message: String) -> String {
    let mut parts = message.splitn(3, ": ");
    let (Some(_), Some(place), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return message;
    };
    let start = rest.find(MARK_START).map(|at| at + MARK_START.len());
    match start.and_then(|start| Some(&rest[start..start + rest[start..].rfind(MARK_END)?])) {
        Some(inner) => format!("execution error at ({place}): {inner}"),
        None => message,
    }
}

/// The text without what Go prints for a value that is not there.
pub(crate) fn strip_no_value(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    match text.contains("<no value>") {
        true => text.replace("<no value>", ""),
        false => text,
    }
}

fn include(engine: &Engine<'_>, name: &str, data: &Value) -> Result<Value, String> {
    let count = engine.included.borrow().get(name).copied().unwrap_or(0);
    if count > MAX_INCLUDES {
        return Err(format!("rendering template has a nested reference name: {name}: unable to execute template"));
    }
    let key: Arc<str> = name.into();
    engine.included.borrow_mut().insert(key.clone(), count + 1);
    let result = engine.execute(name, data.clone());
    engine.included.borrow_mut().insert(key, count);
    result.map(Value::go_string)
}

fn tpl(engine: &Engine<'_>, source: &str, data: &Value) -> Result<Value, String> {
    let base_path = template_field(data, "BasePath");
    let name = template_field(data, "Name");
    if base_path.is_none() {
        let problem = "\"BasePath\" is not a value";
        return Err(format!("cannot retrieve Template.Basepath from values inside tpl function: {source}: {problem}"));
    }
    let Some(name) = name else {
        let problem = "\"Name\" is not a value";
        return Err(format!("cannot retrieve Template.Name from values inside tpl function: {source}: {problem}"));
    };
    engine.limits.produce(source.len())?;
    if !source.contains("{{") {
        return Ok(Value::text(strip_no_value(source.as_bytes().to_vec())));
    }
    let rendered = render_text(engine, &name, source, data);
    rendered
        .map(Value::text)
        .map_err(|message| format!("error during tpl function execution for {}: {message}", quote(source.as_bytes())))
}

fn template_field(data: &Value, field: &str) -> Option<Arc<str>> {
    match data.as_map()?.get("Template")?.as_map()?.get(field)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn render_text(engine: &Engine<'_>, name: &Arc<str>, source: &str, data: &Value) -> Result<String, String> {
    let parsed = engine.host.parsed(name, source)?;
    let base = engine.host.others(name);
    let mut set = Set::over(&base);
    set.add(name, &parsed);
    let engine = Engine::new(&set, engine.host, engine.limits);
    engine.execute(name, data.clone()).map(strip_no_value).map_err(undo_marks)
}

fn lookup(engine: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let Some(lookup) = engine.host.lookup else {
        return Ok(Value::map(Default::default()));
    };
    let part = |index: usize| text(&arguments[index]).into_owned();
    let query = Query { api_version: part(0), kind: part(1), namespace: part(2), name: part(3) };
    let found = lookup(&query)?;
    match found.is_null() {
        true => Ok(Value::map(Default::default())),
        // The API's decoder keeps whole numbers as integers.
        false => Ok(from_json(&found, Integers::Keep)),
    }
}
