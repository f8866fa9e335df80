//! Charts: Go templates, Sprig and Helm functions, values, charts from folders and archives.
//!
//! Renders what Helm 3.13 renders, in process. [`Chart::load`] a chart once, [`render`] or [`template`] it as often as needed:
//! templates are parsed the first time only. No I/O but the reading of charts; what a template asks of a cluster goes
//! through a function that the caller gives.

mod chart;
mod error;
mod files;
mod functions;
mod golang_time;
mod render;
mod semver;
mod template;
mod text;
pub mod values;

pub use chart::{Chart, Dependency, Maintainer, Metadata};
pub use error::Error;
pub use render::{Capabilities, Keep, Lookup, Options, Query, Release, Rendered, TemplateOptions, render, template};
pub use values::{UserValues, coalesce};
