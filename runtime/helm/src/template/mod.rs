//! Go's `text/template`: lexer, parser, values, execution.

pub(crate) mod ast;
pub(crate) mod builtins;
pub(crate) mod compare;
pub(crate) mod escape;
pub(crate) mod exec;
pub(crate) mod field;
pub(crate) mod float;
pub(crate) mod function;
pub(crate) mod json;
pub(crate) mod lexer;
pub(crate) mod number;
pub(crate) mod object;
pub(crate) mod parser;
pub(crate) mod print;
pub(crate) mod printf;
pub(crate) mod set;
pub(crate) mod value;
