//! What scripts can do: one file per operation, the catalogue of all of them, and the world they act on.
//!
//! # How to add an operation
//!
//! 1. Write `src/<module>/<verb_noun>.rs`; [`env/get.rs`](env) is a small one to copy. It holds a struct, the *request*:
//!    - its doc comment is the manual, for the author of a script: first an imperative sentence, then what is
//!      returned, what a repeat does, what it needs;
//!    - its fields are the parameters, each with a sentence and a type with its rule (`Timeout`, `Image`, `Port`,
//!      `Cluster`, `Option<_>`, `Vec<_>`, a nested struct, [`serde_json::Value`] for anything); optional ones carry
//!      `#[serde(default)]`, or `#[serde(default = "function")]` when the default is to be shown;
//!    - it derives `Debug, Deserialize, JsonSchema` and `#[serde(deny_unknown_fields)]`.
//! 2. Implement [`Operation`] for it: name, positional parameters, what comes back, effect, permissions, failure codes,
//!    an example that runs; `subject` says in a word what the call is about; `run` adapts only: it builds the library's
//!    configuration, calls it with `cx.steps()`, and returns its data. Library errors become failures by `?`.
//! 3. Name the file in the module's `mod.rs`, and add the type in its `register`, in the order of the documentation.
//!
//! Scripts then call it as `module::verb_noun(positional, …, #{ option: value })`. Documentation, completion,
//! argument checks, permissions, events and tests follow from the declaration.
//!
//! Conventions: clusters are taken as [`Cluster`], never as two strings; what waits has `timeout: Timeout` with a default;
//! what changes something tells `cx.steps().changed(..)` exactly when it did (libraries do that through `Steps`);
//! lists and maps come back as data, never as text to parse; binary data is base64.

mod catalogue;
mod cluster;
mod cx;
mod failures;
mod operation;
pub mod survey;
mod world;

mod base64;
mod docker;
mod env;
mod file;
mod hash;
mod helm;
mod http;
mod istio;
mod json;
mod kind;
mod kube;
mod log;
mod metallb;
mod net;
mod pki;
mod process;
mod random;
mod release;
mod sim;
mod table;
mod text;
mod time;
mod yaml;

pub use catalogue::{Catalogue, catalogue};
pub use cluster::Cluster;
pub use cx::Cx;
pub use operation::Operation;
pub use world::{Environment, Settings, World};
