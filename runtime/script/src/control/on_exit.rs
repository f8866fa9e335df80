//! `on_exit`: what to do when the script ends, however it ends.

use std::sync::{Arc, PoisonError};

use rhai::{Engine, FnPtr, NativeCallContext};

use super::Entry;
use crate::shared::{Handler, Shared};

pub const TOPIC: Entry = Entry {
    name: "on_exit",
    signature: "on_exit(closure)",
    doc: "Call the closure when the script ends: when it is done, when it fails, and after Ctrl-C.\n\n\
          The last one is called first. A failure in one is reported beside the script's own and keeps no other from being called. \
          A second Ctrl-C leaves at once, without them.",
    example: "on_exit(|| print(\"bye\"));",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    engine.register_fn("on_exit", move |context: NativeCallContext, call: FnPtr| {
        #[allow(deprecated)] // the lint marks a volatile interface; the version of Rhai is pinned
        let store = context.store_data();
        shared.handlers.lock().unwrap_or_else(PoisonError::into_inner).push(Handler { call, store });
    });
}
