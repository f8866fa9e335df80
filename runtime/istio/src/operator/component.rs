//! The components of an installation: where their charts are, which values are theirs, what they are called.

use serde_json::Value;

/// A kind of component. Gateways may be there several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Kind {
    Base,
    Pilot,
    Cni,
    IstiodRemote,
    Ztunnel,
    IngressGateways,
    EgressGateways,
}

impl Kind {
    /// All kinds, in the order in which they are rendered.
    pub const ALL: [Self; 7] = [
        Self::Base,
        Self::Pilot,
        Self::Cni,
        Self::IstiodRemote,
        Self::Ztunnel,
        Self::IngressGateways,
        Self::EgressGateways,
    ];

    /// The name that labels and the `--component` flag use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "Base",
            Self::Pilot => "Pilot",
            Self::Cni => "Cni",
            Self::IstiodRemote => "IstiodRemote",
            Self::Ztunnel => "Ztunnel",
            Self::IngressGateways => "IngressGateways",
            Self::EgressGateways => "EgressGateways",
        }
    }

    /// The key below `spec.components`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Pilot => "pilot",
            Self::Cni => "cni",
            Self::IstiodRemote => "istiodRemote",
            Self::Ztunnel => "ztunnel",
            Self::IngressGateways => "ingressGateways",
            Self::EgressGateways => "egressGateways",
        }
    }

    /// The chart's folder below `charts`.
    pub const fn chart(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Pilot => "istio-control/istio-discovery",
            Self::Cni => "istio-cni",
            Self::IstiodRemote => "istiod-remote",
            Self::Ztunnel => "ztunnel",
            Self::IngressGateways => "gateways/istio-ingress",
            Self::EgressGateways => "gateways/istio-egress",
        }
    }

    /// Where the component's own values stand.
    pub(crate) const fn values_root(self) -> &'static [&'static str] {
        match self {
            Self::Base | Self::IstiodRemote => &["global"],
            Self::Pilot => &["pilot"],
            Self::Cni => &["cni"],
            Self::Ztunnel => &["ztunnel"],
            Self::IngressGateways => &["gateways", "istio-ingressgateway"],
            Self::EgressGateways => &["gateways", "istio-egressgateway"],
        }
    }

    /// Kind and name of the workload, and its container, where there is one.
    pub(crate) const fn workload(self) -> Option<Workload> {
        let (kind, name, container) = match self {
            Self::Base | Self::IstiodRemote => return None,
            Self::Pilot => ("Deployment", "istiod", "discovery"),
            Self::Cni => ("DaemonSet", "istio-cni-node", "install-cni"),
            Self::Ztunnel => ("DaemonSet", "ztunnel", "istio-proxy"),
            Self::IngressGateways => ("Deployment", "istio-ingressgateway", "istio-proxy"),
            Self::EgressGateways => ("Deployment", "istio-egressgateway", "istio-proxy"),
        };
        Some(Workload { kind, name, container })
    }

    /// Whether there may be several.
    pub const fn is_gateway(self) -> bool {
        matches!(self, Self::IngressGateways | Self::EgressGateways)
    }
}

/// What runs a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub kind: &'static str,
    pub name: &'static str,
    pub container: &'static str,
}

/// One component of a configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'s> {
    pub kind: Kind,
    /// Its place in the list of gateways.
    pub index: usize,
    /// What `spec.components` says of it.
    pub spec: &'s Value,
    pub namespace: &'s str,
}

impl<'s> Part<'s> {
    /// The gateway's name.
    pub fn name(&self) -> &'s str {
        text(self.spec, "name")
    }

    pub fn enabled(&self) -> bool {
        self.spec.get("enabled").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The component's place, for error texts.
    pub fn path(&self) -> String {
        let key = self.kind.key();
        if self.kind.is_gateway() {
            format!("spec.components.{key}[{}]", self.index)
        } else {
            format!("spec.components.{key}")
        }
    }
}

/// All components of a spec, disabled ones too.
pub(crate) fn parts(spec: &Value) -> Vec<Part<'_>> {
    Kind::ALL.into_iter().flat_map(|kind| parts_of(spec, kind)).collect()
}

fn parts_of(spec: &Value, kind: Kind) -> Vec<Part<'_>> {
    let found = component(spec, kind);
    let one = |index, spec_of: &'static Value| Part { kind, index, spec: spec_of, namespace: default_namespace(spec) };
    match found {
        Value::Array(gateways) if kind.is_gateway() => gateways
            .iter()
            .enumerate()
            .map(|(index, gateway)| Part { kind, index, spec: gateway, namespace: namespace_of(spec, gateway) })
            .collect(),
        _ if kind.is_gateway() => Vec::new(),
        Value::Null => vec![one(0, &Value::Null)],
        found => vec![Part { kind, index: 0, spec: found, namespace: namespace(spec, kind) }],
    }
}

fn component(spec: &Value, kind: Kind) -> &Value {
    let components = spec.get("components").unwrap_or(&Value::Null);
    components.get(kind.key()).unwrap_or(&Value::Null)
}

/// Whether a component other than a gateway is enabled.
pub(crate) fn is_enabled(spec: &Value, kind: Kind) -> bool {
    component(spec, kind).get("enabled").and_then(Value::as_bool).unwrap_or(false)
}

/// The namespace of a component other than a gateway.
pub(crate) fn namespace(spec: &Value, kind: Kind) -> &str {
    namespace_of(spec, component(spec, kind))
}

fn namespace_of<'s>(spec: &'s Value, component: &'s Value) -> &'s str {
    match text(component, "namespace") {
        "" => default_namespace(spec),
        namespace => namespace,
    }
}

/// Istio's namespace: `spec.namespace`, else `values.global.istioNamespace`.
pub fn default_namespace(spec: &Value) -> &str {
    match text(spec, "namespace") {
        "" => spec.pointer("/values/global/istioNamespace").and_then(Value::as_str).unwrap_or_default(),
        namespace => namespace,
    }
}

pub(crate) fn text<'v>(of: &'v Value, key: &str) -> &'v str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}
