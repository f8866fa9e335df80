//! The remote secret of a cluster: how a control plane elsewhere reads it.

use base64::{Engine, prelude::BASE64_STANDARD};
use meshrun_kube::{
    ApplyOptions, Client, Condition, Object, Origin, Query, Reference, Subject, WaitOptions, apply, find, get, list,
    name_of, wait,
};
use meshrun_terms::{Secret, Steps, Timeout};
use serde_json::{Value, json};

use super::{ANNOTATION, LABEL, kubeconfig::kubeconfig, reader::READER, server::check_server};
use crate::{Error, install::FIELD_MANAGER};

const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// What the remote secret is to say.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster's name in the mesh; it must be what its own control plane goes by (`global.multiCluster.clusterName`).
    pub name: String,
    /// The API server as pods of other clusters reach it.
    pub server: String,
    /// Take a server that only its own machine reaches.
    pub force: bool,
    /// Istio's namespace.
    pub namespace: String,
    /// The account by which the cluster is read.
    pub account: String,
    /// The secret with the account's token; by default the one that there is, else a new one.
    pub token_secret: Option<String>,
    /// How long the token is waited for.
    pub timeout: Timeout,
}

impl Options {
    /// The usual ones for a cluster of this name, read at this server.
    pub fn new(name: impl Into<String>, server: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            server: server.into(),
            force: false,
            namespace: "istio-system".to_owned(),
            account: READER.to_owned(),
            token_secret: None,
            timeout: Timeout::minutes(1),
        }
    }
}

/// A remote secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteSecret {
    /// The cluster's name in the mesh.
    pub name: String,
    /// The namespace that it belongs in.
    pub namespace: String,
    /// The kubeconfig with the account's token.
    pub kubeconfig: Secret,
}

impl RemoteSecret {
    /// The name of the object.
    pub fn object_name(&self) -> String {
        format!("istio-remote-secret-{}", self.name)
    }

    /// The object for the other clusters.
    pub fn object(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.object_name(),
                "namespace": self.namespace,
                "labels": { LABEL: "true" },
                "annotations": { ANNOTATION: self.name },
            },
            "type": "Opaque",
            // istioctl prints `stringData`, which the server turns into this; an apply of it would never find itself done.
            "data": { &self.name: BASE64_STANDARD.encode(self.kubeconfig.expose()) },
        })
    }
}

/// The name by which the cluster's own control plane goes, if it has one.
///
/// # Errors
/// When the cluster does not answer.
pub async fn cluster_name(client: &Client, namespace: &str) -> Result<Option<String>, Error> {
    let query = Query::of("apps/v1/Deployment").in_namespace(namespace).with_labels("app=istiod");
    Ok(list(client, &query).await?.iter().find_map(own_name))
}

fn own_name(istiod: &Value) -> Option<String> {
    let containers = istiod["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
    let mut variables = containers.flat_map(|container| container["env"].as_array().into_iter().flatten());
    variables.find(|variable| variable["name"] == "CLUSTER_ID")?["value"].as_str().map(str::to_owned)
}

/// Make the remote secret of a cluster: the reader's token is made if there is none, and read. A repeat changes nothing and returns the
/// same.
///
/// # Errors
/// [`Error::NoReader`] without the account; a name or server that is none; a server that other clusters cannot reach; no token in
/// time.
pub async fn remote_secret(client: &Client, options: &Options, steps: &Steps) -> Result<RemoteSecret, Error> {
    check_name(&options.name)?;
    check_server(&options.name, &options.server, options.force)?;
    let account = Reference::new("v1/ServiceAccount", &options.account).in_namespace(&options.namespace);
    let Some(account) = find(client, &account).await? else {
        let (namespace, account) = (options.namespace.clone(), options.account.clone());
        return Err(Error::NoReader { context: client.context().to_owned(), namespace, account });
    };
    if let Some(own) = cluster_name(client, &options.namespace).await?.filter(|own| *own != options.name) {
        let (context, name) = (client.context(), &options.name);
        steps.warning(format!(
            "the control plane of {context} goes by the name `{own}`, not `{name}`: the other clusters will not know its endpoints for its own"
        ));
    }
    let token = token_secret(client, &account, options, steps).await?;
    let text = |key: &str| token["data"][key].as_str().unwrap_or_default().to_owned();
    let bearer = BASE64_STANDARD.decode(text("token")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let bearer = Secret::new(bearer.ok_or_else(|| not_a_token(client, options, name_of(&token)))?);
    Ok(RemoteSecret {
        name: options.name.clone(),
        namespace: options.namespace.clone(),
        kubeconfig: kubeconfig(&options.name, &options.server, &text("ca.crt"), &bearer),
    })
}

/// A DNS label, as istioctl wants it.
fn check_name(name: &str) -> Result<(), Error> {
    let inner = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    let edges = !name.starts_with('-') && !name.ends_with('-');
    match !name.is_empty() && name.len() <= 63 && edges && name.chars().all(inner) {
        true => Ok(()),
        false => Err(Error::BadName { name: name.to_owned() }),
    }
}

fn not_a_token(client: &Client, options: &Options, secret: &str) -> Error {
    Error::NotAToken {
        context: client.context().to_owned(),
        namespace: options.namespace.clone(),
        secret: secret.to_owned(),
        account: options.account.clone(),
    }
}

/// The secret with the account's token, filled.
async fn token_secret(client: &Client, account: &Value, options: &Options, steps: &Steps) -> Result<Value, Error> {
    let name = match &options.token_secret {
        Some(name) => {
            let secret = get(client, &secret_reference(name, options)).await?;
            if !is_token_of(&secret, &options.account) {
                return Err(not_a_token(client, options, name));
            }
            name.clone()
        }
        None => match existing_token(client, account, options).await? {
            Some(name) => name,
            None => create_token(client, options, steps).await?,
        },
    };
    let subject = Subject::Object(secret_reference(&name, options));
    let filled = Condition::NotEmpty { path: "data.token".to_owned() };
    let found = wait(client, &subject, &filled, &WaitOptions::within(options.timeout), steps).await?;
    found.into_iter().next().ok_or_else(|| not_a_token(client, options, &name))
}

fn secret_reference(name: &str, options: &Options) -> Reference {
    Reference::new("v1/Secret", name).in_namespace(&options.namespace)
}

fn is_token_of(secret: &Value, account: &str) -> bool {
    secret["type"] == TOKEN_TYPE && secret["metadata"]["annotations"][ACCOUNT] == account
}

/// The name of the account's token secret: the one that was made for this purpose before, else the first one. Old clusters make
/// one by themselves and name it in the account.
async fn existing_token(client: &Client, account: &Value, options: &Options) -> Result<Option<String>, Error> {
    let mut query = Query::of("v1/Secret").in_namespace(&options.namespace);
    query.fields = Some(format!("type={TOKEN_TYPE}"));
    let secrets = list(client, &query).await?;
    let mut names: Vec<&str> =
        secrets.iter().filter(|secret| is_token_of(secret, &options.account)).map(name_of).collect();
    let made = made_for(options);
    names.sort_by_key(|name| (*name != made, *name));
    if let Some(name) = names.first() {
        return Ok(Some((*name).to_owned()));
    }
    let named = account["secrets"][0]["name"].as_str();
    Ok(named.filter(|name| secrets.iter().any(|secret| name_of(secret) == *name)).map(str::to_owned))
}

fn made_for(options: &Options) -> String {
    format!("{}-istio-remote-secret-token", options.account)
}

/// Kubernetes since 1.24 makes no lasting token by itself.
async fn create_token(client: &Client, options: &Options, steps: &Steps) -> Result<String, Error> {
    let name = made_for(options);
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": options.namespace,
            "annotations": { ACCOUNT: options.account },
        },
        "type": TOKEN_TYPE,
    });
    let apply_options =
        ApplyOptions { field_manager: FIELD_MANAGER.to_owned(), force: true, ..ApplyOptions::default() };
    let object = Object { value: secret, origin: Origin::default() };
    apply(client, vec![object], &apply_options, steps).await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for name in ["cluster1", "a", "a-b"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "Cluster1", "a.b", "-a", "a-", "a_b", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_object_is_labelled_named_and_keyed_for_the_cluster() {
        let secret = RemoteSecret {
            name: "cluster1".to_owned(),
            namespace: "istio-system".to_owned(),
            kubeconfig: Secret::new("hi"),
        };
        let object = secret.object();
        assert_eq!(object["metadata"]["name"], "istio-remote-secret-cluster1");
        assert_eq!(object["metadata"]["labels"], json!({ "istio/multiCluster": "true" }));
        assert_eq!(object["metadata"]["annotations"], json!({ "networking.istio.io/cluster": "cluster1" }));
        assert_eq!(object["data"], json!({ "cluster1": "aGk=" }));
        assert!(!format!("{secret:?}").contains("hi\""), "a debug print keeps the secret");
    }

    #[test]
    fn istiods_own_name_is_in_its_environment() {
        let istiod = json!({ "spec": { "template": { "spec": { "containers": [
            { "env": [{ "name": "X", "value": "y" }, { "name": "CLUSTER_ID", "value": "cluster1" }] },
        ] } } } });
        assert_eq!(own_name(&istiod).as_deref(), Some("cluster1"));
        assert_eq!(own_name(&json!({})), None);
    }
}
