//! How scripts name objects: `deploy/web` is one, `pods` are all of a kind, narrowed by options.

use meshrun_host::Failure;
use meshrun_kube::{Query, Reference, Subject};

/// The options that narrow a selection.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Option<String>,
    pub(crate) field_selector: Option<String>,
    pub(crate) all_namespaces: bool,
}

impl Selection {
    /// In this namespace, and no further.
    pub(crate) fn namespace(namespace: Option<String>) -> Self {
        Self { namespace, ..Self::default() }
    }

    /// What an object's name and these options mean.
    pub(crate) fn of(self, object: &str) -> Result<Subject, Failure> {
        if object.contains('/') {
            if self.selector.is_some() || self.field_selector.is_some() || self.all_namespaces {
                let message = format!("`{object}` names one object, so there is nothing to select");
                return Err(Failure::new("kube::bad_reference", message)
                    .with_help("name the kind alone, as in `pods`, to select by labels"));
            }
            return Ok(Subject::Object(reference(object, self.namespace)?));
        }
        let Self { namespace, selector, field_selector, all_namespaces } = self;
        Ok(Subject::Objects(Query {
            kind: object.to_owned(),
            namespace,
            all_namespaces,
            labels: selector,
            fields: field_selector,
        }))
    }
}

/// The one object that is meant.
pub(crate) fn reference(object: &str, namespace: Option<String>) -> Result<Reference, Failure> {
    let reference: Reference = object.parse()?;
    Ok(Reference { namespace, ..reference })
}
