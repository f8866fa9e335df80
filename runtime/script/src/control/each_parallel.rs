//! `each_parallel`: one closure for each item, at the same time.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};

use super::{
    Entry, Options, Thrown,
    branches::{Branch, Manner, run_all},
    parallel::LIMIT,
};
use crate::shared::Shared;

pub const TOPIC: Entry = Entry {
    name: "each_parallel",
    signature: "each_parallel(items, closure, #{ … })",
    doc: "Call the closure for every item, at the same time. Returns an array of the results, in order.\n\n\
          A branch is named for its item: the item itself when it is a string, its `name` when it is a map, else its number. \
          Failures, copies and options are those of `parallel`.\n\n\
          Options: `limit` (int, default 16), how many run at a time; `cancel` (bool, default false).",
    example: "let doubled = each_parallel([1, 2, 3], |n| n * 2);",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let plain = Arc::clone(shared);
    engine.register_fn("each_parallel", move |context: NativeCallContext, items: Array, call: FnPtr| {
        each(&context, &plain, items, &call, &Map::new())
    });
    let with_options = Arc::clone(shared);
    engine.register_fn("each_parallel", move |context: NativeCallContext, items: Array, call: FnPtr, options: Map| {
        each(&context, &with_options, items, &call, &options)
    });
}

fn each(
    context: &NativeCallContext,
    shared: &Shared,
    items: Array,
    call: &FnPtr,
    options: &Map,
) -> Result<Array, Thrown> {
    let options = Options::new("each_parallel", options, &["limit", "cancel"])?;
    let manner = Manner { limit: options.count("limit", LIMIT)?, cancel: options.flag("cancel")? };
    let branches = items.into_iter().enumerate().map(|(at, item)| Branch {
        name: name(&item).unwrap_or_else(|| (at + 1).to_string()),
        call: call.clone(),
        arguments: vec![item.flatten()],
    });
    run_all(context, shared, branches.collect(), &manner)
}

/// What an item is called.
fn name(item: &Dynamic) -> Option<String> {
    if let Some(text) = item.read_lock::<ImmutableString>() {
        return Some(text.to_string());
    }
    let map = item.read_lock::<Map>()?;
    map.get("name").and_then(|name| name.clone().into_string().ok())
}
