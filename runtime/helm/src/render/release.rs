//! What templates are told of the release and the cluster: `.Release`, `.Capabilities`, `.Chart`, `.Files`.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Chart, Error, Metadata,
    files::Files,
    semver::Version,
    template::{
        object::{Field, Object, Struct},
        value::{List, Map, STRING_MAP, STRINGS, VERSION_SET, Value},
    },
};

/// The type of `.Chart`.
const CHART: &str = "struct { chart.Metadata; IsRoot bool }";

/// The release that is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Who renders it; `Helm`.
    pub service: String,
    /// The revision; Helm's `template` says 1, istioctl 0.
    pub revision: i64,
    /// Whether it is installed anew.
    pub is_install: bool,
    /// Whether it is upgraded.
    pub is_upgrade: bool,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            name: "release-name".into(),
            namespace: "default".into(),
            service: "Helm".into(),
            revision: 1,
            is_install: true,
            is_upgrade: false,
        }
    }
}

/// What the cluster can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The Kubernetes version, such as `v1.27.3`.
    pub kube_version: String,
    /// The API versions that are served: `apps/v1`, or with the kind `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
    /// The Helm version that templates see.
    pub helm_version: String,
}

impl Default for Capabilities {
    /// As Helm 3.13 has them without a cluster: Kubernetes 1.28, and the API versions that its client library knows.
    fn default() -> Self {
        Self {
            kube_version: "v1.28.0".into(),
            api_versions: KNOWN_VERSIONS.iter().map(|version| (*version).into()).collect(),
            helm_version: "v3.13.3".into(),
        }
    }
}

const KNOWN_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1alpha1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1alpha1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1alpha1",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// A version as Helm writes it: with a leading `v` and three numbers.
pub(crate) fn kube_version(text: &str) -> Result<Version, Error> {
    Version::parse(text).map_err(|reason| Error::Version { version: text.to_owned(), reason })
}

impl Release {
    pub(super) fn value(&self) -> Value {
        let entries: [(&str, Value); 6] = [
            ("Name", Value::text(&*self.name)),
            ("Namespace", Value::text(&*self.namespace)),
            ("Service", Value::text(&*self.service)),
            ("Revision", Value::int(self.revision)),
            ("IsInstall", Value::Bool(self.is_install)),
            ("IsUpgrade", Value::Bool(self.is_upgrade)),
        ];
        Value::map(entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect())
    }
}

impl Capabilities {
    pub(super) fn value(&self) -> Result<Value, Error> {
        let version = kube_version(&self.kube_version)?;
        let text: Arc<str> = format!("v{version}").into();
        let field = |name, text: String| Field::new(name, name, false, Value::text(text));
        let kube = Struct {
            go_type: "chartutil.KubeVersion",
            pointer: false,
            fields: vec![
                field("Version", text.to_string()),
                field("Major", version.major.to_string()),
                field("Minor", version.minor.to_string()),
            ],
            embedded: 0,
            text: Some(text),
        };
        let omitted = |name, json, text: &str| Field::new(name, json, true, Value::text(text));
        let helm = Struct {
            go_type: "version.BuildInfo",
            pointer: false,
            fields: vec![
                omitted("Version", "version", &self.helm_version),
                omitted("GitCommit", "git_commit", ""),
                omitted("GitTreeState", "git_tree_state", ""),
                omitted("GoVersion", "go_version", "go1.20.11"),
            ],
            embedded: 0,
            text: None,
        };
        let versions = self.api_versions.iter().map(|version| Value::text(&**version)).collect();
        Ok(object(
            "*chartutil.Capabilities",
            true,
            vec![
                Field::new("KubeVersion", "KubeVersion", false, Value::Object(Object::Struct(kube).into())),
                Field::new("APIVersions", "APIVersions", false, Value::List(List::new(VERSION_SET, versions))),
                Field::new("HelmVersion", "HelmVersion", false, Value::Object(Object::Struct(helm).into())),
            ],
        ))
    }
}

fn object(go_type: &'static str, pointer: bool, fields: Vec<Field>) -> Value {
    let embedded = if go_type == CHART { fields.len() - 1 } else { 0 };
    Value::Object(Object::Struct(Struct { go_type, pointer, fields, embedded, text: None }).into())
}

/// `.Chart`
pub(super) fn chart_value(metadata: &Metadata, is_root: bool) -> Value {
    let text = |name, json, text: &str| Field::new(name, json, true, Value::text(text));
    let texts =
        |name, json, all: &[String]| Field::new(name, json, true, Value::strings(all.iter().map(String::as_str)));
    let annotations: BTreeMap<Arc<str>, Value> =
        metadata.annotations.iter().map(|(key, value)| (Arc::from(key.as_str()), Value::text(&**value))).collect();
    object(
        CHART,
        false,
        vec![
            text("Name", "name", &metadata.name),
            text("Home", "home", &metadata.home),
            texts("Sources", "sources", &metadata.sources),
            text("Version", "version", &metadata.version),
            text("Description", "description", &metadata.description),
            texts("Keywords", "keywords", &metadata.keywords),
            Field::new("Maintainers", "maintainers", true, maintainers(metadata)),
            text("Icon", "icon", &metadata.icon),
            text("APIVersion", "apiVersion", &metadata.api_version),
            text("Condition", "condition", &metadata.condition),
            text("Tags", "tags", &metadata.tags),
            text("AppVersion", "appVersion", &metadata.app_version),
            Field::new("Deprecated", "deprecated", true, Value::Bool(metadata.deprecated)),
            Field::new("Annotations", "annotations", true, Value::Map(Map::new(STRING_MAP, annotations))),
            text("KubeVersion", "kubeVersion", &metadata.kube_version),
            Field::new("Dependencies", "dependencies", true, dependencies(metadata)),
            text("Type", "type", &metadata.kind),
            Field::new("IsRoot", "IsRoot", false, Value::Bool(is_root)),
        ],
    )
}

fn maintainers(metadata: &Metadata) -> Value {
    let text = |name, json, text: &str| Field::new(name, json, true, Value::text(text));
    let one = |maintainer: &crate::Maintainer| {
        object(
            "*chart.Maintainer",
            true,
            vec![
                text("Name", "name", &maintainer.name),
                text("Email", "email", &maintainer.email),
                text("URL", "url", &maintainer.url),
            ],
        )
    };
    Value::List(List::new("[]*chart.Maintainer", metadata.maintainers.iter().map(one).collect()))
}

fn dependencies(metadata: &Metadata) -> Value {
    let text = |name, json, omitted, text: &str| Field::new(name, json, omitted, Value::text(text));
    let one = |dependency: &crate::Dependency| {
        let tags = dependency.tags.iter().map(|tag| Value::text(&**tag)).collect();
        object(
            "*chart.Dependency",
            true,
            vec![
                text("Name", "name", false, &dependency.name),
                text("Version", "version", true, &dependency.version),
                text("Repository", "repository", false, &dependency.repository),
                text("Condition", "condition", true, &dependency.condition),
                Field::new("Tags", "tags", true, Value::List(List::new(STRINGS, tags))),
                Field::new("Enabled", "enabled", true, Value::Bool(dependency.enabled)),
                text("Alias", "alias", true, &dependency.alias),
            ],
        )
    };
    Value::List(List::new("[]*chart.Dependency", metadata.dependencies.iter().flatten().map(one).collect()))
}

/// `.Files`
pub(super) fn files_value(chart: &Chart) -> Value {
    let files = chart.files.iter().map(|file| (file.name.clone(), file.data.clone())).collect();
    Value::Object(Object::Files(Files::new(files)).into())
}
