//! Doing what was planned: one file an act.

mod addons;
pub(crate) mod clean;
pub(crate) mod create;
pub(crate) mod deadline;
pub(crate) mod exec;
mod existing;
mod images;
mod join;
mod lock;
mod network;
mod node;
mod ports;
mod probe;
pub(crate) mod ready;

/// The files on nodes by which it is known how far the creation of a cluster has come. They hold nothing of worth.
pub const MARKS: [&str; 2] = [join::JOINED, ready::COMPLETE];
