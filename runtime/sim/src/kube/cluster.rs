//! A cluster: its objects, its keys, its nodes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use serde_json::{Value, json};

use super::{
    authority::{Authority, Identity},
    fresh,
    status::Status,
    store::Store,
    token::{self, TokenKey, TokenRequest},
    user::User,
};
use crate::{Error, World};

/// How a cluster shall be.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name, as kind calls it: `west`.
    pub name: String,
    /// The version of Kubernetes: `v1.27.3`.
    pub version: String,
    /// Where pods get their addresses from: `10.244.0.0/16`.
    pub pod_subnet: String,
    /// Where services get their addresses from: `10.96.0.0/16`.
    pub service_subnet: String,
    /// Names and addresses under which the server answers, for its certificate: `127.0.0.1`, `localhost`, the node's name and address.
    pub hosts: Vec<String>,
    /// The address of the server in the engine's network, for the endpoints of the service `kubernetes`.
    pub address: String,
}

/// A node that joins.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The name: `west-control-plane`.
    pub name: String,
    /// Whether it is one of the control plane.
    pub control_plane: bool,
    /// Its address.
    pub address: String,
    /// Its labels beside those that every node has.
    pub labels: Vec<(String, String)>,
    /// Its taints, as a node's spec has them.
    pub taints: Vec<Value>,
    /// Where its pods get their addresses from: `10.244.0.0/24`.
    pub pod_cidr: String,
}

/// A cluster.
pub struct Cluster {
    pub(super) config: Config,
    pub(super) world: Weak<World>,
    pub(super) store: Store,
    pub(super) authority: Authority,
    runtime: crate::controllers::Runtime,
    pub(super) tls: Arc<rustls::ServerConfig>,
    pub(super) registry: super::registry::Registry,
    admin: Identity,
    tokens: TokenKey,
    pub(super) loaded: Option<Loaded>,
}

/// What is known of the origin of a cluster that was taken over.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The certificate of its real authority, PEM: what its objects name.
    pub(super) authority: String,
    /// Group and kind of objects that were left out.
    pub(super) left_out: BTreeSet<(String, String)>,
    /// The identifiers of its objects.
    pub(super) objects: BTreeSet<String>,
}

impl Cluster {
    /// Start a cluster with what is in every one from the beginning; it has no nodes yet. The caller adds it to the world.
    ///
    /// # Errors
    /// When its keys cannot be made.
    pub fn start(world: &Arc<World>, config: Config) -> Result<Arc<Self>, Error> {
        let cluster = Self::prepare(world, config, None)?;
        fresh::fill(&cluster.store, &cluster.config);
        Ok(cluster)
    }

    /// A cluster without objects.
    pub(super) fn prepare(world: &Arc<World>, config: Config, loaded: Option<Loaded>) -> Result<Arc<Self>, Error> {
        let authority = Authority::create()?;
        let mut hosts = config.hosts.clone();
        let names =
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
        hosts.extend(names.map(str::to_owned));
        hosts.push(config.address.clone());
        hosts.retain(|host| !host.is_empty());
        let mut seed = format!("{}/{}", world.seed(), config.name);
        if loaded.is_some() {
            seed.push_str("/taken over"); // what is found may be of another simulation with this seed
        }
        Ok(Arc::new(Self {
            tls: authority.server(&hosts)?,
            admin: authority.user("kubernetes-admin", &["system:masters"])?,
            tokens: TokenKey::create()?,
            store: Store::new(seed),
            world: Arc::downgrade(world),
            registry: super::registry::Registry::default(),
            authority,
            runtime: crate::controllers::Runtime::default(),
            config,
            loaded,
        }))
    }

    /// The name, as kind calls it: `west`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How it was started.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The world that it is in, as long as that lasts.
    #[must_use]
    pub fn world(&self) -> Option<Arc<World>> {
        self.world.upgrade()
    }

    /// What controllers and pods remember beside its objects.
    pub fn runtime(&self) -> &crate::controllers::Runtime {
        &self.runtime
    }

    /// Its objects.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The certificate of its authority, PEM: what its server and its kubeconfig show.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The certificate that its objects name as that of its authority, PEM: of a cluster that was taken over the real one's.
    #[must_use]
    pub fn root_pem(&self) -> String {
        let loaded = self.loaded.as_ref().map(|loaded| loaded.authority.clone());
        loaded.filter(|authority| !authority.is_empty()).unwrap_or_else(|| self.ca_pem())
    }

    /// Whether this object was there before the simulation.
    #[must_use]
    pub fn was_found(&self, object: &Value) -> bool {
        self.loaded.as_ref().is_some_and(|loaded| loaded.objects.contains(super::object::text(object, "/metadata/uid")))
    }

    /// Whether it was taken over from a real one.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.is_some()
    }

    /// Whether objects of this kind were left out when it was taken over.
    #[must_use]
    pub fn left_out(&self, group: &str, kind: &str) -> bool {
        let key = (group.to_owned(), kind.to_owned());
        self.loaded.as_ref().is_some_and(|loaded| loaded.left_out.contains(&key))
    }

    /// The kubeconfig of its administrator, as kind and kubeadm name the entries, for a server at this address.
    #[must_use]
    pub fn admin_kubeconfig(&self, server: &str) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let name = format!("kind-{}", self.name());
        let (ca, certificate, key) = (
            STANDARD.encode(self.ca_pem()),
            STANDARD.encode(&self.admin.certificate),
            STANDARD.encode(&self.admin.key),
        );
        format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n  name: {name}\n\
             contexts:\n- context:\n    cluster: {name}\n    user: {name}\n  name: {name}\ncurrent-context: {name}\nkind: Config\n\
             preferences: {{}}\nusers:\n- name: {name}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
        )
    }

    /// Let a node join. Its state is for the controllers to tell. One that is there already is left as it is.
    ///
    /// # Errors
    /// When it has no name.
    pub fn join_node(&self, node: &Node) -> Result<(), Status> {
        let created = self.store.create(fresh::node(&self.config, node));
        match created {
            Err(status) if status.reason == "AlreadyExists" => Ok(()),
            created => created.map(drop),
        }
    }

    /// A token for a service account that exists.
    ///
    /// # Errors
    /// When there is no such account, or it cannot be signed.
    pub fn issue_token(&self, namespace: &str, account: &str, request: &TokenRequest) -> Result<String, Status> {
        let found = self.store.get(("v1", "ServiceAccount"), Some(namespace), account);
        let found = found.ok_or_else(|| Status::not_found("serviceaccounts", account))?;
        self.tokens.issue(&found, request).map_err(|error| Status::new(500, "InternalError", error.to_string()))
    }

    /// Whose token it is, if it is good for one of the audiences; for none named, for the API server.
    #[must_use]
    pub fn token_user(&self, token: &str, audiences: &[String]) -> Option<User> {
        let own = [token::ISSUER.to_owned()];
        let audiences = if audiences.is_empty() { &own } else { audiences };
        let issued = self.tokens.user(&self.store, token, audiences);
        issued.or_else(|| self.loaded.as_ref().and_then(|_| token::kept(&self.store, token)))
    }

    /// Record something that is not known, and say so.
    pub(super) fn unknown(&self, what: String) -> Status {
        let text = match self.world() {
            Some(world) => world.recorder.unknown(what),
            None => format!("the simulator does not know {what}"),
        };
        Status::unknown(text)
    }
}

/// The network address at the beginning of a subnet, moved by so many: the service `kubernetes` has the first.
pub(super) fn address_at(subnet: &str, index: u32) -> Option<std::net::IpAddr> {
    use std::net::IpAddr;
    let network: ipnet::IpNet = subnet.split(',').next()?.trim().parse().ok()?; // a subnet that is none has no addresses
    let address = match network.network() {
        IpAddr::V4(start) => IpAddr::V4(u32::from(start).checked_add(index)?.into()),
        IpAddr::V6(start) => IpAddr::V6(u128::from(start).checked_add(index.into())?.into()),
    };
    network.contains(&address).then_some(address)
}

/// What a service of the cluster itself looks like; for the objects that are there from the beginning.
pub(super) fn kubernetes_service(config: &Config) -> Value {
    let address = address_at(&config.service_subnet, 1).map(|address| address.to_string()).unwrap_or_default();
    let ports = json!([{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }]);
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": { "component": "apiserver", "provider": "kubernetes" },
        },
        "spec": {
            "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "ports": ports, "sessionAffinity": "None", "type": "ClusterIP",
        },
        "status": { "loadBalancer": {} },
    })
}
