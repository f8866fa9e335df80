//! The forms of answers that clients ask for: whole objects, their metadata alone, or the tables that `kubectl get` prints.

use serde_json::{Value, json};

use super::{cluster::Cluster, columns, kinds::Resource, object, status::Status};

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Objects.
    Plain,
    /// Rows and columns.
    Table,
    /// Metadata.
    Metadata,
}

impl Form {
    /// The first of those that a client accepts that the server knows.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(accept: &str) -> Result<Self, Status> {
        if accept.trim().is_empty() {
            return Ok(Self::Plain);
        }
        for form in accept.split(',').map(str::trim) {
            let mut parts = form.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "*/*" | "application/*") {
                continue;
            }
            let parameters: Vec<&str> = parts.collect();
            let is_v1 = parameters.contains(&"v=v1") && parameters.contains(&"g=meta.k8s.io");
            match parameters.iter().find_map(|one| one.strip_prefix("as=")) {
                None => return Ok(Self::Plain),
                Some("Table") if is_v1 => return Ok(Self::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") if is_v1 => return Ok(Self::Metadata),
                Some(_) => {}
            }
        }
        let message = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
        Err(Status::new(406, "NotAcceptable", message))
    }

    /// One object.
    pub(super) fn one(self, cluster: &Cluster, resource: &Resource, value: Value) -> Value {
        match self {
            Self::Plain => value,
            Self::Metadata => metadata_of(&value),
            Self::Table => {
                let metadata = json!({ "resourceVersion": value["metadata"]["resourceVersion"] });
                self.list(cluster, resource, vec![value], metadata)
            }
        }
    }

    /// Several objects.
    pub(super) fn list(self, cluster: &Cluster, resource: &Resource, items: Vec<Value>, metadata: Value) -> Value {
        match self {
            Self::Plain => json!({
                "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": metadata,
                "items": items.into_iter().map(|item| plain_item(item, resource)).collect::<Vec<_>>(),
            }),
            Self::Metadata => json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": items.iter().map(metadata_of).collect::<Vec<_>>(),
            }),
            Self::Table => {
                let known = cluster.registry.known(&cluster.store);
                let columns = columns::of(&known, resource);
                let definitions: Vec<Value> = columns.iter().map(columns::Column::definition).collect();
                let rows: Vec<Value> = items
                    .iter()
                    .map(|item| {
                        let cells: Vec<Value> = columns.iter().map(|column| column.cell(item)).collect();
                        json!({ "cells": cells, "object": metadata_of(item) })
                    })
                    .collect();
                json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows })
            }
        }
    }
}

/// Items of lists of Kubernetes' own kinds do not repeat what the list says.
fn plain_item(mut item: Value, resource: &Resource) -> Value {
    if !resource.custom {
        let map = object::map_mut(&mut item);
        map.remove("kind");
        map.remove("apiVersion");
    }
    item
}

fn metadata_of(value: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"] })
}
