//! What runs in the containers of pods, chosen by image.

mod programs;

pub use programs::exit_code;
