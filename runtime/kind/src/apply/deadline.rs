//! The end of a long act, shared by its steps.

use std::time::{Duration, Instant};

use meshrun_terms::Timeout;

/// When an act must be over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    end: Instant,
    timeout: Timeout,
}

impl Deadline {
    /// So much time from now on.
    pub fn new(timeout: Timeout) -> Self {
        // A duration beyond the clock's range is as good as a year.
        let longest = Duration::from_secs(365 * 24 * 3600);
        Self { end: Instant::now() + timeout.duration().min(longest), timeout }
    }

    /// How long the whole act may take.
    pub fn timeout(&self) -> Timeout {
        self.timeout
    }

    /// The time that is left, at least a moment.
    pub fn left(&self) -> Timeout {
        Timeout(self.end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))
    }

    /// The time that is left, but not more than this.
    pub fn at_most(&self, timeout: Timeout) -> Timeout {
        Timeout(self.left().duration().min(timeout.duration()))
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}
