//! The name of a cluster.

use std::{fmt, ops::Deref, str::FromStr};

use crate::{Invalid, written_as_string};

const EXPECTED: &str =
    "a cluster name of lower-case letters, digits, `-` and `.`, at most 50 long, such as \"cluster1\"";

/// The name of a kind cluster: `a-z`, `0-9`, `-` and `.`, beginning and ending with a letter or digit, at most 50 long,
/// for it becomes part of host names of at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(String);

impl ClusterName {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for ClusterName {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = text.len() <= 50 && text.chars().all(known) && text.starts_with(edge) && text.ends_with(edge);
        if good { Ok(Self(text.to_owned())) } else { Err(Invalid::new(EXPECTED, text)) }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

written_as_string!(ClusterName, "cluster-name", EXPECTED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_kinds_rule() {
        for good in ["kind", "cluster1", "a.b-c", "0"] {
            assert_eq!(good.parse::<ClusterName>().unwrap().as_str(), good);
        }
        for bad in ["", "Cluster", "a_b", "-a", "a-", "a b", &"a".repeat(51)] {
            assert!(bad.parse::<ClusterName>().is_err(), "{bad}");
        }
    }
}
