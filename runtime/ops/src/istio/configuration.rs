//! What an Istio installation is made from, as scripts give it: files, maps and flags, and the release with the charts.

use std::{path::PathBuf, sync::Arc};

use meshrun_host::{Failure, Value};
use meshrun_istio::operator::{Charts, Request};
use meshrun_terms::Timeout;
use serde_json::json;

use crate::{Cx, release::sources};

/// The version that this program is made for.
pub(super) fn version() -> String {
    "1.20.1".to_owned()
}

/// A configuration and where its charts are.
#[derive(Debug, Clone, Default)]
pub(super) struct Configuration {
    /// IstioOperator files, by path.
    pub files: Vec<String>,
    /// IstioOperators as maps or texts, laid over the files.
    pub operators: Vec<Value>,
    /// `path=value`.
    pub set: Vec<String>,
    /// The control plane's revision.
    pub revision: Option<String>,
    /// Whether mistakes become warnings.
    pub force: bool,
    /// Only these components.
    pub components: Vec<String>,
    /// The version of Istio.
    pub version: String,
    /// A folder in place of the release of that version.
    pub release: Option<String>,
}

impl Configuration {
    /// The request that it makes, and the charts for it. `timeout` is for fetching the release.
    pub async fn load(&self, cx: &Cx, timeout: Timeout) -> Result<(Request, Arc<Charts>), Failure> {
        let request = self.request(cx).await?;
        let folder = match (request.install_package_path()?, &self.release) {
            (Some(path), _) => cx.world.environment.path(&path.to_string_lossy()),
            (None, Some(path)) => cx.world.environment.path(path),
            (None, None) => self.fetched(cx, timeout).await?,
        };
        Ok((request, Arc::new(Charts::load(folder)?)))
    }

    /// The folder of the release.
    async fn fetched(&self, cx: &Cx, timeout: Timeout) -> Result<PathBuf, Failure> {
        let mut sources = sources(&cx.world);
        sources.timeout = timeout;
        Ok(meshrun_release::istio(&sources, &self.version, cx.steps()).await?)
    }

    async fn request(&self, cx: &Cx) -> Result<Request, Failure> {
        let mut files = Vec::new();
        for name in &self.files {
            let path = cx.world.environment.path(name.trim());
            let text = tokio::fs::read_to_string(&path)
                .await
                .map_err(|source| meshrun_istio::Error::Unreadable { path, source })?;
            files.push((name.clone(), text));
        }
        let given = self.operators.iter().enumerate().map(|(at, operator)| {
            let text = operator.as_str().map_or_else(|| meshrun_yaml::to_string(operator), str::to_owned);
            (format!("operators[{at}]"), text)
        });
        files.extend(given);
        Ok(Request {
            files,
            set: self.set.clone(),
            revision: self.revision.clone(),
            force: self.force,
            components: self.components.clone(),
            ..Request::default()
        })
    }
}

/// The IstioOperator that a script means: a whole one, or only its `spec`, as a map; or a YAML text.
pub(super) fn whole_operator(operator: Value) -> Value {
    let Value::Object(fields) = &operator else { return operator };
    if fields.contains_key("apiVersion") || fields.contains_key("kind") {
        return operator;
    }
    let mut whole = json!({ "apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator" });
    if fields.keys().all(|key| matches!(key.as_str(), "metadata" | "spec")) && !fields.is_empty() {
        for (key, value) in fields {
            whole[key] = value.clone();
        }
    } else {
        whole["spec"] = operator;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_alone_is_an_operator_too() {
        let head = ("install.istio.io/v1alpha1", "IstioOperator");
        for (given, spec) in [
            (json!({ "profile": "minimal" }), json!({ "profile": "minimal" })),
            (json!({ "spec": { "profile": "minimal" } }), json!({ "profile": "minimal" })),
            (json!({}), json!({})),
        ] {
            let whole = whole_operator(given);
            assert_eq!((whole["apiVersion"].as_str(), whole["kind"].as_str()), (Some(head.0), Some(head.1)));
            assert_eq!(whole["spec"], spec);
        }
        let other = json!({ "apiVersion": "v1", "kind": "ConfigMap" });
        assert_eq!(whole_operator(other.clone()), other, "what it is not is for the check to say");
    }
}
