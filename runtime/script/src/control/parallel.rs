//! `parallel`: several closures at the same time.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, FnPtr, Map, NativeCallContext};

use super::{
    Entry, Options, Thrown,
    branches::{Branch, Manner, run_all},
    wrong,
};
use crate::shared::Shared;

/// How many branches run at a time unless the script says otherwise. They wait for engines and servers most of the time.
pub const LIMIT: usize = 16;

pub const TOPIC: Entry = Entry {
    name: "parallel",
    signature: "parallel(closures, #{ … })",
    doc: "Run closures at the same time. Returns an array of their results, in order.\n\n\
          All of them run to their end, and every failure is reported; with `cancel: true` the first failure cancels the others. \
          Each closure gets a copy of the variables it captures: results are what it returns, not what it assigns. \
          Instead of an array, a map from names to closures gives the branches names, and returns a map.\n\n\
          Options: `limit` (int, default 16), how many run at a time; `cancel` (bool, default false).",
    example: "let both = parallel([|| 1 + 1, || 2 + 2]);\nlet named = parallel(#{ a: || 1, b: || 2 });",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let list = Arc::clone(shared);
    engine.register_fn("parallel", move |context: NativeCallContext, closures: Array| {
        run_list(&context, &list, closures, &Map::new())
    });
    let list = Arc::clone(shared);
    engine.register_fn("parallel", move |context: NativeCallContext, closures: Array, options: Map| {
        run_list(&context, &list, closures, &options)
    });
    let named = Arc::clone(shared);
    engine.register_fn("parallel", move |context: NativeCallContext, closures: Map| {
        run_named(&context, &named, closures, &Map::new())
    });
    let named = Arc::clone(shared);
    engine.register_fn("parallel", move |context: NativeCallContext, closures: Map, options: Map| {
        run_named(&context, &named, closures, &options)
    });
}

fn run_list(context: &NativeCallContext, shared: &Shared, closures: Array, options: &Map) -> Result<Dynamic, Thrown> {
    let branches = closures.into_iter().enumerate().map(|(at, closure)| branch((at + 1).to_string(), closure));
    let branches = branches.collect::<Result<Vec<_>, _>>()?;
    run_all(context, shared, branches, &manner(options)?).map(Dynamic::from)
}

fn run_named(context: &NativeCallContext, shared: &Shared, closures: Map, options: &Map) -> Result<Dynamic, Thrown> {
    let names: Vec<_> = closures.keys().cloned().collect();
    let branches = closures.into_iter().map(|(name, closure)| branch(name.to_string(), closure));
    let branches = branches.collect::<Result<Vec<_>, _>>()?;
    let values = run_all(context, shared, branches, &manner(options)?)?;
    Ok(names.into_iter().zip(values).collect::<Map>().into())
}

fn branch(name: String, closure: Dynamic) -> Result<Branch, Thrown> {
    let found = closure.type_name();
    let call =
        closure.try_cast::<FnPtr>().ok_or_else(|| wrong("parallel", &format!("expected closures, found {found}")))?;
    Ok(Branch { name, call, arguments: Vec::new() })
}

fn manner(options: &Map) -> Result<Manner, Thrown> {
    let options = Options::new("parallel", options, &["limit", "cancel"])?;
    Ok(Manner { limit: options.count("limit", LIMIT)?, cancel: options.flag("cancel")? })
}
