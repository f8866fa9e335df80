//! What a script may do.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// A class of acts that can be allowed or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Talk to the Docker engine. Whoever may do that is root on its machine.
    Docker,
    /// Talk to Kubernetes API servers.
    Kube,
    /// Fetch from, or send to, other addresses.
    Net,
    /// Read and write files.
    Files,
    /// Run programs on this machine.
    Run,
}

impl Class {
    /// All classes, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Docker, Self::Kube, Self::Net, Self::Files, Self::Run];
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Docker => "docker",
            Self::Kube => "kube",
            Self::Net => "net",
            Self::Files => "files",
            Self::Run => "run",
        })
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|class| class.to_string() == text)
            .ok_or_else(|| format!("expected one of docker, kube, net, files, run, found `{text}`"))
    }
}

/// What a run may do: every class unless some are denied, and the contexts that it may change.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    denied: BTreeSet<Class>,
    contexts: BTreeSet<String>,
}

impl Permissions {
    /// Everything is allowed, but foreign contexts are not changed.
    pub fn all() -> Self {
        Self::default()
    }

    /// Deny these classes.
    #[must_use]
    pub fn deny(mut self, classes: impl IntoIterator<Item = Class>) -> Self {
        self.denied.extend(classes);
        self
    }

    /// Allow these classes only.
    #[must_use]
    pub fn only(mut self, classes: &[Class]) -> Self {
        self.denied.extend(Class::ALL.into_iter().filter(|class| !classes.contains(class)));
        self
    }

    /// Allow to change these contexts although meshrun did not make them: the user has named them.
    #[must_use]
    pub fn allow_contexts(mut self, contexts: impl IntoIterator<Item = String>) -> Self {
        self.contexts.extend(contexts);
        self
    }

    /// Whether the user has named this context.
    pub fn names_context(&self, context: &str) -> bool {
        self.contexts.contains(context)
    }

    /// Whether acts of this class are allowed.
    pub fn allows(&self, class: Class) -> bool {
        !self.denied.contains(&class)
    }

    /// Refuse an operation that needs a denied class.
    ///
    /// # Errors
    /// `host::not_permitted`, naming the class and the flag.
    pub fn check(&self, operation: &str, needed: &[Class]) -> Result<(), Failure> {
        let Some(class) = needed.iter().find(|class| !self.allows(**class)) else { return Ok(()) };
        let message = format!("`{operation}` needs the permission `{class}`, which this run does not have");
        Err(Failure::new("host::not_permitted", message)
            .with_help(format!("run it with `--allow {class}`, or without `--deny {class}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied_classes_are_refused_by_name() {
        let permissions = Permissions::all().deny([Class::Run]);
        assert!(permissions.check("docker::run", &[Class::Docker]).is_ok());
        let failure = permissions.check("process::run", &[Class::Files, Class::Run]).unwrap_err();
        assert_eq!(failure.code, "host::not_permitted");
        assert!(failure.message.contains("`run`"), "{}", failure.message);
        let only = Permissions::all().only(&[Class::Files]);
        assert!(only.allows(Class::Files) && !only.allows(Class::Docker));
    }
}
