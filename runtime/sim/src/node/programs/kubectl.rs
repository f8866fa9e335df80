//! `kubectl` in nodes, as the administrator: as far as clusters are made with it.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{options::Options, unknown};
use crate::{
    kube::{Cluster, Object, Resource, kinds, object},
    node::{io::Io, jsonpath, shell::Shell},
};

const VALUED: [&str; 15] = [
    "f",
    "filename",
    "o",
    "output",
    "n",
    "namespace",
    "l",
    "selector",
    "p",
    "patch",
    "type",
    "kubeconfig",
    "timeout",
    "for",
    "request-timeout",
];

/// What a command says, or why it failed.
type Said = Result<String, String>;

/// Run it.
pub async fn run(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &VALUED);
    let words: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let Some((command, words)) = words.split_first() else { return unknown(shell, "kubectl", io).await };
    let cluster = match cluster(shell, &options) {
        Ok(cluster) => cluster,
        Err(reason) => {
            io.err.say(format!("{reason}\n")).await;
            return 1;
        }
    };
    let said = match *command {
        "apply" | "create" => match input(shell, &options, io).await {
            Ok(text) => apply(&cluster, command, &options, &text),
            Err(reason) => Err(reason),
        },
        "get" => get(&cluster, &options, words),
        "patch" => patch(&cluster, &options, words),
        "label" | "annotate" => label(&cluster, command, &options, words),
        "taint" => taint(&cluster, &options, words),
        "delete" => delete(&cluster, &options, words),
        "wait" => wait(&cluster, &options, words).await,
        _ => return unknown(shell, &format!("kubectl {}", arguments.join(" ")), io).await,
    };
    match said {
        Ok(text) => {
            io.out.say(text).await;
            0
        }
        Err(reason) if reason.starts_with("the simulator") => {
            unknown(shell, &format!("kubectl {}", arguments.join(" ")), io).await
        }
        Err(reason) => {
            io.err.say(format!("{reason}\n")).await;
            1
        }
    }
}

const UNKNOWN: &str = "the simulator does not know this";

/// The cluster that the kubeconfig leads to: that of the node.
fn cluster(shell: &Shell, options: &Options) -> Result<Arc<Cluster>, String> {
    let path = options.value(&["kubeconfig"]).map(str::to_owned).or_else(|| shell.env.get("KUBECONFIG").cloned());
    let refused = || {
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?".to_owned()
    };
    let path = path.ok_or_else(refused)?;
    shell.read(&path).ok_or_else(refused)?;
    let name = shell.world.engine.state().container(&shell.container).ok().and_then(|one| one.cluster.clone()); // it may be gone
    name.and_then(|name| shell.world.cluster(&name)).ok_or_else(refused)
}

async fn input(shell: &Shell, options: &Options, io: &Io) -> Said {
    let bytes = match options.value(&["f", "filename"]) {
        Some("-") => Some(io.input.all().await),
        Some(path) => shell.read(path),
        None => return Err(UNKNOWN.to_owned()),
    };
    let bytes = bytes.ok_or("error: the path does not exist")?;
    String::from_utf8(bytes.to_vec()).map_err(|_| "error: error parsing STDIN: it is not UTF-8".to_owned())
}

/// The kind that a word of the command line means: `nodes`, `node`, `no`, `deployments.apps`.
fn kind(cluster: &Cluster, word: &str) -> Result<Resource, String> {
    let (plain, group) = word.split_once('.').map_or((word, None), |(plain, group)| (plain, Some(group)));
    let named = |one: &&Resource| {
        let names = one.plural == plain || one.singular == plain || one.short_names.iter().any(|short| short == plain);
        names && group.is_none_or(|group| one.group == group)
    };
    let custom = custom(cluster);
    let found = kinds::built_in().iter().chain(&custom).find(named).cloned();
    found.ok_or_else(|| format!("error: the server doesn't have a resource type \"{word}\""))
}

/// The kinds that definitions in the cluster have made.
fn custom(cluster: &Cluster) -> Vec<Resource> {
    let all = cluster.store().list(("apiextensions.k8s.io/v1", "CustomResourceDefinition"), None);
    let of = |one: &Object| {
        let text = |pointer: &str| object::text(one, pointer).to_owned();
        let versions = one["spec"]["versions"].as_array().cloned().unwrap_or_default();
        let namespaced = one["spec"]["scope"] == "Namespaced";
        let list: Vec<Resource> = versions
            .iter()
            .filter(|version| version["served"] == true)
            .map(|version| Resource {
                group: text("/spec/group"),
                version: object::text(version, "/name").to_owned(),
                kind: text("/spec/names/kind"),
                plural: text("/spec/names/plural"),
                singular: text("/spec/names/singular"),
                short_names: Vec::new(),
                categories: Vec::new(),
                namespaced,
                verbs: Vec::new(),
                subresources: Vec::new(),
                custom: true,
            })
            .collect();
        list
    };
    all.iter().flat_map(of).collect()
}

/// `apply` and `create`.
fn apply(cluster: &Cluster, command: &str, options: &Options, text: &str) -> Said {
    let known = ["f", "filename", "kubeconfig", "server-side", "force-conflicts", "validate", "n", "namespace"];
    if options.strange(&known).is_some() {
        return Err(UNKNOWN.to_owned());
    }
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let documents: Vec<Value> =
        documents.collect::<Result<_, _>>().map_err(|error| format!("error: error parsing STDIN: {error}"))?;
    let custom = custom(cluster);
    let mut said = String::new();
    for mut value in documents.into_iter().filter(|one| !one.is_null()) {
        let (version, kind) =
            (object::text(&value, "/apiVersion").to_owned(), object::text(&value, "/kind").to_owned());
        let name = object::name(&value).to_owned();
        let found =
            kinds::built_in().iter().chain(&custom).find(|one| one.api_version() == version && one.kind == kind);
        let resource = found.ok_or_else(|| {
            format!("error: resource mapping not found for name: \"{name}\" namespace: \"\" from \"STDIN\": no matches for kind \"{kind}\" in version \"{version}\"\nensure CRDs are installed first")
        })?;
        if resource.namespaced {
            let namespace = object::namespace(&value).map(str::to_owned);
            let namespace =
                namespace.unwrap_or_else(|| options.value(&["n", "namespace"]).unwrap_or("default").to_owned());
            if cluster.store().get(("v1", "Namespace"), None, &namespace).is_none() {
                return Err(format!("Error from server (NotFound): namespaces \"{namespace}\" not found"));
            }
            object::metadata_mut(&mut value).insert("namespace".to_owned(), namespace.into());
        }
        let store = cluster.store();
        let refused =
            |status: crate::kube::Status| format!("Error from server ({}): {}", status.reason, status.message);
        let there = store.get((&version, &kind), object::namespace(&value), &name).is_some();
        let act = match (command, options.has(&["server-side"])) {
            ("create", _) => {
                store.create(value).map_err(refused)?;
                "created"
            }
            (_, server_side) => {
                let changed = store.upsert(value).map_err(refused)?;
                match (server_side, there, changed) {
                    (true, ..) => "serverside-applied",
                    (_, false, _) => "created",
                    (_, true, true) => "configured",
                    (_, true, false) => "unchanged",
                }
            }
        };
        said.push_str(&format!("{}/{name} {act}\n", short(resource)));
    }
    Ok(said)
}

/// `node`, `deployment.apps`.
fn short(resource: &Resource) -> String {
    let group = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
    format!("{}{group}", resource.singular)
}

/// The objects that a command means, and whether it named one.
fn chosen(cluster: &Cluster, options: &Options, words: &[&str]) -> Result<(Resource, Vec<Object>, bool), String> {
    let (first, names) = words.split_first().ok_or("error: You must specify the type of resource")?;
    let (word, inline) = first.split_once('/').map_or((*first, None), |(word, name)| (word, Some(name)));
    let resource = kind(cluster, word)?;
    let version = resource.api_version();
    let place = (version.as_str(), resource.kind.as_str());
    let everywhere = options.has(&["A", "all-namespaces"]) || !resource.namespaced;
    let namespace = options.value(&["n", "namespace"]).unwrap_or("default");
    let namespace = (!everywhere).then_some(namespace);
    let names: Vec<&str> = inline.into_iter().chain(names.iter().copied()).collect();
    if names.is_empty() {
        let mut all = cluster.store().list(place, namespace);
        if let Some(selector) = options.value(&["l", "selector"]) {
            all.retain(|one| selected(one, selector));
        }
        return Ok((resource, all, false));
    }
    let mut found = Vec::new();
    for name in names {
        let one = cluster.store().get(place, namespace, name);
        found.push(
            one.ok_or_else(|| format!("Error from server (NotFound): {} \"{name}\" not found", resource.qualified()))?,
        );
    }
    Ok((resource, found, true))
}

fn selected(value: &Value, selector: &str) -> bool {
    selector.split(',').filter(|part| !part.is_empty()).all(|part| {
        let label = |key: &str| value["metadata"]["labels"].get(key.trim()).and_then(Value::as_str);
        match (part.split_once("!="), part.split_once('='), part.strip_prefix('!')) {
            (Some((key, wanted)), ..) => label(key) != Some(wanted.trim()),
            (_, Some((key, wanted)), _) => {
                label(key.trim_end_matches('=')) == Some(wanted.trim_start_matches('=').trim())
            }
            (_, _, Some(key)) => label(key).is_none(),
            _ => label(part).is_some(),
        }
    })
}

fn get(cluster: &Cluster, options: &Options, words: &[&str]) -> Said {
    let known =
        ["o", "output", "kubeconfig", "n", "namespace", "A", "all-namespaces", "l", "selector", "ignore-not-found"];
    if options.strange(&known).is_some() {
        return Err(UNKNOWN.to_owned());
    }
    let (resource, found, one) = match chosen(cluster, options, words) {
        Err(reason) if options.has(&["ignore-not-found"]) && reason.contains("(NotFound)") => return Ok(String::new()),
        other => other?,
    };
    let whole = match found.as_slice() {
        [single] if one => Value::clone(single),
        all => {
            let items: Vec<Value> = all.iter().map(|one| Value::clone(one)).collect();
            json!({ "apiVersion": "v1", "items": items, "kind": "List", "metadata": { "resourceVersion": "" } })
        }
    };
    match options.value(&["o", "output"]) {
        Some("json") => Ok(format!("{whole:#}\n")),
        Some("yaml") => serde_yaml::to_string(&whole).map_err(|error| error.to_string()),
        Some("name") => Ok(found.iter().map(|one| format!("{}/{}\n", short(&resource), object::name(one))).collect()),
        Some(template) => match template.strip_prefix("jsonpath=") {
            Some(template) => jsonpath::render(template.trim_matches('\''), &whole)
                .map_err(|error| format!("error: error parsing jsonpath: {error}")),
            None => Err(UNKNOWN.to_owned()),
        },
        None => Err(UNKNOWN.to_owned()),
    }
}

/// Change all objects that are meant. Tells what was done to each: the words when it changed something, and when not.
fn change(
    cluster: &Cluster,
    chosen: (Resource, Vec<Object>, bool),
    words: (&str, &str),
    act: impl Fn(&mut Value),
) -> Said {
    let (resource, found, _) = chosen;
    let version = resource.api_version();
    let mut said = String::new();
    for one in found {
        let place = (version.as_str(), resource.kind.as_str());
        let changed = cluster.store().modify(place, object::namespace(&one), object::name(&one), &act);
        let changed = changed.map_err(|status| format!("Error from server ({}): {}", status.reason, status.message))?;
        let word = if changed { words.0 } else { words.1 };
        said.push_str(&format!("{}/{} {word}\n", short(&resource), object::name(&one)));
    }
    Ok(said)
}

fn patch(cluster: &Cluster, options: &Options, words: &[&str]) -> Said {
    // Merge patches only: those of kind for nodes. Nothing of it is in lists, so the default kind of patch does the same there.
    if !matches!(options.value(&["type"]), Some("merge")) {
        return Err(UNKNOWN.to_owned());
    }
    let text = options.value(&["p", "patch"]).ok_or("error: must specify --patch")?;
    let patch: Value =
        serde_yaml::from_str(text).map_err(|error| format!("error: unable to parse \"{text}\": {error}"))?;
    let chosen = chosen(cluster, options, words)?;
    change(cluster, chosen, ("patched", "patched (no change)"), |value| object::merge(value, &patch))
}

fn label(cluster: &Cluster, command: &str, options: &Options, words: &[&str]) -> Said {
    let is_pair = |word: &&str| word.contains('=') || word.ends_with('-');
    let (pairs, rest): (Vec<&str>, Vec<&str>) = words.iter().copied().partition(is_pair);
    let chosen = chosen(cluster, options, &rest)?;
    if !chosen.2 && !options.has(&["all"]) && options.value(&["l", "selector"]).is_none() {
        return Err("error: one or more resources must be specified as <resource> <name>".to_owned());
    }
    let field = if command == "label" { "labels" } else { "annotations" };
    let patch: serde_json::Map<String, Value> = pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.into()),
            None => (pair.trim_end_matches('-').to_owned(), Value::Null),
        })
        .collect();
    let patch = json!({ "metadata": { field: patch } });
    let words = if command == "label" { ("labeled", "not labeled") } else { ("annotated", "annotated") };
    change(cluster, chosen, words, |value| object::merge(value, &patch))
}

fn taint(cluster: &Cluster, options: &Options, words: &[&str]) -> Said {
    let Some((taint, words)) = words.split_last() else { return Err(UNKNOWN.to_owned()) };
    let Some(key) = taint.strip_suffix('-') else { return Err(UNKNOWN.to_owned()) };
    let chosen = chosen(cluster, options, words)?;
    if !chosen.2 && !options.has(&["all"]) {
        return Err("error: at least one resource name must be specified since 'all' parameter is not set".to_owned());
    }
    let key = key.split(':').next().unwrap_or_default();
    let has =
        |one: &Object| one["spec"]["taints"].as_array().is_some_and(|all| all.iter().any(|one| one["key"] == key));
    if !chosen.1.iter().any(has) {
        return Err(format!("error: taint \"{key}\" not found"));
    }
    change(cluster, chosen, ("untainted", "untainted"), |node| {
        if let Some(taints) = node["spec"]["taints"].as_array_mut() {
            taints.retain(|one| one["key"] != key);
        }
    })
}

fn delete(cluster: &Cluster, options: &Options, words: &[&str]) -> Said {
    let (resource, found, one) = match chosen(cluster, options, words) {
        Err(reason) if options.has(&["ignore-not-found"]) && reason.contains("(NotFound)") => return Ok(String::new()),
        other => other?,
    };
    if !one {
        return Err(UNKNOWN.to_owned());
    }
    let version = resource.api_version();
    let mut said = String::new();
    for one in found {
        let deleted = cluster.store().delete((&version, &resource.kind), object::namespace(&one), object::name(&one));
        deleted.map_err(|status| format!("Error from server ({}): {}", status.reason, status.message))?;
        said.push_str(&format!("{} \"{}\" deleted\n", short(&resource), object::name(&one)));
    }
    Ok(said)
}

async fn wait(cluster: &Cluster, options: &Options, words: &[&str]) -> Said {
    let condition = options.value(&["for"]).and_then(|wanted| wanted.strip_prefix("condition=")).ok_or(UNKNOWN)?;
    let (condition, wanted) = condition.split_once('=').unwrap_or((condition, "True"));
    let timeout = options.value(&["timeout"]).unwrap_or("30s");
    let seconds = timeout.strip_suffix('s').and_then(|seconds| seconds.parse::<u64>().ok()).ok_or(UNKNOWN)?;
    let met = |one: &Object| {
        let all = one["status"]["conditions"].as_array();
        all.into_iter().flatten().any(|one| {
            object::text(one, "/type").eq_ignore_ascii_case(condition)
                && object::text(one, "/status").eq_ignore_ascii_case(wanted)
        })
    };
    let mut changed = cluster.store().changed();
    let waiting = async {
        loop {
            changed.mark_unchanged();
            let (resource, found, _) = chosen(cluster, options, words)?;
            if found.is_empty() {
                return Err("error: no matching resources found".to_owned());
            }
            if found.iter().all(met) {
                return Ok(found
                    .iter()
                    .map(|one| format!("{}/{} condition met\n", short(&resource), object::name(one)))
                    .collect());
            }
            if changed.changed().await.is_err() {
                return Err("the connection to the server was lost".to_owned());
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(seconds), waiting).await;
    waited.unwrap_or_else(|_| Err(format!("error: timed out waiting for the condition on {}", words.join("/"))))
}
