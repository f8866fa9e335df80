//! What a run tells while it goes on. Views draw it, logs keep it; no event holds a secret.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use meshrun_terms::Progress;
use serde::Serialize;

use crate::{Branch, Failure, Value};

/// Something happened, at a time, in a branch of the script.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: SystemTime,
    /// In which branch of `parallel`; the root branch is empty.
    pub branch: Branch,
    /// What.
    pub happening: Happening,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An operation begins. `arguments` has its secrets masked and its big values cut.
    CallStarted { call: u64, operation: String, subject: String, arguments: Value },
    /// An operation tells what it is doing.
    Progress { call: u64, progress: Progress },
    /// An operation has ended.
    CallEnded {
        call: u64,
        operation: String,
        subject: String,
        outcome: Outcome,
        elapsed: Duration,
        changes: Vec<String>,
    },
    /// A titled part of the script begins.
    StepStarted { step: u64, title: String },
    /// A titled part of the script has ended.
    StepEnded { step: u64, title: String, outcome: Outcome, elapsed: Duration },
    /// A branch begins.
    BranchStarted,
    /// A branch has ended: what it printed may be shown now.
    BranchEnded { outcome: Outcome, elapsed: Duration },
    /// The script logs a message.
    Log { level: Level, message: String },
    /// The script prints a line.
    Printed(String),
}

/// How a call, step or branch ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It did what it was asked to do.
    Done,
    /// It failed.
    Failed(Box<Failure>),
    /// It was ended from outside.
    Cancelled,
}

impl<T> From<&Result<T, Failure>> for Outcome {
    fn from(result: &Result<T, Failure>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(failure) if failure.is_cancelled() => Self::Cancelled,
            Err(failure) => Self::Failed(Box::new(failure.clone())),
        }
    }
}

/// How important a logged message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// For everybody.
    Info,
    /// Something to know although it goes on.
    Warn,
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Tell every event to this function; it is called from many threads.
    pub fn new(tell: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tell nobody.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Tell that this happened now.
    pub fn tell(&self, branch: &Branch, happening: Happening) {
        (self.0)(Event { at: SystemTime::now(), branch: branch.clone(), happening });
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Events")
    }
}
