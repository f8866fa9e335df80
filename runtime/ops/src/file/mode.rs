//! Who may do what with a file.

use std::{fmt, fs::Metadata, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// Permissions as octal digits: `"600"`, `"755"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

impl Mode {
    /// The bits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The permissions of what was found.
    pub fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        let bits = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o7777;
        #[cfg(not(unix))]
        let bits = if found.permissions().readonly() { 0o444 } else { 0o644 };
        Self(bits)
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected permissions as octal digits in a string, such as \"600\", found `{text}`");
        let good = (3..=4).contains(&text.len()) && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        if !good {
            return Err(wrong());
        }
        u32::from_str_radix(text, 8).map(Self).map_err(|_| wrong()) // all are octal digits
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:03o}", self.0)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Mode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mode".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "mode" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_digits() {
        assert_eq!("600".parse::<Mode>().unwrap().bits(), 0o600);
        assert_eq!("0755".parse::<Mode>().unwrap().to_string(), "755");
        for bad in ["", "6", "689", "rw-", "+60", "77777"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad}");
        }
    }
}
