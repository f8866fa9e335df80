//! The address pools of a cluster: made, and read back.

use meshrun_kube::{Applied, Client, Query, apply, list, name_of};
use meshrun_terms::{Steps, Timeout};
use serde_json::Value;

use crate::{
    error::Error,
    install::options,
    objects::{NAMESPACE, POOL_KIND, address_pool, l2_advertisement},
    plan::Pool,
    range::Range,
};

/// The addresses that a cluster gives to its load balancers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The name of the pool: `first-pool`.
    pub pool: String,
    /// The name of its announcement: `first-adv`.
    pub advertisement: String,
    /// The addresses.
    pub ranges: Vec<Range>,
}

/// Let a cluster give out these addresses: an IPAddressPool and the L2Advertisement that announces it. Returns what became
/// of both; a repeat finds them unchanged. A webhook that does not serve yet is waited for.
///
/// # Errors
/// When the cluster has no MetalLB, or its webhook refuses, mostly because another pool of the cluster has some of the addresses.
pub async fn configure(
    client: &Client,
    configuration: &Configuration,
    timeout: Timeout,
    steps: &Steps,
) -> Result<Vec<Applied>, Error> {
    let Configuration { pool, advertisement, ranges } = configuration;
    let objects = vec![address_pool(pool, ranges), l2_advertisement(advertisement, pool)];
    apply(client, objects, &options(timeout), steps).await.map_err(|error| match unknown_kind(&error) {
        Some(context) => Error::NotInstalled { context: context.to_owned() },
        None => refused(client, pool, error),
    })
}

/// The context that does not know the kinds of MetalLB, when that is all that is wrong. Both objects are tried side by side, so
/// mostly there are two such errors in one.
fn unknown_kind(error: &meshrun_kube::Error) -> Option<&str> {
    match error {
        meshrun_kube::Error::NoKind { context, .. } => Some(context),
        meshrun_kube::Error::Several { errors, .. } => {
            let contexts: Option<Vec<&str>> = errors.iter().map(unknown_kind).collect();
            contexts?.first().copied()
        }
        _ => None,
    }
}

/// What MetalLB's own webhook says is no matter of permissions, as the server's code for it suggests.
fn refused(client: &Client, pool: &str, error: meshrun_kube::Error) -> Error {
    let denied = error.status().and_then(|status| status.message.split_once("denied the request: "));
    match denied {
        Some((webhook, reason)) if webhook.contains("metallb.io") => Error::PoolRefused {
            context: client.context().to_owned(),
            pool: pool.to_owned(),
            reason: reason.to_owned(),
        },
        _ => error.into(),
    }
}

/// The address pools of a cluster, by name; none when it has no MetalLB. Addresses of IPv6 are left out.
///
/// # Errors
/// When the cluster does not answer.
pub async fn pools(client: &Client) -> Result<Vec<Pool>, Error> {
    let query = Query::of(POOL_KIND).in_namespace(NAMESPACE);
    let mut pools: Vec<Pool> = match list(client, &query).await {
        Ok(objects) => objects.iter().map(pool).collect(),
        Err(meshrun_kube::Error::NoKind { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pools)
}

fn pool(object: &Value) -> Pool {
    let addresses = object["spec"]["addresses"].as_array().into_iter().flatten();
    Pool {
        name: name_of(object).to_owned(),
        // What is no range of IPv4 is one of IPv6, for MetalLB's webhook lets nothing else through.
        ranges: addresses.filter_map(Value::as_str).filter_map(|text| text.parse::<Range>().ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_is_read_with_its_ipv4_addresses() {
        let object = json!({
            "metadata": { "name": "first-pool" },
            "spec": { "addresses": ["172.18.1.230-172.18.1.240", "fc00::/120", "172.18.2.0/28"] },
        });
        assert_eq!(
            pool(&object),
            Pool {
                name: "first-pool".to_owned(),
                ranges: vec!["172.18.1.230-172.18.1.240".parse().unwrap(), "172.18.2.0-172.18.2.15".parse().unwrap()],
            }
        );
    }
}
