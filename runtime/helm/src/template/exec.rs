//! Runs trees: walks bodies, evaluates pipelines, calls functions, and places errors as Go does.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::Arc,
};

use super::{
    ast::{Branch, Command, Node, Number, Operand, Pipe, Position, Term},
    field,
    function::{Function, Type},
    print,
    set::{Set, Template},
    value::{IntKind, Value},
};
use crate::{functions::Host, text::quote};

/// How many templates may be under way inside each other, whichever way they were called.
pub(crate) const MAX_DEPTH: usize = 5_000;
/// How many nodes one rendering may walk.
const MAX_STEPS: u64 = 500_000_000;
/// How many bytes one rendering may produce, intermediate texts included.
const MAX_OUTPUT: usize = 1 << 30;

/// What a rendering needs everywhere: the templates, what the functions may ask of their surroundings, and the limits.
pub(crate) struct Engine<'t> {
    pub(crate) set: &'t Set<'t>,
    pub(crate) host: &'t Host<'t>,
    /// How often each name is being included right now.
    pub(crate) included: RefCell<HashMap<Arc<str>, usize>>,
    pub(crate) limits: &'t Limits,
}

/// Counters that all engines of one rendering share.
#[derive(Default)]
pub(crate) struct Limits {
    depth: Cell<usize>,
    steps: Cell<u64>,
    output: Cell<usize>,
}

impl Limits {
    /// Count bytes that a function is about to produce.
    pub(crate) fn produce(&self, bytes: usize) -> std::result::Result<(), String> {
        let total = self.output.get().saturating_add(bytes);
        self.output.set(total);
        if total > MAX_OUTPUT {
            return Err(format!("the templates produce more than {MAX_OUTPUT} bytes"));
        }
        Ok(())
    }
}

/// A value during evaluation. `boxed` says that Go holds it in an `interface{}`: nil is then a nil interface and not
/// "no value", and error messages name the interface's type.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

impl Place {
    pub(crate) fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    pub(crate) fn boxed(value: Value) -> Self {
        Self { value, boxed: true }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        if self.boxed { "interface {}" } else { self.value.type_name() }
    }
}

/// Where an error is told to be.
#[derive(Clone, Copy)]
pub(crate) enum At<'t> {
    Template(Position, &'t str, Option<&'t Pipe>),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
}

impl At<'_> {
    fn position(self) -> Position {
        match self {
            At::Template(position, ..) => position,
            At::Pipe(pipe) => pipe.position,
            At::Command(command) => command.position,
            At::Operand(operand) => operand.position,
        }
    }

    fn text(self) -> String {
        match self {
            At::Template(_, name, argument) => {
                let argument = argument.map(|pipe| format!(" {pipe}")).unwrap_or_default();
                format!("{{{{template {}{argument}}}}}", quote(name.as_bytes()))
            }
            At::Pipe(pipe) => pipe.to_string(),
            At::Command(command) => command.to_string(),
            At::Operand(operand) => operand.to_string(),
        }
    }
}

/// How a body ended.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Result<T> = std::result::Result<T, Box<str>>;

impl<'t> Engine<'t> {
    pub(crate) fn new(set: &'t Set<'t>, host: &'t Host<'t>, limits: &'t Limits) -> Self {
        Self { set, host, included: RefCell::default(), limits }
    }

    /// Execute a template by name.
    ///
    /// # Errors
    /// In Go's words, `template: FILE:LINE:COLUMN: executing "NAME" at <...>: ...`.
    pub(crate) fn execute(&self, name: &str, data: Value) -> std::result::Result<Vec<u8>, String> {
        let Some(template) = self.set.find(name) else {
            let name = quote(name.as_bytes());
            return Err(format!("template: no template {name} associated with template \"gotpl\""));
        };
        let dot = Place::plain(data);
        let mut run =
            Run { engine: self, template, variables: vec![("$".into(), dot.clone())], at: None, out: Vec::new() };
        run.template(&dot)?;
        Ok(run.out)
    }
}

/// One template under way.
pub(crate) struct Run<'e, 't> {
    pub(crate) engine: &'e Engine<'t>,
    template: &'t Template,
    variables: Vec<(Arc<str>, Place)>,
    at: Option<At<'t>>,
    out: Vec<u8>,
}

impl<'t> Run<'_, 't> {
    fn template(&mut self, dot: &Place) -> Result<()> {
        let limits = self.engine.limits;
        let depth = limits.depth.get();
        if depth >= MAX_DEPTH {
            return self.error(format_args!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        limits.depth.set(depth + 1);
        let template = self.template;
        let walked = self.body(dot, &template.body);
        limits.depth.set(depth);
        walked?;
        limits.produce(self.out.len()).map_err(String::into_boxed_str)
    }

    /// An error at the current place.
    pub(crate) fn error<T>(&self, message: impl std::fmt::Display) -> Result<T> {
        let name = &self.template.name;
        let Some(at) = self.at else {
            return Err(format!("template: {name}: {message}").into());
        };
        let before = self.template.text.get(..at.position() as usize).unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let (file, executing, text) = (&self.template.file, quote(name.as_bytes()), at.text());
        Err(format!("template: {file}:{line}:{column}: executing {executing} at <{text}>: {message}").into())
    }

    fn body(&mut self, dot: &Place, body: &'t [Node]) -> Result<Flow> {
        for node in body {
            let steps = self.engine.limits.steps.get() + 1;
            self.engine.limits.steps.set(steps);
            if steps > MAX_STEPS {
                return self.error("the templates take too many steps");
            }
            let flow = match node {
                Node::Text(text) => {
                    self.out.extend_from_slice(text.as_bytes());
                    Flow::Next
                }
                Node::Action(pipe) => self.action(dot, pipe)?,
                Node::If(branch) => self.branch(dot, branch, false)?,
                Node::With(branch) => self.branch(dot, branch, true)?,
                Node::Range(branch) => self.range(dot, branch)?,
                Node::Template { position, name, argument } => {
                    self.call_template(dot, *position, name, argument.as_ref())?
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, dot: &Place, pipe: &'t Pipe) -> Result<Flow> {
        let value = self.pipe(dot, pipe)?;
        if pipe.variables.is_empty() {
            match value {
                Value::Nil => self.out.extend_from_slice(b"<no value>"),
                value => print::write(&mut self.out, &value),
            }
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, dot: &Place, branch: &'t Branch, moves_dot: bool) -> Result<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = match (value.is_true(), &branch.otherwise) {
            (true, _) if moves_dot => self.body(&Place::plain(value), &branch.body),
            (true, _) => self.body(dot, &branch.body),
            (false, Some(otherwise)) => self.body(dot, otherwise),
            (false, None) => Ok(Flow::Next),
        };
        self.variables.truncate(mark);
        flow
    }

    fn call_template(
        &mut self,
        dot: &Place,
        position: Position,
        name: &'t str,
        argument: Option<&'t Pipe>,
    ) -> Result<Flow> {
        self.at = Some(At::Template(position, name, argument));
        let Some(template) = self.engine.set.find(name) else {
            return self.error(format_args!("template {} not defined", quote(name.as_bytes())));
        };
        let data = match argument {
            Some(pipe) => Place::plain(self.pipe(dot, pipe)?),
            None => Place::plain(Value::Nil),
        };
        let mut run = Run {
            engine: self.engine,
            template,
            variables: vec![("$".into(), data.clone())],
            // Until the called template evaluates something, an error in it has no place of its own.
            at: None,
            out: std::mem::take(&mut self.out),
        };
        let done = run.template(&data);
        self.out = run.out;
        done?;
        Ok(Flow::Next)
    }

    fn range(&mut self, dot: &Place, branch: &'t Branch) -> Result<Flow> {
        let mark = self.variables.len();
        let flow = self.iterate(dot, branch);
        self.variables.truncate(mark);
        flow
    }

    fn iterate(&mut self, dot: &Place, branch: &'t Branch) -> Result<Flow> {
        let value = self.pipe(dot, &branch.pipe)?;
        let mut ran = false;
        match &value {
            Value::List(list) => {
                for (index, item) in list.items().iter().enumerate() {
                    ran = true;
                    let item = Place { value: item.clone(), boxed: list.is_boxed() };
                    if self.turn(branch, Value::int(index as i64), item)? {
                        return Ok(Flow::Next);
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.entries() {
                    ran = true;
                    let item = Place { value: item, boxed: map.is_boxed() };
                    if self.turn(branch, Value::String(key), item)? {
                        return Ok(Flow::Next);
                    }
                }
            }
            Value::Bytes(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    ran = true;
                    let item = Place::plain(Value::Int(i64::from(*byte), IntKind::Uint8));
                    if self.turn(branch, Value::int(index as i64), item)? {
                        return Ok(Flow::Next);
                    }
                }
            }
            Value::Int(count, kind) => {
                if branch.pipe.variables.len() > 1 {
                    return self.error(format_args!("can't use {count} to iterate over more than one variable"));
                }
                for number in 0..*count {
                    ran = true;
                    if self.turn(branch, Value::Nil, Place::plain(Value::Int(number, *kind)))? {
                        return Ok(Flow::Next);
                    }
                }
            }
            Value::Object(object) => match field::files(object) {
                Some(files) => {
                    for (name, bytes) in files {
                        ran = true;
                        if self.turn(branch, Value::String(name), Place::plain(bytes))? {
                            return Ok(Flow::Next);
                        }
                    }
                }
                None => return self.not_iterable(&value),
            },
            Value::Nil => {}
            _ => return self.not_iterable(&value),
        }
        match (&branch.otherwise, ran) {
            (Some(otherwise), false) => self.body(dot, otherwise),
            _ => Ok(Flow::Next),
        }
    }

    fn not_iterable<T>(&self, value: &Value) -> Result<T> {
        let text = print::text(value);
        self.error(format_args!("range can't iterate over {}", String::from_utf8_lossy(&text)))
    }

    /// One turn of a loop; whether it ended the loop.
    fn turn(&mut self, branch: &'t Branch, index: Value, item: Place) -> Result<bool> {
        let names = &branch.pipe.variables;
        let index = Place::plain(index);
        match (names.as_slice(), branch.pipe.assigns) {
            ([], _) => {}
            ([one], true) => self.assign(one, item.clone())?,
            ([first, second, ..], true) => {
                self.assign(first, index)?;
                self.assign(second, item.clone())?;
            }
            ([_], false) => self.set_top(1, item.clone()),
            ([_, _, ..], false) => {
                self.set_top(1, item.clone());
                self.set_top(2, index);
            }
        }
        let mark = self.variables.len();
        let flow = self.body(&item, &branch.body)?;
        self.variables.truncate(mark);
        Ok(flow == Flow::Break)
    }

    fn set_top(&mut self, nth: usize, place: Place) {
        let at = self.variables.len() - nth;
        self.variables[at].1 = place;
    }

    fn assign(&mut self, name: &str, place: Place) -> Result<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| **known == *name) {
            Some((_, old)) => {
                *old = place;
                Ok(())
            }
            None => self.error(format_args!("undefined variable: {name}")),
        }
    }

    /// The value of a pipeline, which its variables then hold.
    fn pipe(&mut self, dot: &Place, pipe: &'t Pipe) -> Result<Value> {
        self.at = Some(At::Pipe(pipe));
        let mut last: Option<Value> = None;
        for command in &pipe.commands {
            last = Some(self.command(dot, command, last)?.value);
        }
        let value = last.unwrap_or(Value::Nil);
        for variable in &pipe.variables {
            let place = Place::plain(value.clone());
            match pipe.assigns {
                true => self.assign(variable, place)?,
                false => self.variables.push((variable.clone(), place)),
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Place, command: &'t Command, last: Option<Value>) -> Result<Place> {
        let first = &command.operands[0];
        match &first.term {
            Term::Function(function) => {
                self.at = Some(At::Operand(first));
                self.call(dot, function, At::Command(command), &command.operands[1..], last)
            }
            Term::Pipe(pipe) => {
                self.no_arguments(command, &last)?;
                Ok(Place::plain(self.pipe(dot, pipe)?))
            }
            Term::Field(_) | Term::Chain(..) | Term::Variable(..) => {
                self.fields(dot, first, &command.operands[1..], last)
            }
            term => {
                self.at = Some(At::Operand(first));
                self.no_arguments(command, &last)?;
                match term {
                    Term::Dot => Ok(dot.clone()),
                    Term::Nil => self.error("nil is not a command"),
                    Term::Bool(value) => Ok(Place::plain(Value::Bool(*value))),
                    Term::Number(number) => self.constant(number).map(Place::plain),
                    Term::String { text, .. } => Ok(Place::plain(Value::String(text.clone()))),
                    _ => self.error(format_args!("can't evaluate command {first}")),
                }
            }
        }
    }

    fn no_arguments(&self, command: &Command, last: &Option<Value>) -> Result<()> {
        if command.operands.len() > 1 || last.is_some() {
            return self.error(format_args!("can't give argument to non-function {}", written(&command.operands[0])));
        }
        Ok(())
    }

    /// A field, a variable or a parenthesis with fields behind it; arguments go to the last of them, a method.
    fn fields(&mut self, dot: &Place, node: &'t Operand, rest: &'t [Operand], last: Option<Value>) -> Result<Place> {
        self.at = Some(At::Operand(node));
        let (start, names) = match &node.term {
            Term::Field(names) => (dot.clone(), names),
            Term::Variable(name, names) => (self.variable(name)?, names),
            Term::Chain(start, names) => {
                if matches!(start.term, Term::Nil) {
                    return self.error(format_args!("indirection through explicit nil in {node}"));
                }
                let start = self.untyped(dot, start)?;
                (start, names)
            }
            _ => return self.error(format_args!("can't evaluate command {node}")),
        };
        let Some((name, before)) = names.split_last() else {
            if !rest.is_empty() || last.is_some() {
                return self.error(format_args!("can't give argument to non-function {node}"));
            }
            return Ok(start);
        };
        let mut place = start;
        for name in before {
            place = self.field(dot, name, node, &[], None, place)?;
        }
        self.field(dot, name, node, rest, last, place)
    }

    fn variable(&self, name: &str) -> Result<Place> {
        match self.variables.iter().rev().find(|(known, _)| **known == *name) {
            Some((_, place)) => Ok(place.clone()),
            None => self.error(format_args!("undefined variable: {name}")),
        }
    }

    fn field(
        &mut self,
        dot: &Place,
        name: &Arc<str>,
        node: &'t Operand,
        rest: &'t [Operand],
        last: Option<Value>,
        receiver: Place,
    ) -> Result<Place> {
        if matches!(receiver.value, Value::Nil) {
            return match receiver.boxed {
                true => self.error(format_args!("nil pointer evaluating interface {{}}.{name}")),
                false => Ok(Place::plain(Value::Nil)),
            };
        }
        if let Some(method) = field::method(&receiver.value, name) {
            let arguments = self.arguments(dot, name, method.parameters, false, rest, last)?;
            return match (method.run)(&receiver.value, &arguments) {
                Ok(value) => Ok(Place::plain(value)),
                Err(message) => {
                    self.at = Some(At::Operand(node));
                    self.error(format_args!("error calling {name}: {message}"))
                }
            };
        }
        let has_arguments = !rest.is_empty() || last.is_some();
        match field::get(&receiver.value, name) {
            Some(_) if has_arguments && matches!(receiver.value, Value::Map(_)) => {
                self.error(format_args!("{name} is not a method but has arguments"))
            }
            Some(_) if has_arguments => {
                self.error(format_args!("{name} has arguments but cannot be invoked as function"))
            }
            Some(place) => Ok(place),
            None => self.error(format_args!("can't evaluate field {name} in type {}", receiver.type_name())),
        }
    }

    fn call(
        &mut self,
        dot: &Place,
        function: &'static Function,
        node: At<'t>,
        operands: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Place> {
        if matches!(function.name, "and" | "or") {
            return self.short_circuit(dot, function, operands, last);
        }
        let arguments = self.arguments(dot, function.name, function.parameters, function.variadic, operands, last)?;
        let result = (function.run)(self.engine, &arguments).and_then(|value| {
            self.engine.limits.produce(text_length(&value))?;
            Ok(value)
        });
        match result {
            Ok(value) => Ok(Place::plain(value)),
            Err(message) => {
                self.at = Some(node);
                let message = match (function.name, operands.first()) {
                    ("call", Some(callee)) => message.replacen("non-function", &format!("non-function {callee}"), 1),
                    _ => message,
                };
                self.error(format_args!("error calling {}: {message}", function.name))
            }
        }
    }

    fn short_circuit(
        &mut self,
        dot: &Place,
        function: &'static Function,
        operands: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Place> {
        if operands.is_empty() && last.is_none() {
            return self.error(format_args!("wrong number of args for {}: want at least 1 got 0", function.name));
        }
        let mut value = Value::Nil;
        for operand in operands {
            value = self.argument(dot, Type::Any, operand)?;
            if value.is_true() == (function.name == "or") {
                return Ok(Place::plain(value));
            }
        }
        Ok(Place::plain(last.unwrap_or(value)))
    }

    fn arguments(
        &mut self,
        dot: &Place,
        name: &str,
        parameters: &[Type],
        variadic: bool,
        operands: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Vec<Value>> {
        let given = operands.len() + usize::from(last.is_some());
        let fixed = parameters.len() - usize::from(variadic);
        if variadic && given < fixed {
            let count = operands.len();
            return self.error(format_args!("wrong number of args for {name}: want at least {fixed} got {count}"));
        }
        if !variadic && given != fixed {
            return self.error(format_args!("wrong number of args for {name}: want {fixed} got {given}"));
        }
        let parameter = |index: usize| parameters[index.min(parameters.len() - 1)];
        let mut arguments = Vec::with_capacity(given);
        for (index, operand) in operands.iter().enumerate() {
            arguments.push(self.argument(dot, parameter(index), operand)?);
        }
        if let Some(last) = last {
            arguments.push(self.checked(Place::plain(last), parameter(operands.len()))?);
        }
        Ok(arguments)
    }

    /// The value of an argument for a parameter of this type.
    fn argument(&mut self, dot: &Place, wanted: Type, operand: &'t Operand) -> Result<Value> {
        self.at = Some(At::Operand(operand));
        let place = match &operand.term {
            Term::Nil if wanted.takes_nil() => return Ok(Value::Nil),
            Term::Nil => return self.error(format_args!("cannot assign nil to {}", wanted.name())),
            Term::Bool(_) | Term::Number(_) | Term::String { .. } => return self.literal(wanted, operand),
            _ => self.untyped(dot, operand)?,
        };
        self.checked(place, wanted)
    }

    /// The value of an operand, whatever its type.
    fn untyped(&mut self, dot: &Place, operand: &'t Operand) -> Result<Place> {
        self.at = Some(At::Operand(operand));
        match &operand.term {
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Ok(Place::plain(Value::Nil)),
            Term::Field(_) | Term::Variable(..) | Term::Chain(..) => self.fields(dot, operand, &[], None),
            Term::Pipe(pipe) => Ok(Place::plain(self.pipe(dot, pipe)?)),
            Term::Function(function) => self.call(dot, function, At::Operand(operand), &[], None),
            Term::Bool(value) => Ok(Place::plain(Value::Bool(*value))),
            Term::Number(number) => self.constant(number).map(Place::plain),
            Term::String { text, .. } => Ok(Place::plain(Value::String(text.clone()))),
        }
    }

    fn literal(&mut self, wanted: Type, operand: &'t Operand) -> Result<Value> {
        match (wanted, &operand.term) {
            (Type::Any | Type::Bool, Term::Bool(value)) => Ok(Value::Bool(*value)),
            (Type::Any | Type::String, Term::String { text, .. }) => Ok(Value::String(text.clone())),
            (Type::Any, Term::Number(number)) => self.constant(number),
            (Type::Int, Term::Number(Number { int: Some(value), .. })) => Ok(Value::int(*value)),
            (Type::Uint32, Term::Number(Number { uint: Some(value), .. })) => {
                Ok(Value::Int(i64::from(*value as u32), IntKind::Uint64))
            }
            (Type::Float, Term::Number(Number { float: Some(value), .. })) => Ok(Value::Float(*value)),
            (Type::Bool, _) => self.error(format_args!("expected bool; found {operand}")),
            (Type::String, _) => self.error(format_args!("expected string; found {operand}")),
            (Type::Int, _) => self.error(format_args!("expected integer; found {operand}")),
            (Type::Uint32, _) => self.error(format_args!("expected unsigned integer; found {operand}")),
            (Type::Float, _) => self.error(format_args!("expected float; found {operand}")),
            _ => self.error(format_args!("can't handle {operand} for arg of type {}", wanted.name())),
        }
    }

    fn constant(&self, number: &Number) -> Result<Value> {
        let text = &*number.text;
        let is_hex = text.starts_with("0x") || text.starts_with("0X");
        let looks_float = !text.starts_with('\'') && (!is_hex || text.contains(['p', 'P']));
        match (number.float, number.int) {
            (Some(float), _) if looks_float && text.contains(['.', 'e', 'E', 'p', 'P']) => Ok(Value::Float(float)),
            (_, Some(int)) => Ok(Value::int(int)),
            _ => self.error(format_args!("{text} overflows int")),
        }
    }

    fn checked(&self, place: Place, wanted: Type) -> Result<Value> {
        if matches!(place.value, Value::Nil) {
            return match (place.boxed, wanted) {
                (_, Type::Any) => Ok(Value::Nil),
                (false, wanted) if wanted.takes_nil() => Ok(Value::Nil),
                (false, wanted) => self.error(format_args!("invalid value; expected {}", wanted.name())),
                (true, wanted) => {
                    self.error(format_args!("wrong type for value; expected {}; got interface {{}}", wanted.name()))
                }
            };
        }
        if wanted.takes(&place.value) {
            return Ok(place.value);
        }
        let found = place.value.type_name();
        self.error(format_args!("wrong type for value; expected {}; got {found}", wanted.name()))
    }
}

fn written(operand: &Operand) -> String {
    match &operand.term {
        Term::Pipe(pipe) => pipe.to_string(),
        _ => operand.to_string(),
    }
}

/// How many bytes of text a function has made: a text that is doubled again and again must come to an end.
fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) | Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
