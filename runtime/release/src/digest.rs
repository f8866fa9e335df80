//! SHA-256 digests as they are written: 64 hexadecimal digits.

use std::{fmt, str::FromStr};

use meshrun_terms::Invalid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};
use sha2::{Digest, Sha256};

const EXPECTED: &str = "a SHA-256 digest of 64 hexadecimal digits";

/// A SHA-256 digest, written as 64 hexadecimal digits; `sha256:` before them is understood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hasher(Sha256::new_with_prefix(bytes))
    }

    pub(crate) fn from_hasher(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// The digest in a file that `sha256sum` wrote: the first word, when it is a digest.
    pub(crate) fn of_sum_file(text: &str) -> Option<Self> {
        text.split_whitespace().next()?.parse().ok() // no digest: the caller names the file
    }
}

impl FromStr for Sha256Digest {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid { expected: EXPECTED, found: format!("`{text}`") };
        let digits = text.trim().strip_prefix("sha256:").unwrap_or(text.trim());
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| wrong())?; // all are digits
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha256Digest({self})")
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Sha256Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sha256Digest".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "sha256" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_written() {
        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(Sha256Digest::of(b"hello").to_string(), hello);
        assert_eq!(format!("sha256:{}", hello.to_uppercase()).parse(), Ok(Sha256Digest::of(b"hello")));
        assert_eq!(Sha256Digest::of_sum_file(&format!("{hello} *istio.tar.gz\n")), Some(Sha256Digest::of(b"hello")));
        assert_eq!(Sha256Digest::of_sum_file("<html>not found</html>"), None);
        for bad in ["", "12", &hello[1..], &format!("{}g", &hello[1..]), &"ä".repeat(32)] {
            assert!(bad.parse::<Sha256Digest>().is_err(), "{bad}");
        }
    }
}
