//! A request, taken apart: version, path, query, body.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value};

use super::reply::Failure;

/// The newest version of the API that is spoken.
pub const NEWEST: (u32, u32) = (1, 44);
/// The oldest one.
pub const OLDEST: (u32, u32) = (1, 24);

/// How large a JSON body may be.
const JSON_LIMIT: usize = 8 << 20;
/// How large an archive may be.
const ARCHIVE_LIMIT: usize = 2 << 30;

/// A request.
pub struct Call {
    /// The method.
    pub method: Method,
    /// The version that the client speaks; the newest one when it names none.
    pub version: (u32, u32),
    /// The path without the version, in decoded parts.
    pub path: Vec<String>,
    query: Vec<(String, String)>,
    /// The request itself: its body, and the connection beneath.
    pub request: Request<Incoming>,
}

impl Call {
    /// Take a request apart.
    ///
    /// # Errors
    /// A version that is not spoken, or a malformed path.
    pub fn new(request: Request<Incoming>) -> Result<Self, Failure> {
        let mut path = Vec::new();
        for part in request.uri().path().split('/').filter(|part| !part.is_empty()) {
            path.push(decoded(part, false).ok_or_else(|| Failure::bad("malformed path"))?);
        }
        let mut version = NEWEST;
        if let Some(named) = path.first().and_then(|first| read_version(first)) {
            path.remove(0);
            version = spoken(named)?;
        }
        let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let mut query = Vec::new();
        for pair in pairs {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let both = decoded(key, true).zip(decoded(value, true));
            query.push(both.ok_or_else(|| Failure::bad("malformed query"))?);
        }
        Ok(Self { method: request.method().clone(), version, path, query, request })
    }

    /// The first value of a parameter; empty ones count as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A switch, as the engine reads it.
    pub fn switch(&self, name: &str) -> bool {
        let value = self.query(name).unwrap_or_default().trim().to_lowercase();
        !matches!(value.as_str(), "" | "0" | "no" | "false" | "none")
    }

    /// The names of all parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|(key, _)| key.as_str())
    }

    /// Whether the client wants the connection for itself.
    pub fn upgrades(&self) -> bool {
        self.request.headers().contains_key(header::UPGRADE)
    }

    /// The filters of a list: each with its values. Both forms are read: lists, and maps from values to `true`.
    ///
    /// # Errors
    /// When they are malformed.
    pub fn filters(&self) -> Result<Vec<(String, Vec<String>)>, Failure> {
        let Some(text) = self.query("filters") else { return Ok(Vec::new()) };
        let malformed = || Failure::bad("invalid filter");
        let map: Map<String, Value> = serde_json::from_str(text).map_err(|_| malformed())?;
        let mut all = Vec::new();
        for (key, value) in map {
            let values = match value {
                Value::Array(list) => {
                    list.into_iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
                }
                Value::Object(map) => Some(map.into_iter().filter(|(_, on)| on == true).map(|(key, _)| key).collect()),
                _ => None,
            };
            all.push((key, values.ok_or_else(malformed)?));
        }
        Ok(all)
    }

    /// The body, which must be JSON of an object; an empty one is none.
    ///
    /// # Errors
    /// When it is something else, or too long.
    pub async fn json(&mut self) -> Result<Option<Map<String, Value>>, Failure> {
        let kind = self.request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let body = self.read(JSON_LIMIT).await?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        if kind.split(';').next().is_none_or(|kind| kind.trim() != "application/json") {
            return Err(Failure::bad(format!("Content-Type specified ({kind}) must be 'application/json'")));
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(map)) => Ok(Some(map)),
            Ok(Value::Null) => Ok(None),
            Ok(_) => Err(Failure::bad("json: cannot unmarshal the body into an object")),
            Err(error) => Err(Failure::bad(format!("invalid JSON: {error}"))),
        }
    }

    /// The body, which is an archive or anything else.
    ///
    /// # Errors
    /// When it breaks off or is too long.
    pub async fn archive(&mut self) -> Result<Bytes, Failure> {
        self.read(ARCHIVE_LIMIT).await
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes, Failure> {
        let read = Limited::new(self.request.body_mut(), limit).collect().await;
        read.map(http_body_util::Collected::to_bytes)
            .map_err(|error| Failure::bad(format!("cannot read the body: {error}")))
    }
}

/// `v1.41` as numbers; nothing when it is no version.
fn read_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn spoken(version: (u32, u32)) -> Result<(u32, u32), Failure> {
    let (major, minor) = version;
    if version > NEWEST {
        let (newest, of) = NEWEST;
        let text = format!("client version {major}.{minor} is too new. Maximum supported API version is {newest}.{of}");
        return Err(Failure::bad(text));
    }
    if version < OLDEST {
        let (oldest, of) = OLDEST;
        let text = format!(
            "client version {major}.{minor} is too old. Minimum supported API version is {oldest}.{of}, please upgrade your client to a newer version"
        );
        return Err(Failure::bad(text));
    }
    Ok(version)
}

/// Decode what is percent-encoded; in queries `+` is a blank.
fn decoded(text: &str, query: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let (high, low) = (char::from(bytes.next()?).to_digit(16)?, char::from(bytes.next()?).to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if query => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_outside_the_range_are_refused_as_the_engine_does() {
        assert_eq!(read_version("v1.41"), Some((1, 41)));
        assert_eq!(read_version("version"), None);
        assert_eq!(spoken((1, 41)), Ok((1, 41)));
        let new = spoken((1, 99)).unwrap_err().message;
        assert_eq!(new, "client version 1.99 is too new. Maximum supported API version is 1.44");
    }

    #[test]
    fn encoded_text_is_decoded_and_broken_one_is_not() {
        assert_eq!(decoded("a%2Fb+c", true).as_deref(), Some("a/b c"));
        assert_eq!(decoded("a+b", false).as_deref(), Some("a+b"));
        assert_eq!(decoded("%", false), None);
        assert_eq!(decoded("%zz", false), None);
        assert_eq!(decoded("%ff", false), None);
    }
}
