//! An operation: a request that declares itself.

use std::time::Duration;

use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::Cx;

/// A request that scripts can make. See the crate's documentation for how to write one.
pub trait Operation: DeserializeOwned + JsonSchema + Send + 'static {
    /// What comes back: data.
    type Output: Serialize;

    /// `module::verb_noun`.
    const NAME: &'static str;
    /// The fields that are given by position, in order; the others are keys of the options map.
    const POSITIONAL: &'static [&'static str];
    /// What comes back, in words: its shape and units.
    const RETURNS: &'static str;
    /// What it changes outside the script.
    const EFFECT: Effect;
    /// What it needs to be allowed.
    const PERMISSIONS: &'static [Class];
    /// The codes it may fail with, besides those of every call.
    const FAILURES: &'static [&'static str];
    /// A script that runs and shows the usual call.
    const EXAMPLE: &'static str;
    /// How long `run` may go on after a cancellation, to clean up. It then races `cx.cancelled()` itself; with zero, its future is dropped.
    const GRACE: Duration = Duration::ZERO;

    /// In a word what the call is about, for progress lines: `cluster1`. Never a secret.
    fn subject(&self) -> String {
        String::new()
    }

    /// Do it.
    fn run(self, cx: &Cx) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}
