//! How much memory or disk.

use std::{fmt, str::FromStr};

use crate::{Invalid, written_as_string};

const EXPECTED: &str = "a size with its unit, such as \"512Mi\", \"2Gi\" or \"1G\"";
const UNITS: [(&str, u64); 9] = [
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1000),
    ("B", 1),
];

/// A size as Kubernetes writes quantities of memory: `"512Mi"`, `"2Gi"`; `"1G"` is a thousand million. A bare number is
/// refused, a number of bytes is written `"1024B"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(EXPECTED, text);
        let (number, size) = UNITS
            .iter()
            .find_map(|(unit, size)| text.trim().strip_suffix(unit).map(|number| (number, *size)))
            .ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(size).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = UNITS[..4].iter().find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size));
        let (unit, size) = binary.copied().unwrap_or(("B", 1));
        write!(formatter, "{}{unit}", self.0 / size)
    }
}

written_as_string!(Bytes, "size", EXPECTED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_kubernetes_writes_them() {
        for (text, bytes) in [("512Mi", 512 << 20), ("2Gi", 2 << 30), ("1G", 1_000_000_000), ("7B", 7)] {
            let size: Bytes = text.parse().unwrap();
            assert_eq!(size.0, bytes);
            assert_eq!(size.to_string().parse::<Bytes>().unwrap(), size);
        }
        for text in ["512", "", "Mi", "1.5Gi", "99999999999Ti"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
