//! What runs in the containers of pods, chosen by image.

mod applications;
mod curl;
mod environment;
mod journal;
mod programs;
mod running;
mod serve;
mod shell;

pub(crate) use applications::{http, local_http};
pub use environment::{Variables, of_pod as variables};
pub use programs::exit_code;
pub use running::{Io, Line, attach, connect, exec, logs};
pub(crate) use serve::serve_outside;
