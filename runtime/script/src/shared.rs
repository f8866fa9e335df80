//! What all threads of a run share. Nothing here is locked across a call.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError, RwLock},
};

use meshrun_host::{Context, Failure, Function, Value, dispatch};
use rhai::FnPtr;
use tokio::runtime::Handle;

use crate::{Sources, Topic, place};

/// A handler that `on_exit` has put aside, with what is needed to call it later.
pub struct Handler {
    pub call: FnPtr,
    #[allow(deprecated)] // the lint marks a volatile interface; the version of Rhai is pinned
    pub store: rhai::NativeCallContextStore,
}

/// What all threads of a run share.
pub struct Shared {
    pub context: Context,
    pub handle: Handle,
    pub sources: Sources,
    pub topics: Vec<Topic>,
    pub environment: BTreeMap<String, String>,
    /// The name of the script and its arguments, for `parameters`.
    pub arguments: RwLock<(String, Vec<String>)>,
    /// What the script says of itself in its `//!` lines.
    pub about: RwLock<String>,
    pub handlers: Mutex<Vec<Handler>>,
    /// Names of functions that scripts have defined, for suggestions.
    pub defined: RwLock<Vec<String>>,
}

impl Shared {
    /// The context of the calling thread; the root where no script runs.
    pub fn here(&self) -> Context {
        place::current().unwrap_or_else(|| self.context.clone())
    }

    /// Call the function and wait for it.
    pub fn call(&self, function: &Function, given: Vec<Value>) -> Result<Value, Failure> {
        let context = self.here();
        let result = self.handle.block_on(async { dispatch(function, &context, given).await });
        result.map_err(|mut failure| {
            if !context.branch.is_root() {
                failure.branch.get_or_insert_with(|| context.branch.to_string());
            }
            failure
        })
    }

    /// The entry of the manual with this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    /// The names of all functions that a script could have meant.
    pub fn function_names(&self) -> Vec<String> {
        let defined = self.defined.read().unwrap_or_else(PoisonError::into_inner);
        self.topics.iter().map(|topic| topic.name.clone()).chain(defined.iter().cloned()).collect()
    }

    /// The names of all modules of host functions.
    pub fn module_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .topics
            .iter()
            .filter_map(|topic| topic.name.split_once("::"))
            .map(|(module, _)| module.to_owned())
            .collect();
        names.dedup();
        names
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}
