//! What runs in the containers of pods, chosen by image.

mod programs;
mod running;

pub use programs::exit_code;
pub use running::{Io, Line, connect, exec, logs};
