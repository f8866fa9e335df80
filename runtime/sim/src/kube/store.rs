//! The objects of a cluster, with their versions and what has become of them: what controllers read and write.
//!
//! An object is kept once, whatever versions of its group are served, under its group and kind; so only the group of the version counts
//! where a kind is named. Writes through the store are those of a controller: no defaults, no admission, no permission is asked for.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{kinds, object, status::Status};

/// How many events of a kind can be watched from the past.
const HISTORY: usize = 2000;

/// An object, shared.
pub type Object = Arc<Value>;

/// What has happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is another than before.
    Modified,
    /// It is gone.
    Deleted,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub struct Event {
    /// The revision that it made.
    pub revision: u64,
    /// What has happened.
    pub change: Change,
    /// The object after it; of a deleted one the last state.
    pub object: Object,
    /// The object before it.
    pub before: Option<Object>,
}

/// The objects of a cluster. Clones share them.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    seed: String,
    state: RwLock<State>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    revision: u64,
    drawn: u64,
    shelves: BTreeMap<(String, String), Shelf>,
}

/// The objects of a kind.
#[derive(Default)]
struct Shelf {
    objects: BTreeMap<(String, String), Object>,
    history: VecDeque<Event>,
    /// The revision of the last event that was forgotten.
    forgotten: u64,
}

/// Which objects: version and kind.
type Kind<'k> = (&'k str, &'k str);

impl Store {
    /// An empty one. What is random follows from the seed.
    pub fn new(seed: impl Into<String>) -> Self {
        let (changed, _) = watch::channel(1);
        let state = State { revision: 1, ..State::default() };
        Self(Arc::new(Inner { seed: seed.into(), state: RwLock::new(state), changed }))
    }

    /// The object.
    #[must_use]
    pub fn get(&self, kind: Kind<'_>, namespace: Option<&str>, name: &str) -> Option<Object> {
        let state = self.read();
        let shelf = state.shelves.get(&shelf_of(kind))?;
        shelf.objects.get(&(namespace.unwrap_or_default().to_owned(), name.to_owned())).cloned()
    }

    /// The objects of a kind in a namespace, or in all of them, by namespace and name.
    #[must_use]
    pub fn list(&self, kind: Kind<'_>, namespace: Option<&str>) -> Vec<Object> {
        self.list_at(kind, namespace).1
    }

    /// The same, with the revision at which they are so.
    #[must_use]
    pub fn list_at(&self, kind: Kind<'_>, namespace: Option<&str>) -> (u64, Vec<Object>) {
        let state = self.read();
        let objects = state.shelves.get(&shelf_of(kind)).map_or_else(Vec::new, |shelf| match namespace {
            None => shelf.objects.values().cloned().collect(),
            Some(namespace) => {
                let start = (namespace.to_owned(), String::new());
                let all = shelf.objects.range((Bound::Included(start), Bound::Unbounded));
                all.take_while(|((of, _), _)| of == namespace).map(|(_, object)| object.clone()).collect()
            }
        });
        (state.revision, objects)
    }

    /// Add a new object. It gets a name when it has only `generateName`, and identity, version and time. Returns it as it is then.
    ///
    /// # Errors
    /// When there is one of that name already, or it has no name.
    pub fn create(&self, mut value: Value) -> Result<Object, Status> {
        let mut state = self.write();
        self.name(&mut state, &mut value)?;
        let (shelf, key) = place(&value);
        if state.shelves.get(&shelf).is_some_and(|shelf| shelf.objects.contains_key(&key)) {
            return Err(Status::already_exists(&kinds::resource_of(&shelf.0, &shelf.1), &key.1));
        }
        let uid = self.uid(&mut state);
        let metadata = object::metadata_mut(&mut value);
        metadata.insert("uid".to_owned(), uid.into());
        metadata.insert("creationTimestamp".to_owned(), object::now().into());
        metadata.remove("deletionTimestamp");
        metadata.remove("deletionGracePeriodSeconds");
        if kinds::counts_generations(&shelf.0, &shelf.1) {
            metadata.insert("generation".to_owned(), 1.into());
        }
        Ok(self.commit(state, shelf, key, Change::Added, value))
    }

    /// Put objects into a store that has none, as they are: with their identity, versions, times and managers. What is written afterwards gets
    /// later versions.
    pub fn load(&self, objects: Vec<Value>) {
        let mut state = self.write();
        for value in objects {
            let version: u64 = object::text(&value, "/metadata/resourceVersion").parse().unwrap_or_default();
            state.revision = state.revision.max(version);
            let (shelf, key) = place(&value);
            state.shelves.entry(shelf).or_default().objects.insert(key, Arc::new(value));
        }
        let revision = state.revision;
        state.shelves.values_mut().for_each(|shelf| shelf.forgotten = revision);
        self.0.changed.send_replace(revision);
    }

    /// Replace an object. What identifies it stays, whatever `value` says; the generation grows when more than status and metadata change. An
    /// object that was only waiting for its finalizers is gone when the last is taken away. Nothing is written when nothing changes.
    ///
    /// # Errors
    /// When it does not exist, or `value` comes from another version of it than the present one.
    pub fn update(&self, value: Value) -> Result<Object, Status> {
        let (shelf, key) = place(&value);
        let state = self.write();
        let Some(before) = state.shelves.get(&shelf).and_then(|shelf| shelf.objects.get(&key)).cloned() else {
            return Err(Status::not_found(&kinds::resource_of(&shelf.0, &shelf.1), &key.1));
        };
        let version = object::text(&value, "/metadata/resourceVersion");
        if !version.is_empty() && version != object::text(&before, "/metadata/resourceVersion") {
            return Err(Status::conflict(&kinds::resource_of(&shelf.0, &shelf.1), &key.1));
        }
        Ok(self.replace(state, shelf, key, &before, value))
    }

    /// Change an object in place. Returns whether that has changed anything.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn modify(
        &self,
        kind: Kind<'_>,
        namespace: Option<&str>,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<bool, Status> {
        let (shelf, key) = (shelf_of(kind), (namespace.unwrap_or_default().to_owned(), name.to_owned()));
        let state = self.write();
        let Some(before) = state.shelves.get(&shelf).and_then(|shelf| shelf.objects.get(&key)).cloned() else {
            return Err(Status::not_found(&kinds::resource_of(&shelf.0, &shelf.1), name));
        };
        let mut value = (*before).clone();
        change(&mut value);
        let after = self.replace(state, shelf, key, &before, value);
        Ok(!Arc::ptr_eq(&before, &after))
    }

    /// Create the object, or merge `value` into the one that is there: maps by key, everything else replaced, null removed. Returns whether
    /// that has changed anything.
    ///
    /// # Errors
    /// When it has no name.
    pub fn upsert(&self, value: Value) -> Result<bool, Status> {
        let (api_version, kind) =
            (object::text(&value, "/apiVersion").to_owned(), object::text(&value, "/kind").to_owned());
        let (namespace, name) = (object::namespace(&value).map(str::to_owned), object::name(&value).to_owned());
        if self.get((&api_version, &kind), namespace.as_deref(), &name).is_none() {
            return self.create(value).map(|_| true);
        }
        self.modify((&api_version, &kind), namespace.as_deref(), &name, |present| object::merge(present, &value))
    }

    /// Delete an object: at once, or, while it has finalizers, by marking it. Returns its last state.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn delete(&self, kind: Kind<'_>, namespace: Option<&str>, name: &str) -> Result<Object, Status> {
        self.remove(kind, namespace, name, None)
    }

    /// Mark an object as to be deleted, leaving it to somebody else to [`Store::delete`] it within so many seconds. It gets no second mark.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn terminate(&self, kind: Kind<'_>, namespace: Option<&str>, name: &str, grace: u64) -> Result<Object, Status> {
        self.remove(kind, namespace, name, Some(grace))
    }

    /// The kinds of which there are objects, each with the version in which the first is kept.
    #[must_use]
    pub fn kinds(&self) -> Vec<(String, String)> {
        let state = self.read();
        let filled = state.shelves.values().filter_map(|shelf| shelf.objects.values().next());
        filled.map(|one| (object::text(one, "/apiVersion").to_owned(), object::text(one, "/kind").to_owned())).collect()
    }

    /// The revision of the last change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Tells the revision after each change.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// What has happened to objects of a kind after a revision, in order; nothing when that is too long ago to be known.
    #[must_use]
    pub fn events(&self, kind: Kind<'_>, after: u64) -> Option<Vec<Event>> {
        let state = self.read();
        let Some(shelf) = state.shelves.get(&shelf_of(kind)) else { return Some(Vec::new()) };
        if shelf.forgotten > after {
            return None;
        }
        let start = shelf.history.partition_point(|event| event.revision <= after);
        Some(shelf.history.range(start..).cloned().collect())
    }

    /// A part of a name, as those that are generated end with: `x7k2p`.
    #[must_use]
    pub fn suffix(&self) -> String {
        self.draw_suffix(&mut self.write())
    }

    fn remove(
        &self,
        kind: Kind<'_>,
        namespace: Option<&str>,
        name: &str,
        grace: Option<u64>,
    ) -> Result<Object, Status> {
        let (shelf, key) = (shelf_of(kind), (namespace.unwrap_or_default().to_owned(), name.to_owned()));
        let state = self.write();
        let Some(before) = state.shelves.get(&shelf).and_then(|shelf| shelf.objects.get(&key)).cloned() else {
            return Err(Status::not_found(&kinds::resource_of(&shelf.0, &shelf.1), name));
        };
        if grace.is_none() && !is_held(&before) {
            return Ok(self.commit(state, shelf, key, Change::Deleted, (*before).clone()));
        }
        if object::is_terminating(&before) {
            return Ok(before);
        }
        let mut value = (*before).clone();
        let metadata = object::metadata_mut(&mut value);
        metadata.insert("deletionTimestamp".to_owned(), object::now().into());
        metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.unwrap_or_default().into());
        if metadata.contains_key("generation") {
            let generation = metadata.get("generation").and_then(Value::as_u64).unwrap_or_default();
            metadata.insert("generation".to_owned(), (generation + 1).into());
        }
        if shelf.1 == "Namespace" {
            value["status"]["phase"] = "Terminating".into();
        }
        Ok(self.commit(state, shelf, key, Change::Modified, value))
    }

    fn replace(
        &self,
        state: RwLockWriteGuard<'_, State>,
        shelf: (String, String),
        key: (String, String),
        before: &Object,
        mut value: Value,
    ) -> Object {
        object::keep_identity(&mut value, before);
        if value == **before {
            return before.clone();
        }
        if kinds::counts_generations(&shelf.0, &shelf.1) && object::wants_another(&value, before) {
            let generation = before["metadata"]["generation"].as_u64().unwrap_or_default() + 1;
            object::metadata_mut(&mut value).insert("generation".to_owned(), generation.into());
        }
        if object::is_terminating(&value) && !is_held(&value) && is_held(before) && !waits_for_its_node(&value) {
            return self.commit(state, shelf, key, Change::Deleted, value);
        }
        self.commit(state, shelf, key, Change::Modified, value)
    }

    fn commit(
        &self,
        mut state: RwLockWriteGuard<'_, State>,
        shelf: (String, String),
        key: (String, String),
        change: Change,
        mut value: Value,
    ) -> Object {
        state.revision += 1;
        let revision = state.revision;
        object::metadata_mut(&mut value).insert("resourceVersion".to_owned(), revision.to_string().into());
        let object = Arc::new(value);
        let shelf = state.shelves.entry(shelf).or_default();
        let before = match change {
            Change::Deleted => shelf.objects.remove(&key),
            Change::Added | Change::Modified => shelf.objects.insert(key, object.clone()),
        };
        shelf.history.push_back(Event { revision, change, object: object.clone(), before });
        if shelf.history.len() > HISTORY {
            shelf.forgotten = shelf.history.pop_front().map_or(0, |event| event.revision);
        }
        // Sent while the lock is held: whoever is told of a revision finds it.
        self.0.changed.send_replace(revision);
        object
    }

    fn name(&self, state: &mut State, value: &mut Value) -> Result<(), Status> {
        if !object::name(value).is_empty() {
            return Ok(());
        }
        let prefix = object::text(value, "/metadata/generateName").to_owned();
        if prefix.is_empty() {
            return Err(Status::bad_request("resource name may not be empty"));
        }
        let name = format!("{prefix}{}", self.draw_suffix(state));
        object::metadata_mut(value).insert("name".to_owned(), name.into());
        Ok(())
    }

    fn draw_suffix(&self, state: &mut State) -> String {
        // The letters that generated names have: no vowels, and nothing that looks like something else.
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let bytes = self.draw(state);
        bytes.iter().take(5).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
    }

    fn uid(&self, state: &mut State) -> String {
        let bytes = self.draw(state);
        let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    fn draw(&self, state: &mut State) -> [u8; 32] {
        state.drawn += 1;
        Sha256::new().chain_update(self.0.seed.as_bytes()).chain_update(state.drawn.to_be_bytes()).finalize().into()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shelf_of((api_version, kind): Kind<'_>) -> (String, String) {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    kinds::home(group, kind)
}

fn place(value: &Value) -> ((String, String), (String, String)) {
    let kind = (object::text(value, "/apiVersion"), object::text(value, "/kind"));
    (shelf_of(kind), (object::namespace(value).unwrap_or_default().to_owned(), object::name(value).to_owned()))
}

/// Whether something must happen before it may go.
fn is_held(value: &Value) -> bool {
    let any = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    any(&value["metadata"]["finalizers"]) || value["kind"] == "Namespace" && any(&value["spec"]["finalizers"])
}

/// Whether it is a pod whose containers have still to be ended.
fn waits_for_its_node(value: &Value) -> bool {
    value["kind"] == "Pod" && value["metadata"]["deletionGracePeriodSeconds"] != json!(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: Kind<'static> = ("v1", "ConfigMap");

    fn map(name: &str) -> Value {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "a" } })
    }

    #[test]
    fn an_object_lives_and_dies() {
        let store = Store::new("1");
        let made = store.create(map("x")).unwrap();
        assert_eq!(made["metadata"]["resourceVersion"], "2");
        assert_eq!(store.create(map("x")).unwrap_err().message, "configmaps \"x\" already exists");
        assert!(!store.modify(MAP, Some("a"), "x", |_| ()).unwrap());
        assert!(store.modify(MAP, Some("a"), "x", |map| map["data"] = json!({ "k": "v" })).unwrap());
        let stale = (*made).clone();
        assert_eq!(store.update(stale).unwrap_err().reason, "Conflict");
        store.delete(MAP, Some("a"), "x").unwrap();
        assert!(store.get(MAP, Some("a"), "x").is_none());
        let changes: Vec<Change> = store.events(MAP, 1).unwrap().iter().map(|event| event.change).collect();
        assert_eq!(changes, [Change::Added, Change::Modified, Change::Deleted]);
    }

    #[test]
    fn finalizers_hold_an_object() {
        let store = Store::new("1");
        let mut held = map("x");
        held["metadata"]["finalizers"] = json!(["a/b"]);
        store.create(held).unwrap();
        assert!(object::is_terminating(&store.delete(MAP, Some("a"), "x").unwrap()));
        assert!(store.modify(MAP, Some("a"), "x", |map| map["metadata"]["finalizers"] = json!([])).unwrap());
        assert!(store.get(MAP, Some("a"), "x").is_none());
    }

    #[test]
    fn the_generation_counts_what_is_wanted() {
        let store = Store::new("1");
        let kind = ("apps/v1", "Deployment");
        store
            .create(json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d", "namespace": "a" }, "spec": {} }))
            .unwrap();
        store.modify(kind, Some("a"), "d", |object| object["status"] = json!({ "replicas": 1 })).unwrap();
        assert_eq!(store.get(kind, Some("a"), "d").unwrap()["metadata"]["generation"], 1);
        store.modify(kind, Some("a"), "d", |object| object["spec"]["replicas"] = json!(1)).unwrap();
        assert_eq!(store.get(kind, Some("a"), "d").unwrap()["metadata"]["generation"], 2);
    }

    #[test]
    fn a_list_is_of_one_namespace_or_all() {
        let store = Store::new("1");
        for (namespace, name) in [("b", "1"), ("a", "2"), ("a", "1"), ("aa", "1")] {
            let mut object = map(name);
            object["metadata"]["namespace"] = namespace.into();
            store.create(object).unwrap();
        }
        assert_eq!(store.list(MAP, Some("a")).len(), 2);
        assert_eq!(store.list(MAP, None).len(), 4);
    }
}
