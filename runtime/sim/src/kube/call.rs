//! A request to the API server, taken apart: what is asked for, of what, by whom.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use super::{status::Status, user::User};

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) user: User,
    pub(super) body: Bytes,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: String,
    /// What follows a subresource that is a path itself.
    pub(super) rest: String,
}

impl Call {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, user: User) -> Result<Self, Status> {
        let path = percent_encoding(uri.path()).ok_or_else(|| Status::bad_request("malformed path"))?;
        let query = pairs(uri.query().unwrap_or_default());
        Ok(Self { method, path, query, headers, user, body: Bytes::new() })
    }

    /// The first value of a key of the query.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values of a key of the query.
    pub(super) fn queries(&self, key: &str) -> Vec<String> {
        self.query.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect()
    }

    /// Whether a key of the query is true.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.query(key).is_some_and(|value| matches!(value, "true" | "1" | ""))
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, Status> {
        let Some(text) = self.query(key).filter(|text| !text.is_empty()) else { return Ok(None) };
        let refuse = |_| Status::bad_request(format!("strconv.ParseUint: parsing \"{text}\": invalid syntax"));
        text.parse().map(Some).map_err(refuse)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// What is asked for, in the words of permissions. `None` as target: a path that is no resource's.
    pub(super) fn verb(&self, target: Option<&Target>) -> &'static str {
        let Some(target) = target else {
            return match self.method {
                Method::POST => "post",
                Method::PUT => "put",
                Method::PATCH => "patch",
                Method::DELETE => "delete",
                Method::HEAD => "head",
                Method::OPTIONS => "options",
                _ => "get",
            };
        };
        let by_name = target.name.is_some();
        match self.method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if by_name => "delete",
            Method::DELETE => "deletecollection",
            _ if self.is_set("watch") => "watch",
            _ if by_name => "get",
            _ => "list",
        }
    }

    /// The name under which fields are owned.
    pub(super) fn manager(&self) -> String {
        let agent = self.header("user-agent");
        let agent = agent.split('/').next().filter(|agent| !agent.is_empty()).unwrap_or("unknown");
        self.query("fieldManager").filter(|name| !name.is_empty()).unwrap_or(agent).to_owned()
    }
}

/// What a path of objects names; nothing for other paths.
pub(super) fn target(path: &str) -> Option<Target> {
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut target = Target::default();
    let skip = match parts.as_slice() {
        ["api", version, _, ..] => {
            target.version = (*version).to_owned();
            2
        }
        ["apis", group, version, _, ..] => {
            target.group = (*group).to_owned();
            target.version = (*version).to_owned();
            3
        }
        _ => return None,
    };
    parts.drain(..skip);
    let is_finalize = |part: &str| matches!(part, "status" | "finalize");
    if let ["namespaces", name, rest @ ..] = parts.as_slice() {
        match rest {
            [] => {
                target.plural = "namespaces".to_owned();
                target.namespace = Some((*name).to_owned());
                target.name = Some((*name).to_owned());
                return Some(target);
            }
            [subresource] if is_finalize(subresource) => {
                target.plural = "namespaces".to_owned();
                target.namespace = Some((*name).to_owned());
                target.name = Some((*name).to_owned());
                target.subresource = (*subresource).to_owned();
                return Some(target);
            }
            _ => target.namespace = Some((*name).to_owned()),
        }
        parts.drain(..2);
    }
    let mut parts = parts.into_iter();
    target.plural = parts.next()?.to_owned();
    target.name = parts.next().map(str::to_owned);
    target.subresource = parts.next().unwrap_or_default().to_owned();
    target.rest = parts.collect::<Vec<_>>().join("/");
    Some(target)
}

/// The keys and values of a query, decoded.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_encoding(&text.replace('+', " ")).unwrap_or_else(|| text.to_owned());
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// A text without its percent signs; nothing when it is none then.
fn percent_encoding(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?; // malformed is nothing
        bytes.push(u8::from_str_radix(digits, 16).ok()?); // the same
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok() // the same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_objects() {
        let words = |path: &str| {
            let target = target(path)?;
            let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
            Some(format!(
                "{}|{}|{}|{}|{}|{}|{}",
                target.group,
                target.version,
                target.plural,
                part(target.namespace),
                part(target.name),
                target.subresource,
                target.rest
            ))
        };
        assert_eq!(words("/api/v1/namespaces/a/pods/b/log").unwrap(), "|v1|pods|a|b|log|");
        assert_eq!(words("/api/v1/namespaces/a").unwrap(), "|v1|namespaces|a|a||");
        assert_eq!(words("/api/v1/namespaces/a/finalize").unwrap(), "|v1|namespaces|a|a|finalize|");
        assert_eq!(words("/apis/apps/v1/deployments").unwrap(), "apps|v1|deployments|-|-||");
        assert_eq!(words("/api/v1/namespaces/a/services/b:80/proxy/x/y").unwrap(), "|v1|services|a|b:80|proxy|x/y");
        assert_eq!(words("/apis/apps/v1"), None);
    }
}
