//! `kube::port_forward`: a local port that leads into a cluster.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use meshrun_host::{Class, Effect, Failure};
use meshrun_kube::port_forward;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{cluster_failures, selection::Selection};
use crate::{Cluster, Cx, Operation};

/// Open a local port that leads to a port of a pod, or of a ready pod of a workload or behind a service. It stays open until
/// `kube::close_port_forward` or the end of the run; when the pod is replaced, new connections go to the new one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortForward {
    /// The cluster.
    cluster: Cluster,
    /// `pod/web-1`, `deploy/web` or `svc/web`.
    object: String,
    /// The port, as a number or by its name; of a service it is the service's port.
    port: Value,
    /// Its namespace; that of the context when it is left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The local port; 0 for any that is free.
    #[serde(default)]
    local_port: u16,
    /// The local address to listen on.
    #[serde(default = "loopback")]
    local_address: IpAddr,
}

fn loopback() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

/// A local port that leads into a cluster.
#[derive(Debug, Serialize)]
pub struct Forwarded {
    address: String,
    host: IpAddr,
    port: u16,
}

impl Operation for PortForward {
    type Output = Forwarded;

    const NAME: &'static str = "kube::port_forward";
    const POSITIONAL: &'static [&'static str] = &["cluster", "object", "port"];
    const RETURNS: &'static str = "a map: address, host, port";
    const EFFECT: Effect = Effect::Runs;
    const PERMISSIONS: &'static [Class] = &[Class::Kube];
    const FAILURES: &'static [&'static str] = cluster_failures![
        "kube::no_kind",
        "kube::not_found",
        "kube::bad_reference",
        "kube::invalid",
        "kube::no_pod",
        "kube::no_port",
        "kube::port_taken"
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east");
let dns = kube::port_forward(east, "svc/kube-dns", "metrics", #{ namespace: "kube-system" });
print(dns.address);
kube::close_port_forward(dns.address);"#;

    fn subject(&self) -> String {
        format!("{} in {}", self.object, self.cluster)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let client = cx.world.kube(&self.cluster).await?;
        let subject = Selection::namespace(self.namespace).of(&self.object)?;
        let port = self.port.as_str().map_or_else(|| self.port.to_string(), str::to_owned);
        let local = SocketAddr::new(self.local_address, self.local_port);
        let forward = port_forward(&client, &subject, &port, local, cx.steps()).await?;
        let address = forward.address();
        cx.world.clusters.forwards.lock().await.insert(address.to_string(), forward);
        Ok(Forwarded { address: address.to_string(), host: address.ip(), port: address.port() })
    }
}
