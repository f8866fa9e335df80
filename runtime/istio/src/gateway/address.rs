//! The external address of a gateway.

use meshrun_kube::{Client, Condition, Reference, Subject, WaitOptions, wait};
use meshrun_terms::{Steps, Timeout};
use serde_json::Value;

use crate::Error;

/// Wait until a load balancer has given the gateway's service an address, and return it: an IP address, or a host name.
///
/// # Errors
/// When it has none in time, or is no service that gets one.
pub async fn address(
    client: &Client,
    namespace: &str,
    name: &str,
    timeout: Timeout,
    steps: &Steps,
) -> Result<String, Error> {
    let service = Subject::Object(Reference::new("v1/Service", name).in_namespace(namespace));
    let options = WaitOptions::within(timeout);
    let found = wait(client, &service, &Condition::HasAddress, &options, steps).await?;
    // The condition holds, so there is one.
    Ok(found.first().and_then(address_of).unwrap_or_default())
}

/// The address that a service has got.
pub(crate) fn address_of(service: &Value) -> Option<String> {
    let ingress = service["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
    let mut addresses = ingress.filter_map(|entry| entry["ip"].as_str().or(entry["hostname"].as_str()));
    addresses.find(|address| !address.is_empty()).map(str::to_owned)
}
