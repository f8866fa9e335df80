//! How long something may take.

use std::{fmt, str::FromStr, time::Duration};

use crate::{Invalid, written_as_string};

const EXPECTED: &str = "a duration with its unit, such as \"30s\", \"5m\" or \"1h30m\"";

/// A duration that a script writes with its unit: `"500ms"`, `"30s"`, `"5m"`, `"1h30m"`. A bare number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// The duration itself.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Timeout {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(EXPECTED, text);
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
            let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
            let seconds = match &rest[digits..unit_end] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => return Err(wrong()),
            };
            let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
            total = total.checked_add(part).ok_or_else(wrong)?;
            rest = &rest[unit_end..];
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = self.0.as_millis();
        if millis == 0 {
            return formatter.write_str("0s");
        }
        for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if millis >= size {
                write!(formatter, "{}{unit}", millis / size)?;
                millis %= size;
            }
        }
        Ok(())
    }
}

written_as_string!(Timeout, "duration", EXPECTED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_with_its_unit_and_printed_back() {
        for (text, millis) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1.5s", 1500)] {
            let timeout: Timeout = text.parse().unwrap();
            assert_eq!(timeout.0.as_millis(), millis, "{text}");
            assert_eq!(timeout.to_string().parse::<Timeout>().unwrap(), timeout, "{text}");
        }
    }

    #[test]
    fn a_number_without_unit_is_refused() {
        for text in ["5", "", "m", "5 minutes", "-5s", "5x", "99999999999999999999h"] {
            let error = text.parse::<Timeout>().unwrap_err();
            assert!(error.to_string().contains("with its unit"), "{text}: {error}");
        }
        let error = serde_json::from_str::<Timeout>("5").unwrap_err();
        assert!(error.to_string().contains("expected a duration with its unit"), "{error}");
    }
}
