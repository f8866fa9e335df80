//! Labels and annotations: set, changed, removed.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use meshrun_terms::Steps;
use serde_json::{Map, Value, json};

use crate::{
    Client, Error,
    error::Result,
    get::{get, list},
    object::{Reference, resolve},
    patch::{Patch, PatchOptions, request_for},
    request,
    wait::Subject,
};

/// Keys with their values; none removes a key.
pub type Changes = BTreeMap<String, Option<String>>;

/// Set labels of an object, or of all objects of a selection. Unless `overwrite`, a label that has another value is an error.
/// Returns how many objects were changed.
///
/// # Errors
/// When an object does not exist, a label has another value, or the server refuses.
pub async fn label(
    client: &Client,
    subject: &Subject,
    labels: &Changes,
    overwrite: bool,
    steps: &Steps,
) -> Result<usize> {
    set(client, subject, "labels", labels, overwrite, steps).await
}

/// As [`label`], for annotations.
///
/// # Errors
/// As [`label`].
pub async fn annotate(
    client: &Client,
    subject: &Subject,
    annotations: &Changes,
    overwrite: bool,
    steps: &Steps,
) -> Result<usize> {
    set(client, subject, "annotations", annotations, overwrite, steps).await
}

async fn set(
    client: &Client,
    subject: &Subject,
    field: &'static str,
    changes: &Changes,
    overwrite: bool,
    steps: &Steps,
) -> Result<usize> {
    let objects = match subject {
        Subject::Object(reference) => vec![get(client, reference).await?],
        Subject::Objects(query) => list(client, query).await?,
    };
    let patches = objects.iter().map(|object| set_one(client, object, field, changes, overwrite, steps));
    Ok(try_join_all(patches).await?.into_iter().filter(|changed| *changed).count())
}

async fn set_one(
    client: &Client,
    object: &Value,
    field: &'static str,
    changes: &Changes,
    overwrite: bool,
    steps: &Steps,
) -> Result<bool> {
    let target = resolve(client, &Reference::of(object)).await?;
    let needed = needed(&object["metadata"][field], changes, overwrite).map_err(|(key, value)| Error::Labelled {
        context: client.context().to_owned(),
        object: target.to_string(),
        field,
        key,
        value,
    })?;
    if needed.is_empty() {
        return Ok(false);
    }
    let keys = needed.keys().cloned().collect::<Vec<_>>().join(", ");
    let patch = Patch::Merge(json!({ "metadata": { field: needed } }));
    request::json(client, &request_for(&target, &patch, &PatchOptions::default())).await?;
    steps.changed(format!("set {field} {keys} of {target} in {}", client.context()));
    Ok(true)
}

/// What of the changes is not so yet; or the key that has another value, and that value.
fn needed(current: &Value, changes: &Changes, overwrite: bool) -> Result<Map<String, Value>, (String, String)> {
    let mut needed = Map::new();
    for (key, wanted) in changes {
        match (current.get(key).and_then(Value::as_str), wanted) {
            (None, None) => {}
            (Some(found), Some(wanted)) if found == wanted => {}
            (Some(found), Some(_)) if !overwrite => return Err((key.clone(), found.to_owned())),
            (_, wanted) => {
                needed.insert(key.clone(), json!(wanted));
            }
        }
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_so_yet_is_needed() {
        let current = json!({ "a": "1", "b": "2" });
        let changes = |pairs: &[(&str, Option<&str>)]| -> Changes {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
        };
        let same = changes(&[("a", Some("1")), ("c", None)]);
        assert!(needed(&current, &same, false).unwrap().is_empty());
        let other = changes(&[("a", Some("3")), ("b", None), ("c", Some("4"))]);
        assert_eq!(needed(&current, &other, false), Err(("a".into(), "1".into())));
        assert_eq!(Value::Object(needed(&current, &other, true).unwrap()), json!({ "a": "3", "b": null, "c": "4" }));
        assert_eq!(needed(&Value::Null, &changes(&[("a", None)]), true).unwrap().len(), 0);
    }
}
