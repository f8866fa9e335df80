//! MetalLB's controller: its webhook's certificate, the secret of its speakers, and what the webhook says of pools.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context, certificate,
    istiod::encode,
    load_balancers,
    object::{POD, POOL, SECRET, VALIDATING, list, name, namespace, text},
    pods,
};

fn runs(pod: &Value, image: &str) -> bool {
    list(pod, "/spec/containers").iter().any(|one| text(one, "/image").contains(image))
}

/// Whether MetalLB's controller is ready.
pub fn controller_runs(context: &Context<'_>) -> bool {
    context.list(POD, None).iter().any(|pod| runs(pod, "metallb/controller") && pods::is_ready(pod))
}

/// Whether a pod is one of MetalLB's speakers.
pub fn is_speaker(pod: &Value) -> bool {
    runs(pod, "metallb/speaker")
}

/// One step: what the controller writes once it runs.
pub fn step(context: &Context<'_>) {
    let all = context.list(POD, None);
    let Some(pod) = all.iter().find(|pod| runs(pod, "metallb/controller") && text(pod, "/status/phase") == "Running")
    else {
        return;
    };
    let of = namespace(pod);
    if context.get(SECRET, of, "memberlist").is_none() {
        let key = encode(context.world.hex("memberlist", 128).as_bytes());
        context.create(json!({
            "apiVersion": SECRET.0, "kind": SECRET.1, "metadata": {"name": "memberlist", "namespace": of}, "type": "Opaque",
            "data": {"secretkey": key},
        }));
    }
    certify(context, of);
}

fn certify(context: &Context<'_>, of: &str) {
    let Some(secret) = context.get(SECRET, of, "webhook-server-cert") else { return };
    if secret.pointer("/data/ca.crt").is_none() {
        let Some(pair) = certificate::authority("metallb") else { return };
        let (certificate, key) = (encode(pair.certificate.as_bytes()), encode(pair.key.as_bytes()));
        context.modify(SECRET, &secret, |one| {
            one["data"] = json!({"ca.crt": certificate, "ca.key": key, "tls.crt": certificate, "tls.key": key});
        });
        return;
    }
    let bundle = text(&secret, "/data/ca.crt");
    let Some(configuration) = context.get(VALIDATING, "", "metallb-webhook-configuration") else { return };
    let lacks = |webhook: &Value| text(webhook, "/clientConfig/caBundle") != bundle;
    if list(&configuration, "/webhooks").iter().any(lacks) {
        context.modify(VALIDATING, &configuration, |one| {
            for webhook in one["webhooks"].as_array_mut().into_iter().flatten() {
                webhook["clientConfig"]["caBundle"] = json!(bundle);
            }
        });
    }
}

/// What the webhook says of an object.
///
/// # Errors
/// Why it refuses it.
pub fn validate(store: &crate::kube::Store, object: &Value) -> Result<(), String> {
    if text(object, "/kind") != "IPAddressPool" {
        return Ok(());
    }
    let own = ranges(object)?;
    for (index, one) in own.iter().enumerate() {
        if let Some(other) = own[..index].iter().find(|other| overlap(one, other)) {
            return Err(clash(object, one, other));
        }
    }
    let others: Vec<Arc<Value>> = store.list(POOL, None);
    for other in others.iter().filter(|other| (namespace(other), name(other)) != (namespace(object), name(object))) {
        let others = ranges(other).unwrap_or_default();
        if let Some((one, other)) =
            own.iter().find_map(|one| Some((one, others.iter().find(|other| overlap(one, other))?)))
        {
            return Err(clash(object, one, other));
        }
    }
    Ok(())
}

type Range = (String, (u32, u32));

fn ranges(pool: &Value) -> Result<Vec<Range>, String> {
    let all = list(pool, "/spec/addresses");
    if all.is_empty() {
        return Err(format!("parsing address pool {}: pool has no prefixes defined", name(pool)));
    }
    let one = |address: &Value| {
        let written = address.as_str().unwrap_or_default();
        let range = load_balancers::range(written);
        let range = range.map_err(|why| {
            format!("parsing address pool {0}: invalid CIDR \"{written}\" in pool \"{0}\": {why}", name(pool))
        })?;
        Ok((written.to_owned(), range))
    };
    all.iter().map(one).collect()
}

fn overlap((_, one): &Range, (_, other): &Range) -> bool {
    one.0 <= other.1 && other.0 <= one.1
}

fn clash(pool: &Value, one: &Range, other: &Range) -> String {
    format!(
        "parsing address pool {0}: CIDR \"{1}\" in pool \"{0}\" overlaps with already defined CIDR \"{2}\"",
        name(pool),
        one.0,
        other.0
    )
}
