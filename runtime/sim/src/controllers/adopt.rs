//! What runs in the pods of a cluster that was taken over: since when, and under which root of trust.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    istiod,
    object::{CONFIG_MAP, POD, namespace, text, uid},
    pods,
};
use crate::kube::Cluster;

/// Note what runs in pods that nobody has seen starting here.
pub(crate) fn adopt(cluster: &Arc<Cluster>) {
    for pod in cluster.store().list(POD, None).iter().filter(|pod| text(pod, "/status/phase") == "Running") {
        let root = istiod::trusts(pod).then(|| published_root(cluster, pod)).flatten();
        let ready_since = pods::is_ready(pod).then_some(Duration::ZERO);
        cluster.runtime().change_process(uid(pod), |process| {
            process.ready_since = ready_since;
            process.root = root;
        });
    }
}

/// The root that istiod has told the namespace of a pod.
fn published_root(cluster: &Cluster, pod: &Value) -> Option<Arc<str>> {
    let map = cluster.store().get(CONFIG_MAP, Some(namespace(pod)), "istio-ca-root-cert")?;
    Some(text(&map, "/data/root-cert.pem").trim().into()).filter(|root: &Arc<str>| !root.is_empty())
}
