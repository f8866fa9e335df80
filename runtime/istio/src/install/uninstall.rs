//! Taking Istio out of a cluster again: one revision of it, or all.

use meshrun_kube::{
    Client, Condition, DeleteOptions, Object, Origin, Patch, PatchOptions, Query, Reference, Subject, WaitOptions,
    delete_objects, kind_of, label_of, list, name_of, patch, wait,
};
use meshrun_terms::{Steps, Timeout};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Error,
    install::{
        installation::left,
        prune::{KINDS, owned},
    },
    is_unknown_kind,
};

const COMPONENT: &str = "operator.istio.io/component";

/// Kinds that only a purge takes away, for other revisions need them and users' configuration goes with them.
const PURGED: [&str; 3] = [
    "customresourcedefinitions.apiextensions.k8s.io",
    "envoyfilters.networking.istio.io",
    "network-attachment-definitions.k8s.cni.cncf.io",
];

/// What names of istiod's elections hold.
const ELECTIONS: [&str; 3] = ["-election", "-leader", "-gateway-deployment-"];

/// What to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uninstall {
    /// The control plane and gateways of a revision; `default` is the one without a name. What revisions share stays: definitions
    /// and the reader's account.
    Revision(String),
    /// Everything, with all configuration that users have written for Istio.
    Purge,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uninstalled {
    /// The objects, as `deployment istio-system/istiod`.
    pub deleted: Vec<String>,
    /// Whether there was anything.
    pub changed: bool,
}

/// Take Istio away: webhooks first, so that nothing stands in the way, then what runs, then what it ran with, definitions last. Waits until
/// it is gone, istiod's pods too. The namespace stays, with the secret `cacerts`. A repeat changes nothing.
///
/// # Errors
/// When the cluster refuses, or something is not gone in time.
pub async fn uninstall(
    client: &Client,
    namespace: &str,
    what: &Uninstall,
    timeout: Timeout,
    steps: &Steps,
) -> Result<Uninstalled, Error> {
    let deadline = Instant::now() + timeout.duration();
    steps.doing(format!("looking for Istio in {}", client.context()));
    let mut objects = match what {
        Uninstall::Revision(revision) => of_revision(client, revision).await?,
        Uninstall::Purge => everything(client).await?,
    };
    let states = states(client, what).await?;
    release(client, &states, steps).await?;
    objects.extend(states);
    let mut deleted = delete(client, objects, deadline, steps).await?;
    if !deleted.is_empty() {
        pods_gone(client, namespace, what, deadline, steps).await?;
    }
    if *what == Uninstall::Purge {
        deleted.extend(delete(client, leftovers(client, namespace).await?, deadline, steps).await?);
    }
    Ok(Uninstalled { changed: !deleted.is_empty(), deleted: deleted.iter().map(Reference::to_string).collect() })
}

async fn of_revision(client: &Client, revision: &str) -> Result<Vec<Value>, Error> {
    let found = owned(client, &KINDS, &format!("istio.io/rev={revision},{COMPONENT}")).await?;
    Ok(found.into_iter().filter(|object| label_of(object, COMPONENT) != Some("Base")).collect())
}

async fn everything(client: &Client) -> Result<Vec<Value>, Error> {
    let kinds: Vec<&str> = KINDS.into_iter().chain(PURGED).collect();
    Ok(owned(client, &kinds, COMPONENT).await?)
}

/// The state objects, those of gateways with a name of their own too.
async fn states(client: &Client, what: &Uninstall) -> Result<Vec<Value>, Error> {
    let found = match list(client, &Query::of("istiooperators.install.istio.io").everywhere()).await {
        Err(error) if is_unknown_kind(&error) => Vec::new(),
        found => found?,
    };
    Ok(found.into_iter().filter(|state| is_meant(state, what)).collect())
}

fn is_meant(state: &Value, what: &Uninstall) -> bool {
    match what {
        Uninstall::Purge => true,
        Uninstall::Revision(revision) => {
            let own = state["spec"]["revision"].as_str().filter(|own| !own.is_empty()).unwrap_or("default");
            own == revision && name_of(state).starts_with("installed-state")
        }
    }
}

/// Take finalizers away: the operator that would have to act on them is mostly not there.
async fn release(client: &Client, states: &[Value], steps: &Steps) -> Result<(), Error> {
    let held =
        states.iter().filter(|state| state["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()));
    for state in held {
        let change = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        patch(client, &Reference::of(state), &change, &PatchOptions::default(), steps).await?;
    }
    Ok(())
}

async fn delete(
    client: &Client,
    objects: Vec<Value>,
    deadline: Instant,
    steps: &Steps,
) -> Result<Vec<Reference>, Error> {
    let objects = objects.into_iter().map(|value| Object { value, origin: Origin::default() }).collect();
    let options = DeleteOptions { wait: Some(left(deadline)), ..DeleteOptions::default() };
    Ok(delete_objects(client, objects, &options, steps).await?)
}

/// Wait for istiod's pods: one on its way out would write again what is deleted next.
async fn pods_gone(
    client: &Client,
    namespace: &str,
    what: &Uninstall,
    deadline: Instant,
    steps: &Steps,
) -> Result<(), Error> {
    let labels = match what {
        Uninstall::Revision(revision) => format!("app=istiod,istio.io/rev={revision}"),
        Uninstall::Purge => "app=istiod".to_owned(),
    };
    let pods = Subject::Objects(Query::of("v1/Pod").in_namespace(namespace).with_labels(labels));
    wait(client, &pods, &Condition::Deleted, &WaitOptions::within(left(deadline)), steps).await?;
    Ok(())
}

/// What istiod itself has written: the root in every namespace, its elections, and the authority that it made for lack of one.
async fn leftovers(client: &Client, namespace: &str) -> Result<Vec<Value>, Error> {
    let of = |query: Query| async move { list(client, &query).await };
    let (roots, maps, leases, secrets) = tokio::try_join!(
        of(Query::of("v1/ConfigMap").everywhere().with_labels("istio.io/config=true")),
        of(Query::of("v1/ConfigMap").in_namespace(namespace)),
        of(Query::of("coordination.k8s.io/v1/Lease").in_namespace(namespace)),
        of(Query::of("v1/Secret").in_namespace(namespace)),
    )?;
    let roots = roots.into_iter().filter(|map| name_of(map) == "istio-ca-root-cert");
    let own = maps.into_iter().chain(leases).chain(secrets).filter(is_istiods);
    Ok(roots.chain(own).collect())
}

fn is_istiods(object: &Value) -> bool {
    let name = name_of(object);
    match kind_of(object) {
        "Secret" => name == "istio-ca-secret",
        _ => name.starts_with("istio-") && ELECTIONS.iter().any(|election| name.contains(election)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str, revision: &str) -> Value {
        json!({ "kind": "IstioOperator", "metadata": { "name": name }, "spec": { "revision": revision } })
    }

    #[test]
    fn a_revision_takes_its_own_states_with_it() {
        let default = Uninstall::Revision("default".to_owned());
        assert!(is_meant(&state("installed-state", ""), &default));
        assert!(is_meant(&state("installed-state-eastwest", ""), &default));
        assert!(!is_meant(&state("installed-state-canary", "canary"), &default));
        assert!(!is_meant(&state("for-an-operator", ""), &default));
        assert!(is_meant(&state("for-an-operator", "x"), &Uninstall::Purge));
    }

    #[test]
    fn only_what_istiod_writes_is_left_over() {
        let named = |kind: &str, name: &str| json!({ "kind": kind, "metadata": { "name": name } });
        for (kind, name, expected) in [
            ("Secret", "istio-ca-secret", true),
            ("Secret", "cacerts", false),
            ("Secret", "istio-remote-secret-east", false),
            ("ConfigMap", "istio-leader", true),
            ("ConfigMap", "istio-namespace-controller-election", true),
            ("Lease", "istio-gateway-status-leader", true),
            ("ConfigMap", "istio-settings-of-mine", false),
        ] {
            assert_eq!(is_istiods(&named(kind, name)), expected, "{kind} {name}");
        }
    }
}
