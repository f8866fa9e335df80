//! Running the tree of a script in a container.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};

use super::{
    parse::parse,
    words::{Command, Joint, List, Piece, Pipeline, Redirect, Word},
};
use crate::{
    World,
    docker::files::Files,
    node::{
        Process,
        io::{Input, Io, Sink},
        programs,
    },
};

/// A shell in a container.
pub struct Shell {
    /// The world.
    pub world: Arc<World>,
    /// The container's identifier.
    pub container: String,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// The present folder.
    pub folder: String,
    /// The script's name and arguments.
    pub arguments: Vec<String>,
    /// The code of the last command.
    pub last: i64,
    /// Whether the script has been left.
    pub left: bool,
    /// How many shells are around this one.
    depth: usize,
    /// Whether a command that fails ends the script.
    pub strict: bool,
}

/// How many shells are within each other at most.
const DEPTH: usize = 20;

impl Shell {
    /// A shell for a command.
    pub fn new(world: &Arc<World>, process: Process) -> Self {
        Self {
            world: Arc::clone(world),
            container: process.container,
            env: process.env,
            folder: process.folder,
            arguments: vec!["sh".to_owned()],
            last: 0,
            left: false,
            depth: 0,
            strict: false,
        }
    }

    /// The files of the container.
    pub fn with_files<T>(&self, act: impl FnOnce(&mut Files) -> T) -> Option<T> {
        let mut state = self.world.engine.state();
        let one = state.container_mut(&self.container).ok()?; // it was removed while this ran
        Some(act(&mut one.files))
    }

    /// A path as this shell means it.
    pub fn path(&self, path: &str) -> String {
        Files::plain(&self.folder, path)
    }

    /// Read a file.
    pub fn read(&self, path: &str) -> Option<Bytes> {
        let path = self.path(path);
        self.with_files(|files| files.read(&path)).flatten()
    }

    /// Write a file.
    pub fn write(&self, path: &str, bytes: impl Into<Bytes>) {
        let path = self.path(path);
        let _gone = self.with_files(|files| files.write(&path, bytes)); // the container may have been removed
    }

    /// Run a program with its arguments.
    pub fn program<'a>(&'a mut self, argv: &'a [String], io: &'a Io) -> BoxFuture<'a, i64> {
        programs::run(self, argv, io).boxed()
    }

    /// Run a script in a shell of its own.
    pub async fn script(&mut self, text: &str, arguments: Vec<String>, io: &Io) -> i64 {
        let list = match parse(text) {
            Ok(list) => list,
            Err(reason) => {
                let text = self.world.recorder.unknown(format!("in a script for nodes: {reason}"));
                io.err.say(format!("sh: {text}\n")).await;
                return 2;
            }
        };
        if self.depth == DEPTH {
            io.err.say("sh: too many shells\n").await;
            return 2;
        }
        let mut inner = Self {
            world: Arc::clone(&self.world),
            container: self.container.clone(),
            env: self.env.clone(),
            folder: self.folder.clone(),
            arguments,
            last: 0,
            left: false,
            depth: self.depth + 1,
            strict: false,
        };
        inner.list(&list, io).await;
        inner.last
    }

    fn list<'a>(&'a mut self, list: &'a List, io: &'a Io) -> BoxFuture<'a, ()> {
        async move {
            for (at, (joint, pipeline)) in list.iter().enumerate() {
                let runs = match joint {
                    Joint::Always => true,
                    Joint::And => self.last == 0,
                    Joint::Or => self.last != 0,
                };
                if !runs {
                    continue;
                }
                self.pipeline(pipeline, io).await;
                let joined = list.get(at + 1).is_some_and(|(joint, _)| *joint != Joint::Always);
                self.left |= self.strict && self.last != 0 && !joined && !pipeline.negated;
                if self.left {
                    return;
                }
            }
        }
        .boxed()
    }

    async fn pipeline(&mut self, pipeline: &Pipeline, io: &Io) {
        let mut input = io.input.clone();
        for (at, (command, redirects)) in pipeline.commands.iter().enumerate() {
            let last = at + 1 == pipeline.commands.len();
            let between = Sink::buffer();
            let out = if last { io.out.clone() } else { between.clone() };
            self.redirected(command, redirects, Io { input, out, err: io.err.clone() }).await;
            input = Input::bytes(between.taken().into());
        }
        if pipeline.negated {
            self.last = i64::from(self.last == 0);
        }
    }

    async fn redirected(&mut self, command: &Command, redirects: &[Redirect], mut io: Io) {
        let mut files: Vec<(String, Sink, bool)> = Vec::new();
        for redirect in redirects {
            match redirect {
                Redirect::From(word) => {
                    let path = self.text(word, &io).await;
                    let found = if path == "/dev/null" { Some(Bytes::new()) } else { self.read(&path) };
                    let Some(bytes) = found else {
                        io.err.say(format!("sh: cannot open {path}: No such file\n")).await;
                        self.last = 2;
                        return;
                    };
                    io.input = Input::bytes(bytes);
                }
                Redirect::Here(word) => {
                    let text = self.text(word, &io).await;
                    io.input = Input::bytes(format!("{text}\n").into());
                }
                Redirect::Same(from, to) => {
                    let sink = if *to == 1 { io.out.clone() } else { io.err.clone() };
                    if *from == 2 { io.err = sink } else { io.out = sink }
                }
                Redirect::To(channel, word, append) => {
                    let path = self.text(word, &io).await;
                    let sink = match path.as_str() {
                        "/dev/null" => Sink::Null,
                        "/dev/stderr" => io.err.clone(),
                        "/dev/stdout" => io.out.clone(),
                        _ => {
                            let sink = Sink::buffer();
                            files.push((path, sink.clone(), *append));
                            sink
                        }
                    };
                    if *channel != 2 {
                        io.out = sink.clone();
                    }
                    if *channel != 1 {
                        io.err = sink;
                    }
                }
            }
        }
        self.command(command, &io).await;
        for (path, sink, append) in files {
            let before = if append { self.read(&path).unwrap_or_default() } else { Bytes::new() };
            self.write(&path, [before.as_ref(), &sink.taken()].concat());
        }
    }

    async fn command(&mut self, command: &Command, io: &Io) {
        match command {
            Command::Simple(variables, words) => self.simple(variables, words, io).await,
            Command::Group(list) => self.list(list, io).await,
            Command::If(branches, otherwise) => {
                for (condition, body) in branches {
                    self.condition(condition, io).await;
                    if self.left {
                        return;
                    }
                    if self.last == 0 {
                        return self.list(body, io).await;
                    }
                }
                self.last = 0;
                self.list(otherwise, io).await;
            }
            Command::Loop(until, condition, body) => {
                let mut code = 0;
                loop {
                    self.condition(condition, io).await;
                    if self.left || (self.last == 0) == *until {
                        break;
                    }
                    self.list(body, io).await;
                    code = self.last;
                    if self.left {
                        return;
                    }
                    // A loop that waits for nothing shall not keep a thread for itself.
                    tokio::task::yield_now().await;
                }
                if !self.left {
                    self.last = code;
                }
            }
            Command::For(name, words, body) => {
                for value in self.fields(words, io).await {
                    self.env.insert(name.clone(), value);
                    self.list(body, io).await;
                    if self.left {
                        return;
                    }
                }
            }
        }
    }

    /// A condition may fail without ending the script.
    async fn condition(&mut self, list: &List, io: &Io) {
        let strict = std::mem::take(&mut self.strict);
        self.list(list, io).await;
        self.strict = strict;
    }

    async fn simple(&mut self, variables: &[(String, Word)], words: &[Word], io: &Io) {
        let mut set = Vec::new();
        for (name, word) in variables {
            set.push((name.clone(), self.text(word, io).await));
        }
        let argv = self.fields(words, io).await;
        if argv.is_empty() {
            self.env.extend(set);
            self.last = if words.is_empty() { 0 } else { self.last };
            return;
        }
        let before: Vec<(String, Option<String>)> =
            set.iter().map(|(name, _)| (name.clone(), self.env.get(name).cloned())).collect();
        self.env.extend(set);
        self.last = self.program(&argv, io).await;
        for (name, value) in before {
            match value {
                Some(value) => _ = self.env.insert(name, value),
                None => _ = self.env.remove(&name),
            }
        }
    }

    /// A word as one text.
    async fn text(&mut self, word: &Word, io: &Io) -> String {
        self.fields(std::slice::from_ref(word), io).await.join(" ")
    }

    /// Words as the arguments that they make.
    fn fields<'a>(&'a mut self, words: &'a [Word], io: &'a Io) -> BoxFuture<'a, Vec<String>> {
        async move {
            let mut all = Vec::new();
            for word in words {
                let mut field: Option<String> = None;
                for piece in word {
                    match piece {
                        Piece::Text(text, _) => field.get_or_insert_default().push_str(text),
                        Piece::Parameter(name, true, None) if name == "@" => {
                            let (front, rest) = self.arguments[1..]
                                .split_first()
                                .map_or((None, &[][..]), |(one, rest)| (Some(one), rest));
                            if let Some(front) = front {
                                field.get_or_insert_default().push_str(front);
                            }
                            for more in rest {
                                all.extend(field.replace(more.clone()));
                            }
                        }
                        Piece::Parameter(name, quoted, otherwise) => {
                            let mut value = self.parameter(name);
                            if let Some(otherwise) = otherwise.as_ref().filter(|_| value.is_empty()) {
                                value = self.text(otherwise, io).await;
                            }
                            join(&mut all, &mut field, &value, *quoted);
                        }
                        Piece::Command(list, quoted) => {
                            let sink = Sink::buffer();
                            let inner = Io { out: sink.clone(), ..io.clone() };
                            self.list(list, &inner).await;
                            let value = String::from_utf8_lossy(&sink.taken()).trim_end_matches('\n').to_owned();
                            join(&mut all, &mut field, &value, *quoted);
                        }
                    }
                }
                all.extend(field);
            }
            all
        }
        .boxed()
    }

    fn parameter(&self, name: &str) -> String {
        match name {
            "?" => self.last.to_string(),
            "$" => "1".to_owned(),
            "#" => (self.arguments.len().saturating_sub(1)).to_string(),
            "@" | "*" => self.arguments.get(1..).unwrap_or_default().join(" "),
            name => match name.parse::<usize>() {
                Ok(number) => self.arguments.get(number).cloned().unwrap_or_default(),
                Err(_) => self.env.get(name).cloned().unwrap_or_default(),
            },
        }
    }
}

/// Put a value into the present field; without quotes blanks in it begin new ones.
fn join(all: &mut Vec<String>, field: &mut Option<String>, value: &str, quoted: bool) {
    if quoted {
        field.get_or_insert_default().push_str(value);
        return;
    }
    let mut parts = value.split_whitespace();
    if value.starts_with(char::is_whitespace) {
        all.extend(field.take());
    }
    if let Some(first) = parts.next() {
        field.get_or_insert_default().push_str(first);
    }
    for part in parts {
        all.extend(field.replace(part.to_owned()));
    }
    if value.ends_with(char::is_whitespace) {
        all.extend(field.take());
    }
}
