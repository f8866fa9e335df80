//! From files, flags and profile to one checked IstioOperator.

use std::path::{Path as FilePath, PathBuf};

use serde_json::{Map, Value, json};

use crate::{
    Error,
    operator::{
        charts::Charts,
        json_merge::json_merge,
        merge_rules::overlay_operator,
        object::missing_key,
        problem::Problem,
        request::{Cluster, Request, Stamp},
        reverse::{enable_gateways, proxy_metadata_as_texts, values_to_settings},
        schema::{OPERATOR_SPEC, Reading, decode},
        semantic,
        set::{Flag, overlaid},
        validate::check_spec,
    },
};

/// The configuration that counts.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The whole IstioOperator.
    pub operator: Value,
    pub warnings: Vec<String>,
}

impl Merged {
    pub fn spec(&self) -> &Value {
        self.operator.get("spec").unwrap_or(&Value::Null)
    }
}

/// Lay the request's files over each other and over the profile, write the flags, check the result.
pub(crate) fn merge(request: &Request, charts: &Charts) -> Result<Merged, Error> {
    let mut warnings = Vec::new();
    let flags = flags(request)?;
    let files = read_files(&request.files)?;
    let place = places(&request.files);
    let file_spec = read_spec(&files, &place)?;
    complain(check_spec(&file_spec), &place, request.force, &mut warnings)?;

    let named = file_spec.get("profile").and_then(Value::as_str).filter(|name| !name.is_empty());
    let profile = Flag::last(&flags, "profile").or(named).unwrap_or("default");
    let mut base = profile_operator(charts, profile)?;
    stamp(&mut base, request.stamp.as_ref().or(charts.stamp()));
    if let Some(cluster) = &request.cluster {
        json_merge(&mut base, &facts(cluster));
    }

    let overlay = values_to_settings(overlaid(files, &flags)?)?;
    let merged =
        overlay_operator(base, overlay.clone()).map_err(|source| Error::Merge { file: place.clone(), source })?;
    let mut merged = enable_gateways(merged, &overlay)?;
    if flags.iter().any(|flag| flag.path.contains("meshConfig.defaultConfig.proxyMetadata")) {
        proxy_metadata_as_texts(&mut merged);
    }

    let place = format!("profile `{profile}` with files and flags");
    let mut spec = read_spec(&merged, &place)?;
    complain(check_spec(&spec), &place, request.force, &mut warnings)?;
    refuse_cert_provider(&spec, request.cluster.as_ref())?;
    let path = package_path(&file_spec, &flags);
    finish(&mut spec, path, profile);
    let findings = semantic::check(&spec);
    warnings.extend(findings.warnings);
    if !findings.problems.is_empty() {
        return Err(Error::Semantic { problems: findings.problems });
    }
    let namespace = Flag::last(&flags, "values.global.istioNamespace");
    Ok(Merged { operator: whole(merged, spec, namespace), warnings })
}

/// See [`Request::install_package_path`].
pub(crate) fn install_package_path(request: &Request) -> Result<Option<PathBuf>, Error> {
    let flags = flags(request)?;
    let spec = read_spec(&read_files(&request.files)?, &places(&request.files))?;
    Ok(package_path(&spec, &flags).map(PathBuf::from))
}

fn package_path(file_spec: &Value, flags: &[Flag]) -> Option<String> {
    let from_file = file_spec.get("installPackagePath").and_then(Value::as_str).filter(|path| !path.is_empty());
    Flag::last(flags, "installPackagePath").or(from_file).map(str::to_owned)
}

/// The flags, with the revision as the last one.
fn flags(request: &Request) -> Result<Vec<Flag>, Error> {
    let revision = request.revision.as_deref().filter(|revision| !matches!(*revision, "" | "default"));
    let mut flags: Vec<Flag> = request.set.iter().map(|flag| Flag::parse(flag)).collect::<Result<_, _>>()?;
    if let Some(revision) = revision {
        flags.push(Flag::parse(&format!("revision={revision}"))?);
    }
    Ok(flags)
}

/// The files laid over each other; null when there are none.
fn read_files(files: &[(String, String)]) -> Result<Value, Error> {
    let mut all = Value::Null;
    for (name, text) in files {
        let yaml =
            |source: meshrun_yaml::Error| Error::Yaml { file: name.clone(), source: Box::new(source.in_file(name)) };
        let documents = meshrun_yaml::parse_all(text).map_err(yaml)?;
        if let Some(missing) = documents.iter().find_map(missing_key) {
            return Err(Error::NoObject { file: name.clone(), missing });
        }
        let operators = documents.iter().filter(|document| document["kind"] == "IstioOperator").count();
        if operators > 1 {
            return Err(Error::SeveralOperators { file: name.clone() });
        }
        // Only the first document counts, an empty one too.
        let first = meshrun_yaml::parse(text).map_err(yaml)?;
        all = overlay_operator(all, first).map_err(|source| Error::Merge { file: name.clone(), source })?;
    }
    Ok(all)
}

fn places(files: &[(String, String)]) -> String {
    match files {
        [] => "the configuration".to_owned(),
        files => files.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" with "),
    }
}

/// The spec of an IstioOperator, every key known and every type right.
fn read_spec(operator: &Value, place: &str) -> Result<Value, Error> {
    const KNOWN: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
    let invalid = |problems| Err(Error::Invalid { place: place.to_owned(), problems });
    let empty = Map::new();
    let map = match operator {
        Value::Null => &empty,
        Value::Object(map) => map,
        _ => return invalid(vec![Problem::at("", "expected a map")]),
    };
    let unknown = map.keys().filter(|key| !KNOWN.contains(&key.as_str()));
    let mut problems: Vec<Problem> = unknown
        .map(|key| {
            let problem = Problem::at("", format!("unknown field `{key}`"));
            problem.hint(Problem::nearest(key, KNOWN.into_iter()))
        })
        .collect();
    problems.extend(check_metadata(map.get("metadata").unwrap_or(&Value::Null)));
    let read = decode(&OPERATOR_SPEC, map.get("spec").unwrap_or(&Value::Null), Reading::Strict, "spec");
    problems.extend(read.problems);
    if problems.is_empty() {
        return Ok(read.value);
    }
    if let Some(kind) = map.get("kind").and_then(Value::as_str).filter(|kind| *kind != "IstioOperator") {
        problems.insert(0, Problem::at("kind", format!("expected `IstioOperator`, found `{kind}`")));
    }
    invalid(problems)
}

fn check_metadata(metadata: &Value) -> Vec<Problem> {
    const KNOWN: [&str; 15] = [
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ];
    match metadata {
        Value::Null => Vec::new(),
        Value::Object(map) => map
            .keys()
            .filter(|key| !KNOWN.contains(&key.as_str()))
            .map(|key| {
                let problem = Problem::at("metadata", format!("unknown field `{key}`"));
                problem.hint(Problem::nearest(key, KNOWN.into_iter()))
            })
            .collect(),
        _ => vec![Problem::at("metadata", "expected a map")],
    }
}

/// Mistakes end it, unless it is forced.
fn complain(problems: Vec<Problem>, place: &str, force: bool, warnings: &mut Vec<String>) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    if !force {
        return Err(Error::Unchecked { place: place.to_owned(), problems });
    }
    let new = problems.iter().map(|problem| format!("ignored because of force: {problem}"));
    for warning in new {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Ok(())
}

/// The profile by name, or by path, laid over the default one, which for a path stands beside it.
fn profile_operator(charts: &Charts, profile: &str) -> Result<Value, Error> {
    if charts.profile(profile).is_none() && profile.contains(['/', '.']) {
        return profile_from_file(FilePath::new(profile));
    }
    let known = || Error::NoProfile { name: profile.to_owned(), known: charts.profile_names() };
    let chosen = charts.profile(profile).ok_or_else(known)?.clone();
    if profile == "default" {
        return Ok(chosen);
    }
    let default = charts.profile("default").ok_or_else(known)?.clone();
    overlay_operator(default, chosen).map_err(|source| Error::Merge { file: format!("profile {profile}"), source })
}

fn profile_from_file(path: &FilePath) -> Result<Value, Error> {
    let chosen = read_yaml(path)?;
    if path.file_name().is_some_and(|name| name == "default.yaml") {
        return Ok(chosen);
    }
    let default = read_yaml(&path.with_file_name("default.yaml"))?;
    overlay_operator(default, chosen).map_err(|source| Error::Merge { file: path.display().to_string(), source })
}

pub(crate) fn read_yaml(path: &FilePath) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let file = path.display().to_string();
    meshrun_yaml::parse(&text).map_err(|source| Error::Yaml { source: Box::new(source.in_file(&file)), file })
}

fn stamp(base: &mut Value, stamp: Option<&Stamp>) {
    if let Some(Stamp { hub, tag }) = stamp {
        json_merge(base, &json!({"spec": {"hub": hub, "tag": tag}}));
    }
}

/// What a cluster says over the profile.
fn facts(cluster: &Cluster) -> Value {
    let policy = if cluster.third_party_tokens { "third-party-jwt" } else { "first-party-jwt" };
    let mut facts = json!({"spec": {"values": {"global": {"jwtPolicy": policy}}}});
    // GKE allows the plugin's priority in this namespace only.
    if cluster.version.contains("-gke") {
        facts["spec"]["components"] = json!({"cni": {"namespace": "kube-system"}});
    }
    facts
}

fn refuse_cert_provider(spec: &Value, cluster: Option<&Cluster>) -> Result<(), Error> {
    let provider = spec.pointer("/values/global/pilotCertProvider").and_then(Value::as_str);
    match cluster {
        Some(cluster) if provider == Some("kubernetes") && minor(&cluster.version).is_none_or(|minor| minor >= 22) => {
            Err(Error::CertProvider { version: cluster.version.clone() })
        }
        _ => Ok(()),
    }
}

/// The second number of a version `v1.29.2`.
fn minor(version: &str) -> Option<u64> {
    let second = version.split('.').nth(1)?;
    second.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

fn finish(spec: &mut Value, package_path: Option<String>, profile: &str) {
    let Value::Object(map) = spec else { return };
    if let Some(path) = package_path {
        map.insert("installPackagePath".to_owned(), Value::from(path));
    }
    map.entry("profile").or_insert_with(|| Value::from(if profile.is_empty() { "default" } else { profile }));
}

/// The whole IstioOperator again.
fn whole(merged: Value, spec: Value, namespace: Option<&str>) -> Value {
    let mut metadata = merged.get("metadata").cloned().unwrap_or_else(|| json!({}));
    if let (Some(namespace), Value::Object(metadata)) = (namespace, &mut metadata) {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    }
    let text = |key: &str, default: &str| merged.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
    json!({
        "apiVersion": text("apiVersion", "install.istio.io/v1alpha1"),
        "kind": text("kind", "IstioOperator"),
        "metadata": metadata,
        "spec": spec,
    })
}
