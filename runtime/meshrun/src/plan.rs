//! What a script would change: its run against simulated peers, as a list.
//!
//! Branches run at the same time, so that their calls come in any order; here those of sibling branches stand one after the other, by
//! name, which makes two runs of the same script comparable.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use meshrun_host::{Event, Happening};
use meshrun_ops::survey::Notes;
use serde::Serialize;

use crate::view::View;

/// Collects the effects of a run.
#[derive(Debug, Default)]
pub struct Plan {
    root: Mutex<Node>,
    /// The folder that stands for the user's files in the rehearsal.
    folder: OnceLock<String>,
    /// What the rehearsal starts from; an empty engine when nothing is said.
    start: OnceLock<Notes>,
}

/// The plan as data.
#[derive(Debug, Serialize)]
pub struct Data {
    /// What the rehearsal starts from, and what could not be read.
    start: Notes,
    /// What would change, in order.
    effects: Vec<Effect>,
}

/// A call that changed something.
#[derive(Debug, Serialize)]
pub struct Effect {
    /// The branch it is made in: `["cluster1"]`.
    branch: Vec<String>,
    /// The titled part of the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// The operation: `kind::create_cluster`.
    operation: String,
    /// What it is about.
    subject: String,
    /// What it changes, in the past tense; sorted, for one operation may do many things at the same time.
    changes: Vec<String>,
}

/// What happened in a branch, in order.
#[derive(Debug, Default)]
struct Node(Vec<Item>);

#[derive(Debug)]
enum Item {
    Step { title: String, ends: bool },
    Call { call: u64, operation: String, subject: String, changes: Vec<String> },
    Branches(BTreeMap<String, Node>),
}

impl Node {
    /// Note what happened in a branch beneath.
    fn note_in(&mut self, path: &[String], happening: Happening) {
        let Some((first, rest)) = path.split_first() else { return self.note(happening) };
        let mut branches = match self.0.pop() {
            Some(Item::Branches(branches)) => branches,
            other => {
                self.0.extend(other);
                BTreeMap::new()
            }
        };
        branches.entry(first.clone()).or_default().note_in(rest, happening);
        self.0.push(Item::Branches(branches));
    }

    fn note(&mut self, happening: Happening) {
        match happening {
            Happening::StepStarted { title, .. } => self.0.push(Item::Step { title, ends: false }),
            Happening::StepEnded { title, .. } => self.0.push(Item::Step { title, ends: true }),
            Happening::CallStarted { call, operation, subject, .. } => {
                self.0.push(Item::Call { call, operation, subject, changes: Vec::new() });
            }
            Happening::CallEnded { call: ended, changes: mut told, .. } => {
                told.sort();
                let found = self.0.iter_mut().rev().find_map(|item| match item {
                    Item::Call { call, changes, .. } if *call == ended => Some(changes),
                    _ => None,
                });
                if let Some(changes) = found {
                    *changes = told;
                }
            }
            _ => {}
        }
    }

    /// The titles of the steps here, but not of those within steps or branches; none for what is changed outside of them.
    fn steps(&self) -> Vec<Option<String>> {
        let (mut depth, mut titles) = (0_usize, Vec::new());
        for item in &self.0 {
            let title = match item {
                Item::Step { ends: true, .. } => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                Item::Step { title, .. } => {
                    depth += 1;
                    if depth > 1 {
                        continue;
                    }
                    Some(title.clone())
                }
                Item::Call { changes, .. } if depth == 0 && !changes.is_empty() => None,
                _ => continue,
            };
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
    }

    fn effects(&self, branch: &[String], steps: &mut Vec<String>, found: &mut Vec<Effect>) {
        for item in &self.0 {
            match item {
                Item::Step { title, ends: false } => steps.push(title.clone()),
                Item::Step { ends: true, .. } => {
                    steps.pop();
                }
                Item::Call { operation, subject, changes, .. } if !changes.is_empty() => found.push(Effect {
                    branch: branch.to_vec(),
                    step: steps.last().cloned(),
                    operation: operation.clone(),
                    subject: subject.clone(),
                    changes: changes.clone(),
                }),
                Item::Call { .. } => {}
                Item::Branches(branches) => {
                    for (name, node) in branches {
                        node.effects(&[branch, std::slice::from_ref(name)].concat(), steps, found);
                    }
                }
            }
        }
    }
}

impl View for Plan {
    fn tell(&self, event: Event) {
        let mut root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        let path = event.branch.0;
        match event.happening {
            // What the script prints is the rehearsal's, with its addresses and counts: no part of the plan.
            Happening::Printed(_) => {}
            happening => root.note_in(&path, happening),
        }
    }

    fn finished(&self, _: Duration, _: bool) {}

    fn close(&self) {}
}

impl Plan {
    /// Name the files of this folder, which stands for the user's, as the user's own.
    pub fn rehearsed_in(&self, folder: &Path) {
        self.folder.get_or_init(|| folder.display().to_string());
    }

    /// Say what the rehearsal starts from.
    pub fn starts_from(&self, notes: Option<Notes>) {
        let empty = || Notes { taken: vec!["an empty engine, as was asked for".to_owned()], unknown: Vec::new() };
        self.start.get_or_init(|| notes.unwrap_or_else(empty));
    }

    /// The plan as data.
    pub fn data(&self) -> Data {
        Data { start: self.start.get().cloned().unwrap_or_default(), effects: self.effects() }
    }

    /// What the rehearsal starts from, for people.
    pub fn start_text(&self) -> String {
        let Some(start) = self.start.get() else { return String::new() };
        let taken = start.taken.iter().map(|what| format!("start: {what}\n"));
        let unknown = start.unknown.iter().map(|what| format!("not known: {what}\n"));
        taken.chain(unknown).collect()
    }

    /// The titles of the outermost steps, in order.
    fn steps(&self) -> Vec<Option<String>> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner).steps()
    }

    /// The effects, in the plan's order.
    pub fn effects(&self) -> Vec<Effect> {
        let mut found = Vec::new();
        self.root.lock().unwrap_or_else(PoisonError::into_inner).effects(&[], &mut Vec::new(), &mut found);
        for effect in &mut found {
            effect.subject = self.own(&effect.subject);
            effect.changes.iter_mut().for_each(|change| *change = self.own(change));
        }
        found
    }

    fn own(&self, text: &str) -> String {
        let Some(folder) = self.folder.get() else { return text.to_owned() };
        text.replace(&format!("{folder}/home"), "~").replace(&format!("{folder}/kubeconfig"), "~/.kube/config")
    }

    /// The effects as a list for people, step by step.
    pub fn text(&self) -> String {
        let effects = self.effects();
        let mut text = self.start_text();
        let mut steps = self.steps();
        for effect in &effects {
            if !steps.contains(&effect.step) {
                steps.push(effect.step.clone());
            }
        }
        for step in steps {
            let of_step: Vec<&Effect> = effects.iter().filter(|effect| effect.step == step).collect();
            let title = step.as_deref().unwrap_or("Outside of steps");
            if of_step.is_empty() {
                text.push_str(&format!("== {title}: nothing changes\n"));
                continue;
            }
            text.push_str(&format!("== {title}\n"));
            of_step.into_iter().for_each(|effect| text.push_str(&effect.text()));
        }
        text.push_str(&conclusion(&effects));
        text
    }
}

impl Effect {
    fn text(&self) -> String {
        let branch = self.branch.join("/");
        let prefix = if branch.is_empty() { String::new() } else { format!("[{branch}] ") };
        let changes: String = self.changes.iter().map(|change| format!("    {change}\n")).collect();
        format!("{prefix}{}\n{changes}", crate::view::named(&self.operation, &self.subject))
    }
}

fn conclusion(effects: &[Effect]) -> String {
    let changes: usize = effects.iter().map(|effect| effect.changes.len()).sum();
    let count = match changes {
        0 => "nothing changes".to_owned(),
        _ => format!("{changes} changes by {} calls", effects.len()),
    };
    format!(
        "{count}, rehearsed against simulated peers; addresses, names of pods and times of what is new are theirs, the real ones are not \
         known yet\n"
    )
}

#[cfg(test)]
mod tests {
    use meshrun_host::Branch;

    use super::*;

    fn call(plan: &Plan, path: &[&str], call: u64, operation: &str, changes: &[&str]) {
        let branch = path.iter().fold(Branch::default(), |branch, name| branch.child(*name));
        let tell = |happening| {
            plan.tell(Event { at: std::time::SystemTime::UNIX_EPOCH, branch: branch.clone(), happening });
        };
        let (operation, subject) = (operation.to_owned(), String::new());
        let (arguments, outcome) = (serde_json::Value::Null, meshrun_host::Outcome::Done);
        tell(Happening::CallStarted { call, operation: operation.clone(), subject: subject.clone(), arguments });
        let changes = changes.iter().map(|change| (*change).to_owned()).collect();
        tell(Happening::CallEnded { call, operation, subject, outcome, elapsed: Duration::ZERO, changes });
    }

    #[test]
    fn a_step_in_which_nothing_changes_says_so() {
        let plan = Plan::default();
        let step = |title: &str, step: u64, calls: &dyn Fn()| {
            let (title, branch) = (title.to_owned(), Branch::default());
            let tell = |happening| {
                plan.tell(Event { at: std::time::SystemTime::UNIX_EPOCH, branch: branch.clone(), happening });
            };
            tell(Happening::StepStarted { step, title: title.clone() });
            calls();
            let outcome = meshrun_host::Outcome::Done;
            tell(Happening::StepEnded { step, title, outcome, elapsed: Duration::ZERO });
        };
        let notes = Notes { taken: vec!["a cluster".into()], unknown: vec!["another".into()] };
        plan.starts_from(Some(notes));
        step("Done", 1, &|| call(&plan, &[], 1, "a::looks", &[]));
        call(&plan, &[], 2, "a::first", &["x"]);
        step("Rest", 2, &|| call(&plan, &[], 3, "a::second", &["y"]));
        let expected = "start: a cluster\nnot known: another\n== Done: nothing changes\n== Outside of steps\na::first\n    x\n== Rest\n\
            a::second\n    y\n2 changes by 2 calls, rehearsed";
        assert!(plan.text().starts_with(expected), "{}", plan.text());
    }

    #[test]
    fn sibling_branches_stand_one_after_the_other_whatever_came_first() {
        let plan = Plan::default();
        call(&plan, &[], 1, "a::first", &["x"]);
        call(&plan, &["two"], 2, "a::second", &["z", "y"]);
        call(&plan, &["one"], 3, "a::third", &["x"]);
        call(&plan, &["two"], 4, "a::looks", &[]);
        call(&plan, &[], 5, "a::last", &["x"]);
        let order: Vec<String> = plan.effects().iter().map(|effect| effect.operation.clone()).collect();
        assert_eq!(order, ["a::first", "a::third", "a::second", "a::last"]);
        assert_eq!(plan.effects()[2].changes, ["y", "z"]);
    }
}
