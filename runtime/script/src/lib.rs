//! Scripts: the Rhai engine and all that makes host functions, modules, errors with places, and control functions of
//! it. No other crate names Rhai.
//!
//! A script runs on a thread of its own; a host call blocks that thread until it ends, is cancelled, or its time has
//! passed. No lock is held across a call.

mod control;
mod convert;
mod engine;
mod failure;
mod parameters;
mod place;
mod register;
mod resolver;
mod run;
mod session;
mod shared;
mod sources;
mod topic;

pub use resolver::Library;
pub use run::{Ended, Runtime, Setup};
pub use session::Session;
pub use sources::{Source, Sources};
pub use topic::Topic;
