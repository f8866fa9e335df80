//! Families of failure codes that operations of several modules share, and how a declaration puts them together.

/// Every operation that talks to the Docker engine.
pub(crate) const ENGINE: &[&str] = &[
    "docker::no_engine",
    "docker::engine",
    "docker::bad_host",
    "docker::no_context",
    "docker::no_certificate",
    "docker::unverified_tls",
    "docker::unreadable",
    "docker::malformed",
];

/// Bringing an image from its registry to the engine.
pub(crate) const PULL: &[&str] = &[
    "docker::image_unknown",
    "docker::registry_denied",
    "docker::registry_limit",
    "docker::platform_unknown",
    "docker::registry_unreachable",
    "docker::credentials",
    "docker::timeout",
];

/// Reading kubeconfig files.
pub(crate) const KUBECONFIG: &[&str] =
    &["kube::no_kubeconfig", "kube::bad_kubeconfig", "kube::unreadable", "kube::malformed"];

/// Writing kubeconfig files, beside reading them.
pub(crate) const KUBECONFIG_EDIT: &[&str] = &["kube::unwritable", "kube::locked"];

/// Every operation that talks to the API server of a cluster.
pub(crate) const CLUSTER: &[&str] = &[
    "kube::no_context",
    "kube::no_kubeconfig",
    "kube::bad_kubeconfig",
    "kube::unreadable",
    "kube::malformed",
    "kube::unreachable",
    "kube::slow",
    "kube::unauthorized",
    "kube::forbidden",
    "kube::refused",
    "kube::failed",
    "kube::unexpected",
];

/// Getting a release, or another file, from where it is published.
pub(crate) const RELEASE: &[&str] = &[
    "release::unavailable",
    "release::version",
    "release::digest",
    "release::incomplete",
    "release::archive",
    "release::too_large",
    "release::unreadable",
    "release::unwritable",
    "release::timeout",
    "release::url",
];

/// Rendering the manifest of an Istio installation, beside getting its release.
pub(crate) const MANIFEST: &[&str] = &[
    "istio::unreadable",
    "istio::no_charts",
    "istio::broken_chart",
    "istio::render",
    "istio::rendered_yaml",
    "istio::rendered_object",
    "istio::operator_yaml",
    "istio::no_operator",
    "istio::several_operators",
    "istio::merge",
    "istio::invalid_operator",
    "istio::unusable_operator",
    "istio::set_syntax",
    "istio::set_number",
    "istio::set_path",
    "istio::no_profile",
    "istio::no_component",
    "istio::no_gateway",
    "istio::k8s_setting",
    "istio::overlay",
    "istio::cert_provider",
];

/// Changing what a cluster has by what was rendered, beside talking to it.
pub(crate) const INSTALL: &[&str] = &[
    "istio::webhook_conflict",
    "kube::foreign_context",
    "kube::invalid",
    "kube::conflict",
    "kube::several",
    "kube::no_kind",
    "kube::not_found",
    "kube::wait",
];

/// Every operation that looks at the nodes of a kind cluster that is there, besides those of the engine.
pub(crate) const NODES: &[&str] = &[
    "kind::no_cluster",
    "kind::no_api_server",
    "kind::node_command",
    "kind::malformed",
    "kind::timeout",
    "docker::no_container",
    "docker::not_running",
    "docker::no_path",
    "docker::bad_spec",
    "docker::stream",
    "docker::timeout",
];

/// Families and single codes as one list, each code once: `failures![ENGINE, &["docker::differs"]]`.
macro_rules! failures {
    [$($family:expr),* $(,)?] => {{
        const FAMILIES: &[&[&str]] = &[$($family),*];
        const ALL: [&str; $crate::failures::count(FAMILIES)] = $crate::failures::joined(FAMILIES);
        &ALL
    }};
}
pub(crate) use failures;

/// The codes of an operation that talks to the engine.
macro_rules! engine_failures {
    [$($code:literal),* $(,)?] => { $crate::failures::failures![&[$($code),*], $crate::failures::ENGINE] };
}
pub(crate) use engine_failures;

/// The codes of an operation that reads the kubeconfig.
macro_rules! kubeconfig_failures {
    [$($code:literal),* $(,)?] => { $crate::failures::failures![&[$($code),*], $crate::failures::KUBECONFIG] };
}
pub(crate) use kubeconfig_failures;

/// The codes of an operation that talks to a cluster.
macro_rules! cluster_failures {
    [$($code:literal),* $(,)?] => { $crate::failures::failures![&[$($code),*], $crate::failures::CLUSTER] };
}
pub(crate) use cluster_failures;

/// How many different codes the families have.
pub(crate) const fn count(families: &[&[&str]]) -> usize {
    let (mut count, mut family) = (0, 0);
    while family < families.len() {
        let mut at = 0;
        while at < families[family].len() {
            if is_first(families, family, at) {
                count += 1;
            }
            at += 1;
        }
        family += 1;
    }
    count
}

/// The different codes of the families, in their order.
pub(crate) const fn joined<const N: usize>(families: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut count, mut family) = (0, 0);
    while family < families.len() {
        let mut at = 0;
        while at < families[family].len() {
            if is_first(families, family, at) {
                all[count] = families[family][at];
                count += 1;
            }
            at += 1;
        }
        family += 1;
    }
    all
}

/// Whether no code before this place is the same.
const fn is_first(families: &[&[&str]], family: usize, at: usize) -> bool {
    let code = families[family][at];
    let mut before = 0;
    while before <= family {
        let end = if before == family { at } else { families[before].len() };
        let mut place = 0;
        while place < end {
            if same(families[before][place], code) {
                return false;
            }
            place += 1;
        }
        before += 1;
    }
    true
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    #[test]
    fn families_are_joined_and_every_code_comes_once() {
        const FIRST: &[&str] = &["a", "b"];
        const JOINED: &[&str] = failures![&["c", "a"], FIRST, &["b", "d"]];
        assert_eq!(JOINED, ["c", "a", "b", "d"]);
    }
}
