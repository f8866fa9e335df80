//! A kind cluster as scripts name it: by its name, or by the map that describes it.

use std::{fmt, ops::Deref};

use meshrun_terms::ClusterName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::Cluster;

/// The name of a kind cluster, given as such or in a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Named(ClusterName);

impl Deref for Named {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cluster = Cluster::deserialize(deserializer)?;
        cluster.name.parse().map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Named {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KindCluster".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"], "format": "kind-cluster" })
    }
}
