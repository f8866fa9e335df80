//! Running a script from its text to its end.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use meshrun_host::{Context, Failure, Function, Value};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};
use tokio::runtime::Handle;

use crate::{
    Library, Session, Source, Sources, Topic, control, convert, engine, failure, place,
    shared::{Handler, Shared},
};

/// What a runtime is made of.
pub struct Setup {
    /// The host functions.
    pub functions: Vec<Function>,
    /// The root context: whom to tell, what is allowed, how to cancel.
    pub context: Context,
    /// The runtime that host calls run on. The script's thread must not be one of its workers.
    pub handle: Handle,
    /// Where modules come from.
    pub library: Library,
    /// Environment variables, for declared parameters.
    pub environment: BTreeMap<String, String>,
}

/// An engine ready to run scripts.
pub struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) shared: Arc<Shared>,
}

/// How a script ended when it did not just return.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It failed; several failures when a handler of `on_exit` failed as well.
    Failed(Box<Failure>),
    /// It called `exit` with this value.
    Exit(Value),
    /// It was asked for its help.
    Help(String),
    /// Its arguments are wrong.
    Usage(String),
}

impl Runtime {
    /// A runtime with these functions.
    pub fn new(setup: Setup) -> Self {
        let topics =
            setup.functions.iter().map(|function| Topic::of(&function.spec)).chain(control::topics()).collect();
        let shared = Arc::new(Shared {
            context: setup.context,
            handle: setup.handle,
            sources: Sources::default(),
            topics,
            environment: setup.environment,
            arguments: RwLock::default(),
            about: RwLock::default(),
            handlers: Mutex::default(),
            defined: RwLock::default(),
        });
        let engine = engine::engine(&shared, setup.functions, setup.library);
        Self { engine, shared }
    }

    /// The texts of all scripts so far.
    pub fn sources(&self) -> &Sources {
        &self.shared.sources
    }

    /// The manual.
    pub fn topics(&self) -> &[Topic] {
        &self.shared.topics
    }

    /// The manual of a module of the standard library: its functions with their `///` lines.
    ///
    /// # Errors
    /// `script::syntax` with its place.
    pub fn module_topics(&self, name: &str, source: &Source) -> Result<Vec<Topic>, Failure> {
        let ast = self.compile(source)?;
        let shown = |function: &rhai::ScriptFnMetadata| {
            function.access == rhai::FnAccess::Public && !function.name.starts_with("anon$")
        };
        let mut topics: Vec<Topic> =
            ast.iter_functions().filter(shown).map(|function| Topic::of_module(name, &function)).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// Definitions of all functions for editors, as `.d.rhai` files: name and text.
    pub fn definitions(&self) -> Vec<(String, String)> {
        self.engine.definitions().include_standard_packages(false).iter_files().collect()
    }

    /// Read the script without running it.
    ///
    /// # Errors
    /// `script::syntax` with its place.
    pub fn check(&self, source: &Source) -> Result<(), Failure> {
        self.compile(source).map(|_| ())
    }

    /// Run the script with these arguments on the calling thread, which needs a large stack and must not be a worker of
    /// the runtime. Handlers of `on_exit` have run when it returns.
    ///
    /// # Errors
    /// How it ended, when it did not just return a value.
    pub fn run(&self, source: &Source, arguments: &[String]) -> Result<Value, Ended> {
        let ast = self.compile(source).map_err(|failure| Ended::Failed(failure.into()))?;
        *self.shared.arguments.write().unwrap_or_else(PoisonError::into_inner) =
            (source.name.clone(), arguments.to_vec());
        *self.shared.about.write().unwrap_or_else(PoisonError::into_inner) = about(ast.doc());
        let result = place::within(self.shared.context.clone(), || {
            self.engine.eval_ast_with_scope::<Dynamic>(&mut Scope::new(), &ast)
        });
        self.finish(source, result)
    }

    /// A session that keeps variables, functions and imports between pieces of code.
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    pub(crate) fn compile(&self, source: &Source) -> Result<AST, Failure> {
        self.shared.sources.add(source);
        let mut ast = self.engine.compile(source.code()).map_err(|error| {
            failure::failure(&self.shared, &EvalAltResult::ErrorParsing(*error.0, error.1), &source.name)
        })?;
        ast.set_source(source.name.as_str());
        let names =
            ast.iter_functions().map(|function| function.name.to_owned()).filter(|name| !name.starts_with("anon$"));
        self.shared.defined.write().unwrap_or_else(PoisonError::into_inner).extend(names);
        Ok(ast)
    }

    /// Run the handlers of `on_exit`, last one first, and say how it all ended.
    pub(crate) fn finish(&self, source: &Source, result: Result<Dynamic, Box<EvalAltResult>>) -> Result<Value, Ended> {
        let ended = self.ended(source, result);
        let faults = self.run_handlers();
        if faults.is_empty() {
            return ended;
        }
        match ended {
            Err(Ended::Failed(mut first)) => {
                first.related.extend(faults);
                Err(Ended::Failed(first))
            }
            Ok(_) | Err(Ended::Exit(_)) => {
                let mut failure =
                    Failure::new("script::on_exit", "the script was done, but what it left for its end failed");
                failure.related = faults;
                Err(Ended::Failed(failure.into()))
            }
            other => other,
        }
    }

    fn ended(&self, source: &Source, result: Result<Dynamic, Box<EvalAltResult>>) -> Result<Value, Ended> {
        match result {
            Ok(value) => Ok(convert::to_value(&value).unwrap_or_else(|_| Value::String(value.to_string()))),
            Err(error) => match innermost(&error) {
                EvalAltResult::ErrorTerminated(value, _) if value.is::<Ended>() => Err(value.clone().cast::<Ended>()),
                _ => Err(Ended::Failed(failure::failure(&self.shared, &error, &source.name).into())),
            },
        }
    }

    fn run_handlers(&self) -> Vec<Failure> {
        let mut faults = Vec::new();
        // Handlers run also after a cancellation, so in a context that has not been cancelled.
        let context = self.shared.context.afterwards();
        loop {
            let next = self.shared.handlers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(Handler { call, store }) = next else { return faults };
            #[allow(deprecated)] // the lint marks a volatile interface; the version of Rhai is pinned
            let here = store.create_context(&self.engine);
            let result = place::within(context.clone(), || call.call_within_context::<Dynamic>(&here, ()));
            if let Err(error) = result {
                faults.push(failure::failure(&self.shared, &error, here.call_source().unwrap_or_default()));
            }
        }
    }
}

/// The error without the frames around it.
pub(crate) fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        other => other,
    }
}

/// The `//!` lines without their marks.
fn about(doc: &str) -> String {
    let plain = |line: &str| {
        line.trim_start_matches("//!").strip_prefix(' ').unwrap_or(line.trim_start_matches("//!")).to_owned()
    };
    doc.lines().map(plain).collect::<Vec<_>>().join("\n")
}

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Runtime")
    }
}
