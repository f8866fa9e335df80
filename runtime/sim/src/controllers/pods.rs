//! Pods as controllers make them: from a template, defaulted as the API server does, through the webhooks.

use serde_json::{Map, Value, json};

use super::{
    Context,
    object::{self, Kind, POD, is_going, name, namespace, owner_reference, text},
    webhooks,
};

/// A pod from the template of its owner. `name` ends with a dash when letters shall follow.
pub fn from_template(owner: &Value, pod_name: &str) -> Value {
    let template = &owner["spec"]["template"];
    let mut metadata = Map::new();
    for key in ["labels", "annotations"] {
        if let Some(value) = template["metadata"].get(key).filter(|one| !one.is_null()) {
            metadata.insert(key.into(), value.clone());
        }
    }
    if let Some(prefix) = pod_name.strip_suffix('-') {
        metadata.insert("generateName".into(), json!(format!("{prefix}-")));
    } else {
        metadata.insert("name".into(), json!(pod_name));
    }
    metadata.insert("namespace".into(), json!(namespace(owner)));
    metadata.insert("ownerReferences".into(), json!([owner_reference(owner)]));
    json!({"apiVersion": POD.0, "kind": POD.1, "metadata": metadata, "spec": template["spec"]})
}

/// Make a pod. A refusal becomes an event of its owner, and is tried again soon.
pub fn create(context: &Context<'_>, owner: &Value, kind: Kind, mut pod: Value) -> Result<(), String> {
    let component = format!("{}-controller", kind.1.to_lowercase());
    if let Some(prefix) = pod.pointer("/metadata/generateName").and_then(Value::as_str).map(str::to_owned) {
        pod["metadata"]["name"] = json!(format!("{prefix}{}", context.store().suffix()));
    }
    match admit(context, pod).and_then(|pod| context.store().create(pod).map_err(|status| status.message)) {
        Ok(made) => {
            let message = format!("Created pod: {}", name(&made));
            context.event(owner, "Normal", "SuccessfulCreate", &message, &component);
            Ok(())
        }
        Err(refusal) => {
            let message = format!("Error creating: {refusal}");
            context.event(owner, "Warning", "FailedCreate", &message, &component);
            context.again(std::time::Duration::from_millis(25));
            Err(refusal)
        }
    }
}

fn admit(context: &Context<'_>, mut pod: Value) -> Result<Value, String> {
    set_defaults(&mut pod);
    let account = text(&pod, "/spec/serviceAccountName").to_owned();
    if context.get(object::SERVICE_ACCOUNT, namespace(&pod), &account).is_none() {
        let name = name(&pod);
        return Err(format!(
            "pods \"{name}\" is forbidden: error looking up service account {}/{account}: serviceaccount \"{account}\" not found",
            namespace(&pod)
        ));
    }
    mount_token(&mut pod);
    let request = webhooks::Request {
        operation: "CREATE",
        group: "",
        version: "v1",
        resource: "pods",
        kind: "Pod",
        namespace: Some(namespace(&pod)),
        object: &pod,
    };
    let mut pod = webhooks::admit(context.cluster, &request).map_err(|refusal| refusal.message)?.unwrap_or(pod);
    set_defaults(&mut pod);
    Ok(pod)
}

/// Fill in what the API server fills in, as far as somebody looks at it.
pub fn set_defaults(pod: &mut Value) {
    let uses_host = pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true));
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for (key, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("securityContext", json!({})),
        ("enableServiceLinks", json!(true)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("priority", json!(0)),
        ("serviceAccountName", json!("default")),
    ] {
        spec.entry(key).or_insert(value);
    }
    if let Some(priority) = match spec.get("priorityClassName").and_then(Value::as_str) {
        Some("system-node-critical") => Some(2_000_001_000),
        Some("system-cluster-critical") => Some(2_000_000_000),
        _ => None,
    } {
        spec.insert("priority".into(), json!(priority));
    }
    let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
    spec.insert("serviceAccount".into(), account);
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        containers.for_each(|container| default_container(container, uses_host));
    }
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    tolerate_nodes_that_fail(tolerations);
}

fn default_container(container: &mut Value, uses_host: bool) {
    let image = text(container, "/image").to_owned();
    let Some(map) = container.as_object_mut() else { return };
    let floating = image.rsplit('/').next().is_some_and(|last| !last.contains(':') || last.ends_with(":latest"));
    let policy = if floating && !image.contains('@') { "Always" } else { "IfNotPresent" };
    for (key, value) in [
        ("imagePullPolicy", json!(policy)),
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
    ] {
        map.entry(key).or_insert(value);
    }
    if map.get("imagePullPolicy") == Some(&json!("")) {
        map.insert("imagePullPolicy".into(), json!(policy));
    }
    for port in map.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port.get("containerPort").cloned();
        let Some(port) = port.as_object_mut() else { continue };
        port.entry("protocol").or_insert(json!("TCP"));
        if let (true, Some(number)) = (uses_host, number) {
            port.entry("hostPort").or_insert(number);
        }
    }
}

fn tolerate_nodes_that_fail(tolerations: &mut Value) {
    let Some(all) = tolerations.as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let has = all.iter().any(|one| {
            text(one, "/key") == key && matches!(text(one, "/effect"), "" | "NoExecute")
                || text(one, "/key").is_empty() && text(one, "/operator") == "Exists"
        });
        if !has {
            all.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// The volume with the token of the service account, in every container.
pub fn mount_token(pod: &mut Value) {
    const PREFIX: &str = "kube-api-access-";
    const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    if pod.pointer("/spec/automountServiceAccountToken") == Some(&Value::Bool(false)) {
        return;
    }
    if object::list(pod, "/spec/volumes").iter().any(|one| text(one, "/name").starts_with(PREFIX)) {
        return;
    }
    let suffix = object::letters(&object::hash(name(pod)).to_be_bytes(), 5);
    let volume = format!("{PREFIX}{suffix}");
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]);
    let entry = json!({"name": volume, "projected": {"defaultMode": 420, "sources": sources}});
    push(&mut pod["spec"], "volumes", entry);
    for list in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in containers {
            push(container, "volumeMounts", json!({"name": volume, "mountPath": PATH, "readOnly": true}));
        }
    }
}

/// Append to a list that may be missing.
pub fn push(value: &mut Value, key: &str, element: Value) {
    match value.get_mut(key).and_then(Value::as_array_mut) {
        Some(list) => list.push(element),
        None => value[key] = json!([element]),
    }
}

/// Whether a pod counts for its owner: neither going nor over.
pub fn is_alive(pod: &Value) -> bool {
    !is_going(pod) && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    object::condition(pod, "Ready") == "True"
}
