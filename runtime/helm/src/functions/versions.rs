//! Versions.

use super::{TEXT, arguments::text, fixed};
use crate::{
    semver::{Constraints, Version},
    template::{function::Function, object::Object, value::Value},
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("semver", &[TEXT], |_, a| Ok(Value::Object(Object::Version(Version::parse(&text(&a[0]))?).into()))),
    fixed("semverCompare", &[TEXT, TEXT], |_, a| {
        let constraints = Constraints::parse(&text(&a[0]))?;
        Ok(Value::Bool(constraints.check(&Version::parse(&text(&a[1]))?)))
    }),
];
