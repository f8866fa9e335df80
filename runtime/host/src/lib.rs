//! What a host call is, whoever scripts it: its specification, the permission it needs, the effect it has, the events
//! it tells, the failure it ends with, and the one way to make it, `dispatch`.
//!
//! Everything that crosses this border is serializable data: arguments and results are JSON values.

pub mod arguments;
mod call;
mod dispatch;
mod event;
mod failure;
pub mod function;
mod permission;
mod spec;

pub use call::{Branch, Call, Context};
pub use dispatch::dispatch;
pub use event::{Event, Events, Happening, Level, Outcome};
pub use failure::{Excerpt, Failure, Place};
pub use function::Function;
pub use permission::{Class, Permissions};
pub use spec::{Effect, Parameter, Spec};

/// The value that crosses the border in both directions.
pub use serde_json::Value;
