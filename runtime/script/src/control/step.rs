//! `step`: a titled part of a script.

use std::{sync::Arc, time::Instant};

use meshrun_host::{Happening, Outcome};
use rhai::{Dynamic, Engine, FnPtr, NativeCallContext};

use super::{Entry, Thrown};
use crate::{failure, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "step",
    signature: "step(title, closure)",
    doc: "Call the closure as a part of the script with a title. Returns its result.\n\n\
          The title stands above the progress of what runs in it, and the time it took stands in the summary.",
    example: "let answer = step(\"Find the answer\", || 42);",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    engine.register_fn("step", move |context: NativeCallContext, title: &str, call: FnPtr| {
        run(&context, &shared, title, &call)
    });
}

fn run(context: &NativeCallContext, shared: &Shared, title: &str, call: &FnPtr) -> Result<Dynamic, Thrown> {
    let here = shared.here();
    let (step, title, started) = (here.next_id(), title.to_owned(), Instant::now());
    here.tell(Happening::StepStarted { step, title: title.clone() });
    let result = call.call_within_context::<Dynamic>(context, ());
    let outcome = match &result {
        Ok(_) => Outcome::Done,
        Err(error) => {
            Outcome::from(&Err::<(), _>(failure::failure(shared, error, context.call_source().unwrap_or_default())))
        }
    };
    here.tell(Happening::StepEnded { step, title, outcome, elapsed: started.elapsed() });
    result
}
