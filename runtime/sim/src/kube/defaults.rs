//! What the server fills in where an object of Kubernetes' own kinds says nothing.

use serde_json::{Value, json};

use super::object;

/// Fill in.
pub(super) fn fill(value: &mut Value) {
    let kind = object::text(value, "/kind").to_owned();
    match (object::group(object::text(value, "/apiVersion")), kind.as_str()) {
        ("", "Namespace") => namespace(value),
        ("", "Service") => service(value),
        ("", "Pod") => pod(&mut value["spec"]),
        ("", "Secret") => default(value, "type", "Opaque"),
        ("", "Endpoints") => endpoints(value),
        ("", "PersistentVolumeClaim") => claim(value),
        ("", "PersistentVolume") => {
            default(&mut value["spec"], "persistentVolumeReclaimPolicy", "Retain");
            default(&mut value["spec"], "volumeMode", "Filesystem");
            default(&mut value["status"], "phase", "Pending");
        }
        ("", "ReplicationController") => {
            default(&mut value["spec"], "replicas", 1);
            template(&mut value["spec"]);
        }
        ("apps", "Deployment") => {
            deployment(&mut value["spec"]);
            default(value, "status", json!({}));
        }
        ("apps", "ReplicaSet") => {
            default(&mut value["spec"], "replicas", 1);
            template(&mut value["spec"]);
        }
        ("apps", "DaemonSet") => {
            daemon_set(&mut value["spec"]);
            default(&mut value["metadata"]["annotations"], "deprecated.daemonset.template.generation", "1");
        }
        ("apps", "StatefulSet") => stateful_set(&mut value["spec"]),
        ("batch", "Job") => job(&mut value["spec"]),
        ("batch", "CronJob") => {
            cron_job(&mut value["spec"]);
            default(value, "status", json!({}));
        }
        ("autoscaling", "HorizontalPodAutoscaler") => default(&mut value["spec"], "minReplicas", 1),
        ("networking.k8s.io", "NetworkPolicy") => {
            network_policy(&mut value["spec"]);
            default(value, "status", json!({}));
        }
        ("networking.k8s.io", "Ingress") => default(value, "status", json!({ "loadBalancer": {} })),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(value),
        ("storage.k8s.io", "StorageClass") => {
            default(value, "reclaimPolicy", "Delete");
            default(value, "volumeBindingMode", "Immediate");
        }
        ("scheduling.k8s.io", "PriorityClass") => default(value, "preemptionPolicy", "PreemptLowerPriority"),
        ("discovery.k8s.io", "EndpointSlice") => {
            for port in items(&mut value["ports"]) {
                default(port, "protocol", "TCP");
                default(port, "name", "");
            }
        }
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => webhooks(value, true),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => webhooks(value, false),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(&mut value["spec"]),
        _ => {}
    }
    clean(value);
    for place in ["/spec/template/metadata", "/spec/jobTemplate/metadata", "/spec/jobTemplate/spec/template/metadata"] {
        if let Some(metadata) = value.pointer_mut(place).filter(|metadata| metadata.is_object()) {
            metadata["creationTimestamp"] = Value::Null; // the server writes this one field although there is nothing in it
        }
    }
}

/// Take away what looking has left: empty maps under keys that were null before. A condition's time of a probe is told even when there is none.
fn clean(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|key, part| !part.is_null() || key == "lastProbeTime");
        for part in map.values_mut() {
            clean(part);
        }
    } else if let Value::Array(items) = value {
        items.iter_mut().for_each(clean);
    }
}

fn default(value: &mut Value, key: &str, what: impl Into<Value>) {
    if !value.is_object() && !value.is_null() {
        return;
    }
    let place = object::map_mut(value).entry(key).or_insert(Value::Null);
    if place.is_null() {
        *place = what.into();
    }
}

fn items(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_array_mut().into_iter().flatten()
}

/// The part, when it is there.
fn part<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    value.get_mut(key).filter(|part| part.is_object())
}

fn namespace(value: &mut Value) {
    let name = object::name(value).to_owned();
    if !name.is_empty() {
        let labels = object::metadata_mut(value).entry("labels").or_insert_with(|| json!({}));
        object::map_mut(labels).insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    default(&mut value["spec"], "finalizers", json!(["kubernetes"]));
    default(&mut value["status"], "phase", "Active");
}

fn service(value: &mut Value) {
    let spec = &mut value["spec"];
    default(spec, "type", "ClusterIP");
    default(spec, "sessionAffinity", "None");
    let kind = object::text(spec, "/type").to_owned();
    if spec["sessionAffinity"] == "ClientIP" {
        default(&mut spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds", 10_800);
    }
    if kind != "ExternalName" {
        default(spec, "internalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
    for port in items(&mut spec["ports"]) {
        default(port, "protocol", "TCP");
        let number = port["port"].clone();
        if port["targetPort"] == json!(0) || port["targetPort"] == "" {
            port["targetPort"] = Value::Null;
        }
        default(port, "targetPort", number);
    }
    default(value, "status", json!({ "loadBalancer": {} }));
}

fn endpoints(value: &mut Value) {
    for subset in items(&mut value["subsets"]) {
        for port in items(&mut subset["ports"]) {
            default(port, "protocol", "TCP");
        }
    }
}

fn claim(value: &mut Value) {
    default(&mut value["spec"], "volumeMode", "Filesystem");
    default(&mut value["status"], "phase", "Pending");
}

fn deployment(spec: &mut Value) {
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "progressDeadlineSeconds", 600);
    default(&mut spec["strategy"], "type", "RollingUpdate");
    if spec["strategy"]["type"] == "RollingUpdate" {
        default(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%");
        default(&mut spec["strategy"]["rollingUpdate"], "maxSurge", "25%");
    }
    template(spec);
}

fn daemon_set(spec: &mut Value) {
    default(spec, "revisionHistoryLimit", 10);
    default(&mut spec["updateStrategy"], "type", "RollingUpdate");
    if spec["updateStrategy"]["type"] == "RollingUpdate" {
        default(&mut spec["updateStrategy"]["rollingUpdate"], "maxUnavailable", 1);
        default(&mut spec["updateStrategy"]["rollingUpdate"], "maxSurge", 0);
    }
    template(spec);
}

fn stateful_set(spec: &mut Value) {
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "podManagementPolicy", "OrderedReady");
    default(&mut spec["updateStrategy"], "type", "RollingUpdate");
    if spec["updateStrategy"]["type"] == "RollingUpdate" {
        default(&mut spec["updateStrategy"]["rollingUpdate"], "partition", 0);
    }
    default(&mut spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain");
    default(&mut spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain");
    for one in items(&mut spec["volumeClaimTemplates"]) {
        default(one, "apiVersion", "v1");
        default(one, "kind", "PersistentVolumeClaim");
        claim(one);
    }
    template(spec);
}

fn job(spec: &mut Value) {
    default(spec, "backoffLimit", 6);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        default(spec, "completions", 1);
    }
    default(spec, "parallelism", 1);
    template(spec);
}

fn cron_job(spec: &mut Value) {
    default(spec, "concurrencyPolicy", "Allow");
    default(spec, "suspend", false);
    default(spec, "successfulJobsHistoryLimit", 3);
    default(spec, "failedJobsHistoryLimit", 1);
    if let Some(template) = part(spec, "jobTemplate") {
        object::metadata_mut(template);
    }
    if let Some(template) = part(&mut spec["jobTemplate"]["spec"], "template") {
        object::metadata_mut(template);
        pod(&mut template["spec"]);
    }
}

fn network_policy(spec: &mut Value) {
    let types = if spec["egress"].is_array() { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    default(spec, "policyTypes", types);
    for direction in ["ingress", "egress"] {
        for rule in items(&mut spec[direction]) {
            for port in items(&mut rule["ports"]) {
                default(port, "protocol", "TCP");
            }
        }
    }
}

fn binding(value: &mut Value) {
    default(&mut value["roleRef"], "apiGroup", "rbac.authorization.k8s.io");
    for subject in items(&mut value["subjects"]) {
        if subject["kind"] != "ServiceAccount" {
            default(subject, "apiGroup", "rbac.authorization.k8s.io");
        }
    }
}

fn webhooks(value: &mut Value, mutating: bool) {
    for webhook in items(&mut value["webhooks"]) {
        default(webhook, "failurePolicy", "Fail");
        default(webhook, "matchPolicy", "Equivalent");
        default(webhook, "timeoutSeconds", 10);
        default(webhook, "namespaceSelector", json!({}));
        default(webhook, "objectSelector", json!({}));
        if mutating {
            default(webhook, "reinvocationPolicy", "Never");
        }
        for rule in items(&mut webhook["rules"]) {
            default(rule, "scope", "*");
        }
        if let Some(service) = part(&mut webhook["clientConfig"], "service") {
            default(service, "port", 443);
        }
    }
}

fn definition(spec: &mut Value) {
    let kind = object::text(spec, "/names/kind").to_owned();
    default(&mut spec["names"], "singular", kind.to_lowercase());
    default(&mut spec["names"], "listKind", format!("{kind}List"));
    default(&mut spec["conversion"], "strategy", "None");
    let webhook = spec.pointer_mut("/conversion/webhook/clientConfig/service");
    if let Some(service) = webhook.filter(|service| service.is_object()) {
        default(service, "port", 443);
    }
}

fn template(spec: &mut Value) {
    if let Some(template) = part(spec, "template") {
        object::metadata_mut(template);
        pod(&mut template["spec"]);
    }
}

/// The spec of a pod.
pub(super) fn pod(spec: &mut Value) {
    default(spec, "restartPolicy", "Always");
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "securityContext", json!({}));
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        default(spec, "serviceAccount", account);
    }
    let in_host = spec["hostNetwork"] == true;
    for key in ["containers", "initContainers", "ephemeralContainers"] {
        for one in items(&mut spec[key]) {
            container(one, in_host);
        }
    }
    for one in items(&mut spec["volumes"]) {
        volume(one);
    }
}

fn container(value: &mut Value, in_host: bool) {
    let image = object::text(value, "/image");
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("latest", |(_, tag)| tag);
    let policy = if tag == "latest" && !image.contains('@') { "Always" } else { "IfNotPresent" };
    default(value, "imagePullPolicy", policy);
    default(value, "terminationMessagePath", "/dev/termination-log");
    default(value, "terminationMessagePolicy", "File");
    default(value, "resources", json!({}));
    if let Some(limits) = value["resources"]["limits"].as_object().cloned() {
        for (key, limit) in limits {
            default(&mut value["resources"]["requests"], &key, limit);
        }
    }
    for port in items(&mut value["ports"]) {
        default(port, "protocol", "TCP");
        if in_host {
            let number = port["containerPort"].clone();
            default(port, "hostPort", number);
        }
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = part(value, key) {
            for (key, number) in
                [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
            {
                default(probe, key, number);
            }
            http_get(probe);
            if let Some(grpc) = part(probe, "grpc") {
                default(grpc, "service", "");
            }
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(hook) = value.get_mut("lifecycle").and_then(|lifecycle| part(lifecycle, hook)) {
            http_get(hook);
        }
    }
    for variable in items(&mut value["env"]) {
        // An empty value is kept as none.
        if variable["value"] == "" {
            object::map_mut(variable).remove("value");
        }
        if let Some(field) = variable.get_mut("valueFrom").and_then(|from| part(from, "fieldRef")) {
            default(field, "apiVersion", "v1");
        }
        if let Some(field) = variable.get_mut("valueFrom").and_then(|from| part(from, "resourceFieldRef")) {
            default(field, "divisor", "0");
        }
    }
}

fn http_get(probe: &mut Value) {
    if let Some(get) = part(probe, "httpGet") {
        default(get, "scheme", "HTTP");
        default(get, "path", "/");
    }
}

fn volume(value: &mut Value) {
    let sources = value.as_object().map_or(0, |map| map.len());
    if sources < 2 {
        default(value, "emptyDir", json!({}));
    }
    for (key, mode) in [("secret", 420), ("configMap", 420), ("downwardAPI", 420), ("projected", 420)] {
        if let Some(source) = part(value, key) {
            default(source, "defaultMode", mode);
        }
    }
    if let Some(path) = part(value, "hostPath") {
        default(path, "type", "");
    }
    if let Some(projected) = part(value, "projected") {
        for source in items(&mut projected["sources"]) {
            if let Some(token) = part(source, "serviceAccountToken") {
                default(token, "expirationSeconds", 3600);
            }
            downward(source);
        }
    }
    downward(value);
}

fn downward(value: &mut Value) {
    let Some(source) = part(value, "downwardAPI") else { return };
    for item in items(&mut source["items"]) {
        if let Some(field) = part(item, "fieldRef") {
            default(field, "apiVersion", "v1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_filled_in_once() {
        let mut value = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" }, "spec": {
            "selector": { "matchLabels": { "a": "b" } },
            "template": { "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "a", "image": "x:1" }] } },
        } });
        fill(&mut value);
        assert_eq!(value["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%");
        assert_eq!(value["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
        let once = value.clone();
        fill(&mut value);
        assert_eq!(value, once);
    }

    #[test]
    fn nothing_is_left_of_looking() {
        let mut value = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": { "ports": [{ "port": 80 }] } });
        fill(&mut value);
        assert_eq!(
            value["spec"],
            json!({ "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 80 }] })
        );
    }
}
