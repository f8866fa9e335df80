//! One JSON object a line, for programs.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use meshrun_host::{Event, Happening, Outcome};
use serde_json::{Value, json};

use super::{View, print_out, prints::Prints};

/// The view.
#[derive(Debug, Default)]
pub struct Json {
    prints: Mutex<Prints>,
    simulated: Option<String>,
}

impl Json {
    /// A view of a run against real or simulated peers.
    pub fn new(simulated: Option<String>) -> Self {
        Self { prints: Mutex::default(), simulated }
    }
}

impl View for Json {
    fn tell(&self, event: Event) {
        if let Some(text) = self.prints.lock().unwrap_or_else(PoisonError::into_inner).take(&event) {
            print_out(&text);
        }
        eprintln!("{}", line(&event));
    }

    fn finished(&self, elapsed: Duration, well: bool) {
        let (seconds, simulated) = (elapsed.as_secs_f64(), self.simulated.is_some());
        let mut told = json!({ "event": "finished", "well": well, "seconds": seconds, "simulated": simulated });
        if let Some(releases) = &self.simulated {
            told["releases"] = releases.as_str().into();
        }
        eprintln!("{told}");
    }

    fn close(&self) {}
}

fn line(event: &Event) -> Value {
    let mut value = body(&event.happening);
    if let Some(object) = value.as_object_mut() {
        let at = jiff::Timestamp::try_from(event.at).map_or(Value::Null, |at| at.to_string().into());
        object.insert("time".to_owned(), at);
        object.insert("branch".to_owned(), json!(&*event.branch.0));
    }
    value
}

fn body(happening: &Happening) -> Value {
    match happening {
        Happening::CallStarted { call, operation, subject, arguments } => {
            json!({ "event": "call_started", "call": call, "operation": operation, "subject": subject, "arguments": arguments })
        }
        Happening::Progress { call, progress } => json!({ "event": "progress", "call": call, "progress": progress }),
        Happening::CallEnded { call, operation, subject, outcome, elapsed, changes } => json!({
            "event": "call_ended", "call": call, "operation": operation, "subject": subject, "outcome": ended(outcome),
            "failure": failure(outcome), "seconds": elapsed.as_secs_f64(), "changes": changes,
        }),
        Happening::StepStarted { step, title } => json!({ "event": "step_started", "step": step, "title": title }),
        Happening::StepEnded { step, title, outcome, elapsed } => json!({
            "event": "step_ended", "step": step, "title": title, "outcome": ended(outcome), "seconds": elapsed.as_secs_f64(),
        }),
        Happening::BranchStarted => json!({ "event": "branch_started" }),
        Happening::BranchEnded { outcome, elapsed } => {
            json!({ "event": "branch_ended", "outcome": ended(outcome), "seconds": elapsed.as_secs_f64() })
        }
        Happening::Log { level, message } => json!({ "event": "log", "level": level, "message": message }),
        Happening::Printed(line) => json!({ "event": "printed", "line": line }),
    }
}

fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed(_) => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

fn failure(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Failed(failure) => json!(failure),
        _ => Value::Null,
    }
}
