//! The time of a simulation, by which its controllers and all its delays go: it runs by itself, in leaps, or in steps.
//!
//! The times that objects and containers carry are the machine's; this one only decides when something goes on.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::Error;

/// How time passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// As on the machine; most delays of life are left out.
    #[default]
    Automatic,
    /// A delay that somebody waits for is over at once.
    Fast,
    /// Only when it is told to; then images are pulled and containers become ready in times as in life.
    Stepped,
}

/// Something that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Pulling the images of a pod and starting its containers.
    Pull,
    /// From the start of a container until its probe finds it ready.
    Probe,
    /// From the readiness of a webhook's pod until the webhook serves: long enough that a client without patience is refused, as in life.
    Webhook,
    /// Until an image that could not be pulled is tried again.
    BackOff,
}

/// When a simulation begins; what was there before it has a time before that.
const BEGIN: Duration = Duration::from_secs(3600);

/// How long a leap takes on the machine, so that somebody who asks again and again does not take all of it.
const LEAP: Duration = Duration::from_millis(5);

/// The clock of a simulation.
#[derive(Debug)]
pub struct Clock {
    state: Mutex<State>,
    moved: watch::Sender<()>,
    /// Held by whoever steps.
    pub(crate) stepping: Mutex<()>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    at: Duration,
    since: Instant,
}

impl Clock {
    /// A clock at the beginning.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let state = Mutex::new(State { pace, at: BEGIN, since: Instant::now() });
        Self { state, moved: watch::Sender::default(), stepping: Mutex::default() }
    }

    /// How time passes.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.state().pace
    }

    /// The present time, for comparisons.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.state().now()
    }

    /// How long the simulation has lasted, by its own time.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_sub(BEGIN)
    }

    /// Let time pass in another way from now on. Returns whether it did not already.
    pub fn set_pace(&self, pace: Pace) -> bool {
        let changed = {
            let mut state = self.state();
            let now = state.now();
            let changed = state.pace != pace;
            *state = State { pace, at: now, since: Instant::now() };
            changed
        };
        self.moved.send_replace(());
        changed
    }

    /// Go on to a time; never back.
    pub(crate) fn leap(&self, to: Duration) {
        {
            let mut state = self.state();
            let at = state.now().max(to);
            (state.at, state.since) = (at, Instant::now());
        }
        self.moved.send_replace(());
    }

    /// Tells when the clock was set, not that it runs.
    pub(crate) fn moved(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }

    /// Wait for a time.
    pub async fn reach(&self, time: Duration) {
        loop {
            let mut moved = self.moved();
            let left = time.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            let pause = async {
                match self.pace() {
                    Pace::Automatic => tokio::time::sleep(left).await,
                    Pace::Fast => {
                        tokio::time::sleep(left.min(LEAP)).await;
                        self.leap(time);
                    }
                    Pace::Stepped => std::future::pending().await,
                }
            };
            tokio::select! {
                () = pause => {}
                _set = moved.changed() => {} // the clock is here, so it can be set
            }
        }
    }

    /// How long something takes. Without steps nobody can wait for the delays of life, so there are as few as possible.
    pub(crate) fn takes(&self, work: Work) -> Duration {
        match (self.pace(), work) {
            (Pace::Stepped, Work::Pull | Work::Webhook) => Duration::from_secs(2),
            (Pace::Stepped, Work::Probe) => Duration::from_secs(1),
            (Pace::Stepped, Work::BackOff) => Duration::from_secs(10),
            (_, Work::Pull | Work::Probe) => Duration::ZERO,
            (_, Work::Webhook) => Duration::from_millis(60),
            (_, Work::BackOff) => Duration::from_secs(2),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> Duration {
        match self.pace {
            Pace::Automatic | Pace::Fast => self.at + self.since.elapsed(),
            Pace::Stepped => self.at,
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Automatic => "automatic",
            Self::Fast => "fast",
            Self::Stepped => "stepped",
        })
    }
}

impl FromStr for Pace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Self::Automatic, Self::Fast, Self::Stepped];
        all.into_iter().find(|pace| pace.to_string() == text).ok_or_else(|| Error::Pace { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_stands_until_it_is_set() {
        let clock = Clock::new(Pace::Stepped);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(clock.elapsed(), Duration::ZERO);
        clock.leap(clock.now() + Duration::from_secs(10));
        assert_eq!(clock.elapsed(), Duration::from_secs(10));
        clock.leap(Duration::ZERO);
        assert_eq!(clock.elapsed(), Duration::from_secs(10));
        assert!(clock.set_pace(Pace::Automatic) && !clock.set_pace(Pace::Automatic));
        assert!(clock.elapsed() >= Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_fast_clock_leaps_to_what_is_waited_for() {
        let clock = Clock::new(Pace::Fast);
        clock.reach(clock.now() + Duration::from_secs(86_400)).await;
        assert!(clock.elapsed() >= Duration::from_secs(86_400));
    }

    #[test]
    fn paces_have_names() {
        for text in ["automatic", "fast", "stepped"] {
            assert_eq!(text.parse::<Pace>().unwrap().to_string(), text);
        }
        let error = "slow".parse::<Pace>().unwrap_err().to_string();
        assert_eq!(error, "expected `automatic`, `fast` or `stepped`, found `slow`");
    }
}
