//! The rules by which IstioOperators are laid over each other: files over the profile, later files over earlier ones.

use serde_json::{Map, Value};

use crate::operator::{
    schema::{
        BASE, CNI, CPU_TARGET, GLOBAL, INGRESS_ZVPN, ISTIOD_REMOTE, KUBERNETES_RESOURCES, PILOT, PORTS, SECRET_VOLUME,
        SIDECAR_INJECTOR, TELEMETRY_ACCESS_LOG, TELEMETRY_METADATA_EXCHANGE, TELEMETRY_PROMETHEUS,
        TELEMETRY_STACKDRIVER,
    },
    strategic::{Merge, MergeError, Rule, Shape, strategic_merge},
};

/// Lay an IstioOperator over another one.
///
/// # Errors
/// When both hold something that there is no rule to merge for.
pub fn overlay_operator(base: Value, overlay: Value) -> Result<Value, MergeError> {
    if base.is_null() {
        return Ok(overlay);
    }
    let mut merged = base;
    let overlay = if overlay.is_null() { Value::Object(Map::new()) } else { overlay };
    strategic_merge(&mut merged, overlay, OPERATOR, "")?;
    Ok(merged)
}

const fn map(key: &'static str, shape: Shape) -> Rule {
    Rule { key, merge: Merge::Default, shape }
}

const fn replaced(key: &'static str) -> Rule {
    Rule { key, merge: Merge::Replace, shape: Shape::Free }
}

const fn united(key: &'static str) -> Rule {
    Rule { key, merge: Merge::Union, shape: Shape::Free }
}

const fn by(key: &'static str, merge_key: &'static str, shape: Shape) -> Rule {
    Rule { key, merge: Merge::By(merge_key), shape }
}

const OPERATOR: Shape = Shape::Rules(&[map("metadata", METADATA), map("spec", SPEC)]);

const METADATA: Shape = Shape::Rules(&[
    map("labels", Shape::Free),
    map("annotations", Shape::Free),
    by("ownerReferences", "uid", Shape::Open(&[])),
    united("finalizers"),
    replaced("managedFields"),
]);

const SPEC: Shape = Shape::Rules(&[map("meshConfig", MESH), map("components", COMPONENTS), map("values", VALUES)]);

const COMPONENTS: Shape = Shape::Rules(&[
    map("base", COMPONENT),
    map("pilot", COMPONENT),
    map("cni", COMPONENT),
    map("ztunnel", COMPONENT),
    map("istiodRemote", COMPONENT),
    by("ingressGateways", "name", GATEWAY),
    by("egressGateways", "name", GATEWAY),
]);

const KUBERNETES: Shape = Shape::Message(&KUBERNETES_RESOURCES);
const COMPONENT: Shape = Shape::Rules(&[map("k8s", KUBERNETES)]);
const GATEWAY: Shape = Shape::Rules(&[map("label", Shape::Free), map("k8s", KUBERNETES)]);

const VALUES: Shape = Shape::Rules(&[
    map("cni", Shape::Message(&CNI)),
    map("gateways", Shape::Rules(&[map("istio-egressgateway", EGRESS), map("istio-ingressgateway", INGRESS)])),
    map("global", Shape::Message(&GLOBAL)),
    map("pilot", Shape::Message(&PILOT)),
    map("telemetry", Shape::Rules(&[map("v2", TELEMETRY)])),
    map("sidecarInjectorWebhook", Shape::Message(&SIDECAR_INJECTOR)),
    map("istio_cni", Shape::Message(&CNI)),
    map("meshConfig", MESH),
    map("base", Shape::Message(&BASE)),
    map("istiodRemote", Shape::Message(&ISTIOD_REMOTE)),
    map("ztunnel", Shape::Free),
]);

const TELEMETRY: Shape = Shape::Rules(&[
    map("metadataExchange", Shape::Message(&TELEMETRY_METADATA_EXCHANGE)),
    map("prometheus", Shape::Message(&TELEMETRY_PROMETHEUS)),
    map("stackdriver", Shape::Message(&TELEMETRY_STACKDRIVER)),
    map("accessLogPolicy", Shape::Message(&TELEMETRY_ACCESS_LOG)),
]);

const LIMITS: Shape = Shape::Rules(&[map("limits", Shape::Free), map("requests", Shape::Free)]);

const INGRESS: Shape = Shape::Rules(&[
    map("env", Shape::Free),
    map("labels", Shape::Free),
    Rule { key: "cpu", merge: Merge::Replace, shape: Shape::Message(&CPU_TARGET) },
    replaced("loadBalancerSourceRanges"),
    map("nodeSelector", Shape::Free),
    replaced("podAntiAffinityLabelSelector"),
    replaced("podAntiAffinityTermLabelSelector"),
    map("podAnnotations", Shape::Free),
    by("meshExpansionPorts", "name", Shape::Message(&PORTS)),
    by("ports", "name", Shape::Message(&PORTS)),
    map("resources", LIMITS),
    by("secretVolumes", "name", Shape::Message(&SECRET_VOLUME)),
    map("serviceAnnotations", Shape::Free),
    replaced("tolerations"),
    replaced("ingressPorts"),
    replaced("additionalContainers"),
    replaced("configVolumes"),
    map("zvpn", Shape::Message(&INGRESS_ZVPN)),
]);

const EGRESS: Shape = Shape::Rules(&[
    map("env", Shape::Free),
    map("labels", Shape::Free),
    map("nodeSelector", Shape::Free),
    replaced("podAntiAffinityLabelSelector"),
    replaced("podAntiAffinityTermLabelSelector"),
    map("podAnnotations", Shape::Free),
    by("ports", "name", Shape::Message(&PORTS)),
    map("resources", LIMITS),
    by("secretVolumes", "name", Shape::Message(&SECRET_VOLUME)),
    replaced("tolerations"),
    replaced("configVolumes"),
    replaced("additionalContainers"),
    replaced("zvpn"),
]);

/// Lists that are replaced.
const PLAIN: Shape = Shape::Open(&[]);

/// Scalars may differ; two maps or lists below (`tlsSettings`, `dnsNames`) have no rule.
const SCALARS: Shape = Shape::Rules(&[]);

const MESH: Shape = Shape::Rules(&[
    replaced("connectTimeout"),
    map("outboundTrafficPolicy", SCALARS),
    map("tcpKeepalive", SCALARS),
    map("defaultConfig", PROXY),
    by("configSources", "address", SCALARS),
    united("trustDomainAliases"),
    united("defaultServiceExportTo"),
    united("defaultVirtualServiceExportTo"),
    united("defaultDestinationRuleExportTo"),
    map("localityLbSetting", LOCALITY),
    by("certificates", "secretName", SCALARS),
    replaced("serviceSettings"),
    map("defaultProviders", Shape::Rules(&[map("accessLogging", PLAIN), map("tracing", PLAIN), map("metrics", PLAIN)])),
    by("extensionProviders", "name", PROVIDER),
]);

const LOCALITY: Shape = Shape::Rules(&[map("distribute", PLAIN), map("failover", PLAIN)]);

/// A provider's own settings are known by name alone: two files cannot both hold a map inside them.
const PROVIDER: Shape = Shape::Rules(&[
    map("envoyOtelAls", Shape::Free),
    map("prometheus", Shape::Free),
    map("envoyFileAccessLog", Shape::Free),
    map("stackdriver", Shape::Free),
    map("envoyExtAuthzHttp", Shape::Free),
    map("envoyExtAuthzGrpc", Shape::Free),
    map("zipkin", Shape::Free),
    map("lightstep", Shape::Free),
    map("datadog", Shape::Free),
    map("opencensus", Shape::Free),
    map("skywalking", Shape::Free),
    map("envoyHttpAls", Shape::Free),
    map("envoyTcpAls", Shape::Free),
    map("opentelemetry", Shape::Free),
]);

const PROXY: Shape = Shape::Rules(&[
    replaced("configSources"),
    replaced("clusterName"),
    replaced("trustDomainAliases"),
    replaced("defaultServiceExportTo"),
    replaced("defaultVirtualServiceExportTo"),
    replaced("defaultDestinationRuleExportTo"),
    map("localityLbSetting", LOCALITY),
    replaced("certificates"),
    replaced("serviceSettings"),
    replaced("tracing"),
    replaced("sds"),
    map("envoyAccessLogService", SCALARS),
    map("envoyMetricsService", SCALARS),
    map("proxyMetadata", Shape::Free),
    replaced("extraStatTags"),
    replaced("gatewayTopology"),
]);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(base: Value, overlay: Value) -> Result<Value, String> {
        let base = json!({"spec": base});
        let overlay = json!({"spec": overlay});
        overlay_operator(base, overlay).map(|mut merged| merged["spec"].take()).map_err(|error| error.to_string())
    }

    #[test]
    fn gateways_merge_by_name_and_their_lists_are_replaced() {
        let base = json!({"components": {"ingressGateways": [
            {"name": "a", "enabled": true, "k8s": {"env": [{"name": "A"}], "serviceAnnotations": {"x": "1"}}}]}});
        let overlay = json!({"components": {"ingressGateways": [
            {"name": "b", "enabled": true},
            {"name": "a", "k8s": {"env": [{"name": "B"}], "serviceAnnotations": {"y": "2"}}}]}});
        assert_eq!(
            merged(base, overlay),
            Ok(json!({"components": {"ingressGateways": [
                {"name": "b", "enabled": true},
                {"name": "a", "enabled": true,
                 "k8s": {"env": [{"name": "B"}], "serviceAnnotations": {"x": "1", "y": "2"}}}]}}))
        );
    }

    #[test]
    fn mesh_configuration_has_rules_of_its_own() {
        let base = json!({"meshConfig": {"trustDomainAliases": ["one"], "defaultConfig": {"tracing": {"sampling": 1}},
            "extensionProviders": [{"name": "a", "zipkin": {"port": 1}}, {"name": "b", "zipkin": {"service": "b", "port": 2}}]}});
        let overlay = json!({"meshConfig": {"trustDomainAliases": ["two", "one"], "defaultConfig": {"tracing": {"zipkin": {}}},
            "extensionProviders": [{"name": "b", "zipkin": {"port": 22}}, {"name": "c"}]}});
        assert_eq!(
            merged(base, overlay),
            Ok(
                json!({"meshConfig": {"trustDomainAliases": ["two", "one"], "defaultConfig": {"tracing": {"zipkin": {}}},
                "extensionProviders": [{"name": "a", "zipkin": {"port": 1}},
                    {"name": "b", "zipkin": {"service": "b", "port": 22}}, {"name": "c"}]}})
            )
        );
    }

    #[test]
    fn two_unknown_maps_are_refused() {
        let selectors = json!({"meshConfig": {"discoverySelectors": [{"matchLabels": {"a": "b"}}]}});
        assert_eq!(
            merged(selectors.clone(), selectors),
            Err("`spec.meshConfig.discoverySelectors` is given twice, and there is no rule to merge the two".into())
        );
    }
}
