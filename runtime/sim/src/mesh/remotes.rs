//! Remote clusters as an istiod sees them: which of its remote secrets work, and why others do not.

use std::{net::IpAddr, sync::Arc};

use serde_json::{Value, json};

use super::{view, view::RemoteSecret};
use crate::{
    World,
    controllers::object,
    kube::{Act, Cluster},
};

/// What has become of an entry of a remote secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sync {
    /// Its objects are known; the name of the cluster in the simulation.
    Synced(String),
    /// The server cannot be reached, or refuses: why.
    Failed(String),
    /// It is not used: why.
    Ignored(String),
}

/// An entry of a remote secret with what has become of it.
#[derive(Debug, Clone)]
pub struct Remote {
    /// `namespace/name` of the secret.
    pub secret: String,
    /// The id of the cluster.
    pub id: String,
    /// Its state.
    pub sync: Sync,
}

/// The remote secrets of a cluster, with what its istiod has made of each.
pub fn of(world: &Arc<World>, cluster: &Arc<Cluster>) -> Vec<Remote> {
    let own = view(cluster);
    if !own.has_istiod {
        return Vec::new();
    }
    let mut seen = Vec::new();
    let mut all = Vec::new();
    for entry in &own.remote_secrets {
        if entry.id == own.id {
            continue;
        }
        let sync = if seen.contains(&entry.id) {
            Sync::Ignored(format!("cluster {} is provided by another secret already", entry.id))
        } else {
            follow(world, cluster, entry)
        };
        seen.push(entry.id.clone());
        all.push(Remote { secret: entry.secret.clone(), id: entry.id.clone(), sync });
    }
    all
}

/// The clusters that a cluster's istiod knows by working remote secrets: id and cluster.
pub fn working(world: &Arc<World>, cluster: &Arc<Cluster>) -> Vec<(String, Arc<Cluster>)> {
    let found = |remote: Remote| match remote.sync {
        Sync::Synced(name) => Some((remote.id, world.cluster(&name)?)),
        Sync::Failed(_) | Sync::Ignored(_) => None,
    };
    of(world, cluster).into_iter().filter_map(found).collect()
}

fn follow(world: &Arc<World>, cluster: &Arc<Cluster>, entry: &RemoteSecret) -> Sync {
    let Some(access) = &entry.access else {
        return Sync::Ignored("the kubeconfig cannot be read".to_owned());
    };
    match reach(world, cluster, entry.key, access) {
        Ok(name) => Sync::Synced(name),
        Err(why) => Sync::Failed(why),
    }
}

/// The kinds that decide whether a token is good, and for what.
const DECIDE: [object::Kind; 4] = [
    object::SERVICE_ACCOUNT,
    object::SECRET,
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
];

/// Go where a kubeconfig leads to, as a pod would; what was found there before holds until it could be otherwise.
fn reach(world: &Arc<World>, from: &Cluster, key: u64, access: &Access) -> Result<String, String> {
    let found = find(world, access)?;
    let revision = found.store().revision();
    let unchanged =
        |kind: &object::Kind, since: u64| found.store().events(*kind, since).is_some_and(|all| all.is_empty());
    let known = from.runtime().checked(key).filter(|(since, result)| {
        let same = result.as_ref().is_ok_and(|name| name == found.name());
        same && (*since == revision || DECIDE.iter().all(|kind| unchanged(kind, *since)))
    });
    if let Some((since, result)) = known {
        if since != revision {
            from.runtime().note_checked(key, revision, &result);
        }
        return result;
    }
    let result = enter(&found, access);
    from.runtime().note_checked(key, revision, &result);
    result
}

/// How a kubeconfig leads to a cluster.
#[derive(Debug, Clone)]
pub struct Access {
    host: String,
    port: u16,
    authority: String,
    token: String,
}

/// Read the current context of a kubeconfig.
pub(super) fn parse(text: &str) -> Option<Access> {
    let config: Value = serde_yaml::from_str(text).ok()?; // told by the caller
    let named = |list: &str, wanted: &str| {
        object::list(&config, list).iter().find(|one| object::text(one, "/name") == wanted).cloned()
    };
    let context = named("/contexts", object::text(&config, "/current-context"))?;
    let cluster = named("/clusters", object::text(&context, "/context/cluster"))?;
    let user = named("/users", object::text(&context, "/context/user"))?;
    let (host, port) = address(object::text(&cluster, "/cluster/server"))?;
    let authority = json!({"data": {"ca": cluster.pointer("/cluster/certificate-authority-data")?}});
    Some(Access {
        host,
        port,
        authority: crate::controllers::istiod::decode(&authority, "ca")?.trim().to_owned(),
        token: object::text(&user, "/user/token").to_owned(),
    })
}

/// Host and port of a server.
fn address(server: &str) -> Option<(String, u16)> {
    let rest = server.strip_prefix("https://")?;
    let rest = rest.split('/').next()?;
    match rest.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((rest.to_owned(), 443)),
    }
}

/// The cluster that a kubeconfig leads to from within a pod.
fn find(world: &Arc<World>, access: &Access) -> Result<Arc<Cluster>, String> {
    let (host, port) = (&access.host, access.port);
    if let Some(cluster) =
        world.server_at(host, port).filter(|_| host.parse::<IpAddr>().is_err() && host != "localhost")
    {
        return Ok(cluster);
    }
    let address: IpAddr = match host.parse() {
        Ok(address) => address,
        Err(_) if host == "localhost" => IpAddr::from([127, 0, 0, 1]),
        Err(_) => world.resolve(host).ok_or_else(|| format!("dial tcp: lookup {host}: no such host"))?,
    };
    if address.is_loopback() {
        // In a pod this is the pod itself, where no API server listens.
        return Err(format!("dial tcp {address}:{port}: connect: connection refused"));
    }
    world.cluster_at(address, port).ok_or_else(|| format!("dial tcp {address}:{port}: i/o timeout"))
}

/// Show a cluster what a kubeconfig says, and see whether it lets istiod read. Returns the cluster's name.
fn enter(found: &Cluster, access: &Access) -> Result<String, String> {
    if found.root_pem().trim() != access.authority {
        return Err("tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned());
    }
    let user = found.token_user(&access.token, &[]).ok_or("Unauthorized")?;
    for (group, resource) in [
        ("", "services"),
        ("", "pods"),
        ("", "endpoints"),
        ("", "nodes"),
        ("", "namespaces"),
        ("discovery.k8s.io", "endpointslices"),
    ] {
        let may = |verb: &str| {
            let (verb, group, resource) = (verb.to_owned(), group.to_owned(), resource.to_owned());
            found.allows(&user, &Act { verb, group, resource, ..Act::default() })
        };
        if !may("list") || !may("watch") {
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            return Err(format!(
                "{resource}{group} is forbidden: User \"{}\" cannot list resource \"{resource}\" in API group \"{group}\" at the cluster scope",
                user.name
            ));
        }
    }
    Ok(found.name().to_owned())
}

/// What istiod answers at `/debug/clusterz`.
pub fn clusterz(world: &Arc<World>, cluster: &Arc<Cluster>) -> Value {
    let used = of(world, cluster).into_iter().filter_map(|remote| {
        let status = match remote.sync {
            Sync::Synced(_) => "synced",
            Sync::Failed(_) => "timeout",
            Sync::Ignored(_) => return None,
        };
        Some(json!({"id": remote.id, "secretName": remote.secret, "syncStatus": status}))
    });
    Value::Array(used.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        assert_eq!(address("https://172.18.0.3:6443"), Some(("172.18.0.3".into(), 6443)));
        assert_eq!(address("https://west-control-plane:6443/"), Some(("west-control-plane".into(), 6443)));
        assert_eq!(address("https://a"), Some(("a".into(), 443)));
        assert_eq!(address("http://a"), None);
    }
}
