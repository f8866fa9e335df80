//! Which images the registries of the simulated world have.

use std::sync::{PoisonError, RwLock};

use crate::Fault;

/// The registries. Any well-formed reference can be pulled, unless it names `does-not-exist`, has the tag `none`, names the registry
/// `127.0.0.1:9`, where nobody listens, or a fault says otherwise.
#[derive(Debug, Default)]
pub struct Registry {
    broken: RwLock<Vec<String>>,
}

/// Why an image cannot be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The reference is malformed.
    Malformed,
    /// There is no such repository.
    NoRepository,
    /// The repository has no such tag or digest.
    NoTag,
    /// Nobody answers.
    Unreachable,
}

/// A reference to an image, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry: `docker.io` when none is named.
    pub registry: String,
    /// The repository: with `library/` in front for the short names of `docker.io`.
    pub repository: String,
    /// The tag; `latest` when neither it nor a digest is named.
    pub tag: Option<String>,
    /// The digest with its algorithm: `sha256:...`.
    pub digest: Option<String>,
}

impl Registry {
    /// The registries under these faults.
    #[must_use]
    pub fn new(faults: &[Fault]) -> Self {
        let registry = Self::default();
        registry.break_by(faults);
        registry
    }

    /// Break as these faults say, and no further.
    pub(crate) fn break_by(&self, faults: &[Fault]) {
        let broken = faults.iter().filter_map(|fault| match fault {
            Fault::Pull { image } => Some(image.clone()),
            _ => None,
        });
        *self.broken.write().unwrap_or_else(PoisonError::into_inner) = broken.collect();
    }

    /// Look an image up.
    ///
    /// # Errors
    /// Why it cannot be pulled.
    pub fn find(&self, image: &str) -> Result<Reference, Refusal> {
        let reference = Reference::parse(image).ok_or(Refusal::Malformed)?;
        let broken = |one: &String| one == image || Reference::parse(one).is_some_and(|one| one == reference);
        let all = self.broken.read().unwrap_or_else(PoisonError::into_inner);
        if reference.registry == "127.0.0.1:9" || all.iter().any(broken) {
            return Err(Refusal::Unreachable);
        }
        if reference.repository.contains("does-not-exist") {
            return Err(Refusal::NoRepository);
        }
        if reference.tag.as_deref() == Some("none") {
            return Err(Refusal::NoTag);
        }
        Ok(reference)
    }
}

impl Reference {
    /// Take a reference apart; nothing when it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(valid_digest(digest)?.to_owned())),
            None => (text, None),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(valid_tag(tag)?.to_owned())),
            _ => (name, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        let repository = if registry == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path };
        let tag = if tag.is_none() && digest.is_none() { Some("latest".to_owned()) } else { tag };
        let valid = !registry.is_empty() && repository.split('/').all(valid_component);
        valid.then(|| Self { registry: registry.to_owned(), repository, tag, digest })
    }

    /// The name without tag and digest as the engine shows it: `nginx`, `kindest/node`, `quay.io/metallb/controller`.
    #[must_use]
    pub fn familiar(&self) -> String {
        match (self.registry.as_str(), self.repository.strip_prefix("library/")) {
            ("docker.io", Some(short)) => short.to_owned(),
            ("docker.io", None) => self.repository.clone(),
            (registry, _) => format!("{registry}/{}", self.repository),
        }
    }
}

fn valid_component(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.bytes().all(inner) && edge(text.as_bytes().first()) && edge(text.as_bytes().last())
}

fn valid_tag(text: &str) -> Option<&str> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let valid = text.len() <= 128 && !text.starts_with(['.', '-']) && !text.is_empty() && text.bytes().all(inner);
    valid.then_some(text)
}

fn valid_digest(text: &str) -> Option<&str> {
    let hex = text.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart_and_shown_as_the_engine_shows_them() {
        let familiar = |text: &str| Reference::parse(text).map(|one| (one.familiar(), one.tag));
        assert_eq!(familiar("nginx"), Some(("nginx".into(), Some("latest".into()))));
        assert_eq!(familiar("docker.io/kindest/node:v1.27.3"), Some(("kindest/node".into(), Some("v1.27.3".into()))));
        assert_eq!(familiar("localhost:5000/a/b"), Some(("localhost:5000/a/b".into(), Some("latest".into()))));
        let digest = format!("a/b@sha256:{}", "0".repeat(64));
        assert_eq!(familiar(&digest), Some(("a/b".into(), None)));
        for wrong in ["", "A/b", "a//b", "a:b:c", "a@sha256:00", "a b", ":x"] {
            assert_eq!(familiar(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn unknown_and_broken_images_are_refused() {
        let registry = Registry::new(&[Fault::Pull { image: "docker.io/a/b:1".into() }]);
        assert!(registry.find("a/b:2").is_ok());
        assert_eq!(registry.find("a/b:1"), Err(Refusal::Unreachable));
        assert_eq!(registry.find("127.0.0.1:9/a"), Err(Refusal::Unreachable));
        assert_eq!(registry.find("a/does-not-exist"), Err(Refusal::NoRepository));
        assert_eq!(registry.find("a/b:none"), Err(Refusal::NoTag));
    }
}
