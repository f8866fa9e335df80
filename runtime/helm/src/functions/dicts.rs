//! Dictionaries. `set`, `unset` and the merges change the dictionary that they are given.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    ANY, MAP, TEXT,
    arguments::{map, strval_text, text},
    fixed,
    merge::merge,
    variadic,
};
use crate::template::{
    exec::Engine,
    function::{Code, Function},
    value::{self, List, Map, Value},
};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("dict", &[ANY], dict),
    fixed("get", &[MAP, TEXT], |_, a| Ok(map(&a[0]).get(&text(&a[1])).unwrap_or_else(|| Value::text("")))),
    fixed("set", &[MAP, TEXT, ANY], set),
    fixed("unset", &[MAP, TEXT], |_, a| {
        let dictionary = map(&a[0]);
        dictionary.remove(&text(&a[1]));
        Ok(Value::Map(dictionary.with_type(value::MAP)))
    }),
    fixed("hasKey", &[MAP, TEXT], |_, a| Ok(Value::Bool(map(&a[0]).contains(&text(&a[1]))))),
    variadic("pluck", &[TEXT, MAP], |_, a| {
        Ok(Value::list(a[1..].iter().filter_map(|dictionary| map(dictionary).get(&text(&a[0]))).collect()))
    }),
    // Go's order is random; here it is sorted.
    variadic("keys", &[MAP], |_, a| Ok(Value::strings(a.iter().flat_map(|dictionary| map(dictionary).keys())))),
    fixed("values", &[MAP], |_, a| Ok(Value::list(map(&a[0]).entries().into_iter().map(|(_, item)| item).collect()))),
    variadic("pick", &[MAP, TEXT], |_, a| {
        let dictionary = map(&a[0]);
        let entry = |key: &Value| Some((Arc::from(&*text(key)), dictionary.get(&text(key))?));
        Ok(Value::map(a[1..].iter().filter_map(entry).collect()))
    }),
    variadic("omit", &[MAP, TEXT], |_, a| {
        let omitted: Vec<_> = a[1..].iter().map(text).collect();
        let keep = |(key, _): &(Arc<str>, Value)| !omitted.iter().any(|name| **name == **key);
        Ok(Value::map(map(&a[0]).entries().into_iter().filter(keep).collect()))
    }),
    variadic("merge", &[MAP, MAP], |_, a| Ok(merge_all(a, false))),
    variadic("mustMerge", &[MAP, MAP], |_, a| Ok(merge_all(a, false))),
    variadic("mergeOverwrite", &[MAP, MAP], |_, a| Ok(merge_all(a, true))),
    variadic("mustMergeOverwrite", &[MAP, MAP], |_, a| Ok(merge_all(a, true))),
    fixed("deepCopy", &[ANY], DEEP_COPY),
    fixed("mustDeepCopy", &[ANY], DEEP_COPY),
    variadic("dig", &[ANY], dig),
];

const DEEP_COPY: Code = |engine, a| deep_copy(engine, &a[0], 0);

fn dict(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let entry =
        |pair: &[Value]| (Arc::from(strval_text(&pair[0])), pair.get(1).cloned().unwrap_or_else(|| Value::text("")));
    Ok(Value::map(arguments.chunks(2).map(entry).collect::<BTreeMap<_, _>>()))
}

fn set(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let Value::Map(dictionary) = &arguments[0] else {
        return Err("assignment to entry in nil map".into());
    };
    dictionary.insert(text(&arguments[1]), arguments[2].clone());
    Ok(Value::Map(dictionary.with_type(value::MAP)))
}

fn merge_all(arguments: &[Value], overwrites: bool) -> Value {
    let target = map(&arguments[0]).with_type(value::MAP);
    for source in &arguments[1..] {
        merge(&target, &map(source), overwrites);
    }
    Value::Map(target)
}

fn deep_copy(engine: &Engine<'_>, value: &Value, depth: usize) -> Result<Value, String> {
    if depth > 500 {
        return Err("deepCopy error: the value holds itself".into());
    }
    Ok(match value {
        Value::List(list) if list.is_nil() => value.clone(),
        Value::List(list) => {
            engine.limits.produce(list.items().len() * 8)?;
            let items = list.items().iter().map(|item| deep_copy(engine, item, depth + 1)).collect::<Result<_, _>>()?;
            Value::List(List::new(list.go_type(), items))
        }
        Value::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, item)| Ok((key, deep_copy(engine, &item, depth + 1)?)));
            Value::Map(Map::new(map.go_type(), entries.collect::<Result<_, String>>()?))
        }
        other => other.clone(),
    })
}

fn dig(_: &Engine<'_>, arguments: &[Value]) -> Result<Value, String> {
    let [keys @ .., default, dictionary] = arguments else {
        return Err("dig needs at least three arguments".into());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut current = dictionary.clone();
    for (index, key) in keys.iter().enumerate() {
        let Value::Map(map) = current else {
            return Err(not_a("map[string]interface {}", &current));
        };
        if map.go_type() != value::MAP {
            return Err(not_a("map[string]interface {}", &Value::Map(map)));
        }
        if index == 0
            && let Some(other) = keys.iter().find(|key| !matches!(key, Value::String(_)))
        {
            return Err(not_a("string", other));
        }
        match map.get(&text(key)) {
            Some(next) => current = next,
            None => return Ok(default.clone()),
        }
    }
    Ok(current)
}

fn not_a(wanted: &str, value: &Value) -> String {
    let found = match value {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    format!("interface conversion: interface {{}} is {found}, not {wanted}")
}
