//! What a run came to: its steps with their times, and what it changed.

use std::time::Duration;

use meshrun_host::{Branch, Event, Happening, Outcome};

use super::time;

/// Gathered while the run goes on.
#[derive(Debug, Default)]
pub struct Summary {
    steps: Vec<Step>,
    changes: usize,
    acted: bool,
    /// Which releases a simulated run uses; none when the peers are real. It is said in every summary.
    simulated: Option<String>,
}

#[derive(Debug)]
struct Step {
    number: u64,
    branch: Branch,
    /// How many steps it is within.
    depth: usize,
    title: String,
    /// How long it took, and whether it ended well.
    ended: Option<(Duration, bool)>,
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
                let around = |one: &&Step| one.ended.is_none() && one.branch.holds(&event.branch);
                let depth = self.steps.iter().filter(around).count();
                let branch = event.branch.clone();
                self.steps.push(Step { number: *step, branch, depth, title: title.clone(), ended: None });
            }
            Happening::StepEnded { step, outcome, elapsed, .. } => {
                if let Some(found) = self.steps.iter_mut().find(|one| one.number == *step) {
                    found.ended = Some((*elapsed, matches!(outcome, Outcome::Done)));
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
        let width = self.steps.iter().map(|step| step.depth * 2 + step.title.chars().count()).max().unwrap_or(0);
        let line = |step: &Step| {
            let indented = format!("{}{}", "  ".repeat(step.depth), step.title);
            let spent = step.ended.map_or_else(
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
        self.steps.iter().map(line).chain([format!("{word} after {}, {changes}{peers}", time(elapsed))]).collect()
    }
}
