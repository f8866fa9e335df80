//! Edits of kubeconfig files. Each tells whether it changed something, and doing it again changes nothing.

use std::path::{Path, PathBuf};

use meshrun_terms::Timeout;
use serde_json::{Value, json};

use super::{
    Names, Source,
    document::{self, CLUSTERS, CONTEXTS},
    file,
    view::{contexts, no_context},
};
use crate::Error;

/// Take the cluster, user and context of a kubeconfig's text over into a file under other names; with a `mark`, the
/// context is marked as made by meshrun. The current context stays as it is; see [`use_context`].
///
/// # Errors
/// When the text does not hold exactly one cluster, user and context, when the file is no kubeconfig, cannot be
/// written or stays locked.
pub async fn merge_entry(
    path: &Path,
    text: &str,
    names: &Names,
    mark: Option<&Value>,
    timeout: Timeout,
) -> Result<bool, Error> {
    let other = file::parse(text, &names.context)?;
    file::change(path, timeout, |document| {
        if !document::merge_entry(document, &other, names) {
            return Err(Error::NotOneEntry { context: names.context.clone() });
        }
        if let Some(note) = mark {
            document::mark(document, &names.context, note);
        }
        Ok(())
    })
    .await
}

/// Make a context the current one.
///
/// # Errors
/// When there is no such context, or the file cannot be written or stays locked.
pub async fn use_context(source: &Source, name: &str, timeout: Timeout) -> Result<bool, Error> {
    find(source, name)?;
    let path = source.path_to_write().ok_or(Error::NoKubeconfig)?;
    if contexts(source)?.iter().any(|context| context.name == name && context.current) {
        return Ok(false);
    }
    file::change(&path, timeout, |document| {
        document::use_context(document, name);
        Ok(())
    })
    .await
}

/// Give a context another name. When only the new name exists, it has been done before.
///
/// # Errors
/// When there is no such context, when both names exist, or the file cannot be written or stays locked.
pub async fn rename_context(source: &Source, from: &str, to: &str, timeout: Timeout) -> Result<bool, Error> {
    let known = contexts(source)?;
    let exists = |name: &str| known.iter().any(|context| context.name == name);
    match (exists(from), exists(to)) {
        _ if from == to && exists(from) => return Ok(false),
        (true, true) => return Err(Error::ContextTaken { context: to.to_owned() }),
        (false, true) => return Ok(false),
        _ => {}
    }
    let path = find(source, from)?;
    let changed = file::change(&path, timeout, |document| {
        document::rename_context(document, from, to);
        Ok(())
    })
    .await?;
    // The current context may be named in another file of the list.
    for other in source.paths().into_iter().filter(|other| *other != path && other.is_file()) {
        file::change(&other, timeout, |document| {
            if document::current_context(document) == Some(from) {
                document["current-context"] = json!(to);
            }
            Ok(())
        })
        .await?;
    }
    Ok(changed)
}

/// Make a second context for the cluster and user of an existing one. A mark of the first is copied.
///
/// # Errors
/// When there is no such context, when the alias exists and leads elsewhere, or the file cannot be written or stays locked.
pub async fn alias_context(source: &Source, context: &str, alias: &str, timeout: Timeout) -> Result<bool, Error> {
    let path = find(source, context)?;
    let known = contexts(source)?;
    let of = |name: &str| known.iter().find(|known| known.name == name).map(|known| (&known.cluster, &known.user));
    if let Some(taken) = of(alias) {
        return if of(context) == Some(taken) {
            Ok(false)
        } else {
            Err(Error::ContextTaken { context: alias.to_owned() })
        };
    }
    file::change(&path, timeout, |document| {
        if let Some(content) = document::content(document, CONTEXTS, context).cloned() {
            document::put(document, CONTEXTS, alias, content);
        }
        Ok(())
    })
    .await
}

/// Write another URL of the API server into the cluster of a context.
///
/// # Errors
/// When there is no such context, or the file cannot be written or stays locked.
pub async fn set_server(source: &Source, context: &str, server: &str, timeout: Timeout) -> Result<bool, Error> {
    find(source, context)?;
    let known = contexts(source)?;
    let cluster =
        known.iter().find(|known| known.name == context).map(|known| known.cluster.clone()).unwrap_or_default();
    for path in source.paths() {
        if document::entry(&file::read(&path)?, CLUSTERS, &cluster).is_none() {
            continue;
        }
        return file::change(&path, timeout, |document| {
            if let Some(mut content) = document::content(document, CLUSTERS, &cluster).cloned() {
                content["server"] = json!(server);
                document::put(document, CLUSTERS, &cluster, content);
            }
            Ok(())
        })
        .await;
    }
    Err(Error::NoClusterEntry { context: context.to_owned(), cluster })
}

/// Remove a context from all files, with its cluster and user when no other context of the file uses them. One that is
/// not there needs no removal.
///
/// # Errors
/// When a file cannot be written or stays locked.
pub async fn remove_context(source: &Source, context: &str, timeout: Timeout) -> Result<bool, Error> {
    let mut changed = false;
    for path in source.paths().into_iter().filter(|path| path.is_file()) {
        let document = file::read(&path)?;
        let concerned = document::entry(&document, CONTEXTS, context).is_some()
            || document::current_context(&document) == Some(context);
        if !concerned {
            continue;
        }
        changed |= file::change(&path, timeout, |document| {
            document::remove_context(document, context);
            if document::current_context(document) == Some(context) {
                document["current-context"] = json!("");
            }
            Ok(())
        })
        .await?;
    }
    Ok(changed)
}

/// Mark a context as made by meshrun, with a note.
///
/// # Errors
/// When there is no such context, or the file cannot be written or stays locked.
pub async fn mark_context(source: &Source, context: &str, note: &Value, timeout: Timeout) -> Result<bool, Error> {
    let path = find(source, context)?;
    file::change(&path, timeout, |document| {
        document::mark(document, context, note);
        Ok(())
    })
    .await
}

/// The file that a context stands in.
fn find(source: &Source, name: &str) -> Result<PathBuf, Error> {
    let known = contexts(source)?;
    if let Some(context) = known.iter().find(|context| context.name == name) {
        return Ok(context.file.clone());
    }
    let names: Vec<String> = known.into_iter().map(|context| context.name).collect();
    Err(no_context(source, name, &names))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::kubeconfig::{current_context, is_ours};

    const SOON: Timeout = Timeout::seconds(10);
    const ADMIN: &str = "
clusters: [{name: kubernetes, cluster: {server: https://x:6443, certificate-authority-data: Y2E=}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: admin@kubernetes, context: {cluster: kubernetes, user: admin}}]
current-context: admin@kubernetes
";

    async fn two_files() -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "apiVersion: v1\nkind: Config\ncurrent-context: ''\nnote: keep\n").unwrap();
        let variable = format!("{}:{}:{}", one.display(), two.display(), folder.path().join("missing").display());
        merge_entry(&two, ADMIN, &Names::all("kind-a"), Some(&json!({ "cluster": "a" })), SOON).await.unwrap();
        (folder, Source { variable: Some(variable), ..Source::default() })
    }

    #[tokio::test]
    async fn every_edit_changes_once_and_then_nothing() {
        let (_folder, source) = two_files().await;
        assert!(is_ours(&source, "kind-a").unwrap());
        assert!(use_context(&source, "kind-a", SOON).await.unwrap());
        assert!(!use_context(&source, "kind-a", SOON).await.unwrap());
        assert_eq!(current_context(&source).unwrap().as_deref(), Some("kind-a"));

        assert!(rename_context(&source, "kind-a", "a", SOON).await.unwrap());
        assert!(!rename_context(&source, "kind-a", "a", SOON).await.unwrap());
        assert_eq!(current_context(&source).unwrap().as_deref(), Some("a"), "it was named in the other file");

        assert!(alias_context(&source, "a", "kind-a", SOON).await.unwrap());
        assert!(!alias_context(&source, "a", "kind-a", SOON).await.unwrap());
        assert!(is_ours(&source, "kind-a").unwrap());

        assert!(set_server(&source, "a", "https://y:6443", SOON).await.unwrap());
        assert!(!set_server(&source, "a", "https://y:6443", SOON).await.unwrap());
        let servers: Vec<_> = contexts(&source).unwrap().into_iter().map(|context| context.server.unwrap()).collect();
        assert_eq!(servers, ["https://y:6443", "https://y:6443"]);

        assert!(remove_context(&source, "a", SOON).await.unwrap());
        assert!(!remove_context(&source, "a", SOON).await.unwrap());
        assert_eq!(current_context(&source).unwrap(), None);
        assert!(remove_context(&source, "kind-a", SOON).await.unwrap());
        assert_eq!(contexts(&source).unwrap(), []);
        let paths = source.paths();
        assert!(fs::read_to_string(&paths[0]).unwrap().contains("note: keep"));
        assert!(!fs::read_to_string(&paths[1]).unwrap().contains("secret"), "the user went with the last context");
    }

    #[tokio::test]
    async fn a_missing_context_is_answered_with_the_nearest() {
        let (_folder, source) = two_files().await;
        let error = use_context(&source, "kind-b", SOON).await.unwrap_err();
        assert_eq!(error.to_string(), "no context `kind-b`, did you mean `kind-a`?");
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_is_not_overwritten() {
        let (_folder, source) = two_files().await;
        let two = source.paths()[1].clone();
        merge_entry(&two, ADMIN, &Names::all("kind-b"), None, SOON).await.unwrap();
        let error = rename_context(&source, "kind-a", "kind-b", SOON).await.unwrap_err();
        assert_eq!(error.to_string(), "a context `kind-b` exists already");
        let error = alias_context(&source, "kind-a", "kind-b", SOON).await.unwrap_err();
        assert_eq!(error.to_string(), "a context `kind-b` exists already");
        assert!(!is_ours(&source, "kind-b").unwrap());
    }
}
