//! The tree that a template is parsed into, and how its parts are written in error messages.

use std::{fmt, sync::Arc};

use super::function::Function;

/// A byte position in the template's text.
pub(crate) type Position = u32;

/// The body of a template, a branch or a loop.
pub(crate) type Body = Vec<Node>;

/// One piece of a body.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template { position: Position, name: Arc<str>, argument: Option<Pipe> },
    Break,
    Continue,
}

/// An `if`, `with` or `range` with its two bodies.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Body,
    pub(crate) otherwise: Option<Body>,
}

/// Commands, each fed with the result of the one before, and the variables that take the last result.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: Position,
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Arc<str>>,
    pub(crate) commands: Vec<Command>,
}

/// A function, method or value with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: Position,
    pub(crate) operands: Vec<Operand>,
}

/// One word of a command.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) position: Position,
    pub(crate) term: Term,
}

/// What a word is.
#[derive(Debug)]
pub(crate) enum Term {
    Function(&'static Function),
    Field(Vec<Arc<str>>),
    Variable(Arc<str>, Vec<Arc<str>>),
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    String { quoted: Box<str>, text: Arc<str> },
    Pipe(Box<Pipe>),
    Chain(Box<Operand>, Vec<Arc<str>>),
}

/// A number as written, under every type that can hold it.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) text: Box<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
}

/// Whether a body holds nothing but blanks.
pub(crate) fn is_empty(body: &[Node]) -> bool {
    body.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}

impl fmt::Display for Pipe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, variable) in self.variables.iter().enumerate() {
            write!(out, "{}{variable}", if index > 0 { ", " } else { "" })?;
        }
        if !self.variables.is_empty() {
            out.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            write!(out, "{}{command}", if index > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, operand) in self.operands.iter().enumerate() {
            if index > 0 {
                out.write_str(" ")?;
            }
            match &operand.term {
                Term::Pipe(pipe) => write!(out, "({pipe})")?,
                _ => write!(out, "{operand}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Function(function) => out.write_str(function.name),
            Term::Field(names) => write_fields(out, names),
            Term::Variable(name, fields) => {
                out.write_str(name)?;
                write_fields(out, fields)
            }
            Term::Dot => out.write_str("."),
            Term::Nil => out.write_str("nil"),
            Term::Bool(value) => write!(out, "{value}"),
            Term::Number(number) => out.write_str(&number.text),
            Term::String { quoted, .. } => out.write_str(quoted),
            Term::Pipe(pipe) => write!(out, "{pipe}"),
            Term::Chain(start, fields) => {
                match &start.term {
                    Term::Pipe(pipe) => write!(out, "({pipe})")?,
                    _ => write!(out, "{start}")?,
                }
                write_fields(out, fields)
            }
        }
    }
}

fn write_fields(out: &mut fmt::Formatter<'_>, names: &[Arc<str>]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(out, ".{name}"))
}
