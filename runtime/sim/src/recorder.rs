//! What clients asked for that the simulator does not know: it fails a test run.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// How many different things are kept; a client that sends nonsense shall not fill the memory.
const MOST: usize = 1000;

/// The record. Each thing is kept once.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<BTreeSet<String>>);

impl Recorder {
    /// Record something that is not known: a route as `METHOD /path`, a field as `METHOD /path: field`, a command as `exec IMAGE: command`.
    /// Returns the text for the client.
    pub fn unknown(&self, what: impl Into<String>) -> String {
        let what = what.into();
        let text = format!("the simulator does not know {what}");
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST {
            all.insert(what);
        }
        text
    }

    /// Everything that was recorded.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
