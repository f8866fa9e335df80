//! Steps of a simulation whose time does not run by itself.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::{World, clock::Pace, controllers};

/// How far time goes on at least when controllers ask again and again.
const LEAST: Duration = Duration::from_millis(10);

/// How often clusters are looked at again because another one has changed.
const ROUNDS: usize = 10;

impl World {
    /// Let time go on by so much: everything that is due happens, in order. Nothing when time runs by itself. Blocks until all rests.
    pub fn step(self: &Arc<Self>, by: Duration) -> Option<Duration> {
        let _turn = self.clock.stepping.lock().unwrap_or_else(PoisonError::into_inner);
        if self.clock.pace() != Pace::Stepped {
            return None;
        }
        let target = self.clock.now() + by;
        loop {
            let (due, now) = (self.settle(), self.clock.now());
            match due {
                Some(due) if due <= target && now < target => self.clock.leap(due.max(now + LEAST).min(target)),
                _ => break,
            }
        }
        self.clock.leap(target);
        self.settle();
        Some(self.clock.elapsed())
    }

    /// Let the controllers of all clusters run until they rest. Returns when one of them wants to go on.
    fn settle(self: &Arc<Self>) -> Option<Duration> {
        let mut due = None;
        for _ in 0..ROUNDS {
            let clusters = self.clusters();
            let revisions = || clusters.iter().map(|cluster| cluster.store().revision()).collect::<Vec<u64>>();
            let before = revisions();
            due = clusters.iter().filter_map(|cluster| controllers::settle(self, cluster)).min();
            if revisions() == before {
                break;
            }
        }
        due
    }
}
