//! From an IstioOperator to Kubernetes objects, as `istioctl manifest generate` of Istio 1.20 renders them. No clusters are asked.
//!
//! The way: files, laid over each other ([`merge_rules`]); flags written into them ([`set`], [`tree`]); all of it over the
//! profile; checked ([`schema`], [`validate`], [`semantic`]); turned into chart values ([`translate`]); rendered; patched with the
//! `k8s` settings ([`settings`]) and overlays ([`overlay`]).

mod charts;
mod component;
mod generate;
mod json_merge;
mod manifest;
mod merge;
mod merge_rules;
mod mesh_check;
mod number;
mod object;
mod overlay;
mod path;
mod ports;
mod problem;
mod render;
mod request;
mod reverse;
mod schema;
mod semantic;
mod set;
mod settings;
mod strategic;
mod template;
mod translate;
mod tree;
mod validate;

pub use charts::Charts;
pub use component::{Kind, default_namespace};
pub use generate::generate;
pub use json_merge::json_merge;
pub use manifest::{Component, Manifest};
pub use object::order;
pub use problem::{Problem, joined};
pub use request::{Cluster, Request, Stamp};
pub use strategic::MergeError;
pub use template::{Template, render_template};
pub use tree::PathError;
pub use validate::check_revision;
