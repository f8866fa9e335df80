//! The server's account of its kinds: enough for clients to find out which fields there are and that it checks them itself.

use serde_json::{Map, Value, json};

use super::{
    answer::{self, Answer},
    call::Call,
    cluster::Cluster,
    discovery,
    kinds::Resource,
    registry::Known,
    status::Status,
    types::{self, Shape, Sharing},
};

/// Answer, if the path is one of these.
pub(super) fn answer(cluster: &Cluster, call: &Call) -> Result<Option<Answer>, Status> {
    let known = cluster.registry.known(&cluster.store);
    let path = call.path.trim_end_matches('/');
    if path == "/openapi/v3" {
        return Ok(Some(answer::json(200, &index(&known))));
    }
    if path == "/openapi/v2" {
        return second(cluster, call).map(Some);
    }
    let Some(version) = path.strip_prefix("/openapi/v3/") else { return Ok(None) };
    let (group, version) = match version.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => (String::new(), (*version).to_owned()),
        ["apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
        _ => return Err(discovery::not_here()),
    };
    let all: Vec<&Resource> =
        known.resources.iter().filter(|one| one.group == group && one.version == version).collect();
    if all.is_empty() {
        return Err(discovery::not_here());
    }
    if !call.header("accept").is_empty()
        && !call.header("accept").contains("json")
        && !call.header("accept").contains("*/*")
    {
        return Err(Status::new(406, "NotAcceptable", "only the following media types are accepted: application/json"));
    }
    Ok(Some(answer::json(200, &document(&known, &all))))
}

fn place(resource: &Resource) -> String {
    if resource.group.is_empty() {
        format!("api/{}", resource.version)
    } else {
        format!("apis/{}/{}", resource.group, resource.version)
    }
}

fn index(known: &Known) -> Value {
    let mut paths = Map::new();
    for resource in &known.resources {
        let place = place(resource);
        let address = format!("/openapi/v3/{place}?hash={}", known.definitions.len());
        paths.insert(place, json!({ "serverRelativeURL": address }));
    }
    json!({ "paths": paths })
}

fn document(known: &Known, all: &[&Resource]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in all {
        let name = schema_name(resource);
        add_schema(known, resource, &name, &mut schemas);
        let base = match resource.namespaced {
            true => format!("/{}/namespaces/{{namespace}}/{}", place(resource), resource.plural),
            false => format!("/{}/{}", place(resource), resource.plural),
        };
        let kind = json!({ "group": resource.group, "version": resource.version, "kind": resource.kind });
        let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation"]
            .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } }))
            .to_vec();
        let operation = |action: &str| {
            json!({
                "parameters": parameters, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind,
                "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } } } },
            })
        };
        if resource.namespaced {
            let everywhere = format!("/{}/{}", place(resource), resource.plural);
            paths.insert(everywhere, json!({ "get": operation("list") }));
        }
        paths.insert(base.clone(), json!({ "post": operation("post"), "get": operation("list") }));
        paths.insert(
            format!("{base}/{{name}}"),
            json!({ "get": operation("get"), "put": operation("put"), "patch": operation("patch") }),
        );
    }
    json!({ "openapi": "3.0.0", "info": { "title": "Kubernetes, simulated", "version": "v1.27" }, "paths": paths, "components": { "schemas": schemas } })
}

fn schema_name(resource: &Resource) -> String {
    let group = resource.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
    format!("{group}.{}.{}", resource.version, resource.kind)
}

fn add_schema(known: &Known, resource: &Resource, name: &str, schemas: &mut Map<String, Value>) {
    let kind = json!([{ "group": resource.group, "version": resource.version, "kind": resource.kind }]);
    let mut schema = if resource.custom {
        let found = known.definition(resource).and_then(|(_, version)| version.pointer("/schema/openAPIV3Schema"));
        found.cloned().unwrap_or_else(|| json!({ "type": "object" }))
    } else {
        match types::root(&resource.api_version(), &resource.kind) {
            Some(of) => of_type(of, schemas),
            None => json!({ "type": "object" }),
        }
    };
    schema["x-kubernetes-group-version-kind"] = kind;
    for key in ["apiVersion", "kind"] {
        schema["properties"][key] = json!({ "type": "string" });
    }
    if resource.custom {
        schema["properties"]["metadata"] = of_shape(&Shape::Type("meta.v1.ObjectMeta".to_owned()), schemas);
    }
    schemas.insert(name.to_owned(), schema);
}

fn of_type(of: &types::Type, schemas: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in &of.fields {
        let mut schema = of_shape(&field.shape, schemas);
        match &field.sharing {
            Sharing::Set => schema["x-kubernetes-list-type"] = "set".into(),
            Sharing::Keys(keys) => {
                schema["x-kubernetes-list-type"] = "map".into();
                schema["x-kubernetes-list-map-keys"] = json!(keys);
                schema["x-kubernetes-patch-strategy"] = "merge".into();
                schema["x-kubernetes-patch-merge-key"] = keys[0].as_str().into();
            }
            Sharing::Atomic => {}
        }
        properties.insert(field.name.clone(), schema);
    }
    let required: Vec<&str> =
        of.fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn of_shape(shape: &Shape, schemas: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Any => json!({ "x-kubernetes-preserve-unknown-fields": true }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Int => json!({ "type": "integer" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Quantity => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        Shape::IntOrText => {
            json!({ "oneOf": [{ "type": "integer" }, { "type": "string" }], "format": "int-or-string" })
        }
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::Bytes => json!({ "type": "string", "format": "byte" }),
        Shape::Map(item) => json!({ "type": "object", "additionalProperties": of_shape(item, schemas) }),
        Shape::List(item) => json!({ "type": "array", "items": of_shape(item, schemas) }),
        Shape::Type(name) => {
            if !schemas.contains_key(name) {
                // Its place is taken first: types may contain themselves.
                schemas.insert(name.clone(), Value::Null);
                let schema = types::named(name).map_or_else(|| json!({ "type": "object" }), |of| of_type(of, schemas));
                schemas.insert(name.clone(), schema);
            }
            json!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }], "default": {} })
        }
    }
}

/// The second version of the account has no kinds: clients that need them ask for the third.
fn second(cluster: &Cluster, call: &Call) -> Result<Answer, Status> {
    let accept = call.header("accept");
    if accept.contains("proto-openapi.spec.v2") {
        // Fields 1 and 2 of the document: the version of its language, and its title and version.
        let mut info = field(1, b"Kubernetes, simulated");
        info.extend(field(2, cluster.config.version.as_bytes()));
        let mut document = field(1, b"2.0");
        document.extend(field(2, &info));
        // An empty list of paths, and of definitions.
        document.extend(field(8, b""));
        document.extend(field(9, b""));
        return Ok(answer::bytes(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", document));
    }
    Ok(answer::json(
        200,
        &json!({ "swagger": "2.0", "info": { "title": "Kubernetes, simulated", "version": cluster.config.version }, "paths": {}, "definitions": {} }),
    ))
}

/// A field of a protocol buffer that holds bytes; all of ours are shorter than 128.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(0);
    let mut out = vec![number << 3 | 2, length];
    out.extend(&bytes[..usize::from(length)]);
    out
}
