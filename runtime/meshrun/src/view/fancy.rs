//! Lines that move: one for each running call, with what it does or waits for, and a bar where there is a count.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use meshrun_host::{Event, Happening, Level, Outcome};
use meshrun_terms::Progress;

use super::{View, plain::named, print_out, prints::Prints, summary::Summary, time};

/// The view.
pub struct Fancy {
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    prints: Prints,
    summary: Summary,
    calls: HashMap<u64, Running>,
}

/// A call that runs, and its line once it has told something.
struct Running {
    name: String,
    bar: Option<ProgressBar>,
}

impl Fancy {
    pub fn new(simulated: Option<String>) -> Self {
        let state = State { summary: Summary::new(simulated), ..State::default() };
        Self { bars: MultiProgress::new(), state: Mutex::new(state) }
    }

    fn above(&self, line: &str) {
        self.bars.suspend(|| eprintln!("{line}"));
    }

    fn started(&self, state: &mut State, event: &Event, call: u64, operation: &str, subject: &str) {
        let branch = if event.branch.is_root() { String::new() } else { format!("[{}] ", event.branch) };
        state.calls.insert(call, Running { name: format!("{branch}{}", named(operation, subject)), bar: None });
    }

    fn progress(&self, state: &mut State, call: u64, progress: &Progress) {
        if let Progress::Warning(message) = progress {
            self.above(&format!("warning: {message}"));
            return;
        }
        let Some(running) = state.calls.get_mut(&call) else { return };
        let bar = running.bar.get_or_insert_with(|| self.line(&running.name));
        match progress {
            Progress::Doing(what) | Progress::Changed(what) => {
                bar.set_style(spinner());
                bar.set_message(what.clone());
            }
            Progress::Waiting { what, seen } => {
                bar.set_style(spinner());
                bar.set_message(format!("waiting for {what}: {seen}"));
            }
            Progress::Count { what, done, total } => {
                bar.set_style(if *total > 0 { counter() } else { spinner() });
                bar.set_length(*total);
                bar.set_position(*done);
                bar.set_message(what.clone());
            }
            Progress::Warning(_) => {}
        }
    }

    fn line(&self, name: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(spinner());
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    fn ended(&self, state: &mut State, call: u64, outcome: &Outcome, elapsed: Duration, changes: usize) {
        let Some(Running { name, bar }) = state.calls.remove(&call) else { return };
        let Some(bar) = bar else { return };
        bar.finish_and_clear();
        self.bars.remove(&bar);
        match outcome {
            Outcome::Done if changes > 0 => self.above(&format!("  ✓ {name} ({})", time(elapsed))),
            Outcome::Done => {}
            Outcome::Failed(_) => self.above(&format!("  ✗ {name} failed after {}", time(elapsed))),
            Outcome::Cancelled => self.above(&format!("  ✗ {name} cancelled")),
        }
    }
}

// The templates are constants of ours; a mistake in one shows the plain default instead.
fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {prefix}: {wide_msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counter() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {prefix}: {msg} {bar:24} {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl View for Fancy {
    fn tell(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.summary.note(&event);
        if let Some(text) = state.prints.take(&event) {
            self.bars.suspend(|| print_out(&text));
        }
        match &event.happening {
            Happening::CallStarted { call, operation, subject, .. } => {
                self.started(&mut state, &event, *call, operation, subject)
            }
            Happening::Progress { call, progress } => self.progress(&mut state, *call, progress),
            Happening::CallEnded { call, outcome, elapsed, changes, .. } => {
                self.ended(&mut state, *call, outcome, *elapsed, changes.len());
            }
            Happening::StepStarted { title, .. } => self.above(title),
            Happening::Log { level: Level::Warn, message } => self.above(&format!("warning: {message}")),
            Happening::Log { level: Level::Info, message } => self.above(message),
            _ => {}
        }
    }

    fn finished(&self, elapsed: Duration, well: bool) {
        self.close();
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.summary.lines(elapsed, well).iter().for_each(|line| eprintln!("{line}"));
    }

    fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.drain().filter_map(|(_, running)| running.bar).for_each(|bar| bar.finish_and_clear());
    }
}

impl fmt::Debug for Fancy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fancy")
    }
}
