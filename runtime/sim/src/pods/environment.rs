//! The variables of containers, as they are when these start: what changes afterwards they do not see.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    controllers::{
        istiod,
        object::{CONFIG_MAP, Kind, SECRET, SERVICE, list, name, namespace, text},
    },
    kube::{Cluster, Object},
};

/// Variables by their names.
pub type Variables = BTreeMap<String, String>;

/// The variables of a pod's containers, by container, as they are now.
pub fn of_pod(cluster: &Cluster, pod: &Value) -> BTreeMap<String, Variables> {
    let containers = list(pod, "/spec/containers").iter();
    containers.map(|one| (text(one, "/name").to_owned(), of_container(cluster, pod, one))).collect()
}

fn of_container(cluster: &Cluster, pod: &Value, container: &Value) -> Variables {
    let mut all = Variables::from([
        ("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("HOSTNAME".to_owned(), name(pod).to_owned()),
        ("HOME".to_owned(), "/".to_owned()),
    ]);
    all.extend(services(cluster, pod));
    for source in list(container, "/envFrom") {
        all.extend(whole(cluster, pod, source));
    }
    for variable in list(container, "/env") {
        let value = value_of(cluster, pod, variable);
        all.extend(value.map(|value| (text(variable, "/name").to_owned(), value)));
    }
    all
}

/// Where the API server and the services of the namespace are.
fn services(cluster: &Cluster, pod: &Value) -> Variables {
    let store = cluster.store();
    let own = store.list(SERVICE, Some(namespace(pod))).into_iter();
    let all = own.chain(store.get(SERVICE, Some("default"), "kubernetes"));
    let with_address = all.filter(|one| !matches!(text(one, "/spec/clusterIP"), "" | "None"));
    with_address
        .flat_map(|service| {
            let name = name(&service).replace('-', "_").to_uppercase();
            let port = service.pointer("/spec/ports/0/port").map(ToString::to_string).unwrap_or_default();
            let host = (format!("{name}_SERVICE_HOST"), text(&service, "/spec/clusterIP").to_owned());
            [host, (format!("{name}_SERVICE_PORT"), port)]
        })
        .collect()
}

fn find(cluster: &Cluster, pod: &Value, kind: Kind, source: &Value) -> Option<Object> {
    cluster.store().get(kind, Some(namespace(pod)), text(source, "/name"))
}

/// An entry of a config map or a secret.
fn entry(kind: Kind, object: &Value, key: &str) -> Option<String> {
    if kind == SECRET {
        return istiod::decode(object, key);
    }
    object.get("data")?.get(key)?.as_str().map(str::to_owned)
}

/// All entries of a config map or a secret.
fn whole(cluster: &Cluster, pod: &Value, source: &Value) -> Variables {
    let mut all = Variables::new();
    for (key, kind) in [("configMapRef", CONFIG_MAP), ("secretRef", SECRET)] {
        let Some(object) = source.get(key).and_then(|one| find(cluster, pod, kind, one)) else { continue };
        let keys = object.get("data").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
        let prefixed = |key: &String| Some((format!("{}{key}", text(source, "/prefix")), entry(kind, &object, key)?));
        all.extend(keys.filter_map(prefixed));
    }
    all
}

/// The value of a variable; none when what it refers to is not there.
fn value_of(cluster: &Cluster, pod: &Value, variable: &Value) -> Option<String> {
    let Some(from) = variable.get("valueFrom") else { return Some(text(variable, "/value").to_owned()) };
    if let Some(field) = from.get("fieldRef") {
        let path = text(field, "/fieldPath").replace('.', "/");
        return Some(text(pod, &format!("/{path}")).to_owned());
    }
    let (kind, source) = match (from.get("configMapKeyRef"), from.get("secretKeyRef")) {
        (Some(source), _) => (CONFIG_MAP, source),
        (None, Some(source)) => (SECRET, source),
        (None, None) => return Some(String::new()),
    };
    entry(kind, &*find(cluster, pod, kind, source)?, text(source, "/key"))
}
