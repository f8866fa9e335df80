//! What scripts print, grouped by branch: a branch's lines come out together when it ends.

use std::collections::BTreeMap;

use meshrun_host::{Branch, Event, Happening};

/// The lines of branches that still run.
#[derive(Debug, Default)]
pub struct Prints {
    held: BTreeMap<Branch, String>,
}

impl Prints {
    /// The text to print now because of this event, if any.
    pub fn take(&mut self, event: &Event) -> Option<String> {
        match &event.happening {
            Happening::Printed(line) => self.add(&event.branch, format!("{line}\n")),
            Happening::BranchEnded { .. } => {
                let text = self.held.remove(&event.branch)?;
                self.add(&parent(&event.branch), text)
            }
            _ => None,
        }
    }

    fn add(&mut self, branch: &Branch, text: String) -> Option<String> {
        if branch.is_root() {
            return Some(text);
        }
        self.held.entry(branch.clone()).or_default().push_str(&text);
        None
    }
}

fn parent(branch: &Branch) -> Branch {
    Branch(branch.0.iter().take(branch.0.len().saturating_sub(1)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use meshrun_host::Outcome;

    use super::*;

    fn event(branch: &Branch, happening: Happening) -> Event {
        Event { at: SystemTime::now(), branch: branch.clone(), happening }
    }

    #[test]
    fn the_lines_of_a_branch_come_out_together() {
        let root = Branch::default();
        let (a, b) = (root.child("a"), root.child("b"));
        let mut prints = Prints::default();
        let printed = |text: &str| Happening::Printed(text.to_owned());
        let ended = || Happening::BranchEnded { outcome: Outcome::Done, elapsed: Duration::ZERO };
        assert_eq!(prints.take(&event(&root, printed("0"))).as_deref(), Some("0\n"));
        assert_eq!(prints.take(&event(&a, printed("a1"))), None);
        assert_eq!(prints.take(&event(&b.child("c"), printed("b1"))), None);
        assert_eq!(prints.take(&event(&b.child("c"), ended())), None);
        assert_eq!(prints.take(&event(&a, printed("a2"))), None);
        assert_eq!(prints.take(&event(&b, ended())).as_deref(), Some("b1\n"));
        assert_eq!(prints.take(&event(&a, ended())).as_deref(), Some("a1\na2\n"));
    }
}
