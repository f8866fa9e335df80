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
