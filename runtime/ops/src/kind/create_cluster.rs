//! `kind::create_cluster`: make sure that a cluster exists.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use meshrun_host::{Class, Effect, Failure, Value};
use meshrun_kind::{
    Options,
    config::{ExtraMount, HostPort, IpFamily, JsonPatch, KubeProxyMode, PortMapping, Proxy},
    create_unless,
};
use meshrun_terms::{ClusterName, Image, Timeout};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    contexts::{self, Place, Wanted},
    document,
};
use crate::{
    Cluster, Cx, Operation,
    failures::{self, failures},
};

/// Make sure that a kind cluster exists, that its nodes are ready, and that the kubeconfig has a context for it. Returns the cluster; a repeat with
/// the same options changes nothing, and one with others fails naming what differs. What an interrupted call has left is taken up or made anew;
/// a call that fails, or that Ctrl-C ends, removes what it has made. A cluster that the `kind` command has made is taken as it is. Several can be made
/// at the same time, with `parallel`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCluster {
    /// The cluster's name; that of the configuration, or `kind`, when it is left out.
    #[serde(default)]
    name: Option<ClusterName>,
    /// A configuration of kind (`kind.x-k8s.io/v1alpha4`): a path, its text, or a map. What the other options say goes before it; lists are added to
    /// its lists.
    #[serde(default)]
    config: Option<Value>,
    /// The image of every node; that of kind v0.19.0 when it is left out.
    #[serde(default)]
    image: Option<Image>,
    /// How many control planes; a load balancer is put before more than one. One when it is left out.
    #[serde(default)]
    control_planes: Option<u32>,
    /// How many workers.
    #[serde(default)]
    workers: Option<u32>,
    /// The Docker network of the nodes, made if need be; that of KIND_EXPERIMENTAL_DOCKER_NETWORK, or `kind`, when it is left out.
    #[serde(default)]
    network: Option<String>,
    /// Which addresses pods and services have.
    #[serde(default)]
    ip_family: Option<IpFamily>,
    /// The subnet of the pods: `10.244.0.0/16`.
    #[serde(default)]
    pod_subnet: Option<String>,
    /// The subnet of the services: `10.96.0.0/16`.
    #[serde(default)]
    service_subnet: Option<String>,
    /// The address of this machine at which the API server is published.
    #[serde(default)]
    api_server_address: Option<IpAddr>,
    /// The port of this machine at which the API server is published; 0 is a free one.
    #[serde(default)]
    api_server_port: Option<HostPort>,
    /// Leave out kind's pod network; then nodes are not ready until another one is installed, and are not waited for.
    #[serde(default)]
    disable_default_cni: Option<bool>,
    /// How services are made to work.
    #[serde(default)]
    kube_proxy_mode: Option<KubeProxyMode>,
    /// Search domains of the nodes.
    #[serde(default)]
    dns_search: Option<Vec<String>>,
    /// Ports of the first control plane that this machine publishes.
    #[serde(default)]
    port_mappings: Vec<PortMapping>,
    /// Folders and files of this machine in every node.
    #[serde(default)]
    mounts: Vec<ExtraMount>,
    /// Labels of every node.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Merge patches of kubeadm's configuration, as YAML texts that name the `kind` they are for.
    #[serde(default)]
    kubeadm_patches: Vec<String>,
    /// JSON patches of kubeadm's configuration.
    #[serde(default)]
    kubeadm_json_patches: Vec<JsonPatch>,
    /// Merge patches of containerd's configuration, as TOML texts.
    #[serde(default)]
    containerd_patches: Vec<String>,
    /// Feature gates of all components.
    #[serde(default)]
    feature_gates: BTreeMap<String, bool>,
    /// What the API server serves beside the usual: `#{ "api/alpha": "true" }`.
    #[serde(default)]
    runtime_config: BTreeMap<String, String>,
    /// Which endpoints the nodes ask for the images of a registry: `#{ "docker.io": ["http://mirror:5000"] }`.
    #[serde(default)]
    registry_mirrors: BTreeMap<String, Vec<String>>,
    /// Keep what was made when the creation fails, to look at it.
    #[serde(default)]
    retain: bool,
    /// The kubeconfig file to write the contexts to; the one that kubectl would use when it is left out.
    #[serde(default)]
    kubeconfig: Option<String>,
    /// The name of a second context, beside `kind-<name>`.
    #[serde(default)]
    context: Option<String>,
    /// Where the second context finds the API server: `host`, the port that this machine publishes, or `node`, the node's address in the Docker
    /// network.
    #[serde(default)]
    server: Option<Place>,
    /// How long it may take in all.
    #[serde(default = "timeout")]
    timeout: Timeout,
}

fn timeout() -> Timeout {
    Timeout::minutes(10)
}

impl Operation for CreateCluster {
    type Output = Cluster;

    const NAME: &'static str = "kind::create_cluster";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const RETURNS: &'static str = "a cluster: a map of name, context (the second one, if one is asked for), kubeconfig (the file), server, internal_server (the API server's URL in the Docker network), network";
    const EFFECT: Effect = Effect::Changes;
    const PERMISSIONS: &'static [Class] = &[Class::Docker, Class::Kube];
    const FAILURES: &'static [&'static str] = failures![
        &[
            "kind::other_shape",
            "kind::not_ready",
            "kind::not_running",
            "kind::boot",
            "kind::kubeadm",
            "kind::config_syntax",
            "kind::config_version",
            "kind::config_invalid",
            "kind::bad_patch",
            "kind::unfit_engine",
            "kind::name_taken",
            "kind::no_subnet",
            "kind::no_node_image",
            "kind::no_space",
            "kind::file",
            "kind::no_context",
            "docker::port_taken",
            "docker::name_taken",
            "docker::no_image",
            "docker::no_network",
            "docker::subnet_taken",
            "docker::in_use",
            "docker::container_ended",
            "docker::exec_failed",
            "kube::context_taken",
            "kube::no_context",
        ],
        failures::NODES,
        failures::PULL,
        failures::ENGINE,
        failures::KUBECONFIG,
        failures::KUBECONFIG_EDIT,
    ];
    const EXAMPLE: &'static str = r#"let east = kind::create_cluster("east", #{
    workers: 1,
    context: "east",
    port_mappings: [#{ container_port: 30080, host_port: 8080 }],
});
print(`${east.context} at ${east.server}`);"#;
    /// What it has made is removed; together with the way there and back that stays below five seconds.
    const GRACE: Duration = Duration::from_millis(4300);

    fn subject(&self) -> String {
        self.name.as_ref().map_or_else(|| "kind".to_owned(), ToString::to_string)
    }

    async fn run(mut self, cx: &Cx) -> Result<Self::Output, Failure> {
        if self.context.is_none() && self.server == Some(Place::Node) {
            let message = "`server: \"node\"` is for a second context, and `context` does not name one";
            let help = "`kind-<name>` is the kind command's own: it finds the API server at the port that is published";
            return Err(Failure::new("kind::no_context", message).with_help(help));
        }
        let timeout = self.timeout;
        let wanted = Wanted {
            kubeconfig: self.kubeconfig.take(),
            context: self.context.take(),
            server: self.server.unwrap_or_default(),
        };
        let config = self.options(cx).await?.config()?;
        let docker = cx.world.docker().await?;
        let created = create_unless(&docker, &config, timeout, cx.steps(), cx.cancelled()).await?;
        let Some(created) = created else { return Err(Failure::cancelled()) };
        contexts::write(cx, &docker, &created.cluster, &wanted).await
    }
}

impl CreateCluster {
    async fn options(self, cx: &Cx) -> Result<Options, Failure> {
        let environment = &cx.world.environment;
        let document = match self.config {
            Some(given) => Some(document::read(cx, Self::NAME, given).await?),
            None => None,
        };
        let variable = |name: &str| environment.variable(name).map(str::to_owned);
        Ok(Options {
            name: self.name,
            document,
            image: self.image,
            control_planes: self.control_planes,
            workers: self.workers,
            network: self.network.or_else(|| variable("KIND_EXPERIMENTAL_DOCKER_NETWORK")),
            ip_family: self.ip_family,
            pod_subnet: self.pod_subnet,
            service_subnet: self.service_subnet,
            api_server_address: self.api_server_address,
            api_server_port: self.api_server_port,
            disable_default_cni: self.disable_default_cni,
            kube_proxy_mode: self.kube_proxy_mode,
            dns_search: self.dns_search,
            port_mappings: self.port_mappings,
            mounts: self.mounts,
            labels: self.labels,
            kubeadm_patches: self.kubeadm_patches,
            kubeadm_json_patches: self.kubeadm_json_patches,
            containerd_patches: self.containerd_patches,
            feature_gates: self.feature_gates,
            runtime_config: self.runtime_config,
            registry_mirrors: self.registry_mirrors,
            proxy: Proxy::from_variables(|name| environment.variable(name)),
            snapshotter: variable("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER"),
            retain: self.retain,
            directory: environment.directory.clone(),
            locks: Some(cx.world.cache_dir().join("locks")),
            ..Options::default()
        })
    }
}
