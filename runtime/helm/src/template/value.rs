//! The values a template works with: Go's, as far as a template can see a difference between them.

use std::{
    cell::{Ref, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};

use super::object::Object;

/// The type of `map[string]interface{}`.
pub(crate) const MAP: &str = "map[string]interface {}";
/// The named map type that `.Values` and `.Template` have.
pub(crate) const VALUES: &str = "chartutil.Values";
/// The type of `map[string]string`.
pub(crate) const STRING_MAP: &str = "map[string]string";
/// The type of `[]interface{}`.
pub(crate) const LIST: &str = "[]interface {}";
/// The type of `[]string`.
pub(crate) const STRINGS: &str = "[]string";
/// The named list type of API versions.
pub(crate) const VERSION_SET: &str = "chartutil.VersionSet";

/// One value. Lists and maps are shared: a copy of the value is the same list or map.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// The nil interface, also what stands for "no value at all".
    Nil,
    Bool(bool),
    Int(i64, IntKind),
    Float(f64),
    String(Arc<str>),
    /// A Go string whose bytes are not UTF-8 (file contents, cut characters).
    Binary(Arc<[u8]>),
    /// Go's `[]byte`.
    Bytes(Arc<[u8]>),
    List(List),
    Map(Map),
    Object(Rc<Object>),
}

/// Go's integer types that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntKind {
    Int,
    Int64,
    Uint8,
    Uint64,
    Month,
    Weekday,
}

impl IntKind {
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint64 => "uint64",
            Self::Month => "time.Month",
            Self::Weekday => "time.Weekday",
        }
    }

    pub(crate) fn kind_name(self) -> &'static str {
        match self {
            Self::Month | Self::Weekday => "int",
            other => other.type_name(),
        }
    }

    pub(crate) fn is_unsigned(self) -> bool {
        matches!(self, Self::Uint8 | Self::Uint64)
    }
}

/// A list that cannot change.
#[derive(Clone, Debug)]
pub(crate) struct List(Rc<ListData>);

#[derive(Debug)]
struct ListData {
    go_type: &'static str,
    nil: bool,
    items: Vec<Value>,
}

impl List {
    pub(crate) fn new(go_type: &'static str, items: Vec<Value>) -> Self {
        Self(Rc::new(ListData { go_type, nil: false, items }))
    }

    /// A nil list: prints like an empty one, but is `null` in JSON.
    pub(crate) fn nil(go_type: &'static str) -> Self {
        Self(Rc::new(ListData { go_type, nil: true, items: Vec::new() }))
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.0.items
    }

    pub(crate) fn go_type(&self) -> &'static str {
        self.0.go_type
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// Whether the elements have type `interface{}`.
    pub(crate) fn is_boxed(&self) -> bool {
        self.0.go_type == LIST
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A map that every holder sees change.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    go_type: &'static str,
    entries: Rc<Entries>,
}

#[derive(Debug, Default)]
struct Entries(RefCell<BTreeMap<Arc<str>, Value>>);

impl Map {
    pub(crate) fn new(go_type: &'static str, entries: BTreeMap<Arc<str>, Value>) -> Self {
        Self { go_type, entries: Rc::new(Entries(RefCell::new(entries))) }
    }

    pub(crate) fn empty() -> Self {
        Self::new(MAP, BTreeMap::new())
    }

    /// The same map under another type name.
    pub(crate) fn with_type(&self, go_type: &'static str) -> Self {
        Self { go_type, entries: self.entries.clone() }
    }

    pub(crate) fn go_type(&self) -> &'static str {
        self.go_type
    }

    /// Whether the elements have type `interface{}`.
    pub(crate) fn is_boxed(&self) -> bool {
        self.go_type != STRING_MAP
    }

    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        self.entries.0.borrow().get(key).cloned()
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.entries.0.borrow().contains_key(key)
    }

    pub(crate) fn insert(&self, key: impl Into<Arc<str>>, value: Value) {
        let old = self.entries.0.borrow_mut().insert(key.into(), value);
        drop(old);
    }

    pub(crate) fn remove(&self, key: &str) {
        let old = self.entries.0.borrow_mut().remove(key);
        drop(old);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.0.borrow().len()
    }

    pub(crate) fn keys(&self) -> Vec<Arc<str>> {
        self.entries.0.borrow().keys().cloned().collect()
    }

    /// A snapshot of the entries, sorted by key.
    pub(crate) fn entries(&self) -> Vec<(Arc<str>, Value)> {
        self.entries.0.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The entries, for readers that call nothing which could write.
    pub(crate) fn borrow(&self) -> Ref<'_, BTreeMap<Arc<str>, Value>> {
        self.entries.0.borrow()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }
}

// Values nest as deep as a template's loops make them, so they are taken apart in a loop and not by recursion.
impl Drop for Entries {
    fn drop(&mut self) {
        dismantle(self.0.take().into_values().collect());
    }
}

impl Drop for ListData {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.items));
    }
}

fn dismantle(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::Map(map) => {
                if let Some(entries) = Rc::into_inner(map.entries) {
                    pending.extend(entries.0.take().into_values());
                }
            }
            Value::List(list) => {
                if let Some(mut data) = Rc::into_inner(list.0) {
                    pending.append(&mut data.items);
                }
            }
            _ => {}
        }
    }
}

impl Value {
    pub(crate) fn int(value: i64) -> Self {
        Self::Int(value, IntKind::Int)
    }

    pub(crate) fn int64(value: i64) -> Self {
        Self::Int(value, IntKind::Int64)
    }

    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A Go string of these bytes.
    pub(crate) fn go_string(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::String(text.into()),
            Err(error) => Self::Binary(error.into_bytes().into()),
        }
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(List::new(LIST, items))
    }

    pub(crate) fn strings<T: Into<Arc<str>>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::new(STRINGS, items.into_iter().map(Self::text).collect()))
    }

    pub(crate) fn map(entries: BTreeMap<Arc<str>, Self>) -> Self {
        Self::Map(Map::new(MAP, entries))
    }

    /// The name of the type, as `%T` prints it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, kind) => kind.type_name(),
            Self::Float(_) => "float64",
            Self::String(_) | Self::Binary(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.go_type(),
            Self::Map(map) => map.go_type(),
            Self::Object(object) => object.type_name(),
        }
    }

    /// The name of the kind, as `kindOf` prints it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Int(_, kind) => kind.kind_name(),
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind_name(),
            other => other.type_name(),
        }
    }

    /// Whether an `if` takes its first branch.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value, _) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Binary(bytes) | Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => map.len() > 0,
            Self::Object(object) => object.is_true(),
        }
    }

    /// The bytes of a string or byte list.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::String(text) => Some(text.as_bytes()),
            Self::Binary(bytes) | Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }
}
