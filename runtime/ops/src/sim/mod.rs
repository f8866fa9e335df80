//! Operations `sim::*`: what goes wrong in a simulated run, and how its time passes.

mod clear;
mod fault;
mod faults;
mod now;
mod set_time;
mod step;

use std::sync::Arc;

use meshrun_host::Failure;
use meshrun_sim::Fault;

use crate::{Cx, catalogue::Catalogue};

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<fault::AddFault>();
    catalogue.add::<clear::Clear>();
    catalogue.add::<faults::Faults>();
    catalogue.add::<set_time::SetTime>();
    catalogue.add::<step::Step>();
    catalogue.add::<now::Now>();
}

/// The simulated world of this run.
fn world(cx: &Cx) -> Result<Arc<meshrun_sim::World>, Failure> {
    cx.world.settings.simulation.clone().ok_or_else(|| {
        Failure::new("sim::not_simulated", "this run is not simulated, so nothing of its peers can be steered")
            .with_help("run it with `--sim`, `meshrun plan`, `meshrun sim` or `meshrun test`")
    })
}

/// A fault, as `--fault` writes it.
fn parse(text: &str) -> Result<Fault, Failure> {
    text.parse().map_err(|error: meshrun_sim::Error| Failure::new("sim::unknown_fault", error.to_string()))
}
