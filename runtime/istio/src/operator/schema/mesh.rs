//! The mesh configuration, `spec.meshConfig`.

use super::kubernetes::LABEL_SELECTOR;
use super::{BOOL, Field, Message, STRING_MAP, STRINGS, Type, field, named};
use Type::{Bool, Double, Duration, Enum, Int32, Int64, List, Map, Optional, String, Struct, Uint32};

const fn of(message: &'static Message) -> Type {
    Type::Message(message)
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields }
}

const INT64: Type = Optional(&Int64);

/// `spec.meshConfig`.
pub static MESH_CONFIG: Message = message(&[
    named("proxy_listen_port", "proxyListenPort", Int32),
    named("proxy_inbound_listen_port", "proxyInboundListenPort", Int32),
    named("proxy_http_port", "proxyHttpPort", Int32),
    named("connect_timeout", "connectTimeout", Duration),
    named("protocol_detection_timeout", "protocolDetectionTimeout", Duration),
    named("tcp_keepalive", "tcpKeepalive", of(&TCP_KEEPALIVE)),
    named("ingress_class", "ingressClass", String),
    named("ingress_service", "ingressService", String),
    named("ingress_controller_mode", "ingressControllerMode", Enum(&["UNSPECIFIED", "OFF", "DEFAULT", "STRICT"])),
    named("ingress_selector", "ingressSelector", String),
    named("enable_tracing", "enableTracing", Bool),
    named("access_log_file", "accessLogFile", String),
    named("access_log_format", "accessLogFormat", String),
    named("access_log_encoding", "accessLogEncoding", Enum(&["TEXT", "JSON"])),
    named("enable_envoy_access_log_service", "enableEnvoyAccessLogService", Bool),
    named("disable_envoy_listener_log", "disableEnvoyListenerLog", Bool),
    named("default_config", "defaultConfig", of(&PROXY_CONFIG)),
    named("outbound_traffic_policy", "outboundTrafficPolicy", of(&OUTBOUND_TRAFFIC_POLICY)),
    named("config_sources", "configSources", List(&of(&CONFIG_SOURCE))),
    named("enable_auto_mtls", "enableAutoMtls", BOOL),
    named("trust_domain", "trustDomain", String),
    named("trust_domain_aliases", "trustDomainAliases", STRINGS),
    named("ca_certificates", "caCertificates", List(&of(&CERTIFICATE_DATA))),
    named("default_service_export_to", "defaultServiceExportTo", STRINGS),
    named("default_virtual_service_export_to", "defaultVirtualServiceExportTo", STRINGS),
    named("default_destination_rule_export_to", "defaultDestinationRuleExportTo", STRINGS),
    named("root_namespace", "rootNamespace", String),
    named("locality_lb_setting", "localityLbSetting", of(&LOCALITY)),
    named("dns_refresh_rate", "dnsRefreshRate", Duration),
    named("h2_upgrade_policy", "h2UpgradePolicy", Enum(&["DO_NOT_UPGRADE", "UPGRADE"])),
    named("inbound_cluster_stat_name", "inboundClusterStatName", String),
    named("outbound_cluster_stat_name", "outboundClusterStatName", String),
    field("certificates", List(&of(&CERTIFICATE))),
    named("service_settings", "serviceSettings", List(&of(&SERVICE_SETTINGS))),
    named("enable_prometheus_merge", "enablePrometheusMerge", BOOL),
    named("verify_certificate_at_client", "verifyCertificateAtClient", BOOL),
    field("ca", of(&CA)),
    named("extension_providers", "extensionProviders", List(&of(&EXTENSION_PROVIDER))),
    named("default_providers", "defaultProviders", of(&DEFAULT_PROVIDERS)),
    named("discovery_selectors", "discoverySelectors", List(&of(&LABEL_SELECTOR))),
    named("path_normalization", "pathNormalization", of(&PATH_NORMALIZATION)),
    named("default_http_retry_policy", "defaultHttpRetryPolicy", of(&HTTP_RETRY)),
    named("mesh_mTLS", "meshMTLS", of(&TLS)),
    named("tls_defaults", "tlsDefaults", of(&TLS)),
]);

static OUTBOUND_TRAFFIC_POLICY: Message = message(&[field("mode", Enum(&["REGISTRY_ONLY", "ALLOW_ANY"]))]);

static CERTIFICATE_DATA: Message = message(&[
    field("pem", String),
    named("spiffe_bundle_url", "spiffeBundleUrl", String),
    named("cert_signers", "certSigners", STRINGS),
    named("trust_domains", "trustDomains", STRINGS),
]);

static SERVICE_SETTINGS: Message = message(&[field("settings", of(&SERVICE_SETTING)), field("hosts", STRINGS)]);

static SERVICE_SETTING: Message = message(&[named("cluster_local", "clusterLocal", Bool)]);

static CA: Message = message(&[
    field("address", String),
    named("tls_settings", "tlsSettings", of(&CLIENT_TLS)),
    named("request_timeout", "requestTimeout", Duration),
    named("istiod_side", "istiodSide", Bool),
]);

static DEFAULT_PROVIDERS: Message =
    message(&[field("tracing", STRINGS), field("metrics", STRINGS), named("access_logging", "accessLogging", STRINGS)]);

static PATH_NORMALIZATION: Message =
    message(&[field("normalization", Enum(&["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"]))]);

static TLS: Message = message(&[
    named("min_protocol_version", "minProtocolVersion", Enum(&["TLS_AUTO", "TLSV1_2", "TLSV1_3"])),
    named("ecdh_curves", "ecdhCurves", STRINGS),
    named("cipher_suites", "cipherSuites", STRINGS),
]);

static CONFIG_SOURCE: Message = message(&[
    field("address", String),
    named("tls_settings", "tlsSettings", of(&CLIENT_TLS)),
    named("subscribed_resources", "subscribedResources", List(&Enum(&["SERVICE_REGISTRY"]))),
]);

static CERTIFICATE: Message =
    message(&[named("secret_name", "secretName", String), named("dns_names", "dnsNames", STRINGS)]);

static HTTP_RETRY: Message = message(&[
    field("attempts", Int32),
    named("per_try_timeout", "perTryTimeout", Duration),
    named("retry_on", "retryOn", String),
    named("retry_remote_localities", "retryRemoteLocalities", BOOL),
]);

static TCP_KEEPALIVE: Message =
    message(&[field("probes", Uint32), field("time", Duration), field("interval", Duration)]);

static CLIENT_TLS: Message = message(&[
    field("mode", Enum(&["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"])),
    named("client_certificate", "clientCertificate", String),
    named("private_key", "privateKey", String),
    named("ca_certificates", "caCertificates", String),
    named("credential_name", "credentialName", String),
    named("subject_alt_names", "subjectAltNames", STRINGS),
    field("sni", String),
    named("insecure_skip_verify", "insecureSkipVerify", BOOL),
]);

static LOCALITY: Message = message(&[
    field("distribute", List(&of(&DISTRIBUTE))),
    field("failover", List(&of(&FAILOVER))),
    named("failover_priority", "failoverPriority", STRINGS),
    field("enabled", BOOL),
]);

static DISTRIBUTE: Message = message(&[field("from", String), field("to", Map(&Uint32))]);

static FAILOVER: Message = message(&[field("from", String), field("to", String)]);

const TRACE_CONTEXT: Type = List(&Enum(&["UNSPECIFIED", "W3C_TRACE_CONTEXT", "GRPC_BIN", "CLOUD_TRACE_CONTEXT", "B3"]));

static EXTENSION_PROVIDER: Message = message(&[
    field("name", String),
    named("envoy_ext_authz_http", "envoyExtAuthzHttp", of(&EXT_AUTHZ_HTTP)),
    named("envoy_ext_authz_grpc", "envoyExtAuthzGrpc", of(&EXT_AUTHZ_GRPC)),
    field("zipkin", of(&ZIPKIN_PROVIDER)),
    field("lightstep", of(&LIGHTSTEP_PROVIDER)),
    field("datadog", of(&TRACING_PROVIDER)),
    field("stackdriver", of(&STACKDRIVER_PROVIDER)),
    field("opencensus", of(&OPENCENSUS_PROVIDER)),
    field("skywalking", of(&SKYWALKING_PROVIDER)),
    field("opentelemetry", of(&TRACING_PROVIDER)),
    field("prometheus", of(&EMPTY)),
    named("envoy_file_access_log", "envoyFileAccessLog", of(&FILE_ACCESS_LOG)),
    named("envoy_http_als", "envoyHttpAls", of(&HTTP_ALS)),
    named("envoy_tcp_als", "envoyTcpAls", of(&TCP_ALS)),
    named("envoy_otel_als", "envoyOtelAls", of(&OTEL_ALS)),
]);

static EMPTY: Message = message(&[]);

static EXT_AUTHZ_BODY: Message = message(&[
    named("max_request_bytes", "maxRequestBytes", Uint32),
    named("allow_partial_message", "allowPartialMessage", Bool),
    named("pack_as_bytes", "packAsBytes", Bool),
]);

static EXT_AUTHZ_HTTP: Message = message(&[
    field("service", String),
    field("port", Uint32),
    field("timeout", Duration),
    named("path_prefix", "pathPrefix", String),
    named("fail_open", "failOpen", Bool),
    named("status_on_error", "statusOnError", String),
    named("include_headers_in_check", "includeHeadersInCheck", STRINGS),
    named("include_request_headers_in_check", "includeRequestHeadersInCheck", STRINGS),
    named("include_additional_headers_in_check", "includeAdditionalHeadersInCheck", STRING_MAP),
    named("include_request_body_in_check", "includeRequestBodyInCheck", of(&EXT_AUTHZ_BODY)),
    named("headers_to_upstream_on_allow", "headersToUpstreamOnAllow", STRINGS),
    named("headers_to_downstream_on_deny", "headersToDownstreamOnDeny", STRINGS),
    named("headers_to_downstream_on_allow", "headersToDownstreamOnAllow", STRINGS),
]);

static EXT_AUTHZ_GRPC: Message = message(&[
    field("service", String),
    field("port", Uint32),
    field("timeout", Duration),
    named("fail_open", "failOpen", Bool),
    named("status_on_error", "statusOnError", String),
    named("include_request_body_in_check", "includeRequestBodyInCheck", of(&EXT_AUTHZ_BODY)),
]);

static ZIPKIN_PROVIDER: Message = message(&[
    field("service", String),
    field("port", Uint32),
    named("max_tag_length", "maxTagLength", Uint32),
    named("enable_64bit_trace_id", "enable64bitTraceId", Bool),
]);

static LIGHTSTEP_PROVIDER: Message = message(&[
    field("service", String),
    field("port", Uint32),
    named("access_token", "accessToken", String),
    named("max_tag_length", "maxTagLength", Uint32),
]);

static TRACING_PROVIDER: Message =
    message(&[field("service", String), field("port", Uint32), named("max_tag_length", "maxTagLength", Uint32)]);

static SKYWALKING_PROVIDER: Message =
    message(&[field("service", String), field("port", Uint32), named("access_token", "accessToken", String)]);

static STACKDRIVER_PROVIDER: Message = message(&[
    field("debug", Bool),
    named("max_number_of_attributes", "maxNumberOfAttributes", INT64),
    named("max_number_of_annotations", "maxNumberOfAnnotations", INT64),
    named("max_number_of_message_events", "maxNumberOfMessageEvents", INT64),
    named("max_tag_length", "maxTagLength", Uint32),
    field("logging", of(&STACKDRIVER_LOGGING)),
]);

static STACKDRIVER_LOGGING: Message = message(&[field("labels", STRING_MAP)]);

static OPENCENSUS_PROVIDER: Message = message(&[
    field("service", String),
    field("port", Uint32),
    field("context", TRACE_CONTEXT),
    named("max_tag_length", "maxTagLength", Uint32),
]);

static FILE_ACCESS_LOG: Message = message(&[field("path", String), named("log_format", "logFormat", of(&LOG_FORMAT))]);

static LOG_FORMAT: Message = message(&[field("text", String), field("labels", Struct)]);

static HTTP_ALS: Message = message(&[
    field("service", String),
    field("port", Uint32),
    named("log_name", "logName", String),
    named("filter_state_objects_to_log", "filterStateObjectsToLog", STRINGS),
    named("additional_request_headers_to_log", "additionalRequestHeadersToLog", STRINGS),
    named("additional_response_headers_to_log", "additionalResponseHeadersToLog", STRINGS),
    named("additional_response_trailers_to_log", "additionalResponseTrailersToLog", STRINGS),
]);

static TCP_ALS: Message = message(&[
    field("service", String),
    field("port", Uint32),
    named("log_name", "logName", String),
    named("filter_state_objects_to_log", "filterStateObjectsToLog", STRINGS),
]);

static OTEL_ALS: Message = message(&[
    field("service", String),
    field("port", Uint32),
    named("log_name", "logName", String),
    named("log_format", "logFormat", of(&LOG_FORMAT)),
]);

/// `spec.meshConfig.defaultConfig`.
static PROXY_CONFIG: Message = message(&[
    named("config_path", "configPath", String),
    named("binary_path", "binaryPath", String),
    named("service_cluster", "serviceCluster", String),
    named(
        "tracing_service_name",
        "tracingServiceName",
        Enum(&["APP_LABEL_AND_NAMESPACE", "CANONICAL_NAME_ONLY", "CANONICAL_NAME_AND_NAMESPACE"]),
    ),
    named("drain_duration", "drainDuration", Duration),
    named("discovery_address", "discoveryAddress", String),
    named("discovery_refresh_delay", "discoveryRefreshDelay", Duration),
    named("zipkin_address", "zipkinAddress", String),
    named("statsd_udp_address", "statsdUdpAddress", String),
    named("envoy_metrics_service_address", "envoyMetricsServiceAddress", String),
    named("proxy_admin_port", "proxyAdminPort", Int32),
    named("availability_zone", "availabilityZone", String),
    named("control_plane_auth_policy", "controlPlaneAuthPolicy", Enum(&["NONE", "MUTUAL_TLS", "INHERIT"])),
    named("custom_config_file", "customConfigFile", String),
    named("stat_name_length", "statNameLength", Int32),
    field("concurrency", Optional(&Int32)),
    named("proxy_bootstrap_template_path", "proxyBootstrapTemplatePath", String),
    named("interception_mode", "interceptionMode", Enum(&["REDIRECT", "TPROXY", "NONE"])),
    field("tracing", of(&TRACING)),
    field("sds", of(&SDS)),
    named("envoy_access_log_service", "envoyAccessLogService", of(&REMOTE_SERVICE)),
    named("envoy_metrics_service", "envoyMetricsService", of(&REMOTE_SERVICE)),
    named("proxy_metadata", "proxyMetadata", STRING_MAP),
    named("runtime_values", "runtimeValues", STRING_MAP),
    named("status_port", "statusPort", Int32),
    named("extra_stat_tags", "extraStatTags", STRINGS),
    named("gateway_topology", "gatewayTopology", of(&TOPOLOGY)),
    named("termination_drain_duration", "terminationDrainDuration", Duration),
    named("mesh_id", "meshId", String),
    named("readiness_probe", "readinessProbe", of(&READINESS_PROBE)),
    named("proxy_stats_matcher", "proxyStatsMatcher", of(&STATS_MATCHER)),
    named("hold_application_until_proxy_starts", "holdApplicationUntilProxyStarts", BOOL),
    named("ca_certificates_pem", "caCertificatesPem", STRINGS),
    field("image", of(&PROXY_IMAGE)),
    named("private_key_provider", "privateKeyProvider", of(&PRIVATE_KEY_PROVIDER)),
    named("proxy_headers", "proxyHeaders", of(&PROXY_HEADERS)),
]);

static TRACING: Message = message(&[
    field("zipkin", of(&TRACING_ZIPKIN)),
    field("lightstep", of(&TRACING_LIGHTSTEP)),
    field("datadog", of(&TRACING_DATADOG)),
    field("stackdriver", of(&TRACING_STACKDRIVER)),
    named("open_census_agent", "openCensusAgent", of(&TRACING_OPENCENSUS)),
    named("custom_tags", "customTags", Map(&of(&CUSTOM_TAG))),
    named("max_path_tag_length", "maxPathTagLength", Uint32),
    field("sampling", Double),
    named("tls_settings", "tlsSettings", of(&CLIENT_TLS)),
]);

static TRACING_ZIPKIN: Message = message(&[field("address", String)]);
static TRACING_DATADOG: Message = message(&[field("address", String)]);

static TRACING_LIGHTSTEP: Message = message(&[field("address", String), named("access_token", "accessToken", String)]);

static TRACING_STACKDRIVER: Message = message(&[
    field("debug", Bool),
    named("max_number_of_attributes", "maxNumberOfAttributes", INT64),
    named("max_number_of_annotations", "maxNumberOfAnnotations", INT64),
    named("max_number_of_message_events", "maxNumberOfMessageEvents", INT64),
]);

static TRACING_OPENCENSUS: Message = message(&[field("address", String), field("context", TRACE_CONTEXT)]);

static CUSTOM_TAG: Message = message(&[
    field("literal", of(&LITERAL)),
    field("environment", of(&NAME_AND_DEFAULT)),
    field("header", of(&NAME_AND_DEFAULT)),
]);

static LITERAL: Message = message(&[field("value", String)]);

static NAME_AND_DEFAULT: Message = message(&[field("name", String), named("default_value", "defaultValue", String)]);

static SDS: Message = message(&[field("enabled", Bool), named("k8s_sa_jwt_path", "k8sSaJwtPath", String)]);

const FORWARD_CLIENT_CERT: Type =
    Enum(&["UNDEFINED", "SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY"]);

static TOPOLOGY: Message = message(&[
    named("num_trusted_proxies", "numTrustedProxies", Uint32),
    named("forward_client_cert_details", "forwardClientCertDetails", FORWARD_CLIENT_CERT),
    named("proxy_protocol", "proxyProtocol", of(&PROXY_PROTOCOL)),
]);

static PROXY_PROTOCOL: Message = message(&[]);

static REMOTE_SERVICE: Message = message(&[
    field("address", String),
    named("tls_settings", "tlsSettings", of(&CLIENT_TLS)),
    named("tcp_keepalive", "tcpKeepalive", of(&TCP_KEEPALIVE)),
]);

static READINESS_PROBE: Message = message(&[
    named("initial_delay_seconds", "initialDelaySeconds", Int32),
    named("timeout_seconds", "timeoutSeconds", Int32),
    named("period_seconds", "periodSeconds", Int32),
    named("success_threshold", "successThreshold", Int32),
    named("failure_threshold", "failureThreshold", Int32),
    named("http_get", "httpGet", of(&HTTP_HEALTH_CHECK)),
    named("tcp_socket", "tcpSocket", of(&TCP_HEALTH_CHECK)),
    field("exec", of(&EXEC_HEALTH_CHECK)),
]);

static HTTP_HEALTH_CHECK: Message = message(&[
    field("path", String),
    field("port", Uint32),
    field("host", String),
    field("scheme", String),
    named("http_headers", "httpHeaders", List(&of(&HTTP_HEADER))),
]);

static HTTP_HEADER: Message = message(&[field("name", String), field("value", String)]);
static TCP_HEALTH_CHECK: Message = message(&[field("host", String), field("port", Uint32)]);
static EXEC_HEALTH_CHECK: Message = message(&[field("command", STRINGS)]);

static STATS_MATCHER: Message = message(&[
    named("inclusion_prefixes", "inclusionPrefixes", STRINGS),
    named("inclusion_suffixes", "inclusionSuffixes", STRINGS),
    named("inclusion_regexps", "inclusionRegexps", STRINGS),
]);

static PROXY_IMAGE: Message = message(&[named("image_type", "imageType", String)]);

static PRIVATE_KEY_PROVIDER: Message = message(&[field("cryptomb", of(&POLL_DELAY)), field("qat", of(&POLL_DELAY))]);

static POLL_DELAY: Message = message(&[named("poll_delay", "pollDelay", Duration)]);

static PROXY_HEADERS: Message = message(&[
    named("forwarded_client_cert", "forwardedClientCert", FORWARD_CLIENT_CERT),
    named("request_id", "requestId", of(&DISABLED)),
    field("server", of(&SERVER_HEADER)),
    named("attempt_count", "attemptCount", of(&DISABLED)),
    named("envoy_debug_headers", "envoyDebugHeaders", of(&DISABLED)),
    named("metadata_exchange_headers", "metadataExchangeHeaders", of(&METADATA_EXCHANGE)),
]);

static DISABLED: Message = message(&[field("disabled", BOOL)]);

static SERVER_HEADER: Message = message(&[field("disabled", BOOL), field("value", String)]);

static METADATA_EXCHANGE: Message = message(&[field("mode", Enum(&["UNDEFINED", "IN_MESH"]))]);
