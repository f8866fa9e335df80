//! One line for each thing that happens, readable without colour and in a log file.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use meshrun_host::{Branch, Event, Happening, Level, Outcome};
use meshrun_terms::Progress;

use super::{View, print_out, prints::Prints, summary::Summary, time};

/// How often a wait that sees the same says so again.
const REMIND: Duration = Duration::from_secs(15);

/// A wait that is over sooner is not worth a line: many are under way at the same time.
const PATIENCE: Duration = Duration::from_secs(2);

/// The view.
#[derive(Debug, Default)]
pub struct Plain {
    state: Mutex<State>,
    quiet: bool,
}

#[derive(Debug, Default)]
struct State {
    prints: Prints,
    summary: Summary,
    calls: HashMap<u64, Running>,
}

/// A running call: its name, the last line shown with its time, and since when it waits for what.
#[derive(Debug, Default)]
struct Running {
    name: String,
    last: String,
    shown: Option<Instant>,
    waits: HashMap<String, Instant>,
}

impl Plain {
    /// Everything.
    pub fn new(simulated: Option<String>) -> Self {
        let state = State { summary: Summary::new(simulated), ..State::default() };
        Self { state: Mutex::new(state), quiet: false }
    }

    /// Only what the script prints, and warnings.
    pub fn quiet() -> Self {
        Self { quiet: true, ..Self::default() }
    }
}

impl View for Plain {
    fn tell(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.summary.note(&event);
        if let Some(text) = state.prints.take(&event) {
            print_out(&text);
        }
        if let Some(line) = state.line(&event, self.quiet) {
            eprintln!("{}{line}", prefix(&event.branch));
        }
    }

    fn finished(&self, elapsed: Duration, well: bool) {
        if self.quiet {
            return;
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.summary.lines(elapsed, well).iter().for_each(|line| eprintln!("{line}"));
    }

    fn close(&self) {}
}

fn prefix(branch: &Branch) -> String {
    if branch.is_root() { String::new() } else { format!("[{branch}] ") }
}

impl State {
    /// The line that an event is worth.
    fn line(&mut self, event: &Event, quiet: bool) -> Option<String> {
        match &event.happening {
            Happening::Log { level: Level::Warn, message } => Some(format!("warning: {message}")),
            Happening::Progress { progress: Progress::Warning(message), .. } => Some(format!("warning: {message}")),
            _ if quiet => None,
            Happening::Log { level: Level::Info, message } => Some(message.clone()),
            Happening::StepStarted { title, .. } => Some(format!("== {title}")),
            Happening::CallStarted { call, operation, subject, .. } => {
                self.calls.insert(*call, Running { name: named(operation, subject), ..Running::default() });
                None
            }
            Happening::Progress { call, progress } => self.progress(*call, progress),
            Happening::CallEnded { call, outcome, elapsed, .. } => {
                let Running { name, last, .. } = self.calls.remove(call)?;
                match outcome {
                    Outcome::Failed(_) => Some(format!("{name}: failed after {}", time(*elapsed))),
                    Outcome::Cancelled => Some(format!("{name}: cancelled")),
                    Outcome::Done if last.is_empty() => None,
                    Outcome::Done => Some(format!("{name}: done ({})", time(*elapsed))),
                }
            }
            _ => None,
        }
    }

    fn progress(&mut self, call: u64, progress: &Progress) -> Option<String> {
        let running = self.calls.get_mut(&call)?;
        if let Progress::Waiting { what, .. } = progress {
            let since = running.waits.entry(what.clone()).or_insert_with(Instant::now);
            if since.elapsed() < PATIENCE {
                return None;
            }
        }
        let Running { name, last, shown, .. } = running;
        let text = match progress {
            Progress::Doing(what) | Progress::Changed(what) => what.clone(),
            Progress::Waiting { what, seen } => format!("waiting for {what}: {seen}"),
            Progress::Count { what, done, total } if *total > 0 && done == total => format!("{what}: {done}"),
            Progress::Count { .. } | Progress::Warning(_) => return None,
        };
        let again = shown.is_none_or(|at| at.elapsed() > REMIND);
        if *last == text && !again {
            return None;
        }
        *last = text.clone();
        *shown = Some(Instant::now());
        Some(format!("{name}: {text}"))
    }
}

/// `kind::create_cluster cluster1`.
pub fn named(operation: &str, subject: &str) -> String {
    if subject.is_empty() { operation.to_owned() } else { format!("{operation} {subject}") }
}
