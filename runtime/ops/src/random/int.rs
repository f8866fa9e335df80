//! `random::int`: a random number.

use meshrun_host::{Class, Effect, Failure};
use rand::Rng;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Draw a random number. Returns a whole number from `from` to `to`, both included.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Int {
    /// The lowest.
    from: i64,
    /// The highest.
    to: i64,
}

impl Operation for Int {
    type Output = i64;

    const NAME: &'static str = "random::int";
    const POSITIONAL: &'static [&'static str] = &["from", "to"];
    const RETURNS: &'static str = "an int";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["random::range"];
    const EXAMPLE: &'static str = "let port = random::int(30000, 32767);";

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        if self.from > self.to {
            let message =
                format!("expected a lowest number that is not above the highest, found {} and {}", self.from, self.to);
            return Err(Failure::new("random::range", message));
        }
        Ok(rand::rng().random_range(self.from..=self.to))
    }
}
