//! The checks of the merged configuration that cannot be forced, and its warnings.

use serde_json::Value;

use crate::operator::{
    problem::Problem,
    schema::{Reading, VALUES, decode},
};

/// What is wrong with a configuration, and what its author should know.
#[derive(Debug, Default)]
pub struct Findings {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

/// Check a spec.
pub fn check(spec: &Value) -> Findings {
    let empty = Value::Null;
    let values = spec.get("values").unwrap_or(&empty);
    let mut findings =
        Findings { problems: decode(&VALUES, values, Reading::Lenient, "spec.values").problems, warnings: Vec::new() };
    service_ports(spec, values, &mut findings);
    replicas_with_autoscaling(spec, values, &mut findings);
    deprecated(spec, values, &mut findings);
    findings
}

/// Without root a gateway cannot bind ports below 1024.
fn service_ports(spec: &Value, values: &Value, findings: &mut Findings) {
    for (list, gateway) in GATEWAYS {
        let settings = values.pointer(&format!("/gateways/{gateway}"));
        let root = settings.and_then(|settings| settings.get("runAsRoot")).and_then(Value::as_bool);
        if root == Some(true) {
            continue;
        }
        for (at, one) in gateways(spec, list).iter().enumerate() {
            let ports = one.pointer("/k8s/service/ports").and_then(Value::as_array).into_iter().flatten();
            for port in ports.filter(|port| !port.get("targetPort").is_some_and(Value::is_string)) {
                let place = format!("spec.components.{list}[{at}].k8s.service.ports");
                findings.problems.extend(low_port(port, &place, gateway));
            }
        }
    }
    let ports = values.pointer("/gateways/istio-ingressgateway/ingressPorts").and_then(Value::as_array);
    for port in ports.into_iter().flatten() {
        let place = "spec.values.gateways.istio-ingressgateway.ingressPorts";
        let number = |key: &str| port.get(key).is_none_or(|value| value.is_number() || value.is_null());
        if number("targetPort") && port.get("port").is_some_and(Value::is_number) {
            findings.problems.extend(low_port(port, place, "istio-ingressgateway"));
        }
    }
}

const GATEWAYS: [(&str, &str); 2] =
    [("ingressGateways", "istio-ingressgateway"), ("egressGateways", "istio-egressgateway")];

fn low_port(port: &Value, place: &str, gateway: &str) -> Option<Problem> {
    let number = |key: &str| port.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let (target, outside) = (number("targetPort"), number("port"));
    let good = target >= 1024.0 || (target == 0.0 && outside > 1024.0);
    (!good).then(|| {
        let name = port.get("name").and_then(Value::as_str).map_or_else(String::new, |name| format!("{name}/"));
        let found = if target == 0.0 { "no `targetPort`".to_owned() } else { format!("`targetPort: {target}`") };
        Problem::at(
            place,
            format!(
                "port {name}{outside} has {found}; below 1024 only root can listen: set a `targetPort` from 1024 on, or `values.gateways.{gateway}.runAsRoot=true`"
            ),
        )
    })
}

fn replicas_with_autoscaling(spec: &Value, values: &Value, findings: &mut Findings) {
    let on = |path: &str| values.pointer(path).and_then(Value::as_bool) == Some(true);
    let replicas = |component: &Value| component.pointer("/k8s/replicaCount").and_then(Value::as_i64).unwrap_or(0);
    let pilot = spec.pointer("/components/pilot").map_or(0, replicas);
    if on("/pilot/autoscaleEnabled") && pilot > 1 {
        let text = "components.pilot.k8s.replicaCount has no effect while values.pilot.autoscaleEnabled is true";
        findings.warnings.push(text.to_owned());
    }
    for (list, gateway) in GATEWAYS {
        if !on(&format!("/gateways/{gateway}/autoscaleEnabled")) {
            continue;
        }
        for one in gateways(spec, list).iter().filter(|one| replicas(one) != 0) {
            let name = one.get("name").and_then(Value::as_str).unwrap_or_default();
            findings.warnings.push(format!(
                "components.{list}[name={name}].k8s.replicaCount has no effect while values.gateways.{gateway}.autoscaleEnabled is true"
            ));
        }
    }
}

fn gateways<'s>(spec: &'s Value, list: &str) -> &'s [Value] {
    spec.pointer(&format!("/components/{list}")).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What a value may be without counting as set.
#[derive(Clone, Copy)]
enum Unset {
    Nothing,
    False,
    Empty,
    Text(&'static str),
}

/// Deprecated values and what stands in their place.
const DEPRECATED: [(&str, &str, Unset); 31] = [
    ("global.certificates", "meshConfig.certificates", Unset::Nothing),
    ("global.outboundTrafficPolicy", "meshConfig.outboundTrafficPolicy", Unset::Nothing),
    ("global.localityLbSetting", "meshConfig.localityLbSetting", Unset::Nothing),
    ("global.policyCheckFailOpen", "meshConfig.policyCheckFailOpen", Unset::False),
    ("global.enableTracing", "meshConfig.enableTracing", Unset::False),
    ("global.proxy.accessLogFormat", "meshConfig.accessLogFormat", Unset::Empty),
    ("global.proxy.accessLogFile", "meshConfig.accessLogFile", Unset::Empty),
    ("global.proxy.concurrency", "meshConfig.defaultConfig.concurrency", Unset::Nothing),
    ("global.proxy.envoyAccessLogService", "meshConfig.defaultConfig.envoyAccessLogService", Unset::Nothing),
    ("global.proxy.envoyAccessLogService.enabled", "meshConfig.enableEnvoyAccessLogService", Unset::Nothing),
    ("global.proxy.envoyMetricsService", "meshConfig.defaultConfig.envoyMetricsService", Unset::Nothing),
    ("global.proxy.protocolDetectionTimeout", "meshConfig.protocolDetectionTimeout", Unset::Empty),
    (
        "global.proxy.holdApplicationUntilProxyStarts",
        "meshConfig.defaultConfig.holdApplicationUntilProxyStarts",
        Unset::False,
    ),
    (
        "pilot.ingress",
        "meshConfig.ingressService, meshConfig.ingressControllerMode, and meshConfig.ingressClass",
        Unset::Nothing,
    ),
    ("global.mtls.enabled", "the PeerAuthentication resource", Unset::Nothing),
    ("global.mtls.auto", "meshConfig.enableAutoMtls", Unset::Nothing),
    ("global.tracer.lightstep.address", "meshConfig.defaultConfig.tracing.lightstep.address", Unset::Empty),
    ("global.tracer.lightstep.accessToken", "meshConfig.defaultConfig.tracing.lightstep.accessToken", Unset::Empty),
    ("global.tracer.zipkin.address", "meshConfig.defaultConfig.tracing.zipkin.address", Unset::Nothing),
    ("global.tracer.stackdriver.debug", "meshConfig.defaultConfig.tracing.stackdriver.debug", Unset::False),
    (
        "global.tracer.stackdriver.maxNumberOfAttributes",
        "meshConfig.defaultConfig.tracing.stackdriver.maxNumberOfAttributes",
        Unset::Nothing,
    ),
    (
        "global.tracer.stackdriver.maxNumberOfAnnotations",
        "meshConfig.defaultConfig.tracing.stackdriver.maxNumberOfAnnotations",
        Unset::Nothing,
    ),
    (
        "global.tracer.stackdriver.maxNumberOfMessageEvents",
        "meshConfig.defaultConfig.tracing.stackdriver.maxNumberOfMessageEvents",
        Unset::Nothing,
    ),
    ("global.tracer.datadog.address", "meshConfig.defaultConfig.tracing.datadog.address", Unset::Empty),
    ("global.meshExpansion.enabled", "a Gateway and the other resources of samples/multicluster", Unset::False),
    (
        "gateways.istio-ingressgateway.meshExpansionPorts",
        "components.ingressGateways[name=istio-ingressgateway].k8s.service.ports",
        Unset::Nothing,
    ),
    ("istiocoredns.enabled", "the proxy's own DNS (ISTIO_META_DNS_CAPTURE)", Unset::False),
    ("global.jwtPolicy", "values.global.jwtPolicy=third-party-jwt", Unset::Text("third-party-jwt")),
    (
        "telemetry.v2.stackdriver.logging",
        "values.telemetry.v2.stackdriver.outboundAccessLogging and inboundAccessLogging",
        Unset::False,
    ),
    ("global.centralIstiod", "values.global.externalIstiod", Unset::False),
    ("global.arch", "the affinity of the k8s settings", Unset::Nothing),
];

/// Add-ons that the charts no longer hold.
const ADDONS: [&str; 4] = ["grafana", "tracing", "kiali", "prometheus"];

fn deprecated(spec: &Value, values: &Value, findings: &mut Findings) {
    for (path, instead, unset) in DEPRECATED {
        let value = values.pointer(&format!("/{}", path.replace('.', "/"))).filter(|value| !value.is_null());
        if value.is_some_and(|value| !unset.is(value)) {
            findings.warnings.push(format!("values.{path} is deprecated; use {instead} instead"));
        }
    }
    if spec.pointer("/addonComponents/istiocoredns/enabled").is_some_and(|enabled| !Unset::False.is(enabled)) {
        let instead = "the proxy's own DNS (ISTIO_META_DNS_CAPTURE)";
        findings.warnings.push(format!("addonComponents.istiocoredns.enabled is deprecated; use {instead} instead"));
    }
    for addon in ADDONS {
        for (place, value) in [
            (format!("spec.values.{addon}.enabled"), values.pointer(&format!("/{addon}/enabled"))),
            (
                format!("spec.addonComponents.{addon}.enabled"),
                spec.pointer(&format!("/addonComponents/{addon}/enabled")),
            ),
        ] {
            if value.filter(|value| !value.is_null()).is_some_and(|value| !Unset::False.is(value)) {
                findings.problems.push(Problem::at(place, "is no longer part of Istio; apply samples/addons instead"));
            }
        }
    }
}

impl Unset {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Nothing => false,
            Self::False => value == &Value::Bool(false),
            Self::Empty => value.as_str() == Some(""),
            Self::Text(text) => value.as_str() == Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(spec: Value) -> Vec<String> {
        check(&spec).problems.iter().map(ToString::to_string).collect()
    }

    fn with_port(port: Value) -> Value {
        json!({"components": {"ingressGateways": [{"name": "a", "k8s": {"service": {"ports": [port]}}}]}})
    }

    #[test]
    fn low_ports_need_root() {
        assert_eq!(
            problems(with_port(json!({"name": "http", "port": 80, "targetPort": 80}))),
            [
                "`spec.components.ingressGateways[0].k8s.service.ports`: port http/80 has `targetPort: 80`; below 1024 only root can \
              listen: set a `targetPort` from 1024 on, or `values.gateways.istio-ingressgateway.runAsRoot=true`"
            ]
        );
        assert_eq!(problems(with_port(json!({"name": "https", "port": 443}))).len(), 1);
        assert_eq!(problems(with_port(json!({"port": 1024}))).len(), 1);
        for good in
            [json!({"port": 80, "targetPort": 8080}), json!({"port": 15021}), json!({"port": 80, "targetPort": "http"})]
        {
            assert_eq!(problems(with_port(good)), [""; 0]);
        }
        let mut root = with_port(json!({"port": 80}));
        root["values"] = json!({"gateways": {"istio-ingressgateway": {"runAsRoot": true}}});
        assert_eq!(problems(root), [""; 0]);
    }

    #[test]
    fn addons_are_refused_and_old_values_warned_of() {
        assert_eq!(
            problems(json!({"addonComponents": {"grafana": {"enabled": true}, "kiali": {"enabled": false}}})),
            ["`spec.addonComponents.grafana.enabled`: is no longer part of Istio; apply samples/addons instead"]
        );
        let found =
            check(&json!({"values": {"global": {"jwtPolicy": "first-party-jwt"}, "pilot": {"autoscaleEnabled": true}},
            "components": {"pilot": {"k8s": {"replicaCount": 2}}}}));
        assert_eq!(
            found.warnings,
            [
                "components.pilot.k8s.replicaCount has no effect while values.pilot.autoscaleEnabled is true",
                "values.global.jwtPolicy is deprecated; use values.global.jwtPolicy=third-party-jwt instead",
            ]
        );
    }
}
