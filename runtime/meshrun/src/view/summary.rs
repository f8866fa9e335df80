//! What a run came to: its steps with their times, and what it changed.

use std::time::Duration;

use meshrun_host::{Event, Happening, Outcome};

use super::time;

/// Gathered while the run goes on.
#[derive(Debug, Default)]
pub struct Summary {
    #[allow(clippy::type_complexity)] // depth, title, how and when it ended, number
    steps: Vec<(usize, String, Option<(Duration, bool)>, u64)>,
    changes: usize,
    acted: bool,
    /// Which releases a simulated run uses; none when the peers are real. It is said in every summary.
    simulated: Option<String>,
}

impl Summary {
    /// An empty one.
    pub fn new(simulated: Option<String>) -> Self {
        Self { simulated, ..Self::default() }
    }

    /// Take note of an event.
    pub fn note(&mut self, event: &Event) {
        match &event.happening {
            Happening::StepStarted { step, title } => {
                let depth = self.steps.iter().filter(|(_, _, ended, _)| ended.is_none()).count();
                self.steps.push((depth, title.clone(), None, *step));
            }
            Happening::StepEnded { step, outcome, elapsed, .. } => {
                if let Some(found) = self.steps.iter_mut().find(|(_, _, _, id)| id == step) {
                    found.2 = Some((*elapsed, matches!(outcome, Outcome::Done)));
                }
            }
            Happening::Progress { progress: meshrun_terms::Progress::Changed(_), .. } => self.changes += 1,
            Happening::CallEnded { .. } => self.acted = true,
            _ => {}
        }
    }

    /// The lines to show at the end; none when nothing was done that would want a summary.
    pub fn lines(&self, elapsed: Duration, well: bool) -> Vec<String> {
        if !self.acted || (self.steps.is_empty() && self.changes == 0) {
            return Vec::new();
        }
        let width = self.steps.iter().map(|(depth, title, ..)| depth * 2 + title.chars().count()).max().unwrap_or(0);
        let step = |(depth, title, ended, _): &(usize, String, Option<(Duration, bool)>, u64)| {
            let indented = format!("{}{title}", "  ".repeat(*depth));
            let spent = ended.map_or_else(
                || "not ended".to_owned(),
                |(elapsed, well)| format!("{:>8}{}", time(elapsed), if well { "" } else { "  failed" }),
            );
            format!("  {indented:width$}  {spent}")
        };
        let changes = match self.changes {
            0 => "nothing changed".to_owned(),
            1 => "1 change".to_owned(),
            many => format!("{many} changes"),
        };
        let word = if well { "done" } else { "failed" };
        let simulated = self.simulated.as_ref();
        let peers =
            simulated.map(|releases| format!(" (simulated: nothing real was touched; {releases})")).unwrap_or_default();
        self.steps.iter().map(step).chain([format!("{word} after {}, {changes}{peers}", time(elapsed))]).collect()
    }
}
