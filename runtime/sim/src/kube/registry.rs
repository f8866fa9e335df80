//! Which kinds a cluster serves at present: the built-in ones, and those that definitions in it have made.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{
    kinds::{Resource, built_in},
    object,
    store::{Object, Store},
};

const DEFINITION: (&str, &str) = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");

/// The kinds of a cluster.
#[derive(Debug, Default)]
pub struct Known {
    /// All, the built-in ones first.
    pub resources: Vec<Resource>,
    /// The definitions that have made the others.
    pub definitions: Vec<Object>,
}

/// What was last found, as long as it is so.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<Option<Arc<Known>>>);

impl Registry {
    /// The kinds, from the definitions that are established.
    pub(super) fn known(&self, store: &Store) -> Arc<Known> {
        let definitions: Vec<Object> = store.list(DEFINITION, None).into_iter().filter(|one| is_served(one)).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| same(&known.definitions, &definitions)) {
            return known.clone();
        }
        let mut resources = built_in().to_vec();
        resources.extend(definitions.iter().flat_map(|one| resources_of(one)));
        let fresh = Arc::new(Known { resources, definitions });
        *known = Some(fresh.clone());
        fresh
    }
}

impl Known {
    /// The kind that a path names.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.resources.iter().find(|one| one.group == group && one.version == version && one.plural == plural)
    }

    /// The kind that an object names.
    #[must_use]
    pub fn find_kind(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.resources.iter().find(|one| one.kind == kind && one.api_version() == api_version)
    }

    /// The version of a definition that a kind comes from.
    #[must_use]
    pub fn definition(&self, resource: &Resource) -> Option<(&Object, &Value)> {
        let of_kind = |one: &&Object| {
            object::text(one, "/spec/group") == resource.group
                && object::text(one, "/spec/names/plural") == resource.plural
        };
        let definition = self.definitions.iter().find(of_kind)?;
        let versions = definition["spec"]["versions"].as_array()?;
        Some((definition, versions.iter().find(|version| version["name"] == resource.version)?))
    }
}

fn same(one: &[Object], other: &[Object]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other))
}

fn is_served(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == "Established" && one["status"] == "True")
}

fn resources_of(definition: &Value) -> Vec<Resource> {
    let spec = &definition["spec"];
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    let served = versions.filter(|version| version["served"] == true);
    let mut resources: Vec<Resource> = served
        .map(|version| Resource {
            group: object::text(spec, "/group").to_owned(),
            version: object::text(version, "/name").to_owned(),
            kind: object::text(spec, "/names/kind").to_owned(),
            plural: object::text(spec, "/names/plural").to_owned(),
            singular: object::text(spec, "/names/singular").to_owned(),
            short_names: words(&spec["names"]["shortNames"]),
            categories: words(&spec["names"]["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
                .map(str::to_owned)
                .to_vec(),
            subresources: ["status", "scale"]
                .into_iter()
                .filter(|name| version["subresources"].get(*name).is_some())
                .map(str::to_owned)
                .collect(),
            custom: true,
        })
        .collect();
    resources.sort_by_key(|one| rank(&one.version));
    resources
}

/// The order of versions: stable ones first, later ones first.
pub(super) fn rank(version: &str) -> (u8, std::cmp::Reverse<(u32, u32)>, String) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let major: u32 = rest[..end].parse().ok()?; // what is no number is ordered by its letters
        let (stability, minor) = match &rest[end..] {
            "" => (0, "0"),
            beta if beta.starts_with("beta") => (1, &beta[4..]),
            alpha if alpha.starts_with("alpha") => (2, &alpha[5..]),
            _ => return None,
        };
        Some((stability, std::cmp::Reverse((major, minor.parse().ok()?)), String::new())) // the same
    };
    parse().unwrap_or((3, std::cmp::Reverse((0, 0)), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_an_order() {
        let mut versions = ["v1alpha3", "foo", "v1beta1", "v10", "v2", "v1beta2", "v1"];
        versions.sort_by_key(|version| rank(version));
        assert_eq!(versions, ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha3", "foo"]);
    }
}
