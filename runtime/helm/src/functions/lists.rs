//! Lists: building, picking, comparing.

use super::{
    ANY, INT,
    arguments::{NIL_POINTER, elements, elements_or, int, is_empty, to_int},
    fixed, variadic,
};
use crate::template::{
    compare::deep_equal,
    exec::Engine,
    function::{Code, Function},
    value::{LIST, List, Value},
};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("list", &[ANY], list),
    variadic("tuple", &[ANY], list),
    fixed("append", &[ANY, ANY], push),
    fixed("push", &[ANY, ANY], push),
    fixed("mustAppend", &[ANY, ANY], push),
    fixed("mustPush", &[ANY, ANY], push),
    fixed("prepend", &[ANY, ANY], PREPEND),
    fixed("mustPrepend", &[ANY, ANY], PREPEND),
    fixed("first", &[ANY], FIRST),
    fixed("mustFirst", &[ANY], FIRST),
    fixed("last", &[ANY], LAST),
    fixed("mustLast", &[ANY], LAST),
    fixed("rest", &[ANY], REST),
    fixed("mustRest", &[ANY], REST),
    fixed("initial", &[ANY], INITIAL),
    fixed("mustInitial", &[ANY], INITIAL),
    fixed("reverse", &[ANY], REVERSE),
    fixed("mustReverse", &[ANY], REVERSE),
    fixed("compact", &[ANY], COMPACT),
    fixed("mustCompact", &[ANY], COMPACT),
    fixed("uniq", &[ANY], UNIQ),
    fixed("mustUniq", &[ANY], UNIQ),
    variadic("without", &[ANY, ANY], WITHOUT),
    variadic("mustWithout", &[ANY, ANY], WITHOUT),
    fixed("has", &[ANY, ANY], has),
    fixed("mustHas", &[ANY, ANY], has),
    variadic("slice", &[ANY, ANY], slice),
    variadic("mustSlice", &[ANY, ANY], slice),
    variadic("concat", &[ANY], concat),
    fixed("chunk", &[INT, ANY], chunk),
    fixed("mustChunk", &[INT, ANY], chunk),
];

const PREPEND: Code = |_, a| {
    let mut items = elements_or(&a[0], "Cannot prepend on type")?;
    items.insert(0, a[1].clone());
    Ok(Value::list(items))
};

const FIRST: Code = |_, a| Ok(elements_or(&a[0], "Cannot find first on type")?.first().cloned().unwrap_or(Value::Nil));

const LAST: Code = |_, a| Ok(elements_or(&a[0], "Cannot find last on type")?.last().cloned().unwrap_or(Value::Nil));

const REST: Code = |_, a| {
    let items = elements_or(&a[0], "Cannot find rest on type")?;
    Ok(items.split_first().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
};

const INITIAL: Code = |_, a| {
    let items = elements_or(&a[0], "Cannot find initial on type")?;
    Ok(items.split_last().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
};

const REVERSE: Code = |_, a| {
    let mut items = elements_or(&a[0], "Cannot find reverse on type")?;
    items.reverse();
    Ok(Value::list(items))
};

const COMPACT: Code = |_, a| {
    let mut items = elements_or(&a[0], "Cannot compact on type")?;
    items.retain(|item| !is_empty(item));
    Ok(Value::list(items))
};

const UNIQ: Code = |_, a| {
    let mut kept: Vec<Value> = Vec::new();
    for item in elements_or(&a[0], "Cannot find uniq on type")? {
        if !kept.iter().any(|old| deep_equal(old, &item)) {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
};

const WITHOUT: Code = |_, a| {
    let mut items = elements_or(&a[0], "Cannot find without on type")?;
    items.retain(|item| !a[1..].iter().any(|omitted| deep_equal(omitted, item)));
    Ok(Value::list(items))
};

fn nil_list() -> Value {
    Value::List(List::nil(LIST))
}

fn list(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    Ok(Value::list(arguments.to_vec()))
}

fn push(engine: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let mut items = elements_or(&arguments[0], "Cannot push on type")?;
    engine.limits.produce(items.len() * 8)?;
    items.push(arguments[1].clone());
    Ok(Value::list(items))
}

fn has(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    if matches!(arguments[1], Value::Nil) {
        return Ok(Value::Bool(false));
    }
    let items = elements_or(&arguments[1], "Cannot find has on type")?;
    Ok(Value::Bool(items.iter().any(|item| deep_equal(&arguments[0], item))))
}

fn slice(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let items = elements_or(&arguments[0], "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = arguments.get(1).map_or(0, to_int);
    let end = arguments.get(2).map_or(items.len() as i64, to_int);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(start, end)| items.get(start..end));
    let part = part.ok_or_else(|| "reflect.Value.Slice: slice index out of bounds".to_owned())?;
    Ok(match &arguments[0] {
        Value::List(list) => Value::List(List::new(list.go_type(), part.to_vec())),
        _ => Value::list(part.to_vec()),
    })
}

fn concat(engine: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let mut all = Vec::new();
    for list in arguments {
        match list {
            Value::Nil => return Err(NIL_POINTER.into()),
            other => {
                all.extend(elements(other).ok_or_else(|| format!("Cannot concat type {} as list", other.kind_name()))?)
            }
        }
    }
    engine.limits.produce(all.len() * 8)?;
    Ok(if all.is_empty() { nil_list() } else { Value::list(all) })
}

fn chunk(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let items = elements_or(&arguments[1], "Cannot chunk type")?;
    let size = usize::try_from(int(&arguments[0])).unwrap_or(0);
    if size == 0 {
        return Err("runtime error: makeslice: len out of range".into());
    }
    let chunks = items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    Ok(Value::List(List::new("[][]interface {}", chunks)))
}
