//! `retry`: again until it does not fail.

use std::sync::Arc;

use meshrun_host::Failure;
use meshrun_terms::Timeout;
use rhai::{Dynamic, Engine, FnPtr, Map, NativeCallContext};

use super::{Entry, Options, Thrown, sleep};
use crate::{failure, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "retry",
    signature: "retry(closure, #{ … })",
    doc: "Call the closure again while it fails. Returns its first result; fails with its last failure.\n\n\
          Mistakes of the script (unknown functions, wrong arguments), denied permissions and cancellation are not retried.\n\n\
          Options: `times` (int, default 3), how often at most; `pause` (duration, default \"1s\"), the time between two attempts.",
    example: "let answer = retry(|| 42, #{ times: 5, pause: \"100ms\" });",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let plain = Arc::clone(shared);
    engine
        .register_fn("retry", move |context: NativeCallContext, call: FnPtr| run(&context, &plain, &call, &Map::new()));
    let with_options = Arc::clone(shared);
    engine.register_fn("retry", move |context: NativeCallContext, call: FnPtr, options: Map| {
        run(&context, &with_options, &call, &options)
    });
}

fn run(context: &NativeCallContext, shared: &Shared, call: &FnPtr, options: &Map) -> Result<Dynamic, Thrown> {
    let options = Options::new("retry", options, &["times", "pause"])?;
    let (times, pause) = (options.count("times", 3)?, options.timeout("pause", Timeout::seconds(1))?);
    for attempt in 1.. {
        let error = match call.call_within_context::<Dynamic>(context, ()) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let found = failure::failure(shared, &error, context.call_source().unwrap_or_default());
        if !may_pass(&found) || !error.is_catchable() {
            return Err(error);
        }
        if attempt >= times {
            let mut last = found;
            last.message = format!("{} (after {times} attempts)", last.message);
            return Err(failure::thrown(&last));
        }
        sleep::pause(shared, pause)?;
    }
    Ok(Dynamic::UNIT)
}

/// Whether a failure may be gone at the next attempt.
pub fn may_pass(failure: &Failure) -> bool {
    const FINAL: [&str; 10] = [
        "script::arguments",
        "script::unknown_option",
        "script::unknown_function",
        "script::unknown_variable",
        "script::unknown_module",
        "script::unknown_property",
        "script::failed",
        "script::syntax",
        "host::not_permitted",
        "host::cancelled",
    ];
    !FINAL.contains(&failure.code.as_str()) && !failure.code.starts_with("bug::") && failure.code != "host::deadline"
}
