//! A cluster as scripts hold it: plain data that prints, saves, and can be written by hand.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A cluster. Scripts write the map that `kind::create_cluster` returns, or just the name of a kubeconfig context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its name; for a bare context, the context's name.
    pub name: String,
    /// The kubeconfig context that leads to it.
    pub context: String,
    /// The kubeconfig file that has the context; by default the one kubectl would use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,
    /// The API server's URL as seen from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The API server's URL as seen from the other clusters' pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_server: Option<String>,
    /// The Docker network that its nodes are on, when it is a kind cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

impl Cluster {
    /// The cluster behind a kubeconfig context.
    pub fn of_context(context: impl Into<String>) -> Self {
        let context = context.into();
        Self { name: context.clone(), context, kubeconfig: None, server: None, internal_server: None, network: None }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The map form. Other keys are kept out of the way: a script may add its own to a cluster.
#[derive(Deserialize)]
struct Fields {
    name: Option<String>,
    context: Option<String>,
    kubeconfig: Option<String>,
    server: Option<String>,
    internal_server: Option<String>,
    network: Option<String>,
}

impl<'de> Deserialize<'de> for Cluster {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Cluster;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a cluster (a map with `name` or `context`) or the name of a kubeconfig context")
            }
            fn visit_str<E: de::Error>(self, context: &str) -> Result<Cluster, E> {
                Ok(Cluster::of_context(context))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Cluster, A::Error> {
                let fields = Fields::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let name = fields.name.or_else(|| fields.context.clone());
                let name = name.ok_or_else(|| de::Error::custom("a cluster needs `name` or `context`"))?;
                let context = fields.context.unwrap_or_else(|| name.clone());
                let Fields { kubeconfig, server, internal_server, network, .. } = fields;
                Ok(Cluster { name, context, kubeconfig, server, internal_server, network })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Cluster {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cluster".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "string"], "format": "cluster" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_a_map_or_the_name_of_a_context() {
        let bare: Cluster = serde_json::from_str("\"a\"").unwrap();
        assert_eq!(bare, Cluster::of_context("a"));
        let map: Cluster = serde_json::from_str(r#"{"name": "a", "context": "kind-a", "note": 1}"#).unwrap();
        assert_eq!((map.name.as_str(), map.context.as_str()), ("a", "kind-a"));
        let back: Cluster = serde_json::from_value(serde_json::to_value(&map).unwrap()).unwrap();
        assert_eq!(back, map);
        assert!(serde_json::from_str::<Cluster>("{}").unwrap_err().to_string().contains("needs `name` or `context`"));
    }
}
