//! MetalLB's objects: what its manifest must hold, and the ones that say which addresses a cluster gives out.

use meshrun_kube::{Object, Origin, kind_of, name_of};
use serde_json::{Value, json};

use crate::{error::Error, range::Range};

/// The namespace of MetalLB's own manifest.
pub const NAMESPACE: &str = "metallb-system";

pub(crate) const CONTROLLER: &str = "controller";
pub(crate) const SPEAKER: &str = "speaker";

/// The kind of address pools, with its group.
pub(crate) const POOL_KIND: &str = "metallb.io/v1beta1/IPAddressPool";

/// Read MetalLB's manifest and make it fit for being applied again and again: the controller writes the certificates of
/// its webhooks itself, so those that the manifest brings are left out.
///
/// # Errors
/// When it is no YAML, or not MetalLB's.
pub(crate) fn read_manifest(text: &str, name: &str) -> Result<Vec<Object>, Error> {
    let mut objects = meshrun_kube::parse(text, name)?;
    for (kind, wanted) in [("Deployment", CONTROLLER), ("DaemonSet", SPEAKER)] {
        if !objects.iter().any(|object| kind_of(&object.value) == kind && name_of(&object.value) == wanted) {
            let missing = format!("{} `{wanted}`", kind.to_lowercase());
            return Err(Error::NotMetallb { manifest: name.to_owned(), missing });
        }
    }
    objects.iter_mut().for_each(|object| leave_certificates_out(&mut object.value));
    Ok(objects)
}

fn leave_certificates_out(object: &mut Value) {
    let clients: Vec<&mut Value> = match kind_of(object) {
        "CustomResourceDefinition" => object.pointer_mut("/spec/conversion/webhook/clientConfig").into_iter().collect(),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let webhooks = object.get_mut("webhooks").and_then(Value::as_array_mut);
            webhooks.into_iter().flatten().filter_map(|webhook| webhook.get_mut("clientConfig")).collect()
        }
        _ => Vec::new(),
    };
    for client in clients.into_iter().filter_map(Value::as_object_mut) {
        client.remove("caBundle");
    }
}

/// A pool of addresses.
pub(crate) fn address_pool(name: &str, ranges: &[Range]) -> Object {
    object(json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": { "addresses": ranges },
    }))
}

/// The announcement of a pool in the network of the nodes, by ARP.
pub(crate) fn l2_advertisement(name: &str, pool: &str) -> Object {
    object(json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "L2Advertisement",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": { "ipAddressPools": [pool] },
    }))
}

fn object(value: Value) -> Object {
    Object { value, origin: Origin::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.metallb.io}
spec:
  conversion:
    strategy: Webhook
    webhook: {clientConfig: {caBundle: b2xk, service: {name: webhook-service}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: metallb-system}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: speaker, namespace: metallb-system}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: metallb-webhook-configuration}
webhooks:
- name: a
  clientConfig: {caBundle: b2xk, service: {name: webhook-service}}
- name: b
  clientConfig: {service: {name: webhook-service}}
";

    #[test]
    fn certificates_are_left_to_the_controller() {
        let objects = read_manifest(SMALL, "metallb.yaml").unwrap();
        assert_eq!(objects.len(), 4);
        let service = json!({ "service": { "name": "webhook-service" } });
        assert_eq!(objects[0].value["spec"]["conversion"]["webhook"]["clientConfig"], service);
        assert_eq!(objects[3].value["webhooks"][0]["clientConfig"], service);
        assert_eq!(objects[3].value["webhooks"][1]["clientConfig"], service);
    }

    #[test]
    fn a_manifest_of_something_else_is_refused() {
        let error = read_manifest(&SMALL.replace("speaker", "listener"), "x.yaml").unwrap_err();
        assert_eq!(error.to_string(), "`x.yaml` is not MetalLB's manifest: it has no daemonset `speaker`");
    }

    #[test]
    fn a_pool_and_its_announcement() {
        let range = "172.18.255.200-172.18.255.219".parse().unwrap();
        assert_eq!(
            meshrun_yaml::to_string_all(&[
                address_pool("first-pool", &[range]).value,
                l2_advertisement("first-adv", "first-pool").value
            ]),
            "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: first-pool\n  namespace: metallb-system\n\
             spec:\n  addresses:\n  - 172.18.255.200-172.18.255.219\n---\napiVersion: metallb.io/v1beta1\n\
             kind: L2Advertisement\nmetadata:\n  name: first-adv\n  namespace: metallb-system\nspec:\n  ipAddressPools:\n  \
             - first-pool\n"
        );
    }
}
