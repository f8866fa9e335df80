//! A shell, as far as scripts for nodes need one: lists, conditions, loops, pipes, parameters, redirections.

mod parse;
mod run;
mod words;

pub use run::Shell;
