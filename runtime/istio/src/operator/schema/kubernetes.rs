//! The Kubernetes settings of a component, `spec.components.*.k8s`.

use super::{Field, Message, STRING_MAP, STRINGS, Type, field};
use Type::{Any, Bool, Int32, Int64, IntOrString, List, Optional, String, Uint32};

const fn of(message: &'static Message) -> Type {
    Type::Message(message)
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields }
}

/// `spec.components.*.k8s`.
pub static KUBERNETES_RESOURCES: Message = message(&[
    field("affinity", of(&AFFINITY)),
    field("env", List(&of(&ENV_VAR))),
    field("hpaSpec", of(&HPA)),
    field("imagePullPolicy", String),
    field("nodeSelector", STRING_MAP),
    field("podDisruptionBudget", of(&DISRUPTION_BUDGET)),
    field("podAnnotations", STRING_MAP),
    field("priorityClassName", String),
    field("readinessProbe", of(&READINESS_PROBE)),
    field("replicaCount", Uint32),
    field("resources", of(&RESOURCES)),
    field("service", of(&SERVICE)),
    field("strategy", of(&STRATEGY)),
    field("tolerations", List(&of(&TOLERATION))),
    field("serviceAnnotations", STRING_MAP),
    field("securityContext", of(&POD_SECURITY)),
    field("volumes", List(&of(&VOLUME))),
    field("volumeMounts", List(&of(&VOLUME_MOUNT))),
    field("overlays", List(&of(&OVERLAY))),
]);

static OVERLAY: Message = message(&[
    field("apiVersion", String),
    field("kind", String),
    field("name", String),
    field("patches", List(&of(&PATH_VALUE))),
]);

static PATH_VALUE: Message = message(&[field("path", String), field("value", Any)]);

static AFFINITY: Message = message(&[
    field("nodeAffinity", of(&NODE_AFFINITY)),
    field("podAffinity", of(&POD_AFFINITY)),
    field("podAntiAffinity", of(&POD_AFFINITY)),
]);

static NODE_AFFINITY: Message = message(&[
    field("requiredDuringSchedulingIgnoredDuringExecution", of(&NODE_SELECTOR)),
    field("preferredDuringSchedulingIgnoredDuringExecution", List(&of(&PREFERRED_TERM))),
]);

static NODE_SELECTOR: Message = message(&[field("nodeSelectorTerms", List(&of(&NODE_TERM)))]);

static NODE_TERM: Message =
    message(&[field("matchExpressions", List(&of(&REQUIREMENT))), field("matchFields", List(&of(&REQUIREMENT)))]);

static REQUIREMENT: Message = message(&[field("key", String), field("operator", String), field("values", STRINGS)]);

static PREFERRED_TERM: Message = message(&[field("weight", Int32), field("preference", of(&NODE_TERM))]);

static POD_AFFINITY: Message = message(&[
    field("requiredDuringSchedulingIgnoredDuringExecution", List(&of(&POD_TERM))),
    field("preferredDuringSchedulingIgnoredDuringExecution", List(&of(&WEIGHTED_TERM))),
]);

static POD_TERM: Message =
    message(&[field("labelSelector", of(&LABEL_SELECTOR)), field("namespaces", STRINGS), field("topologyKey", String)]);

static WEIGHTED_TERM: Message = message(&[field("weight", Int32), field("podAffinityTerm", of(&POD_TERM))]);

/// Kubernetes' label selector.
pub static LABEL_SELECTOR: Message =
    message(&[field("matchLabels", STRING_MAP), field("matchExpressions", List(&of(&LABEL_REQUIREMENT)))]);

static LABEL_REQUIREMENT: Message =
    message(&[field("key", String), field("operator", String), field("values", STRINGS)]);

static ENV_VAR: Message =
    message(&[field("name", String), field("value", String), field("valueFrom", of(&ENV_SOURCE))]);

static ENV_SOURCE: Message = message(&[
    field("fieldRef", of(&FIELD_REF)),
    field("resourceFieldRef", of(&RESOURCE_REF)),
    field("configMapKeyRef", of(&CONFIG_MAP_KEY)),
    field("secretKeyRef", of(&SECRET_KEY)),
]);

static FIELD_REF: Message = message(&[field("apiVersion", String), field("fieldPath", String)]);

static RESOURCE_REF: Message =
    message(&[field("containerName", String), field("resource", String), field("divisor", IntOrString)]);

static CONFIG_MAP_KEY: Message =
    message(&[field("localObjectReference", of(&LOCAL_REFERENCE)), field("key", String), field("optional", Bool)]);

static SECRET_KEY: Message =
    message(&[field("localObjectReference", of(&LOCAL_REFERENCE)), field("key", String), field("optional", Bool)]);

static LOCAL_REFERENCE: Message = message(&[field("name", String)]);

static HPA: Message = message(&[
    field("scaleTargetRef", of(&CROSS_REFERENCE)),
    field("minReplicas", Int32),
    field("maxReplicas", Int32),
    field("metrics", List(&of(&METRIC))),
    field("behavior", of(&HPA_BEHAVIOR)),
]);

static CROSS_REFERENCE: Message = message(&[field("kind", String), field("name", String), field("apiVersion", String)]);

static HPA_BEHAVIOR: Message = message(&[field("scaleUp", of(&HPA_RULES)), field("scaleDown", of(&HPA_RULES))]);

static HPA_RULES: Message = message(&[
    field("stabilizationWindowSeconds", Int32),
    field("selectPolicy", String),
    field("policies", List(&of(&HPA_POLICY))),
]);

static HPA_POLICY: Message = message(&[field("type", String), field("value", Int32), field("periodSeconds", Int32)]);

static METRIC: Message = message(&[
    field("type", String),
    field("object", of(&OBJECT_METRIC)),
    field("pods", of(&PODS_METRIC)),
    field("resource", of(&RESOURCE_METRIC)),
    field("containerResource", of(&CONTAINER_METRIC)),
    field("external", of(&EXTERNAL_METRIC)),
]);

static METRIC_TARGET: Message = message(&[
    field("type", String),
    field("value", IntOrString),
    field("averageValue", IntOrString),
    field("averageUtilization", Int32),
]);

static METRIC_IDENTIFIER: Message =
    message(&[field("name", Optional(&String)), field("selector", of(&LABEL_SELECTOR))]);

static OBJECT_METRIC: Message = message(&[
    field("metricName", String),
    field("targetValue", IntOrString),
    field("selector", of(&LABEL_SELECTOR)),
    field("averageValue", IntOrString),
    field("target", Any),
    field("describedObject", of(&CROSS_REFERENCE)),
    field("metric", of(&METRIC_IDENTIFIER)),
]);

static PODS_METRIC: Message = message(&[
    field("metricName", String),
    field("targetAverageValue", IntOrString),
    field("selector", of(&LABEL_SELECTOR)),
    field("metric", of(&METRIC_IDENTIFIER)),
    field("target", of(&METRIC_TARGET)),
]);

static RESOURCE_METRIC: Message = message(&[
    field("name", String),
    field("targetAverageUtilization", Int32),
    field("targetAverageValue", IntOrString),
    field("target", of(&METRIC_TARGET)),
]);

static CONTAINER_METRIC: Message =
    message(&[field("name", String), field("target", of(&METRIC_TARGET)), field("container", String)]);

static EXTERNAL_METRIC: Message = message(&[
    field("metricName", String),
    field("metricSelector", of(&LABEL_SELECTOR)),
    field("targetValue", IntOrString),
    field("targetAverageValue", IntOrString),
    field("metric", of(&METRIC_IDENTIFIER)),
    field("target", of(&METRIC_TARGET)),
]);

static DISRUPTION_BUDGET: Message = message(&[
    field("minAvailable", IntOrString),
    field("selector", of(&LABEL_SELECTOR)),
    field("maxUnavailable", IntOrString),
]);

static READINESS_PROBE: Message = message(&[
    field("exec", of(&EXEC)),
    field("httpGet", of(&HTTP_GET)),
    field("tcpSocket", of(&TCP_SOCKET)),
    field("initialDelaySeconds", Int32),
    field("timeoutSeconds", Int32),
    field("periodSeconds", Int32),
    field("successThreshold", Int32),
    field("failureThreshold", Int32),
]);

static EXEC: Message = message(&[field("command", STRINGS)]);

static HTTP_GET: Message = message(&[
    field("path", String),
    field("port", IntOrString),
    field("host", String),
    field("scheme", String),
    field("httpHeaders", List(&of(&HTTP_HEADER))),
]);

static HTTP_HEADER: Message = message(&[field("name", String), field("value", String)]);
static TCP_SOCKET: Message = message(&[field("port", IntOrString), field("host", String)]);
static RESOURCES: Message = message(&[field("limits", STRING_MAP), field("requests", STRING_MAP)]);

static SERVICE: Message = message(&[
    field("ports", List(&of(&SERVICE_PORT))),
    field("selector", STRING_MAP),
    field("clusterIP", String),
    field("type", String),
    field("externalIPs", STRINGS),
    field("sessionAffinity", String),
    field("loadBalancerIP", String),
    field("loadBalancerSourceRanges", STRINGS),
    field("externalName", String),
    field("externalTrafficPolicy", String),
    field("healthCheckNodePort", Int32),
    field("publishNotReadyAddresses", Bool),
    field("sessionAffinityConfig", of(&SESSION_AFFINITY)),
]);

static SERVICE_PORT: Message = message(&[
    field("name", String),
    field("protocol", String),
    field("port", Int32),
    field("targetPort", IntOrString),
    field("nodePort", Int32),
    field("appProtocol", String),
]);

static SESSION_AFFINITY: Message = message(&[field("clientIP", of(&CLIENT_IP))]);
static CLIENT_IP: Message = message(&[field("timeoutSeconds", Int32)]);

static STRATEGY: Message = message(&[field("type", String), field("rollingUpdate", of(&ROLLING_UPDATE))]);

static ROLLING_UPDATE: Message = message(&[field("maxUnavailable", IntOrString), field("maxSurge", IntOrString)]);

static TOLERATION: Message = message(&[
    field("key", String),
    field("operator", String),
    field("value", String),
    field("effect", String),
    field("tolerationSeconds", Int64),
]);

static POD_SECURITY: Message = message(&[
    field("seLinuxOptions", of(&SE_LINUX)),
    field("runAsUser", Int64),
    field("runAsNonRoot", Bool),
    field("supplementalGroups", List(&Int64)),
    field("fsGroup", Int64),
    field("runAsGroup", Int64),
    field("sysctls", List(&of(&SYSCTL))),
    field("windowsOptions", of(&WINDOWS_OPTIONS)),
    field("fsGroupChangePolicy", String),
    field("seccompProfile", of(&SECCOMP)),
]);

static SE_LINUX: Message =
    message(&[field("user", String), field("role", String), field("type", String), field("level", String)]);

static SYSCTL: Message = message(&[field("name", String), field("value", String)]);

static WINDOWS_OPTIONS: Message = message(&[
    field("gmsaCredentialSpecName", String),
    field("gmsaCredentialSpec", String),
    field("runAsUserName", String),
]);

static SECCOMP: Message = message(&[field("type", String), field("localhostProfile", String)]);

/// Accepted and, as in Istio 1.20, without effect; the source stands below a key of its own in this API.
static VOLUME: Message = message(&[field("name", String), field("volumeSource", Type::Struct)]);

static VOLUME_MOUNT: Message = message(&[
    field("name", String),
    field("readOnly", Bool),
    field("mountPath", String),
    field("subPath", String),
    field("mountPropagation", String),
    field("subPathExpr", String),
]);
