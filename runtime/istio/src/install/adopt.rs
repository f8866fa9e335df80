//! Leaving alone what istiod and the default webhooks have written into webhooks since the last install.
//!
//! A manifest's validators let everything pass until istiod finds itself ready and turns them to `Fail`; the injector of the default
//! revision is put to sleep once the default tag injects in its place. Applying the manifest as it is would turn both back for
//! a moment, in which broken configuration passes and pods meet two injectors.

use meshrun_kube::{kind_of, label_of, name_of};
use serde_json::{Value, json};

/// The selector that no object ever has.
const NEVER: (&str, &str) = ("istio.io/deactivated", "never-match");

/// An object as it is to be applied, given the webhooks that are there.
pub(crate) fn adopt(mut object: Value, live: &[Value]) -> Value {
    match kind_of(&object) {
        "ValidatingWebhookConfiguration" => {
            let same = |other: &&Value| kind_of(other) == kind_of(&object) && name_of(other) == name_of(&object);
            if let Some(found) = live.iter().find(same) {
                keep_failing(&mut object, found);
            }
            object
        }
        "MutatingWebhookConfiguration" if is_of_default_revision(&object) && has_default_tag(live) => {
            deactivated(object)
        }
        _ => object,
    }
}

fn is_of_default_revision(injector: &Value) -> bool {
    label_of(injector, "istio.io/rev") == Some("default") && label_of(injector, "istio.io/tag").is_none()
}

/// Leave the failure policy out where istiod has set it to `Fail`.
fn keep_failing(object: &mut Value, live: &Value) {
    let fails = |name: &Value| webhooks(live).any(|hook| hook["name"] == *name && hook["failurePolicy"] == "Fail");
    for hook in object["webhooks"].as_array_mut().into_iter().flatten() {
        if fails(&hook["name"])
            && let Some(fields) = hook.as_object_mut()
        {
            fields.remove("failurePolicy");
        }
    }
}

fn webhooks(configuration: &Value) -> impl Iterator<Item = &Value> {
    configuration["webhooks"].as_array().into_iter().flatten()
}

/// Whether an injector was put to sleep.
pub(crate) fn is_deactivated(configuration: &Value) -> bool {
    let (key, value) = NEVER;
    let never = |hook: &Value| hook["namespaceSelector"]["matchLabels"][key] == value;
    webhooks(configuration).next().is_some() && webhooks(configuration).all(never)
}

fn has_default_tag(live: &[Value]) -> bool {
    live.iter().any(|webhook| {
        kind_of(webhook) == "MutatingWebhookConfiguration"
            && label_of(webhook, "istio.io/tag") == Some("default")
            && !is_deactivated(webhook)
    })
}

/// An injector put to sleep.
pub(crate) fn deactivated(mut configuration: Value) -> Value {
    let (key, value) = NEVER;
    for hook in configuration["webhooks"].as_array_mut().into_iter().flatten() {
        hook["namespaceSelector"] = json!({ "matchLabels": { key: value } });
        hook["objectSelector"] = json!({ "matchLabels": { key: value } });
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injector() -> Value {
        json!({
            "kind": "MutatingWebhookConfiguration",
            "metadata": { "name": "istio-sidecar-injector", "labels": { "istio.io/rev": "default" } },
            "webhooks": [{ "name": "namespace.", "namespaceSelector": { "matchExpressions": [] }, "objectSelector": {} }],
        })
    }

    fn tag() -> Value {
        let mut tag = injector();
        tag["metadata"] = json!({ "name": "istio-revision-tag-default", "labels": { "istio.io/tag": "default" } });
        tag
    }

    #[test]
    fn a_sleeping_injector_stays_asleep_while_the_default_tag_injects() {
        let asleep = deactivated(injector());
        assert!(is_deactivated(&asleep) && !is_deactivated(&injector()));
        assert_eq!(adopt(injector(), &[asleep.clone(), tag()]), asleep);
        assert_eq!(adopt(injector(), std::slice::from_ref(&asleep)), injector(), "nobody would inject");
        assert_eq!(adopt(injector(), &[injector(), tag()]), asleep, "a run that ended in between is completed");
        let mut canary = injector();
        canary["metadata"]["labels"]["istio.io/rev"] = json!("canary");
        assert_eq!(adopt(canary.clone(), &[tag()]), canary);
    }

    #[test]
    fn a_validator_that_refuses_goes_on_refusing() {
        let validator = |policy: &str| {
            json!({
                "kind": "ValidatingWebhookConfiguration", "metadata": { "name": "istio-validator-istio-system" },
                "webhooks": [{ "name": "rev.validation.istio.io", "failurePolicy": policy }],
            })
        };
        let kept = adopt(validator("Ignore"), &[validator("Fail")]);
        assert_eq!(kept["webhooks"][0].get("failurePolicy"), None);
        assert_eq!(adopt(validator("Ignore"), &[validator("Ignore")]), validator("Ignore"));
    }
}
