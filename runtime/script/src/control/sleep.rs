//! `sleep`: a pause that can be cancelled.

use std::sync::Arc;

use meshrun_host::Failure;
use meshrun_terms::Timeout;
use rhai::{Dynamic, Engine, EvalAltResult, FLOAT, INT, Position};

use super::{Entry, Thrown, timeout_of};
use crate::{failure, shared::Shared};

pub const TOPIC: Entry = Entry {
    name: "sleep",
    signature: "sleep(duration)",
    doc: "Pause for a duration. To wait for something, use `wait_until` or `kube::wait`: they end as soon as it is so, and say what they saw when it is not.",
    example: "sleep(\"10ms\");",
};

pub fn register(engine: &mut Engine, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let nap = move |time: Dynamic| timeout_of("sleep", &time).and_then(|time| pause(&shared, time));
    let (whole, part) = (nap.clone(), nap.clone());
    engine.register_fn("sleep", nap);
    // Rhai's own take bare numbers; these stand before them and say that a unit is missing.
    engine.register_fn("sleep", move |time: INT| whole(time.into()));
    engine.register_fn("sleep", move |time: FLOAT| part(time.into()));
}

/// Pause; a cancellation or deadline of the place ends it.
pub fn pause(shared: &Shared, time: Timeout) -> Result<(), Thrown> {
    let here = shared.here();
    shared.handle.block_on(async {
        let deadline = async {
            match here.deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(time.0) => Ok(()),
            () = here.cancel.cancelled() => Err(EvalAltResult::ErrorTerminated("cancelled".into(), Position::NONE).into()),
            () = deadline => Err(failure::thrown(&Failure::new("host::deadline", "the pause was longer than the time of its surrounding `timeout`"))),
        }
    })
}
