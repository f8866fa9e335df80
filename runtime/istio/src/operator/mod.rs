//! The IstioOperator: the tables it is read against, paths into it, numbers as it prints them, problems found in it.

pub mod number;
pub mod path;
pub mod problem;
pub mod schema;
