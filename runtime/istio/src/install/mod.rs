//! Installing what an IstioOperator renders to.

mod owner;

pub use owner::{FIELD_MANAGER, Owner};
