//! Turns a template's text into trees: the file's own and one for each `define` and `block` in it.

use std::{collections::HashMap, sync::Arc};

use super::{
    ast::{Body, Branch, Command, Node, Operand, Pipe, Position, Term, is_empty},
    lexer::{Kind, Lexer, Token},
    number,
};
use crate::{
    functions,
    text::{quote, unquote},
};

/// How deep actions and parentheses may be nested; real templates stay below 20.
const MAX_DEPTH: usize = 500;

/// A file's trees.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) text: Arc<str>,
    pub(crate) root: Arc<Body>,
    pub(crate) defines: Vec<(Arc<str>, Arc<Body>)>,
}

/// Parse a text; `file` is its name in error messages.
///
/// # Errors
/// In Go's words, `template: FILE:LINE: ...`.
pub(crate) fn parse(file: &str, text: &Arc<str>) -> Result<Parsed> {
    let mut parser = Parser {
        file,
        lexer: Lexer::new(text),
        tokens: Vec::new(),
        pending: 0,
        variables: vec!["$".into()],
        action_line: 0,
        range_depth: 0,
        depth: 0,
        defines: HashMap::new(),
        order: Vec::new(),
    };
    let root = parser.root()?;
    let defines = parser.order.iter().filter_map(|name| Some((name.clone(), parser.defines.remove(name)?))).collect();
    Ok(Parsed { text: text.clone(), root: Arc::new(root), defines })
}

struct Parser<'a> {
    file: &'a str,
    lexer: Lexer<'a>,
    /// The last tokens read, newest last; `pending` of them are to be read again.
    tokens: Vec<Token<'a>>,
    pending: usize,
    variables: Vec<Arc<str>>,
    action_line: u32,
    range_depth: usize,
    depth: usize,
    defines: HashMap<Arc<str>, Arc<Body>>,
    order: Vec<Arc<str>>,
}

/// What ended a body.
enum Ending {
    End,
    Else,
}

enum Item {
    Node(Node),
    Ending(Ending),
}

type Result<T> = std::result::Result<T, String>;

impl<'a> Parser<'a> {
    fn next(&mut self) -> Token<'a> {
        if self.pending > 0 {
            self.pending -= 1;
            return self.tokens[self.tokens.len() - 1 - self.pending].clone();
        }
        let token = self.lexer.next_token();
        if self.tokens.len() >= 8 {
            self.tokens.drain(..4);
        }
        self.tokens.push(token.clone());
        token
    }

    fn back(&mut self, tokens: usize) {
        self.pending += tokens;
    }

    fn peek(&mut self) -> Token<'a> {
        let token = self.next();
        self.back(1);
        token
    }

    /// The next token that is no blank, and how many tokens it took.
    fn next_word(&mut self) -> Token<'a> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_word(&mut self) -> Token<'a> {
        let token = self.next_word();
        self.back(1);
        token
    }

    /// An error at the line of the newest token, as Go reports it.
    fn error<T>(&self, message: impl std::fmt::Display) -> Result<T> {
        let line = self.tokens.last().map_or(1, |token| token.line);
        Err(format!("template: {}:{line}: {message}", self.file))
    }

    fn unexpected<T>(&self, token: &Token<'a>, context: &str) -> Result<T> {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {token} in {context}"));
        }
        if self.action_line == 0 || self.action_line == token.line {
            return self.error(token);
        }
        let inside = if token.text.ends_with(" action") { "" } else { " in action" };
        self.error(format!("{token}{inside} started at {}:{}", self.file, self.action_line))
    }

    fn expect(&mut self, kinds: &[Kind], context: &str) -> Result<Token<'a>> {
        let token = self.next_word();
        if !kinds.contains(&token.kind) {
            return self.unexpected(&token, context);
        }
        Ok(token)
    }

    fn root(&mut self) -> Result<Body> {
        let mut body = Body::new();
        loop {
            let token = self.peek();
            if token.kind == Kind::Eof {
                return Ok(body);
            }
            if token.kind == Kind::LeftDelim {
                self.next();
                if self.next_word().kind == Kind::Define {
                    self.define()?;
                    continue;
                }
                self.rewind_to(&token);
            }
            match self.item()? {
                Item::Node(node) => body.push(node),
                Item::Ending(Ending::End) => return self.error("unexpected {{end}}"),
                Item::Ending(Ending::Else) => return self.error("unexpected {{else}}"),
            }
        }
    }

    fn rewind_to(&mut self, token: &Token<'a>) {
        let end = self.tokens.len() - self.pending;
        let at = self.tokens[..end].iter().rposition(|old| old.position == token.position && old.kind == token.kind);
        self.back(end - at.unwrap_or(end));
    }

    fn define(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.expect(&[Kind::String, Kind::RawString], CONTEXT)?;
        let name = self.unquoted(&token)?;
        self.expect(&[Kind::RightDelim], CONTEXT)?;
        self.definition(name, CONTEXT)
    }

    /// The body of a `define` or `block`: variables and loops around it do not reach inside.
    fn definition(&mut self, name: Arc<str>, context: &str) -> Result<()> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let action_line = std::mem::take(&mut self.action_line);
        let (body, ending) = self.body()?;
        if matches!(ending, Ending::Else) {
            return self.error(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.variables = variables;
        self.range_depth = range_depth;
        self.action_line = action_line;
        let replaces = match self.defines.get(&name) {
            None => {
                self.order.push(name.clone());
                true
            }
            Some(old) if is_empty(old) => true,
            Some(_) if is_empty(&body) => false,
            Some(_) => {
                return self.error(format!("template: multiple definition of template {}", quote(name.as_bytes())));
            }
        };
        if replaces {
            self.defines.insert(name, Arc::new(body));
        }
        Ok(())
    }

    fn unquoted(&self, token: &Token<'a>) -> Result<Arc<str>> {
        let Ok(bytes) = unquote(&token.text) else {
            return self.error("invalid syntax");
        };
        // A literal may spell bytes that are no UTF-8; the engine keeps text literals as text.
        Ok(String::from_utf8_lossy(&bytes).into())
    }

    /// Items up to an `end` or `else`.
    fn body(&mut self) -> Result<(Body, Ending)> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error("max expression depth exceeded");
        }
        let mut body = Body::new();
        while self.peek_word().kind != Kind::Eof {
            match self.item()? {
                Item::Node(node) => body.push(node),
                Item::Ending(ending) => {
                    self.depth -= 1;
                    return Ok((body, ending));
                }
            }
        }
        self.error("unexpected EOF")
    }

    fn item(&mut self) -> Result<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text.as_ref().into()))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action()?;
                self.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<Item> {
        let token = self.next_word();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.loop_control("break", Node::Break)?,
            Kind::Continue => self.loop_control("continue", Node::Continue)?,
            Kind::Else => return self.end_of_branch(),
            Kind::End => {
                self.expect(&[Kind::RightDelim], "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => Node::If(self.branch("if")?),
            Kind::Range => Node::Range(self.branch("range")?),
            Kind::With => Node::With(self.branch("with")?),
            Kind::Template => self.template()?,
            _ => {
                self.back(1);
                Node::Action(self.pipe("command", Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(node))
    }

    fn end_of_branch(&mut self) -> Result<Item> {
        // The `if` of an `else if` is left for the branch that it continues.
        if !matches!(self.peek_word().kind, Kind::If | Kind::With) {
            self.expect(&[Kind::RightDelim], "else")?;
        }
        Ok(Item::Ending(Ending::Else))
    }

    fn loop_control(&mut self, name: &str, node: Node) -> Result<Node> {
        self.expect(&[Kind::RightDelim], &format!("{{{{{name}}}}}"))?;
        if self.range_depth == 0 {
            return self.error(format!("{{{{{name}}}}} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn branch(&mut self, context: &str) -> Result<Branch> {
        let variables = self.variables.len();
        let pipe = self.pipe(context, Kind::RightDelim)?;
        let loops = usize::from(context == "range");
        self.range_depth += loops;
        let (body, ending) = self.body()?;
        self.range_depth -= loops;
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.otherwise(context)?),
        };
        self.variables.truncate(variables);
        Ok(Branch { pipe, body, otherwise })
    }

    fn otherwise(&mut self, context: &str) -> Result<Body> {
        let chained: Option<fn(Branch) -> Node> = match (context, self.peek().kind) {
            ("if", Kind::If) => Some(Node::If),
            ("with", Kind::With) => Some(Node::With),
            _ => None,
        };
        if let Some(node) = chained {
            self.next();
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return self.error("max expression depth exceeded");
            }
            let branch = self.branch(context)?;
            self.depth -= 1;
            return Ok(vec![node(branch)]);
        }
        match self.body()? {
            (body, Ending::End) => Ok(body),
            _ => self.error("expected end; found {{else}}"),
        }
    }

    fn block(&mut self) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let argument = self.pipe(CONTEXT, Kind::RightDelim)?;
        self.definition(name.clone(), CONTEXT)?;
        Ok(Node::Template { position: token.position as Position, name, argument: Some(argument) })
    }

    fn template(&mut self) -> Result<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let argument = match self.next_word().kind {
            Kind::RightDelim => None,
            _ => {
                self.back(1);
                Some(self.pipe(CONTEXT, Kind::RightDelim)?)
            }
        };
        Ok(Node::Template { position: token.position as Position, name, argument })
    }

    fn template_name(&mut self, token: &Token<'a>, context: &str) -> Result<Arc<str>> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    fn pipe(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let position = self.peek_word().position as Position;
        let mut pipe = Pipe { position, assigns: false, variables: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => {
                    self.check(&pipe, context)?;
                    return Ok(pipe);
                }
                kind if starts_operand(kind) => {
                    self.back(1);
                    pipe.commands.push(self.command()?);
                }
                _ => return self.unexpected(&token, context),
            }
        }
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<()> {
        while self.peek_word().kind == Kind::Variable {
            let variable = self.next();
            let next = self.peek_word();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assigns = next.kind == Kind::Assign;
                    self.next_word();
                    self.declare(pipe, &variable);
                    return Ok(());
                }
                Kind::Char if next.text == "," => {
                    self.next_word();
                    self.declare(pipe, &variable);
                    if context != "range" || pipe.variables.len() >= 2 {
                        return self.error(format!("too many declarations in {context}"));
                    }
                    if !matches!(self.peek_word().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return self.error("range can only initialize variables");
                    }
                }
                _ => {
                    self.rewind_to(&variable);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: &Token<'a>) {
        let name: Arc<str> = variable.text.as_ref().into();
        pipe.variables.push(name.clone());
        self.variables.push(name);
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        let constant = |command: &Command| {
            matches!(
                command.operands[0].term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String { .. }
            )
        };
        match pipe.commands[1..].iter().position(constant) {
            Some(index) => self.error(format!("non executable command in pipeline stage {}", index + 2)),
            None => Ok(()),
        }
    }

    fn command(&mut self) -> Result<Command> {
        let mut command = Command { position: self.peek_word().position as Position, operands: Vec::new() };
        loop {
            self.peek_word();
            if let Some(operand) = self.operand()? {
                command.operands.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(1),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if command.operands.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    fn operand(&mut self) -> Result<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().position as Position;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(Arc::from(&self.next().text[1..]));
        }
        match &mut operand.term {
            Term::Field(names) | Term::Variable(_, names) => {
                names.append(&mut fields);
                operand.position = position;
            }
            Term::Bool(_) | Term::String { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                let term = quote(operand.to_string().as_bytes());
                return self.error(format!("unexpected . after term {term}"));
            }
            _ => operand = Operand { position, term: Term::Chain(Box::new(operand), fields) },
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Result<Option<Operand>> {
        let token = self.next_word();
        let term = match token.kind {
            Kind::Identifier => match functions::find(&token.text) {
                Some(function) => Term::Function(function),
                None => return self.error(format!("function {} not defined", quote(token.text.as_bytes()))),
            },
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => match self.variables.iter().find(|name| ***name == *token.text) {
                Some(name) => Term::Variable(name.clone(), Vec::new()),
                None => return self.error(format!("undefined variable {}", quote(token.text.as_bytes()))),
            },
            Kind::Field => Term::Field(vec![token.text[1..].into()]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => match number::parse(&token.text, token.kind) {
                Ok(number) => Term::Number(number),
                Err(message) => return self.error(message),
            },
            Kind::LeftParen => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return self.error("max expression depth exceeded");
                }
                let pipe = self.pipe("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Operand { position: pipe.position, term: Term::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => {
                Term::String { quoted: token.text.as_ref().into(), text: self.unquoted(&token)? }
            }
            _ => {
                self.back(1);
                return Ok(None);
            }
        };
        Ok(Some(Operand { position: token.position as Position, term }))
    }
}

fn starts_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::CharConstant
            | Kind::Complex
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::RawString
            | Kind::String
            | Kind::Variable
            | Kind::LeftParen
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_in_gos_words() {
        for (text, message) in [
            ("a\n{{ end }}", "t:2: unexpected {{end}}"),
            ("{{ if .x }}", "t:1: unexpected EOF"),
            ("{{ if .x }}{{ else }}{{ else }}{{ end }}", "t:1: expected end; found {{else}}"),
            ("\n\n{{ nosuch .x }}", "t:3: function \"nosuch\" not defined"),
            ("{{ $x }}", "t:1: undefined variable \"$x\""),
            ("{{ }}", "t:1: missing value for command"),
            ("{{ if }}{{ end }}", "t:1: missing value for if"),
            ("{{ .x | 3 }}", "t:1: non executable command in pipeline stage 2"),
            ("{{ \"a\".b }}", "t:1: unexpected . after term \"\\\"a\\\"\""),
            ("{{ break }}", "t:1: {{break}} outside {{range}}"),
            ("{{ .x\n\n", "t:3: unclosed action started at t:1"),
            ("{{ template x }}", "t:1: unexpected \"x\" in template clause"),
            ("{{ if .x }}{{ else if }}{{ end }}", "t:1: missing value for if"),
            ("{{ $a, $b := .x }}", "t:1: too many declarations in command"),
            ("{{ range $a, 3 := .x }}{{ end }}", "t:1: range can only initialize variables"),
            (
                "{{ define \"a\" }}x{{ end }}{{ define \"a\" }}y{{ end }}",
                "t:1: template: multiple definition of template \"a\"",
            ),
            ("{{ (.x }}", "t:1: unclosed left paren"),
            ("{{ .x ) }}", "t:1: unexpected right paren"),
            ("{{ .x, }}", "t:1: unexpected \",\" in operand"),
            ("{{ | .x }}", "t:1: unexpected \"|\" in command"),
        ] {
            let error = parse("t", &text.into()).unwrap_err();
            assert_eq!(error, format!("template: {message}"), "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        for text in ["{{ (".repeat(100_000), "{{ if 1 }}".repeat(100_000), "{{if 1}}{{else if 1}}".repeat(100_000)] {
            // Rendering has a stack of its own; so has this.
            let parsing =
                std::thread::Builder::new().stack_size(64 << 20).spawn(move || parse("t", &text.into()).is_err());
            assert!(parsing.unwrap().join().unwrap());
        }
    }
}
