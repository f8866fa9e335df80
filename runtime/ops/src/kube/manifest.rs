//! What scripts give as a manifest.

use meshrun_host::{Class, Failure};
use meshrun_kube::{Manifest, Object, load};
use meshrun_terms::Timeout;
use serde_json::Value;

use crate::Cx;

/// How long a manifest may take to arrive.
const FETCH: Timeout = Timeout::minutes(1);

/// The objects of a manifest: an address, a path, YAML in a string, an object or a list of these. Addresses need the permission
/// `net`, paths the permission `files`.
pub(crate) async fn objects(cx: &Cx, operation: &str, manifest: Value) -> Result<Vec<Object>, Failure> {
    let Value::Array(parts) = manifest else { return objects_of(cx, operation, manifest).await };
    let mut objects = Vec::new();
    for part in parts {
        objects.extend(objects_of(cx, operation, part).await?);
    }
    Ok(objects)
}

async fn objects_of(cx: &Cx, operation: &str, manifest: Value) -> Result<Vec<Object>, Failure> {
    let manifest = match manifest {
        Value::String(text) => named(cx, operation, text)?,
        value => Manifest::Value(value),
    };
    Ok(load(&manifest, FETCH).await?)
}

fn named(cx: &Cx, operation: &str, text: String) -> Result<Manifest, Failure> {
    let permissions = &cx.call.context.permissions;
    // No path has a line break or ends a word with a colon and goes on; YAML that says something has one or the other.
    if text.contains('\n') || text.trim_start().starts_with('{') || text.contains(": ") {
        return Ok(Manifest::Text { text, name: "the manifest".to_owned() });
    }
    match Manifest::named(&text) {
        Manifest::Path(_) => {
            permissions.check(operation, &[Class::Files])?;
            Ok(Manifest::Path(cx.world.environment.path(&text)))
        }
        url => {
            permissions.check(operation, &[Class::Net])?;
            Ok(url)
        }
    }
}
