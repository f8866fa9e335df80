//! `k8s.overlays`: patches by path to single objects of a component.

use serde_json::Value;

use crate::{
    Error,
    operator::{
        component::{Part, text},
        object,
        path::Path,
        tree::{Keys, Node, write},
    },
};

/// Patch a component's objects. Of two overlays for one object the last one counts: each begins with the object as it was.
///
/// # Errors
/// When an overlay does not meet exactly one object, or a path leads nowhere.
pub(crate) fn apply_overlays(objects: &mut [Value], part: &Part<'_>) -> Result<(), Error> {
    let overlays = part.spec.pointer("/k8s/overlays").and_then(Value::as_array);
    let Some(overlays) = overlays else { return Ok(()) };
    let mut patched: Vec<(usize, Value)> = Vec::new();
    for (number, overlay) in overlays.iter().enumerate() {
        let path = format!("{}.k8s.overlays[{number}]", part.path());
        let at = the_object(objects, overlay, part, &path)?;
        patched.push((at, apply(&objects[at], overlay, &path)?));
    }
    for (at, object) in patched {
        objects[at] = object;
    }
    Ok(())
}

/// The one object that an overlay is for.
fn the_object(objects: &[Value], overlay: &Value, part: &Part<'_>, path: &str) -> Result<usize, Error> {
    let matching = objects.iter().enumerate().filter(|(_, object)| is_meant(overlay, object, part.namespace));
    let found: Vec<usize> = matching.map(|(at, _)| at).collect();
    let (path, kind, name) = (path.to_owned(), text(overlay, "kind").to_owned(), text(overlay, "name").to_owned());
    let component = part.kind.name();
    match found.as_slice() {
        [at] => Ok(*at),
        [] => {
            let known = objects.iter().map(object::label).collect();
            Err(Error::OverlayMisses { path, kind, name, component, known })
        }
        several => Err(Error::OverlayMeetsSeveral { path, kind, name, component, count: several.len() }),
    }
}

/// Kind and name agree, and the object is in the component's namespace or in none.
fn is_meant(overlay: &Value, found: &Value, namespace: &str) -> bool {
    let cluster_wide = matches!(object::kind(found), "ClusterRole" | "ClusterRoleBinding");
    let place = object::namespace(found);
    text(overlay, "kind") == object::kind(found)
        && text(overlay, "name") == object::name(found)
        && (cluster_wide || place.is_empty() || place == namespace)
}

fn apply(object: &Value, overlay: &Value, path: &str) -> Result<Value, Error> {
    let mut tree = Node::new(object.clone(), Keys::Yaml);
    let patches = overlay.get("patches").and_then(Value::as_array).into_iter().flatten();
    for (number, patch) in patches.enumerate().filter(|(_, patch)| !text(patch, "path").trim().is_empty()) {
        let value = patch.get("value").filter(|value| !value.is_null()).cloned();
        write(&mut tree, &Path::parse(text(patch, "path")), value).map_err(|source| Error::OverlayPath {
            path: format!("{path}.patches[{number}]"),
            object: object::label(object),
            source,
        })?;
    }
    let patched = tree.into_value();
    match object::missing_key(&patched) {
        None => Ok(patched),
        Some(missing) => Err(Error::OverlayBreaks { path: path.to_owned(), object: object::label(object), missing }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operator::component::{Kind, parts};

    fn patched(overlays: Value) -> Result<Vec<Value>, String> {
        let spec = json!({"namespace": "n", "components": {"pilot": {"k8s": {"overlays": overlays}}}});
        let part = parts(&spec).into_iter().find(|part| part.kind == Kind::Pilot).unwrap();
        let mut objects = vec![
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"}, "spec": {"ports": [{"port": 1}]}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "other"}}),
        ];
        apply_overlays(&mut objects, &part).map_err(|error| error.to_string())?;
        Ok(objects)
    }

    #[test]
    fn patches_set_and_delete() {
        let objects = patched(json!([{"kind": "Service", "name": "s", "patches": [
            {"path": "spec.ports.[port:1].nodePort", "value": 31000}, {"path": "metadata.namespace"}]}]));
        assert_eq!(
            objects.unwrap()[0],
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 1, "nodePort": 31000}]}})
        );
    }

    #[test]
    fn the_last_overlay_of_an_object_counts() {
        let overlay = |key: &str| json!({"kind": "Service", "name": "s", "patches": [{"path": format!("spec.{key}"), "value": 1}]});
        let objects = patched(json!([overlay("a"), overlay("b")])).unwrap();
        assert_eq!(objects[0]["spec"], json!({"ports": [{"port": 1}], "b": 1}));
    }

    #[test]
    fn an_overlay_meets_one_object() {
        assert_eq!(
            patched(json!([{"kind": "ConfigMap", "name": "c"}])),
            Err(
                "`spec.components.pilot.k8s.overlays[0]`: overlay for ConfigMap `c` meets no object of component Pilot"
                    .into()
            )
        );
    }

    #[test]
    fn an_object_stays_one() {
        assert_eq!(
            patched(json!([{"kind": "Service", "name": "s", "patches": [{"path": "kind"}]}])),
            Err("`spec.components.pilot.k8s.overlays[0]` leaves Service n/s without `kind`".into())
        );
    }
}
