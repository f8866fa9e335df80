//! The kubeconfig contexts that lead to a kind cluster: written, found, removed.

use std::path::PathBuf;

use meshrun_docker::Docker;
use meshrun_host::{Failure, Value};
use meshrun_kind::key;
use meshrun_kube::kubeconfig::{self, Names, Source, merge_entry, remove_context, use_context};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{Cluster, Cx};

/// How long to wait for whoever else writes the kubeconfig.
const LOCKED: Timeout = Timeout::minutes(1);

/// Where a context finds the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Place {
    /// At the port that this machine publishes.
    #[default]
    Host,
    /// At the node's address in the Docker network.
    Node,
}

/// The contexts that are wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The kubeconfig file; by default the one that kubectl would use.
    pub kubeconfig: Option<String>,
    /// A context beside `kind-<name>`.
    pub context: Option<String>,
    /// Where that one finds the API server.
    pub server: Place,
}

/// Make sure that the kubeconfig has the context `kind-<name>` and the one beside it. When that changes something, the context is made
/// the current one, as kind does. Returns the cluster with the context beside it, or else with that of kind.
pub(crate) async fn write(
    cx: &Cx,
    docker: &Docker,
    found: &meshrun_kind::Cluster,
    wanted: &Wanted,
) -> Result<Cluster, Failure> {
    let source = cx.world.kubeconfig(wanted.kubeconfig.as_deref());
    let own = key(&found.name);
    let path = file_of(&source, &own)?;
    let beside = wanted.context.as_ref().filter(|name| **name != own);
    if let Some(name) = beside {
        check_free(cx, &source, name, &found.name)?;
    }
    let text = meshrun_kind::kubeconfig(docker, &found.name, false).await?;
    let note = json!({ "cluster": found.name });
    let mut changed = merge_entry(&path, text.expose(), &Names::all(&own), Some(&note), LOCKED).await?;
    if let Some(name) = beside {
        let server = server(found, wanted.server);
        let moved = with_server(text.expose(), server)?;
        let path = file_of(&source, name)?;
        changed |= merge_entry(&path, &moved, &Names::all(name), Some(&note), LOCKED).await?;
    }
    let context = beside.unwrap_or(&own).clone();
    if changed {
        use_context(&source, &context, LOCKED).await?;
        cx.steps().changed(format!("wrote context {context} to {}", path.display()));
    }
    let server = if beside.is_some() { server(found, wanted.server) } else { found.server.as_deref() };
    Ok(described(found, context, Some(&path), server))
}

/// The cluster as a value of scripts, with a context that leads to it.
pub(crate) fn described(
    found: &meshrun_kind::Cluster,
    context: String,
    path: Option<&PathBuf>,
    server: Option<&str>,
) -> Cluster {
    Cluster {
        name: found.name.clone(),
        context,
        kubeconfig: path.map(|path| path.display().to_string()),
        server: server.map(str::to_owned),
        internal_server: found.internal_server.clone(),
        network: Some(found.network.clone()),
    }
}

/// Remove the contexts that lead to a cluster: that of kind, if the cluster was there or meshrun has written it, and those that meshrun has
/// written beside it.
pub(crate) async fn remove(cx: &Cx, kubeconfig: Option<&str>, cluster: &str, was_there: bool) -> Result<bool, Failure> {
    let source = cx.world.kubeconfig(kubeconfig);
    let mut names: Vec<String> = kubeconfig::marks(&source)?
        .into_iter()
        .filter(|(_, note)| note["cluster"] == cluster)
        .map(|(name, _)| name)
        .collect();
    let own = key(cluster);
    if was_there && !names.contains(&own) {
        names.push(own);
    }
    let mut removed = false;
    for name in names {
        if remove_context(&source, &name, LOCKED).await? {
            cx.steps().changed(format!("removed context {name}"));
            removed = true;
        }
    }
    Ok(removed)
}

/// The file that has the context, or else that new ones are written to.
pub(crate) fn file_of(source: &Source, context: &str) -> Result<PathBuf, Failure> {
    let known = kubeconfig::contexts(source)?.into_iter().find(|known| known.name == context);
    let path = known.map(|known| known.file).or_else(|| source.path_to_write());
    path.ok_or_else(|| meshrun_kube::Error::NoKubeconfig.into())
}

/// A context that somebody else has made, or that meshrun has made for another cluster, is not overwritten unasked.
fn check_free(cx: &Cx, source: &Source, context: &str, cluster: &str) -> Result<(), Failure> {
    let is_there = kubeconfig::contexts(source)?.iter().any(|known| known.name == context);
    let for_it = || {
        Ok::<_, Failure>(
            kubeconfig::marks(source)?.iter().any(|(name, note)| name == context && note["cluster"] == cluster),
        )
    };
    if !is_there || cx.call.context.permissions.names_context(context) || for_it()? {
        return Ok(());
    }
    Err(meshrun_kube::Error::ContextTaken { context: context.to_owned() }.into())
}

fn server(found: &meshrun_kind::Cluster, place: Place) -> Option<&str> {
    match place {
        Place::Host => found.server.as_deref(),
        Place::Node => found.internal_server.as_deref(),
    }
}

/// The same kubeconfig with another server.
fn with_server(text: &str, server: Option<&str>) -> Result<String, Failure> {
    // The text holds a key: nothing of it may come into an error.
    let mut config: Value =
        meshrun_yaml::parse(text).map_err(|_| Failure::bug("the kubeconfig of a node is no YAML"))?;
    if let Some(server) = server {
        config["clusters"][0]["cluster"]["server"] = server.into();
    }
    Ok(meshrun_yaml::to_string(&config))
}
