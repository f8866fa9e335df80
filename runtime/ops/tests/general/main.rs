//! General operations, called as scripts call them: through the catalogue and `dispatch`.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

mod certificates;
mod data;
mod files;
mod programs;
mod requests;
mod words;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use meshrun_host::{Context, Events, Failure, Function, Happening, Permissions, Value, dispatch};
use meshrun_ops::{Environment, Settings, World, catalogue};
use meshrun_terms::Progress;
use tempfile::TempDir;

/// A world in a folder of its own.
struct Bench {
    folder: TempDir,
    functions: Vec<Function>,
    context: Context,
    told: Arc<Mutex<Vec<Happening>>>,
}

impl Bench {
    fn new() -> Self {
        Self::with_variables([])
    }

    fn with_variables<const N: usize>(variables: [(&str, String); N]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let variables = variables.into_iter().chain([("PATH", path), ("TMPDIR", folder.path().display().to_string())]);
        let environment = Environment {
            variables: variables.map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>(),
            home: Some(folder.path().join("home")),
            directory: folder.path().to_owned(),
        };
        let world = Arc::new(World::new(environment, Settings::default()));
        let told = Arc::<Mutex<Vec<Happening>>>::default();
        let kept = Arc::clone(&told);
        let events = Events::new(move |event| kept.lock().unwrap().push(event.happening));
        Self { folder, functions: catalogue(&world), context: Context::new(events, Permissions::all()), told }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Call the operation with positional arguments, the last of which may be the options map.
    async fn call(&self, name: &str, given: Value) -> Result<Value, Failure> {
        let function = self.functions.iter().find(|function| function.spec.name == name).unwrap();
        let Value::Array(given) = given else { panic!("arguments are a list") };
        let result = dispatch(function, &self.context, given).await;
        if let Err(failure) = &result {
            let declared = function.spec.failures.contains(&&*failure.code) || failure.code.starts_with("script::");
            assert!(declared, "{name} fails with {}, which it does not declare: {failure:?}", failure.code);
        }
        result
    }

    async fn ok(&self, name: &str, given: Value) -> Value {
        self.call(name, given).await.unwrap()
    }

    /// The failure as one text: code, message, causes.
    async fn fails(&self, name: &str, given: Value) -> String {
        let failure = self.call(name, given).await.unwrap_err();
        [&[failure.code, failure.message][..], &failure.causes].concat().join(": ")
    }

    /// How many changes were told so far.
    fn changes(&self) -> usize {
        let is_change = |one: &&Happening| matches!(one, Happening::Progress { progress: Progress::Changed(_), .. });
        self.told.lock().unwrap().iter().filter(is_change).count()
    }
}
