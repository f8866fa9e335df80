//! A kubeconfig's text as a value: reading, merging and editing without I/O, keeping what is not known.

use serde_json::{Map, Value, json};

/// The three lists of a kubeconfig, with the key under which an entry holds its content.
pub(crate) const CLUSTERS: List = List { name: "clusters", content: "cluster" };
pub(crate) const USERS: List = List { name: "users", content: "user" };
pub(crate) const CONTEXTS: List = List { name: "contexts", content: "context" };

/// The name of the extension that marks a context as made by meshrun.
const MARK: &str = "meshrun";

/// A named list of a kubeconfig.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) name: &'static str,
    pub(crate) content: &'static str,
}

/// The names that the entries of a merged kubeconfig get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The context's name.
    pub context: String,
    /// The cluster's name.
    pub cluster: String,
    /// The user's name.
    pub user: String,
}

impl Names {
    /// The same name for all three, as kind does.
    pub fn all(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { context: name.clone(), cluster: name.clone(), user: name }
    }
}

/// The entry's content, such as the map beneath `cluster:`.
pub(crate) fn content<'v>(document: &'v Value, list: List, name: &str) -> Option<&'v Value> {
    entry(document, list, name)?.get(list.content)
}

pub(crate) fn entry<'v>(document: &'v Value, list: List, name: &str) -> Option<&'v Value> {
    entries(document, list).find(|entry| entry["name"] == name)
}

pub(crate) fn entries(document: &Value, list: List) -> impl Iterator<Item = &Value> {
    document.get(list.name).and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn names(document: &Value, list: List) -> Vec<String> {
    entries(document, list).filter_map(|entry| entry["name"].as_str()).map(str::to_owned).collect()
}

/// The current context; an empty name counts as none.
pub(crate) fn current_context(document: &Value) -> Option<&str> {
    document.get("current-context").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// Put an entry into its list, in place of the one with the same name.
pub(crate) fn put(document: &mut Value, list: List, name: &str, content: Value) {
    edit_list(document, list, |entries| match entries.iter_mut().find(|entry| entry["name"] == name) {
        Some(entry) => entry[list.content] = content,
        None => entries.push(json!({ "name": name, list.content: content })),
    });
}

pub(crate) fn drop_entry(document: &mut Value, list: List, name: &str) {
    if entry(document, list, name).is_some() {
        edit_list(document, list, |entries| entries.retain(|entry| entry["name"] != name));
    }
}

/// Change a list; one that is missing or null is made.
fn edit_list(document: &mut Value, list: List, edit: impl FnOnce(&mut Vec<Value>)) {
    let slot = &mut fields(document)[list.name];
    let mut entries = match slot.take() {
        Value::Array(entries) => entries,
        _ => Vec::new(),
    };
    edit(&mut entries);
    *slot = Value::Array(entries);
}

fn fields(document: &mut Value) -> &mut Value {
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    document
}

/// Give a file the head that kubectl expects, if it has none.
fn complete(document: &mut Value) {
    let fields = fields(document);
    for (key, value) in [("apiVersion", json!("v1")), ("kind", json!("Config"))] {
        if fields[key].is_null() {
            fields[key] = value;
        }
    }
    for list in [CLUSTERS, USERS, CONTEXTS] {
        edit_list(document, list, |_| {});
    }
}

/// Take the one cluster, user and context of another kubeconfig over under these names. What an existing context has
/// besides its cluster and user (a namespace, a mark) is kept. False when there are not exactly one of each.
pub(crate) fn merge_entry(document: &mut Value, other: &Value, names: &Names) -> bool {
    let only = |list: List| match &*entries(other, list).collect::<Vec<_>>() {
        [entry] => entry.get(list.content).cloned(),
        _ => None,
    };
    let (Some(cluster), Some(user), Some(mut context)) = (only(CLUSTERS), only(USERS), only(CONTEXTS)) else {
        return false;
    };
    complete(document);
    put(document, CLUSTERS, &names.cluster, cluster);
    put(document, USERS, &names.user, user);
    if let Some(Value::Object(known)) = content(document, CONTEXTS, &names.context).cloned() {
        for (key, value) in known {
            if context.get(&key).is_none() {
                context[key] = value;
            }
        }
    }
    context["cluster"] = json!(names.cluster);
    context["user"] = json!(names.user);
    put(document, CONTEXTS, &names.context, context);
    true
}

/// Make a context the current one.
pub(crate) fn use_context(document: &mut Value, name: &str) {
    complete(document);
    document["current-context"] = json!(name);
}

/// Rename a context in place; whoever had it as current context follows.
pub(crate) fn rename_context(document: &mut Value, from: &str, to: &str) {
    edit_list(document, CONTEXTS, |entries| {
        for entry in entries.iter_mut().filter(|entry| entry["name"] == from) {
            entry["name"] = json!(to);
        }
    });
    if current_context(document) == Some(from) {
        document["current-context"] = json!(to);
    }
}

/// Remove a context, and its cluster and user when no other context needs them.
pub(crate) fn remove_context(document: &mut Value, name: &str) {
    let Some(context) = content(document, CONTEXTS, name).cloned() else { return };
    drop_entry(document, CONTEXTS, name);
    for (list, key) in [(CLUSTERS, "cluster"), (USERS, "user")] {
        let Some(target) = context[key].as_str() else { continue };
        let still_used = entries(document, CONTEXTS).any(|entry| entry[CONTEXTS.content][key] == target);
        if !still_used {
            drop_entry(document, list, target);
        }
    }
    if current_context(document) == Some(name) {
        document["current-context"] = json!("");
    }
}

/// Mark a context as made by meshrun, with a note of ours.
pub(crate) fn mark(document: &mut Value, name: &str, note: &Value) {
    let Some(mut context) = content(document, CONTEXTS, name).cloned() else { return };
    let mark = json!({ "name": MARK, "extension": note });
    let mut extensions = context["extensions"].as_array().cloned().unwrap_or_default();
    match extensions.iter_mut().find(|extension| extension["name"] == MARK) {
        Some(extension) => *extension = mark,
        None => extensions.push(mark),
    }
    context["extensions"] = Value::Array(extensions);
    put(document, CONTEXTS, name, context);
}

/// The note in the mark of a context that meshrun made.
pub(crate) fn mark_of<'v>(document: &'v Value, name: &str) -> Option<&'v Value> {
    let extensions = content(document, CONTEXTS, name)?.get("extensions")?.as_array()?;
    extensions.iter().find(|extension| extension["name"] == MARK)?.get("extension")
}

/// Merge as kubectl reads several files: of equal names the first wins, the first current context that is set counts.
pub(crate) fn merge(into: &mut Value, next: &Value) {
    let current = current_context(into).or(current_context(next)).map(str::to_owned);
    for list in [CLUSTERS, USERS, CONTEXTS] {
        for other in entries(next, list) {
            let Some(name) = other["name"].as_str() else { continue };
            if entry(into, list, name).is_none() {
                edit_list(into, list, |entries| entries.push(other.clone()));
            }
        }
    }
    if let Some(current) = current {
        fields(into)["current-context"] = json!(current);
    }
}

/// Make relative paths of keys, certificates and plugins absolute: they are meant from the file's folder.
pub(crate) fn anchor(document: &mut Value, folder: &std::path::Path) {
    let paths: [(List, &[&str]); 2] =
        [(CLUSTERS, &["certificate-authority"]), (USERS, &["client-certificate", "client-key", "tokenFile"])];
    for (list, keys) in paths {
        for entry in document[list.name].as_array_mut().into_iter().flatten() {
            for key in keys {
                anchor_path(&mut entry[list.content], key, folder);
            }
        }
    }
    for entry in document["users"].as_array_mut().into_iter().flatten() {
        let exec = &mut entry["user"]["exec"];
        // A bare command is looked up in PATH; only one with a folder in it is relative to the file.
        if exec["command"].as_str().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR)) {
            anchor_path(exec, "command", folder);
        }
    }
}

fn anchor_path(holder: &mut Value, key: &str, folder: &std::path::Path) {
    if let Some(path) = holder.get(key).and_then(Value::as_str).filter(|path| !path.is_empty()) {
        holder[key] = json!(folder.join(path).to_string_lossy());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "a", "preferences": { "colors": true }, "x-note": 1,
            "clusters": [{ "name": "a", "cluster": { "server": "https://a:6443", "x": "y" }, "z": 1 }],
            "users": [{ "name": "a", "user": { "token": "t" } }],
            "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a", "namespace": "n" } }],
        })
    }

    fn kubeadm() -> Value {
        json!({
            "clusters": [{ "name": "kubernetes", "cluster": { "server": "https://b:6443" } }],
            "users": [{ "name": "admin", "user": { "client-key-data": "k" } }],
            "contexts": [{ "name": "admin@kubernetes", "context": { "cluster": "kubernetes", "user": "admin" } }],
        })
    }

    #[test]
    fn merging_into_an_empty_file_makes_a_whole_kubeconfig() {
        let mut document = Value::Null;
        assert!(merge_entry(&mut document, &kubeadm(), &Names::all("kind-b")));
        use_context(&mut document, "kind-b");
        let expected = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "kind-b",
            "clusters": [{ "name": "kind-b", "cluster": { "server": "https://b:6443" } }],
            "users": [{ "name": "kind-b", "user": { "client-key-data": "k" } }],
            "contexts": [{ "name": "kind-b", "context": { "cluster": "kind-b", "user": "kind-b" } }],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn merging_again_replaces_and_keeps_what_it_does_not_know() {
        let mut document = sample();
        mark(&mut document, "a", &json!({ "cluster": "a" }));
        assert!(merge_entry(&mut document, &kubeadm(), &Names::all("a")));
        assert_eq!(document["x-note"], 1);
        assert_eq!(document["preferences"]["colors"], true);
        assert_eq!(document["clusters"], json!([{ "name": "a", "cluster": { "server": "https://b:6443" }, "z": 1 }]));
        assert_eq!(document["contexts"][0]["context"]["namespace"], "n");
        assert_eq!(mark_of(&document, "a"), Some(&json!({ "cluster": "a" })));
    }

    #[test]
    fn a_kubeconfig_with_two_clusters_is_not_merged() {
        let mut other = kubeadm();
        other["clusters"].as_array_mut().unwrap().push(json!({ "name": "c", "cluster": {} }));
        let mut document = sample();
        assert!(!merge_entry(&mut document, &other, &Names::all("b")));
        assert_eq!(document, sample());
    }

    #[test]
    fn renaming_takes_the_current_context_along() {
        let mut document = sample();
        rename_context(&mut document, "a", "b");
        assert_eq!((names(&document, CONTEXTS), current_context(&document)), (vec!["b".to_owned()], Some("b")));
        assert_eq!(document["contexts"][0]["context"]["cluster"], "a");
    }

    #[test]
    fn removing_keeps_what_another_context_uses() {
        let mut document = sample();
        put(&mut document, CONTEXTS, "alias", json!({ "cluster": "a", "user": "a" }));
        remove_context(&mut document, "a");
        assert_eq!(names(&document, CONTEXTS), ["alias"]);
        assert_eq!((names(&document, CLUSTERS), names(&document, USERS)), (vec!["a".to_owned()], vec!["a".to_owned()]));
        assert_eq!(current_context(&document), None);
        remove_context(&mut document, "alias");
        assert_eq!(document["clusters"], json!([]));
        assert_eq!(document["users"], json!([]));
    }

    #[test]
    fn the_first_file_wins_and_an_empty_current_context_counts_as_none() {
        let mut merged = json!({ "current-context": "", "clusters": null });
        let mut other = sample();
        merge(&mut merged, &other);
        other["clusters"][0]["cluster"]["server"] = json!("https://other");
        merge(&mut merged, &other);
        assert_eq!(current_context(&merged), Some("a"));
        assert_eq!(content(&merged, CLUSTERS, "a").unwrap()["server"], "https://a:6443");
    }

    #[test]
    fn relative_paths_are_meant_from_the_folder_of_the_file() {
        let mut document = json!({
            "clusters": [{ "name": "a", "cluster": { "certificate-authority": "ca.pem" } }],
            "users": [
                { "name": "a", "user": { "client-key": "/k.pem", "exec": { "command": "./plugin" } } },
                { "name": "b", "user": { "exec": { "command": "aws" } } },
            ],
        });
        anchor(&mut document, std::path::Path::new("/etc/k"));
        assert_eq!(document["clusters"][0]["cluster"]["certificate-authority"], "/etc/k/ca.pem");
        assert_eq!(document["users"][0]["user"]["client-key"], "/k.pem");
        assert_eq!(document["users"][0]["user"]["exec"]["command"], "/etc/k/./plugin");
        assert_eq!(document["users"][1]["user"]["exec"]["command"], "aws");
    }
}
