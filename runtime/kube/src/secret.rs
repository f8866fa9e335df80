//! Secrets and config maps: made, and read back.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use meshrun_terms::{Secret, Steps};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Client,
    apply::{Applied, Options, apply_value},
    error::Result,
    get::get,
    object::Reference,
};

/// What a secret object holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SecretData {
    /// `Opaque`, `kubernetes.io/tls`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The values that are text.
    pub data: BTreeMap<String, Secret>,
    /// The other values, in base64.
    pub binary: BTreeMap<String, Secret>,
}

/// Metadata and type of a secret or config map to make.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The type of a secret; `Opaque` by default.
    pub kind: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// Make sure that there is a secret with exactly this data. Fields that another manager owns are taken over.
///
/// # Errors
/// When the namespace does not exist, or the server refuses: an immutable secret, or one of another type.
pub async fn create_secret(
    client: &Client,
    namespace: &str,
    name: &str,
    data: &BTreeMap<String, Secret>,
    details: &Details,
    steps: &Steps,
) -> Result<Applied> {
    let encoded = data.iter().map(|(key, value)| (key.clone(), json!(BASE64_STANDARD.encode(value.expose()))));
    let mut object = object("Secret", namespace, name, details);
    object["type"] = json!(details.kind.as_deref().unwrap_or("Opaque"));
    object["data"] = Value::Object(encoded.collect());
    apply_value(client, object, &owned(), steps).await
}

/// Make sure that there is a config map with exactly this data. Fields that another manager owns are taken over.
///
/// # Errors
/// When the namespace does not exist, or the server refuses.
pub async fn create_config_map(
    client: &Client,
    namespace: &str,
    name: &str,
    data: &BTreeMap<String, String>,
    details: &Details,
    steps: &Steps,
) -> Result<Applied> {
    let mut object = object("ConfigMap", namespace, name, details);
    object["data"] = json!(data);
    apply_value(client, object, &owned(), steps).await
}

/// Read a secret.
///
/// # Errors
/// When it does not exist, or the user may not read it.
pub async fn secret(client: &Client, namespace: &str, name: &str) -> Result<SecretData> {
    let object = get(client, &Reference::new("v1/Secret", name).in_namespace(namespace)).await?;
    Ok(decoded(&object))
}

fn owned() -> Options {
    Options { force: true, ..Options::default() }
}

fn object(kind: &str, namespace: &str, name: &str, details: &Details) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(name));
    metadata.insert("namespace".to_owned(), json!(namespace));
    for (key, map) in [("labels", &details.labels), ("annotations", &details.annotations)] {
        if !map.is_empty() {
            metadata.insert(key.to_owned(), json!(map));
        }
    }
    json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata })
}

fn decoded(object: &Value) -> SecretData {
    let mut secret =
        SecretData { kind: object["type"].as_str().unwrap_or("Opaque").to_owned(), ..SecretData::default() };
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        let encoded = value.as_str().unwrap_or_default();
        // The server only keeps what is base64; whatever else an extended server hands out is kept as it is.
        let text = BASE64_STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text {
            Some(text) => secret.data.insert(key.clone(), Secret::new(text)),
            None => secret.binary.insert(key.clone(), Secret::new(encoded)),
        };
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_and_other_data_stays_base64() {
        let secret = decoded(&json!({ "type": "kubernetes.io/tls", "data": { "a": "aGk=", "b": "/w==" } }));
        assert_eq!(secret.kind, "kubernetes.io/tls");
        assert_eq!(secret.data["a"].expose(), "hi");
        assert_eq!(secret.binary["b"].expose(), "/w==");
        assert!(!format!("{secret:?}").contains("hi"));
    }
}
