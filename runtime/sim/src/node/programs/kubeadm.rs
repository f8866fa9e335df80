//! `kubeadm`: starts the API server of a cluster, and lets nodes join.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{options::Options, unknown};
use crate::{
    docker::{
        container,
        files::{Content, Entry, Files, now},
    },
    kube::{Cluster, Config, Node},
    node::{cluster_behind, io::Io, shell::Shell},
};

/// The files that control planes share, beside the administrator's.
const SHARED: [&str; 8] =
    ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.pub", "sa.key", "etcd/ca.crt", "etcd/ca.key"];
const FOLDER: &str = "/etc/kubernetes";

/// Run it.
pub async fn run(shell: &Shell, arguments: &[String], io: &Io) -> i64 {
    let options = Options::new(arguments, &["config", "skip-phases", "v", "o"]);
    let words: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let known = ["config", "skip-phases", "v", "skip-token-print", "o"];
    if let Some(strange) = options.strange(&known) {
        return unknown(shell, &format!("kubeadm --{strange}"), io).await;
    }
    let done = match words.as_slice() {
        ["version"] => {
            let version = shell.read("/kind/version").unwrap_or_default();
            io.out.say(format!("{}\n", String::from_utf8_lossy(&version))).await;
            return 0;
        }
        ["init"] => documents(shell, &options).and_then(|all| init(shell, &all)),
        ["join"] => documents(shell, &options).and_then(|all| join(shell, &all)),
        _ => return unknown(shell, &format!("kubeadm {}", words.join(" ")), io).await,
    };
    match done {
        Ok(text) => {
            io.out.say(text).await;
            0
        }
        Err(reason) => {
            io.err.say(format!("{reason}\nTo see the stack trace of this error execute with --v=5 or higher\n")).await;
            1
        }
    }
}

/// The documents of the configuration.
fn documents(shell: &Shell, options: &Options) -> Result<Vec<Value>, String> {
    let path = options.value(&["config"]).ok_or("the simulator knows kubeadm only with --config")?;
    let text = shell
        .read(path)
        .ok_or_else(|| format!("unable to read config from \"{path}\" : open {path}: no such file or directory"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
    documents.collect::<Result<Vec<Value>, _>>().map_err(|error| format!("error converting YAML to JSON: {error}"))
}

fn document<'d>(all: &'d [Value], kind: &str) -> Result<&'d Value, String> {
    let found = all.iter().find(|one| one["kind"] == kind);
    let found = found.ok_or_else(|| format!("no {kind} in the configuration"))?;
    let version = found["apiVersion"].as_str().unwrap_or_default();
    match version {
        "kubeadm.k8s.io/v1beta2" | "kubeadm.k8s.io/v1beta3" | "kubeadm.k8s.io/v1beta4" => Ok(found),
        other => Err(format!("no kind \"{kind}\" is registered for version \"{other}\"")),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An argument of a component: a map in older versions, a list of names and values in newer ones.
fn extra<'v>(value: &'v Value, pointer: &str, name: &str) -> Option<&'v str> {
    match value.pointer(pointer)? {
        Value::Object(map) => map.get(name)?.as_str(),
        Value::Array(list) => list.iter().find(|one| one["name"] == name)?["value"].as_str(),
        _ => None,
    }
}

/// This node: its name, its address, its container.
struct Here {
    name: String,
    address: Option<IpAddr>,
    cluster: Option<String>,
}

fn here(shell: &Shell) -> Result<Here, String> {
    let state = shell.world.engine.state();
    let one = state.container(&shell.container).map_err(|failure| failure.message)?;
    let address = one.places.values().find_map(|place| place.ipv4.map(IpAddr::from).or(place.ipv6.map(IpAddr::from)));
    Ok(Here { name: container::host_name(one), address, cluster: one.cluster.clone() })
}

fn init(shell: &Shell, all: &[Value]) -> Result<String, String> {
    let (of_cluster, of_node) = (document(all, "ClusterConfiguration")?, document(all, "InitConfiguration")?);
    let here = here(shell)?;
    let ported =
        |path: &str| format!("error execution phase kubeconfig/admin: a kubeconfig file \"{path}\" exists already");
    if here.cluster.is_some() {
        return Err(ported("/etc/kubernetes/admin.conf"));
    }
    let name =
        Some(text(of_cluster, "/clusterName")).filter(|name| !name.is_empty()).unwrap_or("kubernetes").to_owned();
    let version = text(of_cluster, "/kubernetesVersion").to_owned();
    let address = text(of_node, "/localAPIEndpoint/advertiseAddress").to_owned();
    if here.address.map(|own| own.to_string()).is_none_or(|own| own != address) {
        return Err(format!(
            "error execution phase wait-control-plane: couldn't initialize a Kubernetes cluster: this node does not have the address {address}"
        ));
    }
    let endpoint = Some(text(of_cluster, "/controlPlaneEndpoint")).filter(|endpoint| !endpoint.is_empty());
    let endpoint = endpoint.map_or_else(|| format!("{address}:6443"), str::to_owned);
    let mut hosts = crate::docker::state::texts(of_cluster.pointer("/apiServer/certSANs"));
    hosts.push(here.name.clone());
    hosts.extend(endpoint.rsplit_once(':').map(|(host, _)| host.to_owned()));
    if let Some(there) = shell.world.cluster(&name) {
        // Another cluster of this name would take its place in the simulated world.
        return Err(format!("the simulator has a cluster named `{}` already", there.name()));
    }
    let config = Config {
        name: name.clone(),
        version: version.clone(),
        pod_subnet: text(of_cluster, "/networking/podSubnet").to_owned(),
        service_subnet: text(of_cluster, "/networking/serviceSubnet").to_owned(),
        hosts,
        address: address.clone(),
    };
    let cluster = Cluster::start(&shell.world, config).map_err(|error| error.to_string())?;
    write_files(shell, &cluster, &format!("https://{endpoint}"));
    for token in of_node["bootstrapTokens"].as_array().into_iter().flatten() {
        keep_token(&cluster, text(token, "/token"));
    }
    let allocates = extra(of_cluster, "/controllerManager/extraArgs", "allocate-node-cidrs") != Some("false");
    let _told = cluster.store().upsert(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "kubeadm-config", "namespace": "kube-system" },
        "data": { "ClusterConfiguration": of_cluster.to_string() },
    })); // it has a name, so it cannot be refused
    register(&cluster, &here.name, &address, &of_node["nodeRegistration"], true, allocates)?;
    belongs(shell, &name);
    shell.world.add_cluster(&cluster);
    Ok(format!(
        "[init] Using Kubernetes version: {version}\n[certs] Using certificateDir folder \"/etc/kubernetes/pki\"\n[kubeconfig] Writing \"admin.conf\" kubeconfig file\n\
         [kubelet-start] Starting the kubelet\n[control-plane] Creating static Pod manifest for \"kube-apiserver\"\n\nYour Kubernetes control-plane has initialized successfully!\n"
    ))
}

fn join(shell: &Shell, all: &[Value]) -> Result<String, String> {
    let config = document(all, "JoinConfiguration")?;
    let here = here(shell)?;
    if here.cluster.is_some() {
        return Err("error execution phase preflight: this node has joined a cluster already".to_owned());
    }
    let endpoint = text(config, "/discovery/bootstrapToken/apiServerEndpoint");
    let token = text(config, "/discovery/bootstrapToken/token");
    let cluster = discovered(shell, endpoint)?;
    if !is_valid_token(&cluster, token) {
        let text = "error execution phase preflight: couldn't validate the identity of the API Server: could not find a JWS signature in the cluster-info ConfigMap for token ID";
        return Err(format!("{text} \"{}\"", token.split('.').next().unwrap_or_default()));
    }
    let control_plane = config.get("controlPlane").is_some_and(|plane| !plane.is_null());
    if control_plane {
        if shell.read(&format!("{FOLDER}/pki/ca.crt")).is_none() {
            return Err("error execution phase preflight: failure loading certificate for CA: couldn't load the certificate file /etc/kubernetes/pki/ca.crt: open /etc/kubernetes/pki/ca.crt: no such file or directory".to_owned());
        }
        write_files(shell, &cluster, &format!("https://{endpoint}"));
    } else {
        shell.write(&format!("{FOLDER}/kubelet.conf"), kubelet_config(endpoint));
        shell.write(
            "/var/lib/kubelet/config.yaml",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
        );
    }
    let asked = extra(config, "/nodeRegistration/kubeletExtraArgs", "node-ip").and_then(|all| all.split(',').next());
    let address = asked.map(str::to_owned).or(here.address.map(|one| one.to_string())).unwrap_or_default();
    let kept = cluster.store().get(("v1", "ConfigMap"), Some("kube-system"), "kubeadm-config");
    let kept = kept.and_then(|map| serde_json::from_str::<Value>(text(&map, "/data/ClusterConfiguration")).ok()); // written by init
    let allocates =
        kept.is_none_or(|kept| extra(&kept, "/controllerManager/extraArgs", "allocate-node-cidrs") != Some("false"));
    register(&cluster, &here.name, &address, &config["nodeRegistration"], control_plane, allocates)?;
    belongs(shell, cluster.name());
    Ok("[preflight] Running pre-flight checks\n[kubelet-start] Starting the kubelet\n\nThis node has joined the cluster:\n".to_owned())
}

/// The cluster whose API server answers at an endpoint.
fn discovered(shell: &Shell, endpoint: &str) -> Result<std::sync::Arc<Cluster>, String> {
    let (host, _port) = endpoint.rsplit_once(':').unwrap_or((endpoint, ""));
    let name = {
        let state = shell.world.engine.state();
        let by_name = state.container(host).ok(); // a name that nobody has does not lead anywhere
        let one = by_name.or_else(|| state.at(host.parse().ok()?)); // neither does what is no address
        one.filter(|one| one.is_running()).and_then(|one| cluster_behind(&state, one))
    };
    let refused = || {
        format!(
            "error execution phase preflight: couldn't validate the identity of the API Server: Get \"https://{endpoint}/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s\": dial tcp: connect: connection refused"
        )
    };
    name.and_then(|name| shell.world.cluster(&name)).ok_or_else(refused)
}

fn keep_token(cluster: &Cluster, token: &str) {
    let Some((id, secret)) = token.split_once('.') else { return };
    let encode = |text: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(text)
    };
    let _told = cluster.store().upsert(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
        "metadata": { "name": format!("bootstrap-token-{id}"), "namespace": "kube-system" },
        "data": { "token-id": encode(id), "token-secret": encode(secret), "usage-bootstrap-authentication": encode("true") },
    })); // it has a name, so it cannot be refused
}

fn is_valid_token(cluster: &Cluster, token: &str) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let Some((id, secret)) = token.split_once('.') else { return false };
    let kept = cluster.store().get(("v1", "Secret"), Some("kube-system"), &format!("bootstrap-token-{id}"));
    kept.is_some_and(|kept| text(&kept, "/data/token-secret") == STANDARD.encode(secret))
}

/// Register a node, as its kubelet does.
fn register(
    cluster: &Cluster,
    name: &str,
    address: &str,
    registration: &Value,
    control_plane: bool,
    allocates: bool,
) -> Result<(), String> {
    let labels = extra(registration, "/kubeletExtraArgs", "node-labels").unwrap_or_default();
    let labels = labels
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let own = json!({ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" });
    let taints = match registration.get("taints") {
        Some(Value::Array(taints)) => taints.clone(),
        _ if control_plane => vec![own],
        _ => Vec::new(),
    };
    let nodes = cluster.store().list(("v1", "Node"), None);
    let pod_cidr = if allocates { free_subnet(&cluster.config().pod_subnet, &nodes) } else { String::new() };
    let node = Node {
        name: name.to_owned(),
        control_plane,
        address: address.to_owned(),
        labels: labels.collect(),
        taints,
        pod_cidr: pod_cidr.clone(),
    };
    cluster.join_node(&node).map_err(|status| status.message)?;
    if pod_cidr.is_empty() {
        let cleared = cluster.store().modify(("v1", "Node"), None, name, |node| {
            if let Some(spec) = node["spec"].as_object_mut() {
                spec.remove("podCIDR");
                spec.remove("podCIDRs");
            }
        });
        cleared.map_err(|status| status.message)?;
    }
    Ok(())
}

/// The first subnet for a node's pods that no node has.
fn free_subnet(pod_subnet: &str, nodes: &[std::sync::Arc<Value>]) -> String {
    let first = pod_subnet.split(',').next().unwrap_or_default().trim();
    let Ok(all) = first.parse::<ipnet::IpNet>() else { return String::new() };
    let length = if all.network().is_ipv4() { 24.max(all.prefix_len()) } else { 64.max(all.prefix_len()) };
    let Ok(mut subnets) = all.subnets(length) else { return String::new() };
    let free = subnets.find(|one| !nodes.iter().any(|node| text(node, "/spec/podCIDR") == one.to_string()));
    free.map(|one| one.to_string()).unwrap_or_default()
}

/// Note that this container is a node of a cluster now.
fn belongs(shell: &Shell, cluster: &str) {
    let mut state = shell.world.engine.state();
    if let Ok(one) = state.container_mut(&shell.container) {
        one.cluster = Some(cluster.to_owned()); // one that was removed meanwhile belongs to nothing
    }
}

fn kubelet_config(endpoint: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: default-cluster\n  cluster:\n    server: https://{endpoint}\n"
    )
}

/// The files of a control plane. Keys stay in the simulator.
pub fn control_plane_files(files: &mut Files, cluster: &Cluster, server: &str) {
    let content = Content::File(cluster.admin_kubeconfig(server).into());
    files.put(&format!("{FOLDER}/admin.conf"), Entry { content, mode: 0o600, modified: now() });
    for name in ["kubelet", "controller-manager", "scheduler"] {
        let text = "# simulated: its credentials stay in the simulator\napiVersion: v1\nkind: Config\n";
        files.write(&format!("{FOLDER}/{name}.conf"), text);
    }
    for name in SHARED {
        let bytes = match name {
            "ca.crt" => cluster.ca_pem(),
            _ => format!("simulated: {name} stays in the simulator\n"),
        };
        files.write(&format!("{FOLDER}/pki/{name}"), bytes);
    }
    for component in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let text = format!(
            "# simulated\napiVersion: v1\nkind: Pod\nmetadata: {{name: {component}, namespace: kube-system}}\n"
        );
        files.write(&format!("{FOLDER}/manifests/{component}.yaml"), text);
    }
    files.write(
        "/var/lib/kubelet/config.yaml",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
    );
}

fn write_files(shell: &Shell, cluster: &Cluster, server: &str) {
    let _gone = shell.with_files(|files| control_plane_files(files, cluster, server)); // the container may have been removed
}
