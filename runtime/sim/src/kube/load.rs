//! A cluster filled with what a real one told.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    cluster::{Cluster, Config, Loaded},
    object,
};
use crate::{
    Error, World, controllers,
    start::{ClusterStart, host_and_port},
};

impl Cluster {
    /// A cluster with the objects of a real one. Its keys are its own: clients need its own kubeconfig. The caller adds it to the world.
    ///
    /// # Errors
    /// When its keys cannot be made.
    pub fn load(world: &Arc<World>, start: ClusterStart) -> Result<Arc<Self>, Error> {
        let (config, loaded) = (config(&start), loaded(&start));
        let cluster = Self::prepare(world, config, Some(loaded))?;
        cluster.store.load(start.objects.into_iter().filter(|one| !is_derived(one)).collect());
        controllers::adopt(&cluster);
        Ok(cluster)
    }
}

/// Slices that the controller makes of pods have names by chance; it makes them anew.
fn is_derived(object: &Value) -> bool {
    let manager = object::text(object, "/metadata/labels/endpointslice.kubernetes.io~1managed-by");
    object["kind"] == "EndpointSlice" && manager == "endpointslice-controller.k8s.io"
}

fn find<'o>(start: &'o ClusterStart, kind: &str, namespace: &str, name: &str) -> Option<&'o Value> {
    start.objects.iter().find(|one| {
        one["kind"] == kind && object::namespace(one).unwrap_or_default() == namespace && object::name(one) == name
    })
}

fn loaded(start: &ClusterStart) -> Loaded {
    let map = find(start, "ConfigMap", "kube-system", "kube-root-ca.crt");
    Loaded {
        authority: map.map(|map| map["data"]["ca.crt"].as_str().unwrap_or_default().to_owned()).unwrap_or_default(),
        left_out: start.left_out.iter().cloned().collect(),
        objects: start.objects.iter().map(|one| object::text(one, "/metadata/uid").to_owned()).collect::<BTreeSet<_>>(),
    }
}

fn config(start: &ClusterStart) -> Config {
    let kubeadm = find(start, "ConfigMap", "kube-system", "kubeadm-config");
    let kubeadm = kubeadm.and_then(|map| map["data"]["ClusterConfiguration"].as_str());
    // A cluster that kubeadm has not made has none, or another one.
    let kubeadm: Value = kubeadm.and_then(|text| serde_yaml::from_str(text).ok()).unwrap_or_default();
    let told = |pointer: &str| Some(object::text(&kubeadm, pointer)).filter(|text| !text.is_empty()).map(str::to_owned);
    let hosts = start.servers.iter().filter_map(|server| host_and_port(server)).map(|(host, _)| host);
    let endpoints = find(start, "Endpoints", "default", "kubernetes");
    let address = endpoints.map(|one| object::text(one, "/subsets/0/addresses/0/ip")).unwrap_or_default();
    Config {
        name: start.name.clone(),
        version: start.version.clone(),
        pod_subnet: told("/networking/podSubnet").unwrap_or_default(),
        service_subnet: told("/networking/serviceSubnet").or_else(|| around_services(start)).unwrap_or_default(),
        hosts: hosts.collect(),
        address: address.to_owned(),
    }
}

/// Where services get their addresses when nobody tells: around that of the API server's own.
fn around_services(start: &ClusterStart) -> Option<String> {
    let service = find(start, "Service", "default", "kubernetes")?;
    let address: std::net::IpAddr = object::text(service, "/spec/clusterIP").parse().ok()?; // one without serves nobody
    let length = if address.is_ipv4() { 20 } else { 112 };
    ipnet::IpNet::new(address, length).ok().map(|net| net.trunc().to_string()) // the length fits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start() -> ClusterStart {
        let config = "networking: {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/16}";
        let objects = vec![
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
                "data": {"ClusterConfiguration": config}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": "kube-system"},
                "data": {"ca.crt": "PEM"}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "u1", "resourceVersion": "700"}}),
        ];
        ClusterStart {
            name: "east".into(),
            version: "v1.29.0".into(),
            servers: vec!["https://10.0.0.1:6443".into()],
            objects,
            ..ClusterStart::default()
        }
    }

    #[test]
    fn objects_are_as_they_were_and_later_ones_are_newer() {
        let world = World::new(1, Vec::new());
        let cluster = Cluster::load(&world, start()).unwrap();
        assert_eq!((cluster.config().pod_subnet.as_str(), cluster.root_pem().as_str()), ("10.1.0.0/16", "PEM"));
        let store = cluster.store();
        let space = store.get(("v1", "Namespace"), None, "shop").unwrap();
        assert_eq!((&space["metadata"]["uid"], cluster.was_found(&space)), (&json!("u1"), true));
        let made = store.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}})).unwrap();
        assert_eq!((&made["metadata"]["resourceVersion"], cluster.was_found(&made)), (&json!("701"), false));
    }

    #[test]
    fn a_token_that_a_secret_holds_is_good() {
        let mut start = start();
        start.objects.push(
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": "a"}}),
        );
        start.objects.push(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "data": {"token": "dG9r"},
            "metadata": {"name": "s", "namespace": "a", "annotations": {"kubernetes.io/service-account.name": "reader"}},
        }));
        let world = World::new(1, Vec::new());
        let cluster = Cluster::load(&world, start).unwrap();
        assert_eq!(cluster.token_user("tok", &[]).unwrap().name, "system:serviceaccount:a:reader");
        assert!(cluster.token_user("other", &[]).is_none());
    }
}
