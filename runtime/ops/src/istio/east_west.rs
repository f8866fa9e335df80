//! `istio::east_west`: the gateway through which clusters on other networks come in.

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_istio::{
    gateway::{self, EAST_WEST_GATEWAY},
    install::{Options, install},
};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    configuration::{Configuration, version, whole_operator},
    install::{timeout, yes},
    install_failures, istio_namespace,
};
use crate::{Cluster, Cx, Operation};

/// Install the east-west gateway in a cluster with an istiod, as the multicluster guides do, and wait until it is ready and has an
/// address. Returns both; a repeat changes nothing. Call `istio::expose_services` first: a gateway that runs before services are
/// exposed is not told of them by istiod 1.20.1 until it is started again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EastWest {
    /// The cluster.
    cluster: Cluster,
    /// The network that the cluster is on; without one, the gateway is for a single network.
    #[serde(default)]
    network: Option<String>,
    /// The mesh's name, as in the install of the control plane.
    #[serde(default)]
    mesh: Option<String>,
    /// The cluster's name in the mesh, as in the install of the control plane.
    #[serde(default)]
    cluster_name: Option<String>,
    /// The gateway's name.
    #[serde(default = "name")]
    name: String,
    /// The gateway's namespace.
    #[serde(default = "istio_namespace")]
    namespace: String,
    /// The revision of the control plane that serves it.
    #[serde(default)]
    revision: Option<String>,
    /// IstioOperators as maps, or only their `spec`, or YAML texts, laid over the guide's.
    #[serde(default)]
    operators: Vec<Value>,
    /// `path=value`, written over all that.
    #[serde(default)]
    set: Vec<String>,
    /// The version of Istio.
    #[serde(default = "version")]
    version: String,
    /// A folder with an unpacked release or its `manifests`, in place of the release of that version.
    #[serde(default)]
    release: Option<String>,
    /// Whether to wait until the gateway is ready.
    #[serde(default = "yes")]
    wait: bool,
    /// Whether to wait until a load balancer has given it an address.
    #[serde(default = "yes")]
    address: bool,
    /// How long it may take once the release is at hand, for which it may take as long again.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn name() -> String {
    EAST_WEST_GATEWAY.to_owned()
}

/// A gateway that is installed.
#[derive(Debug, Serialize)]
pub struct Gateway {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) address: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) changed: bool,
}

/// What [`Gateway`] is as a script sees it.
pub(super) const GATEWAY: &str = "a map: name, namespace, address (an IP address or a host name; `()` when it was not waited for), warnings (a list), changed (whether the cluster was changed)";

impl Operation for EastWest {
    type Output = Gateway;

    const NAME: &'static str = "istio::east_west";
    const POSITIONAL: &'static [&'static str] = &["cluster"];
    const RETURNS: &'static str = GATEWAY;
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Kube, Class::Net, Class::Files];
    const FAILURES: &'static [&'static str] = install_failures![];
    const EXAMPLE: &'static str = r#"istio::expose_services("kind-cluster1");
let gateway = istio::east_west("kind-cluster1", #{ network: "network1", timeout: "5m" });
print(gateway.address);"#;

    fn subject(&self) -> String {
        self.cluster.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let operator = gateway::east_west(&gateway::EastWest {
            network: self.network,
            mesh: self.mesh,
            cluster: self.cluster_name,
            revision: self.revision,
            name: Some(self.name.clone()),
            namespace: Some(self.namespace.clone()).filter(|namespace| *namespace != istio_namespace()),
        });
        let operators = [operator].into_iter().chain(self.operators.into_iter().map(whole_operator)).collect();
        let configuration = Configuration {
            operators,
            set: self.set,
            version: self.version,
            release: self.release,
            ..Configuration::default()
        };
        let place = Place { cluster: &self.cluster, name: self.name, namespace: self.namespace };
        install_gateway(cx, place, &configuration, self.wait, self.address, self.timeout).await
    }
}

/// Where a gateway is to be.
pub(super) struct Place<'c> {
    pub cluster: &'c Cluster,
    pub name: String,
    pub namespace: String,
}

/// Install a gateway, and wait for what is to be waited for.
pub(super) async fn install_gateway(
    cx: &Cx,
    place: Place<'_>,
    configuration: &Configuration,
    wait: bool,
    address: bool,
    timeout: Timeout,
) -> Result<Gateway, Failure> {
    let client = cx.kube_to_change(place.cluster).await?;
    let (request, charts) = configuration.load(cx, timeout).await?;
    let start = tokio::time::Instant::now();
    let options = Options { version: configuration.version.clone(), timeout, wait };
    let installed = install(&client, &charts, &request, &options, cx.steps()).await?;
    let Place { name, namespace, .. } = place;
    let left = Timeout(timeout.duration().saturating_sub(start.elapsed()));
    let address = match address {
        true => Some(gateway::address(&client, &namespace, &name, left, cx.steps()).await?),
        false => None,
    };
    Ok(Gateway { name, namespace, address, warnings: installed.warnings, changed: installed.changed })
}
