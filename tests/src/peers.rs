//! Simulated peers that `meshrun sim` keeps, for whatever reaches them as another client.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

use crate::Home;

/// Simulated peers that are kept running, after a script; they end with this value.
#[derive(Debug)]
pub struct Peers {
    running: Child,
    variables: Vec<(String, String)>,
}

impl Peers {
    /// Run a script on new peers, and keep them.
    ///
    /// # Panics
    /// When the script fails.
    #[must_use]
    pub fn after(home: &Home, words: &[&str]) -> Self {
        let words = [&["sim"], words].concat();
        let mut running = home
            .meshrun(&words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start meshrun: {error}"));
        let mut variables = Vec::new();
        let lines = running.stdout.take().map(|out| BufReader::new(out).lines());
        for line in lines.into_iter().flatten().map_while(Result::ok) {
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
                variables.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            }
            if variables.len() == 4 {
                break;
            }
        }
        assert_eq!(variables.len(), 4, "the peers ended before they were up");
        Self { running, variables }
    }

    /// Another program, led to them.
    #[must_use]
    pub fn program(&self, home: &Home, program: &str) -> Command {
        let mut command = home.program(program, &[]);
        command.envs(self.variables.iter().cloned());
        command
    }

    /// Run meshrun against them.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, home: &Home, arguments: &[&str]) -> Output {
        home.meshrun(arguments)
            .envs(self.variables.iter().cloned())
            .output()
            .unwrap_or_else(|error| panic!("cannot start meshrun: {error}"))
    }
}

impl Peers {
    /// What another client needs to reach them.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// One of these variables.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_else(|| panic!("the peers have no {name}"))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ended = self.running.kill(); // it may have ended by itself
        let _ended = self.running.wait();
    }
}
