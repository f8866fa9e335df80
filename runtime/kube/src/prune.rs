//! Fields that the API does not know: which ones a refusal names, and an object without them.

use serde_json::Value;

/// How the server ends its complaint about a field of an apply.
const UNDECLARED: &str = ": field not declared in schema";

/// The paths of the fields that a server has complained of, as it writes them: `.spec.containers[name="a"].foo`.
pub(crate) fn undeclared(message: &str) -> Vec<&str> {
    let ends = message.match_indices(UNDECLARED).map(|(end, _)| &message[..end]);
    ends.filter_map(|before| before.rsplit([' ', '\n']).next()).filter(|path| path.starts_with('.')).collect()
}

/// Take a field out of an object; false when it is not there.
pub(crate) fn remove(object: &mut Value, path: &str) -> bool {
    let Some((step, rest)) = step(path) else { return false };
    if rest.is_empty() {
        return match (step, object) {
            (Step::Key(key), Value::Object(fields)) => fields.remove(key).is_some(),
            _ => false,
        };
    }
    match step {
        Step::Key(key) => object.get_mut(key).is_some_and(|value| remove(value, rest)),
        Step::Index(index) => object.get_mut(index).is_some_and(|value| remove(value, rest)),
        Step::Item(keys) => {
            let mut items = object.as_array_mut().into_iter().flatten();
            items.find(|item| is_item(item, keys)).is_some_and(|item| remove(item, rest))
        }
    }
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
    /// The item of a list with these values: `name="a",protocol="TCP"`.
    Item(&'p str),
}

fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        let (inner, rest) = rest.split_once(']')?;
        return Some((inner.parse().map_or(Step::Item(inner), Step::Index), rest));
    }
    let rest = path.strip_prefix('.')?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    Some((Step::Key(&rest[..end]), &rest[end..]))
}

fn is_item(item: &Value, keys: &str) -> bool {
    keys.split(',').all(|pair| {
        let Some((key, wanted)) = pair.split_once('=') else { return false };
        item.get(key).is_some_and(|value| serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| *value == wanted))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_in_a_complaint_and_taken_out() {
        let message = "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): errors:\n  .spec.foo: field not \
                       declared in schema\n  .spec.containers[name=\"a\",port=1].bar: field not declared in schema";
        let paths = undeclared(message);
        assert_eq!(paths, [".spec.foo", ".spec.containers[name=\"a\",port=1].bar"]);
        let mut object = json!({ "spec": { "foo": 1, "keep": 2, "containers": [{ "name": "b", "bar": 1 }, { "name": "a", "port": 1, "bar": 1 }] } });
        assert!(paths.iter().all(|path| remove(&mut object, path)));
        assert_eq!(
            object,
            json!({ "spec": { "keep": 2, "containers": [{ "name": "b", "bar": 1 }, { "name": "a", "port": 1 }] } })
        );
        assert!(remove(&mut object, ".spec.containers[0].bar"));
        assert!(
            !remove(&mut object, ".spec.foo") && !remove(&mut object, ".nothing.at.all") && !remove(&mut object, "odd")
        );
    }
}
