//! JSONPath templates, as kubectl has them.

use serde_json::Value;

/// Fill a template in.
///
/// # Errors
/// What is not known in it.
pub fn render(template: &str, value: &Value) -> Result<String, String> {
    let (text, rest) = block(template, value, value, 0)?;
    if rest.is_empty() { Ok(text) } else { Err("unexpected {end}".to_owned()) }
}

/// Fill in up to the end, or the `{end}` of a range. Returns the rest.
fn block<'t>(mut rest: &'t str, root: &Value, here: &Value, depth: usize) -> Result<(String, &'t str), String> {
    let mut text = String::new();
    loop {
        let Some((front, after)) = rest.split_once('{') else {
            text.push_str(rest);
            return if depth == 0 { Ok((text, "")) } else { Err("expected {end}".to_owned()) };
        };
        text.push_str(front);
        let end = closing(after).ok_or("unclosed action")?;
        let (action, after) = (after[..end].trim(), &after[end + 1..]);
        if action == "end" {
            return if depth > 0 { Ok((text, after)) } else { Err("not in range, nothing to end".to_owned()) };
        }
        if let Some(path) = action.strip_prefix("range ") {
            rest = after;
            let mut end = None;
            for one in find(path.trim(), root, here)? {
                let (more, left) = block(after, root, &one, depth + 1)?;
                text.push_str(&more);
                end = Some(left);
            }
            // What is repeated not once is still to be skipped.
            rest = match end {
                Some(left) => left,
                None => block(rest, root, &Value::Null, depth + 1)?.1,
            };
            continue;
        }
        rest = after;
        if let Some(inner) = action.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
            text.push_str(&inner.replace("\\n", "\n").replace("\\t", "\t"));
            continue;
        }
        let found = find(action, root, here)?;
        text.push_str(&found.iter().map(shown).collect::<Vec<String>>().join(" "));
    }
}

/// Where an action ends; braces in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, one) in text.char_indices() {
        match one {
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What a path leads to.
fn find(path: &str, root: &Value, here: &Value) -> Result<Vec<Value>, String> {
    let (mut rest, start) = match (path.strip_prefix('$'), path.strip_prefix('@')) {
        (Some(rest), _) => (rest, root),
        (_, Some(rest)) => (rest, here),
        _ => (path, here),
    };
    let mut found = vec![start.clone()];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            let (name, left) = name(after);
            let mut all = Vec::new();
            found.iter().for_each(|one| everywhere(one, &name, &mut all));
            (found, rest) = (all, left);
        } else if let Some(after) = rest.strip_prefix('.') {
            let (name, left) = name(after);
            if name == "*" {
                found = found.iter().flat_map(children).collect();
            } else if !name.is_empty() {
                found = found.iter().filter_map(|one| one.get(&name).cloned()).collect();
            }
            rest = left;
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = bracket(after).ok_or("unterminated array")?;
            found = indexed(&found, &after[..end], root)?;
            rest = &after[end + 1..];
        } else {
            return Err(format!("unrecognized `{rest}`"));
        }
    }
    Ok(found)
}

/// A name, in which a backslash makes the next character a plain one.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, one)) = characters.next() {
        match one {
            '\\' => name.extend(characters.next().map(|(_, next)| next)),
            '.' | '[' => return (name, &text[at..]),
            other => name.push(other),
        }
    }
    (name, "")
}

fn bracket(text: &str) -> Option<usize> {
    let mut quoted = None;
    for (at, one) in text.char_indices() {
        match (quoted, one) {
            (None, '"' | '\'') => quoted = Some(one),
            (Some(quote), one) if quote == one => quoted = None,
            (None, ']') => return Some(at),
            _ => {}
        }
    }
    None
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Object(map) => map.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn everywhere(value: &Value, name: &str, all: &mut Vec<Value>) {
    all.extend(value.get(name).cloned());
    children(value).iter().for_each(|one| everywhere(one, name, all));
}

fn indexed(found: &[Value], inside: &str, root: &Value) -> Result<Vec<Value>, String> {
    if inside == "*" {
        return Ok(found.iter().flat_map(children).collect());
    }
    if let Some(name) = inside.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
        return Ok(found.iter().filter_map(|one| one.get(name).cloned()).collect());
    }
    if let Some(condition) = inside.strip_prefix("?(").and_then(|condition| condition.strip_suffix(')')) {
        let mut all = Vec::new();
        for one in found.iter().flat_map(children) {
            if holds(condition, root, &one)? {
                all.push(one);
            }
        }
        return Ok(all);
    }
    let number = |text: &str, length: usize| -> Result<usize, String> {
        let number: i64 = text.parse().map_err(|_| format!("invalid array index {text}"))?;
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        Ok(usize::try_from(if number < 0 { (number + length).max(0) } else { number }).unwrap_or(usize::MAX))
    };
    let mut all = Vec::new();
    for list in found.iter().filter_map(Value::as_array) {
        match inside.split_once(':') {
            Some((from, to)) => {
                let from = if from.is_empty() { 0 } else { number(from, list.len())? };
                let to = if to.is_empty() { list.len() } else { number(to, list.len())?.min(list.len()) };
                all.extend(list.get(from.min(to)..to).unwrap_or_default().iter().cloned());
            }
            None => all.extend(list.get(number(inside, list.len())?).cloned()),
        }
    }
    Ok(all)
}

fn holds(condition: &str, root: &Value, here: &Value) -> Result<bool, String> {
    let sign = ["==", "!="].into_iter().find(|sign| condition.contains(sign));
    let Some(sign) = sign else { return Ok(!find(condition.trim(), root, here)?.is_empty()) };
    let (left, right) = condition.split_once(sign).unwrap_or_default();
    let right = right.trim();
    let wanted = right.trim_matches(['"', '\'']);
    let found = find(left.trim(), root, here)?;
    let same = found.first().is_some_and(|one| shown(one) == wanted);
    Ok(same == (sign == "=="))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_of_kind_are_filled_in() {
        let node = |name: &str, ready: &str| {
            json!({ "metadata": { "name": name }, "status": { "conditions": [
                { "type": "DiskPressure", "status": "False" }, { "type": "Ready", "status": ready },
            ] } })
        };
        let list = json!({ "items": [node("a", "True"), node("b", "False")] });
        let states = r#"{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
        assert_eq!(render(states, &list).unwrap(), "a True\nb False\n");
        assert_eq!(render("{.items..status.conditions[-1:].status}", &list).unwrap(), "True False");
        assert_eq!(render("{.items[0].metadata.name}-{.missing}", &list).unwrap(), "a-");
        assert_eq!(render(states, &json!({ "items": [] })).unwrap(), "");
        for wrong in ["{", "{end}", "{range .items[*]}", "{.items[x]}", "{nothing}"] {
            assert!(render(wrong, &list).is_err(), "{wrong}");
        }
    }
}
