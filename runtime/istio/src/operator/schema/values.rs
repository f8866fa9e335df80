//! The chart values that `spec.values` may hold.

use super::{BOOL, Field, Message, STRING_MAP, STRINGS, STRUCTS, Type, field, named};
use Type::{Any, Double, Duration, Enum, Int32, Int64, IntOrString, List, String, Struct, Uint32};

const fn of(message: &'static Message) -> Type {
    Type::Message(message)
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields }
}

/// `spec.values`.
pub static VALUES: Message = message(&[
    field("cni", of(&CNI)),
    field("gateways", of(&GATEWAYS)),
    field("global", of(&GLOBAL)),
    field("pilot", of(&PILOT)),
    field("ztunnel", Any),
    field("telemetry", of(&TELEMETRY)),
    field("sidecarInjectorWebhook", of(&SIDECAR_INJECTOR)),
    named("istio_cni", "istioCni", of(&CNI)),
    field("revision", String),
    field("ownerName", String),
    field("meshConfig", Any),
    field("base", of(&BASE)),
    field("istiodRemote", of(&ISTIOD_REMOTE)),
    field("revisionTags", STRINGS),
    field("defaultRevision", String),
]);

static ARCH: Message =
    message(&[field("amd64", Uint32), field("ppc64le", Uint32), field("s390x", Uint32), field("arm64", Uint32)]);

pub static CNI: Message = message(&[
    field("enabled", BOOL),
    field("hub", String),
    field("tag", Any),
    field("variant", String),
    field("image", String),
    field("pullPolicy", String),
    field("cniBinDir", String),
    field("cniConfDir", String),
    field("cniConfFileName", String),
    field("cniNetnsDir", String),
    field("excludeNamespaces", STRINGS),
    field("affinity", Struct),
    field("podAnnotations", Struct),
    named("psp_cluster_role", "pspClusterRole", String),
    field("logLevel", String),
    field("repair", of(&CNI_REPAIR)),
    field("chained", BOOL),
    named("resource_quotas", "resourceQuotas", of(&RESOURCE_QUOTAS)),
    field("resources", of(&RESOURCES)),
    field("privileged", BOOL),
    field("seccompProfile", Struct),
    field("ambient", of(&CNI_AMBIENT)),
    field("provider", String),
    field("rollingMaxUnavailable", IntOrString),
]);

static CNI_AMBIENT: Message =
    message(&[field("enabled", BOOL), field("redirectMode", String), field("configDir", String)]);

static CNI_REPAIR: Message = message(&[
    field("enabled", BOOL),
    field("hub", String),
    field("tag", Any),
    field("image", String),
    field("labelPods", Type::Bool),
    field("repairPods", Type::Bool),
    field("createEvents", String),
    field("deletePods", Type::Bool),
    field("brokenPodLabelKey", String),
    field("brokenPodLabelValue", String),
    field("initContainerName", String),
]);

static RESOURCE_QUOTAS: Message = message(&[field("enabled", BOOL), field("pods", Int64)]);

pub static CPU_TARGET: Message = message(&[field("targetAverageUtilization", Int32)]);

static RESOURCES: Message = message(&[field("limits", STRING_MAP), field("requests", STRING_MAP)]);

static SERVICE_ACCOUNT: Message = message(&[field("annotations", Struct)]);

static ENABLED: Message = message(&[field("enabled", BOOL)]);

static DEFAULT_RESOURCES: Message = message(&[field("requests", of(&RESOURCES_REQUESTS))]);

static RESOURCES_REQUESTS: Message = message(&[field("cpu", String), field("memory", String)]);

static GATEWAYS: Message = message(&[
    named("istio_egressgateway", "istio-egressgateway", of(&EGRESS_GATEWAY)),
    field("enabled", BOOL),
    named("istio_ingressgateway", "istio-ingressgateway", of(&INGRESS_GATEWAY)),
]);

static EGRESS_GATEWAY: Message = message(&[
    field("autoscaleEnabled", BOOL),
    field("autoscaleMax", Uint32),
    field("autoscaleMin", Uint32),
    field("cpu", of(&CPU_TARGET)),
    field("customService", BOOL),
    field("enabled", BOOL),
    field("env", Struct),
    field("labels", STRING_MAP),
    field("name", String),
    field("nodeSelector", Struct),
    field("podAnnotations", Struct),
    field("podAntiAffinityLabelSelector", STRUCTS),
    field("podAntiAffinityTermLabelSelector", STRUCTS),
    field("ports", List(&of(&PORTS))),
    field("resources", of(&RESOURCES)),
    field("secretVolumes", List(&of(&SECRET_VOLUME))),
    field("serviceAnnotations", Struct),
    field("type", String),
    field("zvpn", of(&EGRESS_ZVPN)),
    field("tolerations", STRUCTS),
    field("rollingMaxSurge", IntOrString),
    field("rollingMaxUnavailable", IntOrString),
    field("configVolumes", STRUCTS),
    field("additionalContainers", STRUCTS),
    field("runAsRoot", BOOL),
    field("injectionTemplate", String),
    field("serviceAccount", of(&SERVICE_ACCOUNT)),
    field("ipFamilies", STRINGS),
    field("ipFamilyPolicy", String),
]);

static INGRESS_GATEWAY: Message = message(&[
    field("autoscaleEnabled", BOOL),
    field("autoscaleMax", Uint32),
    field("autoscaleMin", Uint32),
    field("cpu", of(&CPU_TARGET)),
    field("customService", BOOL),
    field("enabled", BOOL),
    field("env", Struct),
    field("labels", STRING_MAP),
    field("loadBalancerIP", String),
    field("loadBalancerSourceRanges", STRINGS),
    field("name", String),
    field("nodeSelector", Struct),
    field("podAnnotations", Struct),
    field("podAntiAffinityLabelSelector", STRUCTS),
    field("podAntiAffinityTermLabelSelector", STRUCTS),
    field("ports", List(&of(&PORTS))),
    field("replicaCount", Uint32),
    field("resources", Struct),
    field("secretVolumes", List(&of(&SECRET_VOLUME))),
    field("serviceAnnotations", Struct),
    field("type", String),
    field("zvpn", of(&INGRESS_ZVPN)),
    field("rollingMaxSurge", IntOrString),
    field("rollingMaxUnavailable", IntOrString),
    field("externalTrafficPolicy", String),
    field("tolerations", STRUCTS),
    field("ingressPorts", STRUCTS),
    field("additionalContainers", STRUCTS),
    field("configVolumes", STRUCTS),
    field("runAsRoot", BOOL),
    field("injectionTemplate", String),
    field("serviceAccount", of(&SERVICE_ACCOUNT)),
    field("ipFamilies", STRINGS),
    field("ipFamilyPolicy", String),
]);

pub static INGRESS_ZVPN: Message = message(&[field("enabled", BOOL), field("suffix", String)]);

static EGRESS_ZVPN: Message = message(&[field("enabled", BOOL), field("suffix", String)]);

pub static GLOBAL: Message = message(&[
    field("arch", of(&ARCH)),
    field("certSigners", STRINGS),
    field("configRootNamespace", String),
    field("configValidation", BOOL),
    field("defaultConfigVisibilitySettings", STRINGS),
    field("defaultNodeSelector", Struct),
    field("defaultPodDisruptionBudget", of(&ENABLED)),
    field("defaultResources", of(&DEFAULT_RESOURCES)),
    field("defaultTolerations", STRUCTS),
    field("hub", String),
    field("imagePullPolicy", String),
    field("imagePullSecrets", STRINGS),
    field("istioNamespace", String),
    field("logAsJson", BOOL),
    field("logging", of(&LOGGING)),
    field("meshID", String),
    field("meshNetworks", Struct),
    field("multiCluster", of(&MULTI_CLUSTER)),
    field("network", String),
    field("podDNSSearchNamespaces", STRINGS),
    field("omitSidecarInjectorConfigMap", BOOL),
    field("oneNamespace", BOOL),
    field("operatorManageWebhooks", BOOL),
    field("priorityClassName", String),
    field("proxy", of(&PROXY)),
    field("proxy_init", of(&PROXY_INIT)),
    field("sds", of(&SDS)),
    field("tag", Any),
    field("variant", String),
    field("tracer", of(&TRACER)),
    field("useMCP", BOOL),
    field("remotePilotAddress", String),
    field("istiod", of(&ISTIOD)),
    field("pilotCertProvider", String),
    field("jwtPolicy", String),
    field("sts", of(&STS)),
    field("revision", String),
    field("mountMtlsCerts", BOOL),
    field("caAddress", String),
    field("externalIstiod", BOOL),
    field("configCluster", BOOL),
    field("caName", String),
    field("autoscalingv2API", BOOL),
    field("platform", String),
    field("ipFamilies", STRINGS),
    field("ipFamilyPolicy", String),
]);

static STS: Message = message(&[field("servicePort", Uint32)]);
static ISTIOD: Message = message(&[field("enableAnalysis", BOOL)]);
static LOGGING: Message = message(&[field("level", String)]);
static SDS: Message = message(&[field("token", Struct)]);

static MULTI_CLUSTER: Message = message(&[
    field("enabled", BOOL),
    field("clusterName", String),
    field("globalDomainSuffix", String),
    field("includeEnvoyFilter", BOOL),
]);

pub static PILOT: Message = message(&[
    field("enabled", BOOL),
    field("autoscaleEnabled", BOOL),
    field("autoscaleMin", Uint32),
    field("autoscaleMax", Uint32),
    field("autoscaleBehavior", Struct),
    field("replicaCount", Uint32),
    field("image", String),
    field("traceSampling", Double),
    field("resources", of(&RESOURCES)),
    field("configNamespace", String),
    field("cpu", of(&CPU_TARGET)),
    field("nodeSelector", Struct),
    field("keepaliveMaxServerConnectionAge", Duration),
    field("deploymentLabels", Struct),
    field("podLabels", Struct),
    field("configMap", BOOL),
    field("useMCP", BOOL),
    field("env", Struct),
    field("rollingMaxSurge", IntOrString),
    field("rollingMaxUnavailable", IntOrString),
    field("tolerations", STRUCTS),
    field("enableProtocolSniffingForOutbound", BOOL),
    field("enableProtocolSniffingForInbound", BOOL),
    field("podAnnotations", Struct),
    field("serviceAnnotations", Struct),
    field("configSource", of(&PILOT_CONFIG_SOURCE)),
    field("jwksResolverExtraRootCA", String),
    field("plugins", STRINGS),
    field("hub", String),
    field("tag", Any),
    field("variant", String),
    field("seccompProfile", Struct),
    field("topologySpreadConstraints", STRUCTS),
    field("extraContainerArgs", STRUCTS),
    field("volumeMounts", STRUCTS),
    field("volumes", STRUCTS),
    field("ipFamilies", STRINGS),
    field("ipFamilyPolicy", String),
]);

static PILOT_CONFIG_SOURCE: Message = message(&[field("subscribedResources", STRINGS)]);

static TELEMETRY: Message = message(&[field("enabled", BOOL), field("v2", of(&TELEMETRY_V2))]);

static TELEMETRY_V2: Message = message(&[
    field("enabled", BOOL),
    named("metadata_exchange", "metadataExchange", of(&TELEMETRY_METADATA_EXCHANGE)),
    field("prometheus", of(&TELEMETRY_PROMETHEUS)),
    field("stackdriver", of(&TELEMETRY_STACKDRIVER)),
    named("access_log_policy", "accessLogPolicy", of(&TELEMETRY_ACCESS_LOG)),
]);

pub static TELEMETRY_METADATA_EXCHANGE: Message = message(&[field("wasmEnabled", BOOL)]);

pub static TELEMETRY_PROMETHEUS: Message = message(&[
    field("enabled", BOOL),
    field("wasmEnabled", BOOL),
    named("config_override", "configOverride", of(&PROMETHEUS_OVERRIDE)),
]);

static PROMETHEUS_OVERRIDE: Message =
    message(&[field("gateway", Struct), field("inboundSidecar", Struct), field("outboundSidecar", Struct)]);

const ACCESS_LOGGING: Type = Enum(&["NONE", "FULL", "ERRORS_ONLY"]);

pub static TELEMETRY_STACKDRIVER: Message = message(&[
    field("enabled", BOOL),
    field("logging", BOOL),
    field("monitoring", BOOL),
    field("topology", BOOL),
    field("disableOutbound", BOOL),
    field("configOverride", Struct),
    field("outboundAccessLogging", ACCESS_LOGGING),
    field("inboundAccessLogging", ACCESS_LOGGING),
]);

pub static TELEMETRY_ACCESS_LOG: Message = message(&[field("enabled", BOOL), field("logWindowDuration", Duration)]);

pub static PORTS: Message = message(&[
    field("name", String),
    field("port", Int32),
    field("nodePort", Int32),
    field("targetPort", Int32),
    field("protocol", String),
]);

static PROXY: Message = message(&[
    field("autoInject", String),
    field("clusterDomain", String),
    field("componentLogLevel", String),
    field("enableCoreDump", BOOL),
    field("excludeInboundPorts", String),
    field("excludeIPRanges", String),
    field("image", String),
    field("includeIPRanges", String),
    field("logLevel", String),
    field("privileged", BOOL),
    field("readinessInitialDelaySeconds", Uint32),
    field("readinessPeriodSeconds", Uint32),
    field("readinessFailureThreshold", Uint32),
    field("startupProbe", of(&STARTUP_PROBE)),
    field("statusPort", Uint32),
    field("resources", of(&RESOURCES)),
    field("tracer", Enum(&["zipkin", "lightstep", "datadog", "stackdriver", "openCensusAgent", "none"])),
    field("excludeOutboundPorts", String),
    field("lifecycle", Struct),
    field("holdApplicationUntilProxyStarts", BOOL),
    field("includeInboundPorts", String),
    field("includeOutboundPorts", String),
]);

static STARTUP_PROBE: Message = message(&[field("enabled", BOOL), field("failureThreshold", Uint32)]);

static PROXY_INIT: Message = message(&[field("image", String), field("resources", of(&RESOURCES))]);

pub static SECRET_VOLUME: Message =
    message(&[field("mountPath", String), field("name", String), field("secretName", String)]);

pub static SIDECAR_INJECTOR: Message = message(&[
    field("enableNamespacesByDefault", BOOL),
    field("reinvocationPolicy", String),
    field("neverInjectSelector", STRUCTS),
    field("alwaysInjectSelector", STRUCTS),
    field("rewriteAppHTTPProbe", BOOL),
    field("injectedAnnotations", Struct),
    field("objectSelector", Struct),
    field("injectionURL", String),
    field("templates", Struct),
    field("defaultTemplates", STRINGS),
    field("useLegacySelectors", BOOL),
]);

static TRACER: Message = message(&[
    field("datadog", of(&TRACER_DATADOG)),
    field("lightstep", of(&TRACER_LIGHTSTEP)),
    field("zipkin", of(&TRACER_ZIPKIN)),
    field("stackdriver", of(&TRACER_STACKDRIVER)),
]);

static TRACER_DATADOG: Message = message(&[field("address", String)]);
static TRACER_ZIPKIN: Message = message(&[field("address", String)]);

static TRACER_LIGHTSTEP: Message = message(&[field("address", String), field("accessToken", String)]);

static TRACER_STACKDRIVER: Message = message(&[
    field("debug", BOOL),
    field("maxNumberOfAttributes", Uint32),
    field("maxNumberOfAnnotations", Uint32),
    field("maxNumberOfMessageEvents", Uint32),
]);

pub static BASE: Message = message(&[
    field("enableCRDTemplates", BOOL),
    field("validationURL", String),
    field("enableIstioConfigCRDs", BOOL),
    field("validateGateway", BOOL),
]);

pub static ISTIOD_REMOTE: Message = message(&[field("injectionURL", String), field("injectionPath", String)]);
