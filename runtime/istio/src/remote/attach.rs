//! Remote secrets in the cluster of a control plane: put there, listed, taken away.

use base64::{Engine, prelude::BASE64_STANDARD};
use meshrun_kube::{ApplyOptions, Client, DeleteOptions, Object, Origin, Query, Reference, apply, delete, name_of};
use meshrun_terms::{Steps, Timeout};
use serde::Serialize;
use serde_json::Value;

use super::{LABEL, RemoteSecret, kubeconfig::server_of};
use crate::{Error, install::FIELD_MANAGER};

/// A remote secret that a cluster has: what it says of one remote cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The remote cluster's name.
    pub name: String,
    /// The secret.
    pub secret: String,
    /// The API server in it; none when it is no kubeconfig.
    pub server: Option<String>,
}

/// Give a control plane the remote secret of another cluster. Tells whether that changed anything.
///
/// # Errors
/// When the namespace is missing or the cluster refuses.
pub async fn add(client: &Client, secret: &RemoteSecret, steps: &Steps) -> Result<bool, Error> {
    let options = ApplyOptions { field_manager: FIELD_MANAGER.to_owned(), force: true, ..ApplyOptions::default() };
    let object = Object { value: secret.object(), origin: Origin::default() };
    let applied = apply(client, vec![object], &options, steps).await?;
    Ok(applied.iter().any(|object| object.action != meshrun_kube::Action::Unchanged))
}

/// The remote clusters that a control plane is told of, whether it has read them or not.
///
/// # Errors
/// When the cluster does not answer or refuses.
pub async fn list(client: &Client, namespace: &str) -> Result<Vec<Known>, Error> {
    let mut known: Vec<Known> = secrets(client, namespace).await?.iter().flat_map(known).collect();
    known.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(known)
}

async fn secrets(client: &Client, namespace: &str) -> Result<Vec<Value>, Error> {
    let query = Query::of("v1/Secret").in_namespace(namespace).with_labels(format!("{LABEL}=true"));
    Ok(meshrun_kube::list(client, &query).await?)
}

fn known(secret: &Value) -> Vec<Known> {
    let entries = secret["data"].as_object().into_iter().flatten();
    let entry = |(name, value): (&String, &Value)| {
        let text = BASE64_STANDARD.decode(value.as_str()?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let server = text.as_deref().and_then(server_of);
        Some(Known { name: name.clone(), secret: name_of(secret).to_owned(), server })
    };
    entries.filter_map(entry).collect()
}

/// Take the remote secrets of a cluster away, whatever they are called. Tells whether there was one.
///
/// # Errors
/// When the cluster does not answer or refuses.
pub async fn remove(
    client: &Client,
    namespace: &str,
    name: &str,
    timeout: Timeout,
    steps: &Steps,
) -> Result<bool, Error> {
    let found: Vec<Reference> = secrets(client, namespace)
        .await?
        .iter()
        .filter(|secret| known(secret).iter().any(|known| known.name == name))
        .map(Reference::of)
        .collect();
    let options = DeleteOptions { wait: Some(timeout), ..DeleteOptions::default() };
    Ok(!delete(client, &found, &options, steps).await?.is_empty())
}

#[cfg(test)]
mod tests {
    use meshrun_terms::Secret;

    use super::*;

    #[test]
    fn what_a_secret_says_is_read_back() {
        let config = "clusters:\n- cluster:\n    server: https://172.18.0.2:6443\n";
        let secret = RemoteSecret {
            name: "east".to_owned(),
            namespace: "istio-system".to_owned(),
            kubeconfig: Secret::new(config),
        };
        let expected = Known {
            name: "east".to_owned(),
            secret: "istio-remote-secret-east".to_owned(),
            server: Some("https://172.18.0.2:6443".to_owned()),
        };
        assert_eq!(known(&secret.object()), [expected]);
    }
}
