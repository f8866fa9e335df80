//! What a long act tells while it runs.

use std::{fmt, sync::Arc};

/// One thing that a long act tells: never a secret, never more than a line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// What it does now: `starting control plane`.
    Doing(String),
    /// What it waits for, and what it last saw: `deployment istiod`, `0 of 1 replicas ready`.
    Waiting { what: String, seen: String },
    /// How far it is, when there is a count: `layers`, 3 of 7. A `total` of 0 means that it is not known yet.
    Count { what: String, done: u64, total: u64 },
    /// Something outside has changed, in the past tense: `created container cluster1-control-plane`. Whoever counts these knows
    /// whether a run changed anything; so a call that found everything in place tells none.
    Changed(String),
    /// Something the user should know although it goes on.
    Warning(String),
}

/// Where a long act tells its progress. Cheap to clone, may be shared between tasks.
#[derive(Clone)]
pub struct Steps(Arc<dyn Fn(Progress) + Send + Sync>);

impl Steps {
    /// Tell everything to this function.
    pub fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tell nobody.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Tell this.
    pub fn tell(&self, progress: Progress) {
        (self.0)(progress);
    }

    /// See [`Progress::Doing`].
    pub fn doing(&self, what: impl Into<String>) {
        self.tell(Progress::Doing(what.into()));
    }

    /// See [`Progress::Waiting`].
    pub fn waiting(&self, what: impl Into<String>, seen: impl Into<String>) {
        self.tell(Progress::Waiting { what: what.into(), seen: seen.into() });
    }

    /// See [`Progress::Count`].
    pub fn count(&self, what: impl Into<String>, done: u64, total: u64) {
        self.tell(Progress::Count { what: what.into(), done, total });
    }

    /// See [`Progress::Changed`].
    pub fn changed(&self, what: impl Into<String>) {
        self.tell(Progress::Changed(what.into()));
    }

    /// See [`Progress::Warning`].
    pub fn warning(&self, what: impl Into<String>) {
        self.tell(Progress::Warning(what.into()));
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Steps")
    }
}
