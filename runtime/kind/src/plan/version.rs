//! The Kubernetes version of a node image, and what depends on it.

use std::{cmp::Ordering, fmt};

/// A version as `/kind/version` in a node has it: `v1.27.3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    parsed: semver::Version,
}

impl Version {
    /// Read the one line of the file; what is wrong with it otherwise.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("expected a version such as `v1.27.3`, found `{text}`");
        let parsed = text.strip_prefix('v').and_then(|text| semver::Version::parse(text).ok()).ok_or_else(wrong)?;
        Ok(Self { text: text.to_owned(), parsed })
    }

    /// Whether it is this version of Kubernetes or a later one. What was built before the release does not count.
    pub fn is_at_least(&self, minor: u64) -> bool {
        self.parsed.cmp_precedence(&semver::Version::new(1, minor, 0)) != Ordering::Less
    }

    /// The version of kubeadm's documents that is written for it.
    pub fn kubeadm_api(&self) -> &'static str {
        match () {
            () if self.is_at_least(36) => "v1beta4",
            () if self.is_at_least(23) => "v1beta3",
            () => "v1beta2",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_at_least_itself_and_what_came_before_it_is_not() {
        let version = |text| Version::read(text).unwrap();
        assert!(version("v1.27.3\n").is_at_least(27));
        assert!(!version("v1.25.0-alpha.0.557+84c8afeba39ec9").is_at_least(25));
        assert!(!version("v1.9.0").is_at_least(10));
        for (text, api) in [("v1.22.9", "v1beta2"), ("v1.27.3", "v1beta3"), ("v1.36.0", "v1beta4")] {
            assert_eq!(version(text).kubeadm_api(), api);
        }
        assert_eq!(Version::read("1.27").unwrap_err(), "expected a version such as `v1.27.3`, found `1.27`");
    }
}
