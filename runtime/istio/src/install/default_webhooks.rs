//! The default webhooks: which control plane injects and validates where nobody names a revision.
//!
//! As istioctl does at the end of an install: the revision tag `default` injects in place of the injector of the default revision,
//! which is put to sleep, and `istiod-default-validator` validates. The tag is made before the injector sleeps, so that no pod
//! is left without.

use std::sync::Arc;

use meshrun_kube::{ApplyOptions, Client, Object, Origin, Query, apply, kind_of, label_of, list};
use meshrun_terms::Steps;
use serde_json::{Value, json};

use crate::{
    Error,
    install::{
        adopt::{adopt, deactivated},
        installation::rendering,
        plan::{Part, Plan},
    },
    operator::{Charts, Kind, Template, render_template},
};

/// The webhooks of Istio that a cluster has: injectors and validators.
pub(crate) async fn live_webhooks(client: &Client) -> Result<Vec<Value>, meshrun_kube::Error> {
    let of = |kind: &str, labels: &str| {
        let query = Query::of(format!("admissionregistration.k8s.io/v1/{kind}")).with_labels(labels);
        async move { list(client, &query).await }
    };
    let (mut injectors, validators) = tokio::try_join!(
        of("MutatingWebhookConfiguration", "app=sidecar-injector"),
        of("ValidatingWebhookConfiguration", "app=istiod")
    )?;
    injectors.extend(validators);
    Ok(injectors)
}

/// Whether this plan's revision is to become the default one, given the webhooks that there were.
pub(super) fn is_due(plan: &Plan, before: &[Value]) -> bool {
    if plan.operator.pointer("/spec/values/global/operatorManageWebhooks") == Some(&json!(true)) {
        return false;
    }
    let is_default = plan.owner.revision == "default";
    let injectors = || before.iter().filter(|webhook| kind_of(webhook) == "MutatingWebhookConfiguration");
    // A first install that was interrupted has left its own injector only.
    let is_first = injectors().all(|injector| {
        label_of(injector, "istio.io/rev") == Some(&plan.owner.revision) && label_of(injector, "istio.io/tag").is_none()
    });
    is_first || (is_default && plan.part(Kind::Pilot).is_some())
}

/// Make this plan's revision the default one. Without an injector of that revision there is nothing to do.
pub(super) async fn make_default(
    client: &Client,
    charts: &Arc<Charts>,
    plan: &Plan,
    options: &ApplyOptions,
    steps: &Steps,
) -> Result<(), Error> {
    let live = live_webhooks(client).await?;
    let Some(canonical) = canonical(&live, &plan.owner.revision) else { return Ok(()) };
    let wanted = {
        let (charts, plan, canonical) = (charts.clone(), plan.clone(), canonical.clone());
        rendering(move || webhooks(&charts, &plan, &canonical)).await?
    };
    let objects = wanted.into_iter().map(|object| adopt(object, &live)).collect();
    apply_all(client, objects, options, steps).await?;
    let own = plan.parts.iter().find_map(Part::injector).filter(|_| plan.owner.revision == "default");
    match own {
        Some(injector) => apply_all(client, vec![deactivated(injector.clone())], options, steps).await,
        None => Ok(()),
    }
}

async fn apply_all(client: &Client, objects: Vec<Value>, options: &ApplyOptions, steps: &Steps) -> Result<(), Error> {
    let objects = objects.into_iter().map(|value| Object { value, origin: Origin::default() }).collect();
    apply(client, objects, options, steps).await?;
    Ok(())
}

/// The injector of a revision itself, as opposed to those of its tags.
fn canonical<'l>(live: &'l [Value], revision: &str) -> Option<&'l Value> {
    live.iter().find(|webhook| {
        kind_of(webhook) == "MutatingWebhookConfiguration"
            && label_of(webhook, "istio.io/rev") == Some(revision)
            && label_of(webhook, "istio.io/tag").is_none()
    })
}

/// The injector of the default tag and the default validator, leading where the revision's own injector leads.
fn webhooks(charts: &Charts, plan: &Plan, canonical: &Value) -> Result<Vec<Value>, Error> {
    let way = &canonical["webhooks"][0]["clientConfig"];
    let revision = Some(plan.owner.revision.as_str()).filter(|revision| *revision != "default").unwrap_or_default();
    let given = &plan.operator["spec"]["values"];
    let url = way["url"].as_str();
    let values = json!({
        "revision": revision,
        "revisionTags": ["default"],
        "global": { "istioNamespace": plan.namespace },
        "sidecarInjectorWebhook": {
            "enableNamespacesByDefault": given["sidecarInjectorWebhook"]["enableNamespacesByDefault"] == true,
        },
        "istiodRemote": {
            "injectionURL": url.unwrap_or_default(),
            "injectionPath": way["service"]["path"].as_str().unwrap_or("/inject"),
        },
        "base": {
            "validationURL": url.map(validation_url).unwrap_or_default(),
            "validateGateway": given["base"]["validateGateway"] == true,
        },
    });
    let template = |chart: &'static str, endings: &'static [&'static str]| Template {
        chart,
        endings,
        namespace: &plan.namespace,
        component: Kind::Pilot,
    };
    let tag = template(Kind::Pilot.chart(), &["templates/revision-tags.yaml"]);
    let validator = template("default", &["templates/validatingwebhook.yaml"]);
    let mut objects = render_template(charts, tag, &values)?;
    objects.extend(render_template(charts, validator, &values)?);
    Ok(objects.into_iter().map(|object| owned(object, plan, way)).collect())
}

/// The object with its owner, not to be pruned by it, and with the certificates that the canonical injector trusts.
fn owned(object: Value, plan: &Plan, way: &Value) -> Value {
    let mut object = plan.owner.mark(object, Kind::Pilot.name());
    object["metadata"]["labels"]["install.operator.istio.io/owning-resource-not-pruned"] = json!("true");
    if kind_of(&object) == "MutatingWebhookConfiguration"
        && let Some(bundle) = way["caBundle"].as_str().filter(|bundle| !bundle.is_empty())
    {
        for hook in object["webhooks"].as_array_mut().into_iter().flatten() {
            hook["clientConfig"]["caBundle"] = json!(bundle);
        }
    }
    object
}

/// Where an istiod validates that injects at this address.
fn validation_url(injection: &str) -> String {
    let start = injection.find("://").map_or(0, |at| at + 3);
    let host = injection[start..].find('/').map_or(injection, |end| &injection[..start + end]);
    format!("{host}/validate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Manifest;

    fn plan(revision: &str) -> Plan {
        let operator = json!({ "spec": { "revision": revision } });
        Plan::of(&Manifest { operator, components: vec![], warnings: vec![] }, &[], "1.20.1")
    }

    fn injector(revision: &str, tag: Option<&str>) -> Value {
        let mut labels = json!({ "istio.io/rev": revision, "app": "sidecar-injector" });
        if let Some(tag) = tag {
            labels["istio.io/tag"] = json!(tag);
        }
        json!({ "kind": "MutatingWebhookConfiguration", "metadata": { "name": "x", "labels": labels } })
    }

    #[test]
    fn the_first_revision_becomes_the_default_and_a_second_does_not() {
        assert!(is_due(&plan("canary"), &[]));
        assert!(is_due(&plan("canary"), &[injector("canary", None)]), "an interrupted first install");
        assert!(!is_due(&plan("canary"), &[injector("default", None)]));
        assert!(
            !is_due(&plan(""), &[injector("default", None), injector("default", Some("default"))]),
            "no istiod in it"
        );
    }

    #[test]
    fn the_canonical_injector_is_no_tag() {
        let live = [injector("default", Some("default")), injector("default", None)];
        assert_eq!(canonical(&live, "default"), Some(&live[1]));
        assert_eq!(canonical(&live, "canary"), None);
    }

    #[test]
    fn a_remote_istiod_validates_where_it_injects() {
        assert_eq!(
            validation_url("https://istiod.example:15017/inject/cluster/a"),
            "https://istiod.example:15017/validate"
        );
        assert_eq!(validation_url("https://istiod.example"), "https://istiod.example/validate");
    }
}
