//! `http::get`: what is behind a URL.

use std::collections::BTreeMap;

use meshrun_host::{Class, Effect, Failure};
use meshrun_terms::Timeout;
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::{Answer, Exchange};
use crate::{Cx, Operation};

/// Get what is behind a URL. Returns a map: `status`, `headers` (names in small letters) and `body`. Another status
/// than expected is an error that shows the beginning of the body. To try several times, there is `retry`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The address, http or https.
    url: String,
    /// Headers to send.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// How long it may take, the body included.
    #[serde(default = "super::exchange::timeout")]
    timeout: Timeout,
    /// Which statuses are no failure; by default 200 to 299.
    #[serde(default)]
    expected: Vec<u16>,
    /// Follow redirects, up to 10.
    #[serde(default = "super::exchange::follow")]
    follow: bool,
    /// Connect to this address, `"172.18.255.200"` or `"172.18.255.200:443"`, in place of that of the URL's host,
    /// whose name is still sent.
    #[serde(default)]
    address: Option<String>,
    /// Certificates to trust besides this machine's, PEM.
    #[serde(default)]
    ca: Option<String>,
    /// Trust any certificate: for a look only.
    #[serde(default)]
    insecure: bool,
    /// Return the body as base64.
    #[serde(default)]
    base64: bool,
}

impl Operation for Get {
    type Output = Answer;

    const NAME: &'static str = "http::get";
    const POSITIONAL: &'static [&'static str] = &["url"];
    const RETURNS: &'static str = "a map: status, headers, body";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Net];
    const FAILURES: &'static [&'static str] = &[
        "http::url",
        "http::client",
        "http::unreachable",
        "http::status",
        "http::timeout",
        "http::too_large",
        "http::not_text",
        "http::option",
    ];
    const EXAMPLE: &'static str = r#"try {
    print(http::get("http://127.0.0.1:8080/healthz", #{ timeout: "2s" }).status);
} catch (e) {
    print(e.message);
}"#;

    fn subject(&self) -> String {
        meshrun_release::shown(&self.url)
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        let exchange = Exchange {
            method: "GET".to_owned(),
            url: self.url,
            body: None,
            headers: self.headers,
            timeout: self.timeout,
            expected: self.expected,
            follow: self.follow,
            address: self.address,
            ca: self.ca,
            insecure: self.insecure,
            base64: self.base64,
            proxy: cx.world.settings.proxy.clone(),
        };
        Ok(exchange.make().await?)
    }
}
