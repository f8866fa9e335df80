//! Types and kinds.

use super::{ANY, TEXT, arguments::text, fixed};
use crate::template::{compare::deep_equal, function::Function, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("typeOf", &[ANY], |_, a| Ok(Value::text(a[0].type_name()))),
    fixed("typeIs", &[TEXT, ANY], |_, a| Ok(Value::Bool(*text(&a[0]) == *a[1].type_name()))),
    fixed("typeIsLike", &[TEXT, ANY], |_, a| {
        let (target, name) = (text(&a[0]), a[1].type_name());
        Ok(Value::Bool(*target == *name || format!("*{target}") == name))
    }),
    fixed("kindOf", &[ANY], |_, a| Ok(Value::text(a[0].kind_name()))),
    fixed("kindIs", &[TEXT, ANY], |_, a| Ok(Value::Bool(*text(&a[0]) == *a[1].kind_name()))),
    fixed("deepEqual", &[ANY, ANY], |_, a| Ok(Value::Bool(deep_equal(&a[0], &a[1])))),
];
