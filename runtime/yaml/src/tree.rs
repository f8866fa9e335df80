//! Builds one document's value out of YAML events.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::{
    error::Kind,
    scalar::{Resolved, into_key, into_value, tagged},
};

/// How deep lists and maps may nest, aliases included. Go's reader allows 10,000, but no Kubernetes object is deeper than
/// some dozens, and walking a value must not exhaust a thread's stack.
pub(crate) const MAX_DEPTH: usize = 500;

/// How many bytes anchors and aliases may copy in one document.
const MAX_COPIED: usize = 128 << 20;

/// About what a value takes beside its text.
const NODE_SIZE: usize = 64;

/// From byte to byte of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub start: usize,
    pub end: usize,
}

/// A mistake at a place of the text.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub kind: Kind,
    pub at: Place,
    pub message: String,
    pub help: Option<&'static str>,
}

fn wrong(kind: Kind, at: Place, message: impl Into<String>) -> Wrong {
    Wrong { kind, at, message: message.into(), help: None }
}

/// A document under construction.
#[derive(Default)]
pub(crate) struct Tree {
    root: Option<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// Nodes so far, with those that aliases repeat; and how many of them aliases repeated.
    nodes: usize,
    repeated: usize,
    copied: usize,
}

/// A list or map whose end has not come.
struct Open {
    content: Collection,
    anchor: usize,
    at: Place,
    cost: Cost,
}

enum Collection {
    List(Vec<Value>),
    Map { entries: Map<String, Value>, key: Option<Key> },
}

/// The key whose value comes next.
enum Key {
    Name(String),
    /// `<<`
    Merge,
}

/// A complete node.
#[derive(Clone)]
struct Node {
    content: Content,
    cost: Cost,
    is_alias: bool,
}

#[derive(Clone)]
enum Content {
    Scalar(Resolved, bool),
    Collection(Value),
}

/// What repeating a node costs.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Tree {
    pub(crate) fn scalar(
        &mut self,
        text: &str,
        plain: bool,
        tag: Option<&str>,
        anchor: usize,
        at: Place,
    ) -> Result<(), Wrong> {
        let merges = text == "<<" && (plain && tag.is_none() || tag == Some("tag:yaml.org,2002:merge"));
        let resolved = tagged(text, plain, tag).map_err(|message| wrong(Kind::Value, at, message))?;
        let cost = Cost { nodes: 1, bytes: resolved.text.len() + NODE_SIZE, depth: 0 };
        self.nodes += 1;
        self.add(Node { content: Content::Scalar(resolved, merges), cost, is_alias: false }, anchor, at)
    }

    pub(crate) fn start_list(&mut self, anchor: usize, at: Place) -> Result<(), Wrong> {
        self.start(Collection::List(Vec::new()), anchor, at)
    }

    pub(crate) fn start_map(&mut self, anchor: usize, at: Place) -> Result<(), Wrong> {
        self.start(Collection::Map { entries: Map::new(), key: None }, anchor, at)
    }

    fn start(&mut self, content: Collection, anchor: usize, at: Place) -> Result<(), Wrong> {
        self.nodes += 1;
        self.open.push(Open { content, anchor, at, cost: Cost { nodes: 1, bytes: NODE_SIZE, depth: 1 } });
        self.check_depth(0, at)
    }

    /// The innermost list or map is complete.
    pub(crate) fn end(&mut self) -> Result<(), Wrong> {
        let Some(Open { content, anchor, at, cost }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Collection::List(items) => Value::Array(items),
            Collection::Map { entries, .. } => Value::Object(entries),
        };
        self.add(Node { content: Content::Collection(value), cost, is_alias: false }, anchor, at)
    }

    /// Repeat an anchored node.
    pub(crate) fn alias(&mut self, id: usize, at: Place) -> Result<(), Wrong> {
        if self.open.iter().any(|open| open.anchor == id) {
            return Err(wrong(Kind::Value, at, "an anchor cannot contain itself"));
        }
        let Some(node) = self.anchors.get(&id) else {
            return Err(wrong(Kind::Syntax, at, "unknown anchor"));
        };
        let Cost { nodes, bytes, depth } = node.cost;
        self.check_depth(depth, at)?;
        self.nodes += nodes + 1;
        self.repeated += nodes;
        self.copied += bytes;
        self.check_copies(at)?;
        let Some(node) = self.anchors.get(&id) else { return Ok(()) };
        let node = Node { is_alias: true, cost: Cost { nodes: nodes + 1, bytes, depth }, ..node.clone() };
        self.add(node, 0, at)
    }

    /// The value of the document; null when it has none.
    pub(crate) fn finish(self) -> Value {
        self.root.unwrap_or_default()
    }

    /// Put a complete node where it belongs.
    fn add(&mut self, node: Node, anchor: usize, at: Place) -> Result<(), Wrong> {
        if anchor != 0 {
            self.copied += node.cost.bytes;
            self.check_copies(at)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value(node.content, at)?);
            return Ok(());
        };
        open.cost.nodes += node.cost.nodes;
        open.cost.bytes += node.cost.bytes;
        open.cost.depth = open.cost.depth.max(node.cost.depth + 1);
        match &mut open.content {
            Collection::List(items) => items.push(value(node.content, at)?),
            Collection::Map { entries, key } => match key.take() {
                None => *key = Some(name(node, at)?),
                Some(Key::Name(name)) => {
                    entries.insert(name, value(node.content, at)?);
                }
                Some(Key::Merge) => merge(entries, node, at)?,
            },
        }
        Ok(())
    }

    fn check_depth(&self, more: usize, at: Place) -> Result<(), Wrong> {
        if self.open.len() + more <= MAX_DEPTH {
            return Ok(());
        }
        Err(wrong(Kind::Limit, at, format!("lists and maps nest deeper than {MAX_DEPTH}")))
    }

    /// Go's rule against documents that grow without measure: of many nodes, at most a share may come from aliases.
    fn check_copies(&self, at: Place) -> Result<(), Wrong> {
        let (nodes, repeated) = (self.nodes as f64, self.repeated as f64);
        let too_many = self.repeated > 100 && self.nodes > 1000 && repeated / nodes > allowed_share(nodes);
        if !too_many && self.copied <= MAX_COPIED {
            return Ok(());
        }
        Err(wrong(Kind::Limit, at, "the document repeats too much through aliases"))
    }
}

/// 99 of 100 nodes up to 400,000 of them, falling to 10 of 100 at 4,000,000.
fn allowed_share(nodes: f64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    0.99 - 0.89 * ((nodes.clamp(LOW, HIGH) - LOW) / (HIGH - LOW))
}

fn value(content: Content, at: Place) -> Result<Value, Wrong> {
    match content {
        Content::Collection(value) => Ok(value),
        Content::Scalar(resolved, _) => {
            let text = resolved.text.clone();
            into_value(resolved).ok_or_else(|| Wrong {
                help: Some("JSON has no such number, so Kubernetes refuses it; quote it if it is text"),
                ..wrong(Kind::Value, at, format!("expected a finite number, found `{text}`"))
            })
        }
    }
}

fn name(node: Node, at: Place) -> Result<Key, Wrong> {
    match node.content {
        Content::Scalar(_, true) if !node.is_alias => Ok(Key::Merge),
        Content::Scalar(resolved, _) => into_key(resolved)
            .map(Key::Name)
            .map_err(|message| Wrong { help: Some("quote the key if it is text"), ..wrong(Kind::Value, at, message) }),
        Content::Collection(Value::Array(_)) => Err(wrong(Kind::Value, at, "expected a key, found a list")),
        Content::Collection(_) => Err(wrong(Kind::Value, at, "expected a key, found a map")),
    }
}

/// `<<: {…}` or `<<: [{…}, {…}]`: of several maps the first wins. As in yaml.v2 the entries stand where the merge key
/// stands, so a key before it is overridden and one after it overrides.
fn merge(entries: &mut Map<String, Value>, node: Node, at: Place) -> Result<(), Wrong> {
    let refused = || wrong(Kind::Value, at, "expected a map or a list of maps to merge");
    match node.content {
        Content::Collection(Value::Object(map)) => entries.extend(map),
        Content::Collection(Value::Array(maps)) if !node.is_alias => {
            for map in maps.into_iter().rev() {
                let Value::Object(map) = map else { return Err(refused()) };
                entries.extend(map);
            }
        }
        _ => return Err(refused()),
    }
    Ok(())
}
