//! `timeout`: an end to whatever runs in it.

use std::sync::Arc;

use meshrun_host::Failure;
use rhai::{Dynamic, Engine, FnPtr, NativeCallContext};
use tokio::time::Instant;

use super::{Entry, Thrown, timeout_of};
use crate::{failure, place, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "timeout",
    signature: "timeout(duration, closure)",
    doc: "Call the closure, and end it when the time has passed. Returns its result.\n\n\
          A call that is under way then is cancelled; the failure has the code `script::timeout` and names what was running.",
    example: "let answer = timeout(\"10s\", || 42);",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    engine.register_fn("timeout", move |context: NativeCallContext, time: Dynamic, call: FnPtr| {
        run(&context, &shared, &time, &call)
    });
}

fn run(context: &NativeCallContext, shared: &Shared, time: &Dynamic, call: &FnPtr) -> Result<Dynamic, Thrown> {
    let time = timeout_of("timeout", time)?;
    let outer = shared.here();
    let inner = outer.with_deadline(Instant::now() + time.0);
    let result = place::within(inner, || call.call_within_context::<Dynamic>(context, ()));
    let Err(error) = result else { return result };
    let found = failure::failure(shared, &error, context.call_source().unwrap_or_default());
    let outer_is_over = outer.cancel.is_cancelled() || outer.deadline.is_some_and(|at| Instant::now() >= at);
    if found.code != "host::deadline" || outer_is_over {
        return Err(error);
    }
    let during = found.operation.map(|operation| format!(" during `{operation}`")).unwrap_or_default();
    let mut late = Failure::new("script::timeout", format!("not done after {time}{during}"));
    late.trace = found.trace;
    Err(failure::thrown(&late))
}
