//! MetalLB in a cluster: its manifest applied, its workloads rolled out, its webhook answering.

use std::{net::Ipv4Addr, time::Duration};

use futures::try_join;
use meshrun_kube::{
    ApplyOptions, Client, Condition, Reference, Subject, Validation, WaitOptions, apply, kind_of, name_of,
    namespace_of, wait,
};
use meshrun_terms::{Steps, Timeout};
use tokio::time::Instant;

use crate::{
    error::Error,
    nodes::let_nodes_announce,
    objects::{CONTROLLER, NAMESPACE, SPEAKER, address_pool, read_manifest},
};

/// After so long with an image that cannot be had or a container that crashes, waiting does not help.
const HOPELESS: Timeout = Timeout::seconds(90);

/// Install MetalLB from its manifest, and wait until it takes address pools. The memberlist secret is the controller's own
/// business. In a cluster all of whose nodes are excluded from load balancing, as a control plane alone is by kubeadm, the
/// exclusion is lifted, or newer versions would announce nothing. A repeat changes nothing.
///
/// # Errors
/// When the manifest is not MetalLB's or is refused; when its pods do not become ready, with what keeps them from it; when
/// the webhook does not answer, with its last answer. `timeout` is for all of it.
pub async fn install(
    client: &Client,
    manifest: &str,
    manifest_name: &str,
    timeout: Timeout,
    steps: &Steps,
) -> Result<(), Error> {
    let deadline = Instant::now() + timeout.duration();
    let objects = read_manifest(manifest, manifest_name)?;
    let namespace = objects
        .iter()
        .find(|object| kind_of(&object.value) == "Deployment" && name_of(&object.value) == CONTROLLER)
        .and_then(|object| namespace_of(&object.value))
        .unwrap_or(NAMESPACE)
        .to_owned();
    steps.doing(format!("applying {manifest_name} to {}", client.context()));
    apply(client, objects, &options(left(deadline)), steps).await?;
    try_join!(
        rolled_out(client, Reference::new("apps/v1/Deployment", CONTROLLER).in_namespace(&namespace), deadline, steps),
        rolled_out(client, Reference::new("apps/v1/DaemonSet", SPEAKER).in_namespace(&namespace), deadline, steps),
        let_nodes_announce(client, steps),
    )?;
    takes_pools(client, deadline, timeout, steps).await
}

/// How MetalLB's objects are applied: as they are here, whoever has put them there before.
pub(crate) fn options(timeout: Timeout) -> ApplyOptions {
    ApplyOptions {
        namespace: Some(NAMESPACE.to_owned()),
        force: true,
        validation: Validation::Warn,
        timeout,
        ..ApplyOptions::default()
    }
}

async fn rolled_out(client: &Client, workload: Reference, deadline: Instant, steps: &Steps) -> Result<(), Error> {
    let wanted = WaitOptions { timeout: left(deadline), fail_fast: Some(HOPELESS) };
    wait(client, &Subject::Object(workload), &Condition::RolledOut, &wanted, steps).await?;
    Ok(())
}

/// Wait until a pool would be accepted. Its pods are ready before the webhook serves, so a pool is applied on trial, of addresses
/// that are nobody's (192.0.2.0/24 is for documentation), until the webhook has its say.
async fn takes_pools(client: &Client, deadline: Instant, timeout: Timeout, steps: &Steps) -> Result<(), Error> {
    let trial = address_pool("meshrun-trial", &[Ipv4Addr::new(192, 0, 2, 1).into()]);
    let options = ApplyOptions { dry_run: true, ..options(left(deadline)) };
    apply(client, vec![trial], &options, steps).await.map_err(|error| match error.status() {
        Some(status) if status.message.contains("failed calling webhook") => {
            Error::WebhookSilent { context: client.context().to_owned(), timeout, source: Box::new(error) }
        }
        _ => error.into(),
    })?;
    Ok(())
}

/// What is left of the time; at least a second, so that what is due is asked for once.
pub(crate) fn left(deadline: Instant) -> Timeout {
    Timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1)))
}
