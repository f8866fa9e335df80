//! A transcript: commands, and what they print on real and on simulated peers.
//!
//! `$ COMMAND` begins a step; above it may stand `#` comments, `% FORM` (how its output is compared), and `! REASON` (why the peers differ).
//! Below it stands what is printed: after two spaces on both, after `- ` on real peers only, after `+ ` on simulated ones only.

use std::{fmt, process::Output};

use super::normal::Form;

/// Whose output is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Real,
    Simulated,
}

/// Commands and their output.
#[derive(Debug)]
pub struct Transcript {
    steps: Vec<Step>,
}

#[derive(Debug, Default)]
struct Step {
    comments: Vec<String>,
    form: Form,
    reasons: Vec<String>,
    command: String,
    real: Vec<String>,
    simulated: Vec<String>,
}

impl Transcript {
    /// Read one.
    ///
    /// # Errors
    /// The line that is no line of a transcript.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut steps, mut next) = (Vec::<Step>::new(), Step::default());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (mark, rest) = line.split_at_checked(2).unwrap_or((line, ""));
            let last = steps.last_mut().ok_or_else(|| format!("no command before: {line}"));
            match mark {
                "# " => next.comments.push(rest.to_owned()),
                "% " => next.form = rest.parse()?,
                "! " => next.reasons.push(rest.to_owned()),
                "$ " => steps.push(Step { command: rest.to_owned(), ..std::mem::take(&mut next) }),
                "  " => {
                    let last = last?;
                    last.real.push(rest.to_owned());
                    last.simulated.push(rest.to_owned());
                }
                "- " => last?.real.push(rest.to_owned()),
                "+ " => last?.simulated.push(rest.to_owned()),
                _ => return Err(format!("no line of a transcript: {line}")),
            }
        }
        Ok(Self { steps })
    }

    /// Run all commands and take their output. Returns what differs from what was written down.
    pub fn run(&mut self, side: Side, run: impl Fn(&str) -> Output) -> Vec<String> {
        self.steps.iter_mut().filter_map(|step| step.run(side, &run)).collect()
    }

    /// The commands whose output differs without a reason, or does not differ although there is one.
    pub fn unexplained(&self) -> Vec<&str> {
        let explained = |step: &&Step| step.reasons.is_empty() != (step.real == step.simulated);
        self.steps.iter().filter(explained).map(|step| step.command.as_str()).collect()
    }
}

impl Step {
    fn run(&mut self, side: Side, run: impl Fn(&str) -> Output) -> Option<String> {
        let printed = self.form.lines(&run(&self.command));
        let written = match side {
            Side::Real => &mut self.real,
            Side::Simulated => &mut self.simulated,
        };
        let before = std::mem::replace(written, printed);
        (before != *written).then(|| {
            let lines = differences(&before, written);
            let changed = lines.into_iter().filter(|(mark, _)| *mark != "  ");
            let changed: Vec<String> = changed.map(|(mark, line)| format!("    {mark}{line}")).collect();
            format!("$ {}\n{}", self.command, changed.join("\n"))
        })
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                writeln!(to)?;
            }
            step.comments.iter().try_for_each(|line| writeln!(to, "# {line}"))?;
            if step.form != Form::default() {
                writeln!(to, "% {}", step.form)?;
            }
            step.reasons.iter().try_for_each(|line| writeln!(to, "! {line}"))?;
            writeln!(to, "$ {}", step.command)?;
            for (mark, line) in differences(&step.real, &step.simulated) {
                writeln!(to, "{mark}{line}")?;
            }
        }
        Ok(())
    }
}

/// The lines of two texts in order, each with its mark: in both, in the first alone, in the second alone. The shortest such list.
fn differences<'a>(first: &'a [String], second: &'a [String]) -> Vec<(&'static str, &'a str)> {
    let common = lengths(first, second);
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < first.len() || j < second.len() {
        match (first.get(i), second.get(j)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(("  ", a.as_str()));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(("- ", a.as_str()));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(("+ ", b.as_str()));
                j += 1;
            }
            _ => break,
        }
    }
    lines
}

/// How many lines the ends of two texts have in common, by where the ends begin.
fn lengths(first: &[String], second: &[String]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; second.len() + 1]; first.len() + 1];
    for (i, a) in first.iter().enumerate().rev() {
        for (j, b) in second.iter().enumerate().rev() {
            common[i][j] = if a == b { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    common
}

#[test]
fn a_transcript_is_written_as_it_was_read() {
    let text = "# Nodes.\n! They have no kernel.\n$ kubectl get nodes\n  NAME\n- one\n+ two\n  [exit 1]\n\n% paths\n$ kubectl get pods\n  .kind\n";
    let read = Transcript::parse(text).unwrap();
    assert_eq!(read.to_string(), text);
    assert_eq!(read.unexplained(), Vec::<&str>::new());
    assert_eq!(Transcript::parse("$ a\n- b\n").unwrap().unexplained(), ["a"]);
    assert!(Transcript::parse("  b\n").unwrap_err().contains("no command before"));
}
