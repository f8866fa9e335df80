//! What real peers have, read and never changed: the start of a rehearsal.

mod cluster;
mod contexts;
mod engine;

use std::path::Path;

use meshrun_host::{Class, Failure, Permissions};
use meshrun_sim::Start;
use serde::Serialize;

use crate::World;

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// The state of the peers, for a simulation.
    pub start: Start,
    /// What was taken and what could not be read, in words.
    pub notes: Notes,
    contexts: Vec<contexts::Lead>,
}

/// What a rehearsal starts from, in words.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Notes {
    /// What was taken.
    pub taken: Vec<String>,
    /// What could not be read: it is not known.
    pub unknown: Vec<String>,
}

/// Read the Docker engine, its clusters of kind, and the clusters behind those contexts that the user or the script names, as far as the run may talk to
/// them. Nothing is changed anywhere.
pub async fn survey(world: &World, permissions: &Permissions, is_named: impl Fn(&str) -> bool) -> Survey {
    let mut survey = Survey::default();
    let (docker, kube) = (permissions.allows(Class::Docker), permissions.allows(Class::Kube));
    match docker {
        true => engine::read(world, kube, &mut survey).await,
        false => survey.knows_not("the Docker engine: this run may not talk to it"),
    }
    match kube {
        true => contexts::read(world, &mut survey, |name| permissions.names_context(name) || is_named(name)).await,
        false => survey.knows_not("the clusters of contexts: this run may not talk to them"),
    }
    survey
}

impl Survey {
    /// Write a kubeconfig for the simulated clusters: with the contexts that the user has, which lead to the simulated ones.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn write_kubeconfig(&self, simulation: &meshrun_sim::World, path: &Path) -> Result<(), Failure> {
        contexts::write(&self.contexts, simulation, path).await
    }

    fn took(&mut self, what: impl Into<String>) {
        self.notes.taken.push(what.into());
    }

    fn knows_not(&mut self, what: impl Into<String>) {
        self.notes.unknown.push(what.into());
    }
}

/// A failure in one line, without secrets: what failures say has none.
fn words(failure: impl Into<Failure>) -> String {
    let failure = failure.into();
    let first = failure.message.lines().next().unwrap_or_default().to_owned();
    let cause = failure.causes.first().and_then(|cause| cause.lines().next()).map(|cause| format!(": {cause}"));
    format!("{first}{}", cause.unwrap_or_default())
}
