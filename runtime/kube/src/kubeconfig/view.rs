//! What a set of kubeconfig files says, taken together.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

use super::{
    Source,
    document::{self, CLUSTERS, CONTEXTS, USERS},
    file,
};
use crate::{Error, nearest::nearest};

/// A context of a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The name of its cluster's entry.
    pub cluster: String,
    /// The name of its user's entry.
    pub user: Option<String>,
    /// The namespace that it sets.
    pub namespace: Option<String>,
    /// The URL of the API server.
    pub server: Option<String>,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether meshrun made it.
    pub ours: bool,
    /// The file that it stands in.
    pub file: PathBuf,
}

/// All contexts of all files, sorted by name. Files that do not exist count as empty.
///
/// # Errors
/// When a file cannot be read or is no kubeconfig.
pub fn contexts(source: &Source) -> Result<Vec<Context>, Error> {
    let files =
        source.paths().into_iter().map(|path| Ok((file::read(&path)?, path))).collect::<Result<Vec<_>, Error>>()?;
    let merged = merged(files.iter().map(|(value, _)| value));
    let current = document::current_context(&merged).map(str::to_owned);
    let mut contexts: Vec<Context> = Vec::new();
    for (value, path) in &files {
        for name in document::names(value, CONTEXTS) {
            if contexts.iter().all(|context| context.name != name) {
                contexts.push(context(&merged, name, current.as_deref(), path));
            }
        }
    }
    contexts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(contexts)
}

fn context(merged: &Value, name: String, current: Option<&str>, path: &Path) -> Context {
    let content = document::content(merged, CONTEXTS, &name).unwrap_or(&Value::Null);
    let text = |key: &str| content[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let cluster = text("cluster").unwrap_or_default();
    let server = document::content(merged, CLUSTERS, &cluster).and_then(|cluster| cluster["server"].as_str());
    Context {
        server: server.map(str::to_owned),
        user: text("user"),
        namespace: text("namespace"),
        current: current == Some(&name),
        ours: document::mark_of(merged, &name).is_some(),
        file: path.to_owned(),
        cluster,
        name,
    }
}

/// The name of the current context, if one is set.
///
/// # Errors
/// As [`contexts`].
pub fn current_context(source: &Source) -> Result<Option<String>, Error> {
    Ok(document::current_context(&load(source)?).map(str::to_owned))
}

/// Whether meshrun made this context; false when there is none of that name.
///
/// # Errors
/// As [`contexts`].
pub fn is_ours(source: &Source, context: &str) -> Result<bool, Error> {
    Ok(document::mark_of(&load(source)?, context).is_some())
}

/// The contexts that meshrun made, with the note that each was marked with.
///
/// # Errors
/// As [`contexts`].
pub fn marks(source: &Source) -> Result<Vec<(String, Value)>, Error> {
    let merged = load(source)?;
    let marked = |name: String| document::mark_of(&merged, &name).cloned().map(|note| (name, note));
    Ok(document::names(&merged, CONTEXTS).into_iter().filter_map(marked).collect())
}

/// A number that changes when what a context says does: a client that was made of it before is then stale.
///
/// # Errors
/// As [`contexts`].
pub fn fingerprint(source: &Source, context: &str) -> Result<u64, Error> {
    let merged = load(source)?;
    let content = document::content(&merged, CONTEXTS, context).unwrap_or(&Value::Null);
    let of = |list, key: &str| content[key].as_str().and_then(|name| document::content(&merged, list, name));
    let mut hasher = DefaultHasher::new();
    for part in [Some(content), of(CLUSTERS, "cluster"), of(USERS, "user")] {
        part.map(Value::to_string).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// All files merged, with paths inside made absolute.
pub(crate) fn load(source: &Source) -> Result<Value, Error> {
    let mut files = Vec::new();
    for path in source.paths() {
        let mut value = file::read(&path)?;
        if let Some(folder) = std::path::absolute(&path).ok().as_deref().and_then(Path::parent) {
            document::anchor(&mut value, folder);
        }
        files.push(value);
    }
    Ok(merged(&files))
}

fn merged<'v>(values: impl IntoIterator<Item = &'v Value>) -> Value {
    let mut merged = Value::Object(serde_json::Map::new());
    for value in values {
        document::merge(&mut merged, value);
    }
    merged
}

/// The merged kubeconfig in kube's type and the name of the context that is meant, which exists. None when no file says
/// anything and no context was asked for.
pub(crate) fn configuration(
    source: &Source,
    wanted: Option<&str>,
) -> Result<Option<(kube::config::Kubeconfig, String)>, Error> {
    let merged = load(source)?;
    let names = document::names(&merged, CONTEXTS);
    let Some(name) = wanted.or(document::current_context(&merged)) else {
        return if names.is_empty() { Ok(None) } else { Err(Error::NoCurrentContext { known: names }) };
    };
    if !names.iter().any(|known| known == name) {
        return Err(no_context(source, name, &names));
    }
    let kubeconfig = serde_json::from_value(merged.clone())
        .map_err(|source| Error::BadKubeconfig { context: name.to_owned(), source })?;
    Ok(Some((kubeconfig, name.to_owned())))
}

/// The error about a context that no file has.
pub(crate) fn no_context(source: &Source, name: &str, known: &[String]) -> Error {
    Error::NoContext {
        context: name.to_owned(),
        nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        known: known.to_vec(),
        files: source.paths(),
    }
}
