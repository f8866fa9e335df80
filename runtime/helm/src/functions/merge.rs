//! Merging one dictionary into another in place, with the rules of mergo 0.3.13.

use super::arguments::is_empty;
use crate::template::value::{Map, Value};

/// How deep dictionaries are merged; only those that hold themselves get there.
const MAX_DEPTH: usize = 500;

/// Merge `source` into `target`. Without `overwrites` only what is missing or empty in the target is taken; with it, source
/// values win, null and empty ones too. Dictionaries merge in both cases, and a filled target value that a dictionary or
/// list of the source meets stays what it is unless it is a list that is overwritten.
pub(super) fn merge(target: &Map, source: &Map, overwrites: bool) {
    merge_at(target, source, overwrites, 0);
}

fn merge_at(target: &Map, source: &Map, overwrites: bool, depth: usize) {
    if depth > MAX_DEPTH || target.is_same(source) {
        return;
    }
    for (key, new) in source.entries() {
        let old = target.get(&key);
        match (&new, &old) {
            (Value::Nil, _) => {
                if overwrites {
                    target.insert(key, new);
                }
                continue;
            }
            (Value::Map(from), Some(Value::Map(into))) => merge_at(into, from, overwrites, depth + 1),
            (Value::List(_), _) if overwrites || target.len() == 0 => target.insert(key.clone(), new.clone()),
            _ => {}
        }
        let filled = old.as_ref().is_some_and(|old| !is_empty(old));
        if filled && matches!(new, Value::Map(_) | Value::List(_)) {
            continue;
        }
        if overwrites || !filled {
            target.insert(key, new);
        }
    }
}
