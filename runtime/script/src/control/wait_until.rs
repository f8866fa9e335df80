//! `wait_until`: until a condition of the script's own holds.

use std::{sync::Arc, time::Instant};

use meshrun_host::{Failure, Happening};
use meshrun_terms::{Progress, Timeout};
use rhai::{Dynamic, Engine, FnPtr, Map, NativeCallContext};

use super::{Entry, Options, Thrown, retry, sleep};
use crate::{convert, failure, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "wait_until",
    signature: "wait_until(what, closure, #{ … })",
    doc: "Call the closure until it returns something other than `false` and `()`, and return that.\n\n\
          `what` says what is waited for, in progress lines and in the failure. A closure that fails is asked again, its failure is what was last seen; \
          mistakes of the script end the wait. The closure may return `#{ done: false, seen: \"…\" }` to tell what it saw.\n\n\
          Options: `timeout` (duration, default \"5m\"); `every` (duration, default \"500ms\"), the time between two questions.",
    example: "let answer = wait_until(\"the answer\", || 42, #{ timeout: \"10s\" });",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let plain = Arc::clone(shared);
    engine.register_fn("wait_until", move |context: NativeCallContext, what: &str, call: FnPtr| {
        run(&context, &plain, what, &call, &Map::new())
    });
    let with_options = Arc::clone(shared);
    engine.register_fn("wait_until", move |context: NativeCallContext, what: &str, call: FnPtr, options: Map| {
        run(&context, &with_options, what, &call, &options)
    });
}

fn run(
    context: &NativeCallContext,
    shared: &Shared,
    what: &str,
    call: &FnPtr,
    options: &Map,
) -> Result<Dynamic, Thrown> {
    let options = Options::new("wait_until", options, &["timeout", "every"])?;
    let timeout = options.timeout("timeout", Timeout::minutes(5))?;
    let every = options.timeout("every", Timeout(std::time::Duration::from_millis(500)))?;
    let (started, here) = (Instant::now(), shared.here());
    let id = here.next_id();
    loop {
        let seen = match ask(context, shared, call)? {
            Answer::Done(value) => return Ok(value),
            Answer::NotYet(seen) => seen,
        };
        here.tell(Happening::Progress {
            call: id,
            progress: Progress::Waiting { what: what.to_owned(), seen: seen.clone() },
        });
        if started.elapsed() + every.0 > timeout.0 {
            let message = format!("{what}: not so after {timeout}; last seen: {seen}");
            return Err(failure::thrown(&Failure::new("script::wait", message)));
        }
        sleep::pause(shared, every)?;
    }
}

enum Answer {
    Done(Dynamic),
    NotYet(String),
}

fn ask(context: &NativeCallContext, shared: &Shared, call: &FnPtr) -> Result<Answer, Thrown> {
    let value = match call.call_within_context::<Dynamic>(context, ()) {
        Ok(value) => value,
        Err(error) => {
            let found = failure::failure(shared, &error, context.call_source().unwrap_or_default());
            let again = retry::may_pass(&found) && error.is_catchable();
            return if again { Ok(Answer::NotYet(found.message)) } else { Err(error) };
        }
    };
    if let Some(map) =
        value.read_lock::<Map>().filter(|map| map.get("done").is_some_and(|done| done.as_bool() == Ok(false)))
    {
        let seen = map.get("seen").map_or_else(|| "nothing yet".to_owned(), text);
        return Ok(Answer::NotYet(seen));
    }
    let not_yet = value.is_unit() || value.as_bool() == Ok(false);
    Ok(if not_yet { Answer::NotYet(text(&value)) } else { Answer::Done(value) })
}

fn text(value: &Dynamic) -> String {
    match convert::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Null) => "nothing".to_owned(),
        Ok(other) => other.to_string(),
        Err(_) => value.to_string(), // not data: its text says enough here
    }
}
