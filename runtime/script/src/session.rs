//! A session: pieces of code one after the other, as a REPL reads them, with variables, functions and imports kept.

use rhai::{AST, Dynamic, EvalAltResult, ParseErrorType, Scope};

use meshrun_host::{Context, Failure, Value};

use crate::{Ended, Runtime, Source, place};

/// Variables, functions and imports of the pieces so far.
pub struct Session<'a> {
    runtime: &'a Runtime,
    scope: Scope<'static>,
    kept: AST,
    /// The import lines of the pieces so far: they stand before each later piece, on a line of their own.
    imports: Vec<String>,
    pieces: usize,
}

impl<'a> Session<'a> {
    pub(crate) fn new(runtime: &'a Runtime) -> Self {
        Self { runtime, scope: Scope::new(), kept: AST::empty(), imports: Vec::new(), pieces: 0 }
    }

    /// Whether the text is the beginning of something longer: an open bracket, string or comment.
    pub fn is_incomplete(&self, text: &str) -> bool {
        let Err(error) = self.runtime.engine.compile_with_scope(&self.scope, self.with_imports(text)) else {
            return false;
        };
        match &*error.0 {
            ParseErrorType::UnexpectedEOF => true,
            ParseErrorType::BadInput(kind) => matches!(kind, rhai::LexError::UnterminatedString),
            ParseErrorType::MissingToken(..) => is_at_end(&self.with_imports(text), error.1),
            _ => false,
        }
    }

    /// Run a piece of code; what cancels the context ends it.
    ///
    /// # Errors
    /// How it ended, when it did not just return a value.
    pub fn eval(&mut self, text: &str, context: &Context) -> Result<Value, Ended> {
        self.pieces += 1;
        let source = Source { name: format!("line {}", self.pieces), text: text.to_owned() };
        self.runtime.shared.sources.add(&source);
        let result = self.eval_source(&source, context);
        let mut ended = self.runtime.finish(&source, result);
        if let Err(Ended::Failed(failure)) = &mut ended {
            without_first_line(failure, &source.name);
        }
        ended
    }

    fn eval_source(&mut self, source: &Source, context: &Context) -> Result<Dynamic, Box<EvalAltResult>> {
        let engine = &self.runtime.engine;
        let code = self.with_imports(&source.code());
        let mut ast = engine
            .compile_with_scope(&self.scope, code)
            .map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
        let mut whole = self.kept.clone();
        whole.combine(ast.clone());
        whole.set_source(source.name.as_str());
        let result = place::within(context.clone(), || engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, &whole));
        if result.is_ok() {
            self.kept.combine(ast.clear_statements().clone());
            self.imports.extend(import_lines(&source.text));
        }
        result
    }

    /// The piece after a line with the imports of the earlier ones.
    fn with_imports(&self, code: &str) -> String {
        format!("{}\n{code}", self.imports.join(" "))
    }

    /// The names of the variables so far.
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self.scope.iter_raw().map(|(name, _, _)| name.to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Whether the parser stopped at the end of the text rather than in the middle of it.
fn is_at_end(text: &str, position: rhai::Position) -> bool {
    let Some(line) = position.line() else { return true };
    let rest: String = text.lines().skip(line - 1).collect::<Vec<_>>().join("\n");
    rest.chars().skip(position.position().unwrap_or(1)).all(char::is_whitespace)
}

/// The lines of a piece that are imports, each with its semicolon.
fn import_lines(text: &str) -> impl Iterator<Item = String> {
    let imports = text.lines().map(str::trim).filter(|line| line.starts_with("import "));
    imports.map(|line| format!("{};", line.trim_end_matches(';'))).collect::<Vec<_>>().into_iter()
}

/// Count the lines of the piece without the line of imports before it.
fn without_first_line(failure: &mut Failure, source: &str) {
    let own = failure.trace.iter_mut().filter(|place| place.source == source);
    own.for_each(|place| place.line = place.line.saturating_sub(1).max(1));
    failure.related.iter_mut().for_each(|related| without_first_line(related, source));
}
