//! An install: facts of the cluster, the manifest for it, its components in their order, and what comes after them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::try_join_all;
use meshrun_kube::{
    ApplyOptions, Client, Condition, Object, Reference, Subject, Validation, WaitOptions, apply, create_namespace,
    find, kind_of, raw, version, wait,
};
use meshrun_terms::{Progress, Steps, Timeout};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    Error,
    install::{
        adopt::adopt,
        conflict::overlap,
        default_webhooks::{is_due, live_webhooks, make_default},
        owner::FIELD_MANAGER,
        plan::{Part, Plan},
        prune::prune,
        state,
    },
    operator::{Charts, Cluster, Kind, Manifest, Request, generate},
};

/// After so long with an image that cannot be had or a container that crashes, waiting does not help.
const HOPELESS: Timeout = Timeout::seconds(90);

/// The oldest Kubernetes that Istio 1.20 supports.
const OLDEST_MINOR: u32 = 25;

/// How to install.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version of Istio, for labels.
    pub version: String,
    /// How long all of it may take.
    pub timeout: Timeout,
    /// Whether to wait until what is installed is ready. Without it, gateways may be made before anything injects them.
    pub wait: bool,
}

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The version of Istio.
    pub version: String,
    /// `default`, or the revision's name.
    pub revision: String,
    /// Istio's namespace.
    pub namespace: String,
    /// The components that are installed, such as `Base`, `Pilot`.
    pub components: Vec<String>,
    /// What the author of the configuration should know.
    pub warnings: Vec<String>,
    /// Whether anything in the cluster was changed.
    pub changed: bool,
}

/// Install what a request renders to: components in istioctl's order, many objects at once within each, then the wait for their
/// workloads; at last what is no longer rendered is removed, the state kept, the default webhooks made. A repeat changes nothing.
///
/// # Errors
/// When the request does not render; when the cluster refuses an object; when a workload is not ready in time, with the pods, their
/// images, the reasons and the last events; when the injector would take pods of another one ([`Error::WebhookConflict`]).
pub async fn install(
    client: &Client,
    charts: &Arc<Charts>,
    request: &Request,
    options: &Options,
    steps: &Steps,
) -> Result<Installed, Error> {
    let deadline = Instant::now() + options.timeout.duration();
    let (changed, steps) = watched(steps);
    let (cluster, live) = tokio::try_join!(facts(client), async { Ok(live_webhooks(client).await?) })?;
    let manifest = rendered(charts, request, cluster.clone()).await?;
    let plan = Plan::of(&manifest, &request.components, &options.version);
    let mut warnings = manifest.warnings;
    warnings.extend(old_cluster(&cluster));
    check_conflicts(client, &plan, &live, request.force, &mut warnings)?;
    for warning in &warnings {
        steps.warning(warning.clone());
    }
    let run = Run { client, plan: &plan, live: &live, wait: options.wait, deadline, steps: &steps };
    run.namespace().await?;
    run.components().await?;
    let apply = run.apply_options(&plan.namespace);
    tokio::try_join!(
        async { Ok::<_, Error>(prune(client, &plan, left(deadline), &steps).await?) },
        async { Ok(state::keep(client, &plan, &apply, &steps).await?) },
        async {
            match is_due(&plan, &live) {
                true => make_default(client, charts, &plan, &apply, &steps).await,
                false => Ok(()),
            }
        },
    )?;
    Ok(Installed {
        version: options.version.clone(),
        revision: plan.owner.revision.clone(),
        namespace: plan.namespace.clone(),
        components: plan.parts.iter().map(|part| part.kind.name().to_owned()).collect(),
        warnings,
        changed: changed.load(Ordering::Relaxed),
    })
}

/// The same steps, and whether they have told a change.
pub(crate) fn watched(steps: &Steps) -> (Arc<AtomicBool>, Steps) {
    let changed = Arc::new(AtomicBool::new(false));
    let (seen, inner) = (changed.clone(), steps.clone());
    let steps = Steps::new(move |progress| {
        if matches!(progress, Progress::Changed(_)) {
            seen.store(true, Ordering::Relaxed);
        }
        inner.tell(progress);
    });
    (changed, steps)
}

/// What the charts need to know of a cluster.
///
/// # Errors
/// When it does not answer.
pub async fn facts(client: &Client) -> Result<Cluster, Error> {
    let (version, core) = tokio::try_join!(version(client), raw(client, "/api/v1", Timeout::minutes(1)))?;
    let core: Value = serde_json::from_str(&core).unwrap_or_default(); // an odd server is one without tokens
    let mut resources = core["resources"].as_array().into_iter().flatten();
    let third_party_tokens = resources.any(|resource| resource["name"] == "serviceaccounts/token");
    Ok(Cluster { version: version.version, third_party_tokens })
}

fn old_cluster(cluster: &Cluster) -> Option<String> {
    let minor: u32 = cluster.version.split('.').nth(1).and_then(|minor| minor.parse().ok())?;
    let version = &cluster.version;
    (minor < OLDEST_MINOR)
        .then(|| format!("Istio 1.20 supports Kubernetes 1.{OLDEST_MINOR} and later, this is {version}"))
}

/// Work that takes the processor for long, away from the tasks that wait.
pub(crate) async fn rendering<T: Send + 'static>(
    render: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(render).await.map_err(|source| Error::RenderingEnded { source })?
}

async fn rendered(charts: &Arc<Charts>, request: &Request, cluster: Cluster) -> Result<Manifest, Error> {
    let (charts, mut request) = (charts.clone(), request.clone());
    request.cluster.get_or_insert(cluster);
    rendering(move || generate(&request, &charts)).await
}

/// Refuse an injector that would take the pods of another one, unless it is forced.
fn check_conflicts(
    client: &Client,
    plan: &Plan,
    live: &[Value],
    force: bool,
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    let due = is_due(plan, live);
    let ours: Vec<Value> = plan.parts.iter().filter_map(Part::injector).map(|own| adopt(own.clone(), live)).collect();
    let ours: Vec<&Value> = ours.iter().collect();
    let is_rewritten = |webhook: &Value| due && webhook["metadata"]["labels"]["istio.io/tag"] == "default";
    let theirs: Vec<&Value> = live
        .iter()
        .filter(|webhook| kind_of(webhook) == "MutatingWebhookConfiguration" && !is_rewritten(webhook))
        .collect();
    let Some((ours, theirs)) = overlap(&ours, &theirs) else { return Ok(()) };
    let context = client.context().to_owned();
    let conflict = Error::WebhookConflict { context, ours: ours.to_owned(), theirs: theirs.to_owned() };
    if !force {
        return Err(conflict);
    }
    warnings.push(conflict.to_string());
    Ok(())
}

/// An install under way.
struct Run<'r> {
    client: &'r Client,
    plan: &'r Plan,
    /// The webhooks that there were.
    live: &'r [Value],
    wait: bool,
    deadline: Instant,
    steps: &'r Steps,
}

impl Run<'_> {
    /// Make Istio's namespace. One that is there is left as it is.
    async fn namespace(&self) -> Result<(), Error> {
        let reference = Reference::new("v1/Namespace", &self.plan.namespace);
        let found = find(self.client, &reference).await?;
        let is_going = |namespace: &Value| namespace["metadata"]["deletionTimestamp"].is_string();
        if found.as_ref().is_some_and(|namespace| !is_going(namespace)) {
            return Ok(());
        }
        let labels: &BTreeMap<String, String> = &self.plan.namespace_labels;
        create_namespace(self.client, &self.plan.namespace, labels, left(self.deadline), self.steps).await?;
        Ok(())
    }

    /// istioctl's tree: Base, then Pilot, then what needs an istiod; a remote's parts and ztunnel by themselves.
    async fn components(&self) -> Result<(), Error> {
        let tree = async {
            self.component(Kind::Base).await?;
            self.component(Kind::Pilot).await?;
            tokio::try_join!(
                self.component(Kind::Cni),
                self.component(Kind::IngressGateways),
                self.component(Kind::EgressGateways)
            )
        };
        tokio::try_join!(tree, self.component(Kind::IstiodRemote), self.component(Kind::Ztunnel))?;
        Ok(())
    }

    async fn component(&self, kind: Kind) -> Result<(), Error> {
        let Some(part) = self.plan.part(kind) else { return Ok(()) };
        self.steps.doing(format!("installing {} in {}", kind.name(), self.client.context()));
        let adopted = |object: Object| Object { value: adopt(object.value, self.live), ..object };
        let objects = part.to_apply().into_iter().map(adopted).collect();
        apply(self.client, objects, &self.apply_options(&part.namespace), self.steps).await?;
        if !self.wait {
            return Ok(());
        }
        try_join_all(part.workloads().into_iter().map(|workload| self.until(workload, Condition::RolledOut))).await?;
        // Until istiod has written its root there, no pod can be injected, nor made.
        match part.injector().filter(|_| kind == Kind::Pilot) {
            Some(injector) => self.until(Reference::of(injector), Condition::HasCaBundle).await,
            None => Ok(()),
        }
    }

    async fn until(&self, object: Reference, condition: Condition) -> Result<(), Error> {
        let options = WaitOptions { timeout: left(self.deadline), fail_fast: Some(HOPELESS) };
        wait(self.client, &Subject::Object(object), &condition, &options, self.steps).await?;
        Ok(())
    }

    fn apply_options(&self, namespace: &str) -> ApplyOptions {
        ApplyOptions {
            field_manager: FIELD_MANAGER.to_owned(),
            force: true,
            namespace: Some(namespace.to_owned()),
            validation: Validation::Warn,
            timeout: left(self.deadline),
            ..ApplyOptions::default()
        }
    }
}

/// What is left of the time; at least a second, so that what is due is asked for once.
pub(crate) fn left(deadline: Instant) -> Timeout {
    Timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_cluster_is_told() {
        let of = |version: &str| old_cluster(&Cluster { version: version.to_owned(), third_party_tokens: true });
        assert_eq!(of("v1.27.3"), None);
        assert_eq!(
            of("v1.24.9-gke.1").as_deref(),
            Some("Istio 1.20 supports Kubernetes 1.25 and later, this is v1.24.9-gke.1")
        );
    }

    #[test]
    fn a_change_is_noted_and_told() {
        let (changed, steps) = watched(&Steps::silent());
        steps.doing("x");
        assert!(!changed.load(Ordering::Relaxed));
        steps.changed("y");
        assert!(changed.load(Ordering::Relaxed));
    }
}
