//! Manifests: objects from text, files, folders, addresses and values, each knowing where it came from.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use meshrun_terms::Timeout;
use serde_json::{Value, json};

use crate::{
    Error,
    error::Result,
    object::{kind_of, name_of},
};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// An object to apply or delete.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The object.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// Where an object came from: `web.yaml:12`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file, address, or what the caller called the text; empty for a value made in memory.
    pub name: String,
    /// The line on which it begins, from 1; 0 when there is none.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), self.line) {
            ("", _) => formatter.write_str("an object"),
            (name, 0) => formatter.write_str(name),
            (name, line) => write!(formatter, "{name}:{line}"),
        }
    }
}

/// A place that objects come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Manifest {
    /// YAML or JSON, and what to call it in errors.
    Text { text: String, name: String },
    /// A file, or a folder whose .yaml, .yml and .json files are taken in the order of their names.
    Path(PathBuf),
    /// An http or https address.
    Url(String),
    /// An object, a `List`, or an array of these.
    Value(Value),
}

impl Manifest {
    /// What a user writes: an address, or a path.
    pub fn named(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Url(text.to_owned());
        }
        Self::Path(text.into())
    }
}

/// The objects of a manifest. `List` kinds are unpacked.
///
/// # Errors
/// When a file or address cannot be read, is no YAML, or holds something that is no object.
pub async fn load(manifest: &Manifest, timeout: Timeout) -> Result<Vec<Object>> {
    match manifest {
        Manifest::Text { text, name } => parse(text, name),
        Manifest::Path(path) => load_path(path),
        Manifest::Url(url) => parse(&fetch(url, timeout).await?, url),
        Manifest::Value(value) => {
            let mut objects = Vec::new();
            unpack(value.clone(), &Origin::default(), &mut objects)?;
            Ok(objects)
        }
    }
}

/// The objects of a text. `List` kinds are unpacked, empty documents left out.
///
/// # Errors
/// When it is no YAML or holds something that is no object; `name` then says where.
pub fn parse(text: &str, name: &str) -> Result<Vec<Object>> {
    let documents =
        meshrun_yaml::parse_documents(text).map_err(|error| Error::Malformed { source: error.in_file(name) })?;
    let mut objects = Vec::new();
    for document in documents {
        let origin = Origin { name: name.to_owned(), line: document.line };
        unpack(document.value, &origin, &mut objects)?;
    }
    Ok(objects)
}

fn load_path(path: &Path) -> Result<Vec<Object>> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_dir() {
        let text = fs::read_to_string(path).map_err(unreadable)?;
        return parse(&text, &path.display().to_string());
    }
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()).map_err(unreadable)?;
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|file| is_manifest(file)).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::NoManifest { path: path.to_owned() });
    }
    let objects = files.iter().map(|file| load_path(file)).collect::<Result<Vec<_>>>()?;
    Ok(objects.into_iter().flatten().collect())
}

fn is_manifest(file: &Path) -> bool {
    let known = |extension: &str| EXTENSIONS.contains(&extension);
    file.is_file() && file.extension().and_then(|extension| extension.to_str()).is_some_and(known)
}

async fn fetch(url: &str, timeout: Timeout) -> Result<String> {
    let failed = |source: reqwest::Error| Error::Fetch { url: url.to_owned(), source: Box::new(source.without_url()) };
    let client = http_client(url, timeout.duration()).map_err(failed)?;
    let response = client.get(url).send().await.map_err(failed)?;
    response.error_for_status().map_err(failed)?.text().await.map_err(failed)
}

fn http_client(url: &str, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let builder = || reqwest::Client::builder().timeout(timeout);
    match builder().build() {
        // Certificates are not needed here; a host that has none must still be able to fetch.
        Err(_) if url.starts_with("http://") => builder().tls_certs_only([]).build(),
        client => client,
    }
}

/// Take an object as it is, and a list as its items.
fn unpack(value: Value, origin: &Origin, objects: &mut Vec<Object>) -> Result<()> {
    match value {
        Value::Array(items) => items.into_iter().try_for_each(|item| unpack(item, origin, objects)),
        Value::Object(mut fields) if fields.get("items").is_some_and(Value::is_array) && is_list(&fields) => {
            let list = Value::Object(std::mem::take(&mut fields));
            items_of(list).into_iter().try_for_each(|item| unpack(item, origin, objects))
        }
        value => {
            check(&value, origin)?;
            objects.push(Object { value, origin: origin.clone() });
            Ok(())
        }
    }
}

fn is_list(fields: &serde_json::Map<String, Value>) -> bool {
    fields.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"))
}

/// The items of a list; in a `PodList` and the like they may lack what the list as a whole says.
fn items_of(mut list: Value) -> Vec<Value> {
    let kind = kind_of(&list).trim_end_matches("List").to_owned();
    let api_version = list["apiVersion"].clone();
    let Value::Array(mut items) = list["items"].take() else { return Vec::new() };
    for item in items.iter_mut().filter(|item| item.is_object() && item["kind"].is_null() && !kind.is_empty()) {
        item["kind"] = json!(kind);
        item["apiVersion"] = api_version.clone();
    }
    items
}

fn check(value: &Value, origin: &Origin) -> Result<()> {
    let bad = |missing: &str| Err(Error::BadManifest { origin: origin.to_string(), missing: missing.to_owned() });
    if !value.is_object() {
        return bad("found something that is no map");
    }
    if value["apiVersion"].as_str().is_none_or(str::is_empty) {
        return bad("`apiVersion` is missing");
    }
    if kind_of(value).is_empty() {
        return bad("`kind` is missing");
    }
    if name_of(value).is_empty() {
        return bad("`metadata.name` is missing");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(objects: &[Object]) -> Vec<String> {
        let told = |object: &Object| format!("{} {} {}", object.origin, kind_of(&object.value), name_of(&object.value));
        objects.iter().map(told).collect()
    }

    #[test]
    fn documents_and_lists_are_unpacked_with_their_lines() {
        let text = "# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n---\n\
                    apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: c}\n";
        let objects = parse(text, "x.yaml").unwrap();
        assert_eq!(told(&objects), ["x.yaml:3 Namespace a", "x.yaml:8 Secret b", "x.yaml:13 ConfigMap c"]);
    }

    #[tokio::test]
    async fn a_folder_is_read_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let config_map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        for name in ["b.yml", "a.yaml", "c.json", "note.txt"] {
            fs::write(folder.path().join(name), config_map(&name[..1])).unwrap();
        }
        let objects = load(&Manifest::Path(folder.path().into()), Timeout::seconds(1)).await.unwrap();
        assert_eq!(objects.iter().map(|object| name_of(&object.value)).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused_with_its_place() {
        let error = parse("\n\nkind: Pod\n", "x.yaml").unwrap_err();
        assert_eq!(error.to_string(), "x.yaml:3: expected a Kubernetes object, but `apiVersion` is missing");
        let value = Manifest::Value(json!([{ "apiVersion": "v1", "kind": "Pod" }]));
        let error = load(&value, Timeout::seconds(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "an object: expected a Kubernetes object, but `metadata.name` is missing");
        assert!(parse("hello", "x.yaml").is_err());
    }
}
