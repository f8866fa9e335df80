//! `random::name`: a random name.

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cx, Operation};

/// Draw a random name that Kubernetes and Docker take: small letters and digits without those that are easily
/// confused. Returns a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// What comes before it, with a `-` between.
    #[serde(default)]
    prefix: String,
    /// How many random letters.
    #[serde(default = "length")]
    length: usize,
}

impl Operation for Name {
    type Output = String;

    const NAME: &'static str = "random::name";
    const POSITIONAL: &'static [&'static str] = &["prefix", "length"];
    const RETURNS: &'static str = "a string";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[];
    const FAILURES: &'static [&'static str] = &["random::length"];
    const EXAMPLE: &'static str = r#"let name = random::name("test"); // test-x7k2p"#;

    async fn run(self, _: &Cx) -> Result<Self::Output, Failure> {
        let letters = super::letters(b"bcdfghjklmnpqrstvwxz2456789", self.length)?;
        Ok(if self.prefix.is_empty() { letters } else { format!("{}-{letters}", self.prefix) })
    }
}

fn length() -> usize {
    5
}
