//! Bringing an image from its registry to the engine.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bollard::{errors::Error as Api, models::CreateImageInfo, query_parameters::CreateImageOptionsBuilder};
use futures::StreamExt;
use meshrun_terms::{Image, Steps, Timeout};

use crate::{Docker, Error, credentials, images};

/// How an image is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The platform, such as `linux/arm64`; that of `DOCKER_DEFAULT_PLATFORM` or of the engine when it is left out.
    pub platform: Option<String>,
    /// Ask the registry even if the engine has an image of this name.
    pub always: bool,
    /// How often to try again when the registry does not answer; the pauses are 1, 2, 3 and so on seconds. kind uses 4.
    pub retries: u32,
    /// How long all attempts together may take.
    pub timeout: Timeout,
}

impl Default for Pull {
    fn default() -> Self {
        Self { platform: None, always: false, retries: 4, timeout: Timeout::minutes(30) }
    }
}

/// Make sure that the engine has the image. Returns whether it was pulled; an image that is there already is not looked for in
/// the registry unless `always` is given.
///
/// Credentials come from the client's `config.json` and the programs that it names. Dropping the call ends the pull; the
/// layers that were finished are kept by the engine and not fetched again.
///
/// # Errors
/// `docker::image_unknown`, `docker::registry_denied`, `docker::registry_limit`, `docker::platform_unknown`,
/// `docker::registry_unreachable`, `docker::credentials`; `docker::timeout` with the last state.
pub async fn pull(docker: &Docker, image: &Image, how: &Pull, steps: &Steps) -> Result<bool, Error> {
    let platform = how.platform.clone().or_else(|| docker.environment().docker_default_platform.clone());
    let before = images::find(docker, image.as_str()).await?;
    if !how.always && before.as_ref().is_some_and(|there| fits(&there.platform, platform.as_deref())) {
        return Ok(false);
    }
    steps.doing(format!("pulling image {}", image.without_digest()));
    let mut seen = Seen::new(image, steps);
    match tokio::time::timeout(
        how.timeout.duration(),
        attempts(docker, image, platform.as_deref(), how.retries, &mut seen),
    )
    .await
    {
        Ok(done) => done?,
        Err(_) => {
            return Err(Error::Timeout {
                what: format!("pulling image `{image}`"),
                timeout: how.timeout,
                last: seen.last(),
            });
        }
    }
    let after = images::inspect(docker, image.as_str()).await?;
    let changed = before.is_none_or(|before| before.id != after.id);
    if changed {
        steps.changed(format!("pulled image {}", image.without_digest()));
    }
    Ok(changed)
}

/// Whether an image of this platform will do for the wanted one; `linux/arm64` accepts every variant.
fn fits(there: &str, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| there == wanted || there.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/')))
}

async fn attempts(
    docker: &Docker,
    image: &Image,
    platform: Option<&str>,
    retries: u32,
    seen: &mut Seen<'_>,
) -> Result<(), Error> {
    let mut failed = 0;
    loop {
        let Err(error) = attempt(docker, image, platform, seen).await else { return Ok(()) };
        failed += 1;
        if failed > retries || !is_passing(&error) {
            return Err(error);
        }
        seen.steps.warning(format!("{error}; trying again"));
        tokio::time::sleep(Duration::from_secs(failed.into())).await;
    }
}

/// Whether another attempt may help.
fn is_passing(error: &Error) -> bool {
    matches!(error, Error::RegistryUnreachable { .. } | Error::RegistryLimit { .. } | Error::Engine { .. })
}

async fn attempt(docker: &Docker, image: &Image, platform: Option<&str>, seen: &mut Seen<'_>) -> Result<(), Error> {
    let credentials = credentials::for_image(docker.environment(), image).await?;
    let tag = image.digest().or(image.tag()).unwrap_or("latest");
    let mut options = CreateImageOptionsBuilder::new().from_image(image.repository()).tag(tag);
    if let Some(platform) = platform {
        options = options.platform(platform);
    }
    let mut told = docker.patient().create_image(Some(options.build()), None, credentials).boxed();
    while let Some(info) = told.next().await {
        seen.take(info.map_err(|error| classified(image, platform, error))?);
    }
    Ok(())
}

/// Tell apart why a pull failed. The engine passes on the words of the registry or of its own network.
fn classified(image: &Image, platform: Option<&str>, source: Api) -> Error {
    let message = match &source {
        Api::DockerResponseServerError { message, .. } => message.to_lowercase(),
        Api::DockerStreamError { error } => error.to_lowercase(),
        _ => return Error::engine(format!("pull image `{image}`"), source),
    };
    let has = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    let (name, registry, source) = (image.to_string(), credentials::registry_of(image), Box::new(source));
    if has(&[
        "no matching manifest",
        "does not match the specified platform",
        "does not provide the specified platform",
    ]) {
        let platform = platform.unwrap_or("the engine's").to_owned();
        return Error::PlatformUnknown { image: name, platform, source };
    }
    if has(&["toomanyrequests", "rate limit", "too many requests"]) {
        return Error::RegistryLimit { image: name, registry, source };
    }
    // The hub says "denied" of what does not exist, for it might be private.
    if has(&["manifest unknown", "name unknown", "repository does not exist", ": not found", " not found"]) {
        return Error::ImageUnknown { image: name, source };
    }
    if has(&[
        "unauthorized",
        "access denied",
        "denied:",
        "no basic auth credentials",
        "authentication required",
        "forbidden",
    ]) {
        return Error::RegistryDenied { image: name, registry, source };
    }
    let network = [
        "no such host",
        "connection refused",
        "connection reset",
        "i/o timeout",
        "timeout exceeded",
        "tls:",
        "tls handshake",
        "x509",
        "server misbehaving",
        "dial tcp",
        "no route to host",
        "network is unreachable",
        "unexpected eof",
        ": eof",
        "deadline exceeded",
        "bad gateway",
        "service unavailable",
        "http response to https client",
        "proxyconnect",
        "temporary failure",
    ];
    if has(&network) {
        return Error::RegistryUnreachable { image: name, registry, source };
    }
    Error::Engine { what: format!("pull image `{image}`"), source }
}

/// What the engine has told of the layers.
struct Seen<'a> {
    what: String,
    layers: HashMap<String, Layer>,
    status: String,
    told: Option<Instant>,
    steps: &'a Steps,
}

#[derive(Default, Clone, Copy)]
struct Layer {
    done: u64,
    total: u64,
    complete: bool,
}

impl<'a> Seen<'a> {
    fn new(image: &Image, steps: &'a Steps) -> Self {
        let what = format!("bytes of image {}", image.without_digest());
        Self { what, layers: HashMap::new(), status: String::new(), told: None, steps }
    }

    fn take(&mut self, info: CreateImageInfo) {
        let status = info.status.unwrap_or_default();
        if let Some(id) = info.id.filter(|_| !status.starts_with("Pulling from")) {
            let layer = self.layers.entry(id).or_default();
            let detail = info.progress_detail.unwrap_or_default();
            let number = |number: Option<i64>| number.and_then(|number| number.try_into().ok()).unwrap_or(0);
            match status.as_str() {
                "Downloading" => (layer.done, layer.total) = (number(detail.current), number(detail.total)),
                "Download complete" | "Pull complete" | "Already exists" => {
                    layer.done = layer.total;
                    layer.complete = status != "Download complete";
                }
                _ => {}
            }
        }
        self.status = status;
        self.tell();
    }

    /// Tell how far it is, a few times a second.
    fn tell(&mut self) {
        if self.told.is_some_and(|told| told.elapsed() < Duration::from_millis(250)) {
            return;
        }
        let (done, total) = self.bytes();
        if total > 0 {
            self.told = Some(Instant::now());
            self.steps.count(self.what.clone(), done, total);
        }
    }

    fn bytes(&self) -> (u64, u64) {
        self.layers.values().fold((0, 0), |(done, total), layer| (done + layer.done, total + layer.total))
    }

    fn last(&self) -> Vec<String> {
        let complete = self.layers.values().filter(|layer| layer.complete).count();
        let (done, total) = self.bytes();
        let mut last = vec![format!("{complete} of {} layers complete, {done} of {total} bytes", self.layers.len())];
        last.extend((!self.status.is_empty()).then(|| self.status.clone()));
        last
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use meshrun_terms::Progress;
    use miette::Diagnostic;

    use super::*;

    #[test]
    fn failures_are_told_apart_by_the_words_of_registry_and_network() {
        let image: Image = "quay.io/a/b:v1".parse().unwrap();
        for (message, code) in [
            ("manifest for quay.io/a/b:v1 not found: manifest unknown: manifest unknown", "docker::image_unknown"),
            (
                "pull access denied for a/b, repository does not exist or may require 'docker login'",
                "docker::image_unknown",
            ),
            ("unauthorized: access to the requested resource is not authorized", "docker::registry_denied"),
            ("Head \"https://quay.io/v2/\": no basic auth credentials", "docker::registry_denied"),
            ("toomanyrequests: You have reached your pull rate limit", "docker::registry_limit"),
            ("no matching manifest for linux/arm64 in the manifest list entries", "docker::platform_unknown"),
            ("Get \"https://quay.io/v2/\": dial tcp: lookup quay.io: no such host", "docker::registry_unreachable"),
            ("Get \"https://quay.io/v2/\": net/http: TLS handshake timeout", "docker::registry_unreachable"),
            ("failed to register layer: no space left on device", "docker::engine"),
        ] {
            let error = classified(&image, None, Api::DockerStreamError { error: message.to_owned() });
            assert_eq!(error.code().unwrap().to_string(), code, "{message}");
        }
    }

    #[test]
    fn an_image_of_another_platform_does_not_count_as_there() {
        assert!(fits("linux/amd64", None));
        assert!(fits("linux/arm64/v8", Some("linux/arm64")));
        assert!(!fits("linux/amd64", Some("linux/arm64")));
    }

    #[test]
    fn the_layers_add_up() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let steps = {
            let told = told.clone();
            Steps::new(move |progress| told.lock().unwrap().push(progress))
        };
        let mut seen = Seen::new(&"a".parse().unwrap(), &steps);
        for (id, status, current, total) in
            [("1", "Downloading", 5, 10), ("2", "Downloading", 1, 20), ("1", "Pull complete", 0, 0)]
        {
            let detail = bollard::models::ProgressDetail { current: Some(current), total: Some(total) };
            let info = CreateImageInfo {
                id: Some(id.to_owned()),
                status: Some(status.to_owned()),
                progress_detail: Some(detail),
                ..CreateImageInfo::default()
            };
            seen.take(info);
        }
        assert_eq!(seen.bytes(), (11, 30));
        assert_eq!(seen.last(), ["1 of 2 layers complete, 11 of 30 bytes", "Pull complete"]);
        assert_eq!(told.lock().unwrap()[0], Progress::Count { what: "bytes of image a".into(), done: 5, total: 10 });
    }
}
