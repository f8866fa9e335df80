//! The kinds of objects that every cluster serves, as Kubernetes 1.27 does.

use std::sync::LazyLock;

/// What can be done with a kind, unless its line says otherwise.
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A kind of object in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its group; empty for the core group.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural, as paths write it.
    pub plural: String,
    /// The singular.
    pub singular: String,
    /// Short names.
    pub short_names: Vec<String>,
    /// Groups of kinds that it is in: `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done.
    pub verbs: Vec<String>,
    /// `status`, `scale`, `log` and so on.
    pub subresources: Vec<String>,
    /// Whether a definition in the cluster has made it.
    pub custom: bool,
}

impl Resource {
    /// `apps/v1`, `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, `pods`: how messages name it.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Deployment.apps`, `Pod`: how messages name the kind.
    #[must_use]
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }
}

/// The table, in the order of discovery.
static BUILT_IN: LazyLock<Vec<Resource>> =
    LazyLock::new(|| include_str!("kinds.txt").lines().filter_map(resource).collect());

/// The kinds that need no definition.
#[must_use]
pub fn built_in() -> &'static [Resource] {
    &BUILT_IN
}

/// Under which group and kind objects are kept: an event is the same in both groups that serve it.
pub(super) fn home(group: &str, kind: &str) -> (String, String) {
    let group = if (group, kind) == ("events.k8s.io", "Event") { "" } else { group };
    (group.to_owned(), kind.to_owned())
}

/// How messages name the kind: `deployments.apps`.
pub(super) fn resource_of(group: &str, kind: &str) -> String {
    if let Some(known) = built_in().iter().find(|known| known.group == group && known.kind == kind) {
        return known.qualified();
    }
    let lower = kind.to_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if lower.ends_with('s') => format!("{lower}es"),
        None => format!("{lower}s"),
    };
    if group.is_empty() { plural } else { format!("{plural}.{group}") }
}

/// Whether the server counts the generations of its objects.
pub(super) fn counts_generations(group: &str, kind: &str) -> bool {
    match group {
        "" => kind == "ReplicationController",
        "apps" | "batch" | "policy" | "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "discovery.k8s.io" => {
            kind != "ControllerRevision"
        }
        "networking.k8s.io" => true,
        "storage.k8s.io" | "scheduling.k8s.io" => false,
        _ => !built_in().iter().any(|known| known.group == group),
    }
}

fn resource(line: &str) -> Option<Resource> {
    let mut words = line.split_whitespace();
    let group = words.next().filter(|word| *word != "#")?;
    let [version, kind, plural, scope, short, subresources, categories] = std::array::from_fn(|_| words.next());
    let list = |text: Option<&str>| -> Vec<String> {
        text.into_iter().flat_map(|text| text.split(',')).filter(|word| *word != "-").map(str::to_owned).collect()
    };
    let verbs = match words.next() {
        Some(verbs) => list(Some(verbs)),
        None => VERBS.map(str::to_owned).to_vec(),
    };
    Some(Resource {
        group: if group == "core" { String::new() } else { group.to_owned() },
        version: version?.to_owned(),
        kind: kind?.to_owned(),
        plural: plural?.to_owned(),
        singular: kind?.to_lowercase(),
        short_names: list(short),
        categories: list(categories),
        namespaced: scope? == "namespaced",
        verbs,
        subresources: list(subresources),
        custom: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_kind() {
        let lines = include_str!("kinds.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(built_in().len(), lines);
        let deployment = built_in().iter().find(|kind| kind.kind == "Deployment").unwrap();
        assert_eq!((deployment.qualified().as_str(), deployment.namespaced), ("deployments.apps", true));
        assert_eq!(built_in()[0].verbs, ["create"]);
    }

    #[test]
    fn kinds_that_nobody_listed_have_a_plural() {
        assert_eq!(resource_of("networking.istio.io", "ServiceEntry"), "serviceentries.networking.istio.io");
        assert!(counts_generations("networking.istio.io", "Gateway") && !counts_generations("", "Service"));
    }
}
