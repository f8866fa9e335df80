//! The Docker Engine, through bollard: one file a concept, free functions over a small handle.
//!
//! Every function takes the engine first and the subject next. Those that make something so return whether they changed
//! anything, so that a repeat can say that it found everything in place.

pub mod archive;
mod classify;
pub mod containers;
mod credentials;
mod endpoint;
mod engine;
mod environment;
mod error;
pub mod exec;
pub mod images;
mod lines;
pub mod logs;
pub mod networks;
mod pull;
mod spec;
mod transfer;
pub mod volumes;

pub use containers::{Attachment, Container, Filter, Mount, Published, Remove};
pub use engine::{Docker, Info, Version, info, version};
pub use environment::{Environment, Where};
pub use error::{Attempt, Error};
pub use exec::{Channel, Exec, ExecOutput, Input};
pub use images::{ImageInfo, ImageSummary};
pub use logs::{LogLine, Part};
pub use networks::{Connection, Member, Network, NetworkSpec, Subnet};
pub use pull::{Pull, pull};
pub use spec::{Cgroupns, ContainerSpec, Protocol, Publish, Restart};
pub use transfer::{Chunks, fan_out, load, load_file, save, save_file, save_to};
pub use volumes::Volume;
