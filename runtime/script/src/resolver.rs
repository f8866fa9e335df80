//! Imports: beside the importing file, then in the library folders, then in the embedded standard library. A file on
//! disk always wins.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::ThreadId,
};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope};

use crate::{Source, shared::Shared};

type SharedModule = Arc<Module>;

/// Where scripts and modules come from.
#[derive(Clone, Default)]
pub struct Library {
    /// `--lib` folders and those of `MESHRUN_LIB`, in order.
    pub folders: Vec<PathBuf>,
    /// The embedded standard library: from a module's name to its text.
    pub embedded: HashMap<String, &'static str>,
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Library({:?}, {} embedded)", self.folders, self.embedded.len())
    }
}

impl Library {
    /// The text of the module that `importing` asks for as `path`.
    /// A file is never its own module: a script `mesh.rhai` that imports `mesh` means the one of the library.
    fn find(&self, importing: Option<&str>, path: &str) -> Result<Option<Source>, std::io::Error> {
        let file = if path.ends_with(".rhai") { path.to_owned() } else { format!("{path}.rhai") };
        let importing = importing.map(Path::new).filter(|name| name.exists());
        let itself = importing.and_then(|name| name.canonicalize().ok()); // gone since: then it cannot be the candidate either
        let beside = importing.and_then(Path::parent);
        let folders = beside.into_iter().chain(self.folders.iter().map(PathBuf::as_path));
        for candidate in folders.map(|folder| folder.join(&file)) {
            if itself.is_some() && candidate.canonicalize().ok() == itself {
                continue;
            }
            match std::fs::read_to_string(&candidate) {
                Ok(text) => return Ok(Some(Source { name: candidate.to_string_lossy().into_owned(), text })),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let name = file.trim_end_matches(".rhai");
        Ok(self.embedded.get(name).map(|text| Source { name: format!("stdlib:{name}"), text: (*text).to_owned() }))
    }
}

/// The resolver that the engine asks. Modules are compiled once a run.
pub struct Resolver {
    library: Library,
    shared: Arc<Shared>,
    loaded: RwLock<HashMap<String, SharedModule>>,
    /// The modules that are being loaded, by the thread that does: one of them again is a circle.
    loading: Mutex<Vec<(ThreadId, String)>>,
}

impl Resolver {
    pub fn new(library: Library, shared: &Arc<Shared>) -> Self {
        Self { library, shared: Arc::clone(shared), loaded: RwLock::default(), loading: Mutex::default() }
    }

    /// Note that this thread loads the module.
    ///
    /// # Errors
    /// When it does so already: the modules import each other in a circle.
    fn begin(&self, name: &str) -> Result<(), Box<EvalAltResult>> {
        let thread = std::thread::current().id();
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let mine: Vec<&str> = loading.iter().filter(|(by, _)| *by == thread).map(|(_, name)| name.as_str()).collect();
        if let Some(at) = mine.iter().position(|loaded| *loaded == name) {
            let circle = [&mine[at..], &[name]].concat().join("` imports `");
            return Err(format!("modules import each other in a circle: `{circle}`").into());
        }
        loading.push((thread, name.to_owned()));
        Ok(())
    }

    fn end(&self, name: &str) {
        let thread = std::thread::current().id();
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        loading.retain(|(by, loaded)| *by != thread || loaded != name);
    }

    fn load(&self, engine: &Engine, source: &Source, position: Position) -> Result<SharedModule, Box<EvalAltResult>> {
        if let Some(module) = self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(&source.name) {
            return Ok(Arc::clone(module));
        }
        self.begin(&source.name)?;
        let made = self.make(engine, source, position);
        self.end(&source.name);
        let module = made?;
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(source.name.clone(), Arc::clone(&module));
        Ok(module)
    }

    fn make(&self, engine: &Engine, source: &Source, position: Position) -> Result<SharedModule, Box<EvalAltResult>> {
        self.shared.sources.add(source);
        let within = |error: Box<EvalAltResult>| EvalAltResult::ErrorInModule(source.name.clone(), error, position);
        let mut ast = engine
            .compile(source.code())
            .map_err(|error| within(EvalAltResult::ErrorParsing(*error.0, error.1).into()))?;
        ast.set_source(source.name.as_str());
        Ok(Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(within)?.into())
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        importing: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<SharedModule, Box<EvalAltResult>> {
        match self.library.find(importing, path) {
            Ok(Some(source)) => self.load(engine, &source, position),
            Ok(None) => Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into()),
            Err(error) => {
                Err(EvalAltResult::ErrorSystem(format!("cannot read the module `{path}`"), Box::new(error)).into())
            }
        }
    }
}
