//! Simulated peers: a Docker engine, Kubernetes API servers, what runs in nodes and pods, and the mesh between them.
//!
//! Clients speak the real protocols to it and cannot tell. It shares no code with them, for a peer must not share its client's mistakes. What it
//! does not know it answers with 501 and records; it never says yes to what it did not do.

#![recursion_limit = "256"] // what an engine tells of a container is one large JSON

pub mod clock;
pub mod controllers;
pub mod docker;
mod error;
pub mod fault;
pub mod kube;
pub mod mesh;
pub mod node;
pub mod pods;
mod proxy;
pub mod recorder;
pub mod registry;
mod simulation;
pub mod start;
mod step;
pub mod stream;
pub mod world;

pub use clock::Pace;
pub use error::Error;
pub use fault::Fault;
pub use simulation::{Options, Simulation};
pub use start::Start;
pub use world::World;
