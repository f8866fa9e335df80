//! How work with the engine fails, and how the engine's messages are told apart.

use std::{error::Error as StdError, fmt, io, path::PathBuf};

use meshrun_terms::Timeout;

/// What bollard reports; boxed, for it is large.
pub(crate) type Api = Box<bollard::errors::Error>;

/// Why the engine could not be used or did not do what it was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// No engine answers at any of the places that were tried.
    #[error("no Docker engine answers; tried {}", listed(tried))]
    #[diagnostic(code("docker::no_engine"), help("{help}"))]
    NoEngine { tried: Vec<Attempt>, help: &'static str },

    /// An address that is none.
    #[error(
        "expected the address of an engine, such as `unix:///var/run/docker.sock`, `tcp://10.0.0.1:2376` or `ssh://user@host`, found `{host}`"
    )]
    #[diagnostic(code("docker::bad_host"), help("check --host, DOCKER_HOST and the docker context"))]
    BadHost { host: String },

    /// A docker context that does not exist.
    #[error("no docker context `{name}`")]
    #[diagnostic(
        code("docker::no_context"),
        help("`docker context ls` lists them; DOCKER_CONTEXT and currentContext in config.json choose one")
    )]
    NoContext { name: String },

    /// A docker context that asks for TLS without checking the other side.
    #[error("docker context `{name}` skips the verification of the engine's certificate, which is not supported")]
    #[diagnostic(
        code("docker::unverified_tls"),
        help("give the context the engine's CA: docker context update {name} --docker host=...,ca=ca.pem")
    )]
    UnverifiedTls { name: String },

    /// A certificate or key of the TLS connection is missing.
    #[error("no certificate at `{}`", path.display())]
    #[diagnostic(
        code("docker::no_certificate"),
        help("TLS with the engine needs ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH or the context's folder")
    )]
    NoCertificate { path: PathBuf },

    /// A file of the docker client or of the user cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code("docker::unreadable"))]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    #[diagnostic(code("docker::unwritable"))]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// A file of the docker client is damaged.
    #[error("cannot understand `{}`", path.display())]
    #[diagnostic(code("docker::malformed"))]
    Malformed {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },

    /// A part of a specification that does not keep its rule.
    #[error("`{field}`: expected {expected}, found `{found}`")]
    #[diagnostic(code("docker::bad_spec"))]
    BadSpec { field: &'static str, expected: &'static str, found: String },

    /// The container does not exist.
    #[error("no container `{container}`")]
    #[diagnostic(code("docker::no_container"))]
    NoContainer { container: String },

    /// The image is not on the engine.
    #[error("no image `{image}` on the engine")]
    #[diagnostic(code("docker::no_image"), help("pull or load it first"))]
    NoImage { image: String },

    /// The network does not exist.
    #[error("no network `{network}`")]
    #[diagnostic(code("docker::no_network"))]
    NoNetwork { network: String },

    /// The volume does not exist.
    #[error("no volume `{volume}`")]
    #[diagnostic(code("docker::no_volume"))]
    NoVolume { volume: String },

    /// The path does not exist in the container.
    #[error("no `{path}` in container `{container}`")]
    #[diagnostic(code("docker::no_path"))]
    NoPath { container: String, path: String },

    /// Another container or network has the name.
    #[error("the name `{name}` is taken by {by}")]
    #[diagnostic(code("docker::name_taken"), help("remove it, or choose another name"))]
    NameTaken { name: String, by: String },

    /// The port of the host cannot be had.
    #[error("port {address} is already in use{}", holder.as_ref().map(|holder| format!(" by container `{holder}`")).unwrap_or_default())]
    #[diagnostic(code("docker::port_taken"), help("stop what listens there, or choose another port"))]
    PortTaken { address: String, holder: Option<String> },

    /// The container does not run, so nothing can be executed in it.
    #[error("container `{container}` is not running")]
    #[diagnostic(code("docker::not_running"), help("start it, or read its logs to see why it ended"))]
    NotRunning {
        container: String,
        #[source]
        source: Api,
    },

    /// Something that is still used cannot be removed.
    #[error("`{subject}` is still in use")]
    #[diagnostic(code("docker::in_use"), help("remove or disconnect what uses it first"))]
    InUse {
        subject: String,
        #[source]
        source: Api,
    },

    /// The network's subnet collides with another one.
    #[error("the subnet of network `{network}` overlaps with another network's")]
    #[diagnostic(code("docker::subnet_taken"), help("choose another subnet, or remove the network that has it"))]
    SubnetTaken {
        network: String,
        #[source]
        source: Api,
    },

    /// The engine's machine has no IPv6.
    #[error("network `{network}` cannot have IPv6 on this engine")]
    #[diagnostic(
        code("docker::no_ipv6"),
        help("make the network without IPv6, or switch IPv6 on in the kernel of the engine's machine")
    )]
    NoIpv6 {
        network: String,
        #[source]
        source: Api,
    },

    /// The registry does not have the image, or hides it.
    #[error("no image `{image}` in its registry")]
    #[diagnostic(code("docker::image_unknown"), help("check name and tag; a private image needs `docker login`"))]
    ImageUnknown {
        image: String,
        #[source]
        source: Api,
    },

    /// The registry has the image, but not for this platform.
    #[error("image `{image}` does not exist for platform `{platform}`")]
    #[diagnostic(
        code("docker::platform_unknown"),
        help("choose another platform, or an image that is built for this one")
    )]
    PlatformUnknown {
        image: String,
        platform: String,
        #[source]
        source: Api,
    },

    /// The registry refuses the credentials, or wants some.
    #[error("the registry refuses `{image}`")]
    #[diagnostic(code("docker::registry_denied"), help("log in: docker login {registry}"))]
    RegistryDenied {
        image: String,
        registry: String,
        #[source]
        source: Api,
    },

    /// The registry limits how often one may pull.
    #[error("the registry `{registry}` allows no further pulls now, for image `{image}`")]
    #[diagnostic(code("docker::registry_limit"), help("log in, wait, or use a mirror"))]
    RegistryLimit {
        image: String,
        registry: String,
        #[source]
        source: Api,
    },

    /// The registry does not answer.
    #[error("the registry `{registry}` is not reachable from the engine, for image `{image}`")]
    #[diagnostic(
        code("docker::registry_unreachable"),
        help("check the network and proxy of the engine's machine; load the image instead with docker::load")
    )]
    RegistryUnreachable {
        image: String,
        registry: String,
        #[source]
        source: Api,
    },

    /// The stored credentials for a registry cannot be had.
    #[error("cannot get the credentials for registry `{registry}`")]
    #[diagnostic(
        code("docker::credentials"),
        help("check the credential program that config.json names, or log in again: docker login {registry}")
    )]
    Credentials {
        registry: String,
        #[source]
        source: docker_credential::CredentialRetrievalError,
    },

    /// A command in a container ended with a code other than 0.
    #[error("`{command}` in container `{container}` ended with code {code}{}", lines_below(stderr))]
    #[diagnostic(code("docker::exec_failed"))]
    ExecFailed { container: String, command: String, code: i64, stderr: Vec<String> },

    /// The container ended before what was awaited happened.
    #[error("container `{container}` ended ({state}) before {what}{}", lines_below(last))]
    #[diagnostic(code("docker::container_ended"))]
    Ended { container: String, what: String, state: String, last: Vec<String> },

    /// A wait took too long; with the last that was seen.
    #[error("{what} took longer than {timeout}{}", lines_below(last))]
    #[diagnostic(code("docker::timeout"), help("give it more time, or look at what was last seen"))]
    Timeout { what: String, timeout: Timeout, last: Vec<String> },

    /// Bytes could not be read from or written to a stream.
    #[error("cannot {what}")]
    #[diagnostic(code("docker::stream"))]
    Stream {
        what: String,
        #[source]
        source: io::Error,
    },

    /// The engine refused for another reason, or does not answer any more.
    #[error("cannot {what}")]
    #[diagnostic(code("docker::engine"))]
    Engine {
        what: String,
        #[source]
        source: Api,
    },
}

/// One place where an engine was looked for.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` ({origin}): {}", root(&**source))]
pub struct Attempt {
    /// The address.
    pub host: String,
    /// Who named the address.
    pub origin: String,
    /// Why it did not work.
    pub source: Box<bollard::errors::Error>,
}

/// What a request was about, to name it in the error.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    Container(&'a str),
    Image(&'a str),
    Network(&'a str),
    Volume(&'a str),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(name) => write!(formatter, "container `{name}`"),
            Self::Image(name) => write!(formatter, "image `{name}`"),
            Self::Network(name) => write!(formatter, "network `{name}`"),
            Self::Volume(name) => write!(formatter, "volume `{name}`"),
        }
    }
}

impl Error {
    pub(crate) fn no_engine(tried: Vec<Attempt>) -> Self {
        let denied = tried.iter().any(|attempt| root(&*attempt.source).to_lowercase().contains("permission denied"));
        let help = match denied {
            true => {
                "the socket belongs to the group docker: add yourself with `sudo usermod -aG docker $USER` and log in again, or set DOCKER_HOST to another engine"
            }
            false => {
                "start Docker (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to the address of an engine"
            }
        };
        Self::NoEngine { tried, help }
    }

    pub(crate) fn engine(what: impl Into<String>, source: bollard::errors::Error) -> Self {
        Self::Engine { what: what.into(), source: Box::new(source) }
    }

    /// Tell from the engine's answer what went wrong. `act` and subject give the sentence for everything unexpected:
    /// `cannot start container ...`.
    pub(crate) fn about(act: &str, subject: Subject<'_>, source: bollard::errors::Error) -> Self {
        let (status, message) = match &source {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                (*status_code, message.clone())
            }
            bollard::errors::Error::DockerStreamError { error } => (0, error.clone()),
            _ => return Self::engine(format!("{act} {subject}"), source),
        };
        known(&message, subject)
            .or_else(|| in_the_way(&message, subject))
            .or_else(|| (status == 404).then(|| missing(subject)))
            .unwrap_or(Unboxed::Other)
            .with(source, format!("{act} {subject}"))
    }
}

/// An error that may still want its source.
enum Unboxed {
    Whole(Error),
    Sourced(Box<dyn FnOnce(Api) -> Error>),
    Other,
}

impl Unboxed {
    fn sourced(make: impl FnOnce(Api) -> Error + 'static) -> Self {
        Self::Sourced(Box::new(make))
    }

    fn with(self, source: bollard::errors::Error, what: String) -> Error {
        match self {
            Self::Whole(error) => error,
            Self::Sourced(make) => make(Box::new(source)),
            Self::Other => Error::engine(what, source),
        }
    }
}

fn missing(subject: Subject<'_>) -> Unboxed {
    Unboxed::Whole(match subject {
        Subject::Container(name) => Error::NoContainer { container: name.to_owned() },
        Subject::Image(name) => Error::NoImage { image: name.to_owned() },
        Subject::Network(name) => Error::NoNetwork { network: name.to_owned() },
        Subject::Volume(name) => Error::NoVolume { volume: name.to_owned() },
    })
}

/// Messages that name what is missing, which need not be the subject: a container wants an image and a network.
fn known(message: &str, subject: Subject<'_>) -> Option<Unboxed> {
    let after = |marker: &str| message.split_once(marker).map(|(_, rest)| rest.trim().to_owned());
    if let Some(image) = after("No such image: ") {
        return Some(Unboxed::Whole(Error::NoImage { image }));
    }
    if let Some(container) = after("No such container: ") {
        return Some(Unboxed::Whole(Error::NoContainer { container }));
    }
    if let Some(path) = after("Could not find the file ") {
        let path = path.split(" in container ").next().unwrap_or_default().to_owned();
        let Subject::Container(container) = subject else { return None };
        return Some(Unboxed::Whole(Error::NoPath { container: container.to_owned(), path }));
    }
    let network =
        message.strip_suffix(" not found").and_then(|front| front.rsplit_once("network ")).map(|(_, name)| name);
    if let Some(network) = network {
        return Some(Unboxed::Whole(Error::NoNetwork { network: network.to_owned() }));
    }
    after("no such volume: ")
        .or_else(|| after("get ").and_then(|rest| rest.strip_suffix(": no such volume").map(str::to_owned)))
        .map(|volume| Unboxed::Whole(Error::NoVolume { volume }))
}

/// Messages about something that is in the way.
fn in_the_way(message: &str, subject: Subject<'_>) -> Option<Unboxed> {
    let lower = message.to_lowercase();
    let has = |text: &str| lower.contains(text);
    let (Subject::Container(name) | Subject::Image(name) | Subject::Network(name) | Subject::Volume(name)) = subject;
    let name = name.to_owned();
    if has("is already in use by container") {
        let id = message.split("by container ").nth(1).unwrap_or_default();
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        return Some(Unboxed::Whole(Error::NameTaken { name, by: format!("container {id}") }));
    }
    if has("network with name") && has("already exists") {
        return Some(Unboxed::Whole(Error::NameTaken { name, by: "a network".to_owned() }));
    }
    if let Some(address) = taken_port(message) {
        return Some(Unboxed::Whole(Error::PortTaken { address, holder: None }));
    }
    if has("pool overlaps with other one") || has("networks have overlapping") || has("invalid pool request") {
        return Some(Unboxed::sourced(|source| Error::SubnetTaken { network: name, source }));
    }
    if has("cannot read ipv6 setup for bridge") {
        return Some(Unboxed::sourced(|source| Error::NoIpv6 { network: name, source }));
    }
    if has("is not running") || has("is paused, unpause") || has("container is restarting") {
        return Some(Unboxed::sourced(|source| Error::NotRunning { container: name, source }));
    }
    let used = has("has active endpoints")
        || has("volume is in use")
        || has("conflict: unable to")
        || has("image is being used");
    used.then(|| Unboxed::sourced(|source| Error::InUse { subject: name, source }))
}

/// The address of the host in a message about a port that cannot be had: `Bind for 0.0.0.0:80 failed: port is already
/// allocated` when another container has it, `listen tcp4 0.0.0.0:80: bind: address already in use` when another program has.
fn taken_port(message: &str) -> Option<String> {
    let known = ["port is already allocated", "address already in use", "ports are not available"];
    if !known.iter().any(|text| message.contains(text)) {
        return None;
    }
    let word = [
        "Bind for ",
        "listen tcp4 ",
        "listen tcp6 ",
        "listen tcp ",
        "listen udp4 ",
        "listen udp6 ",
        "listen udp ",
        "exposing port TCP ",
        "exposing port UDP ",
    ]
    .iter()
    .find_map(|marker| message.split_once(marker))
    .and_then(|(_, rest)| rest.split_whitespace().next())?;
    Some(word.trim_end_matches(':').to_owned())
}

/// The innermost text of an error: `permission denied` rather than `error trying to connect`.
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    match text.strip_prefix("Socket not found: ") {
        Some(_) => "no such socket".to_owned(),
        None => text,
    }
}

fn listed(tried: &[Attempt]) -> String {
    tried.iter().map(Attempt::to_string).collect::<Vec<_>>().join("; ")
}

/// The evidence, one line each, after a colon.
fn lines_below(lines: &[String]) -> String {
    match lines {
        [] => String::new(),
        lines => format!(":\n  {}", lines.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic;

    use super::*;

    fn of(status_code: u16, message: &str, subject: Subject<'_>) -> Error {
        Error::about(
            "use",
            subject,
            bollard::errors::Error::DockerResponseServerError { status_code, message: message.to_owned() },
        )
    }

    #[test]
    fn messages_of_the_engine_are_told_apart() {
        use Subject::{Container, Image, Network, Volume};
        let cases = [
            (of(404, "No such container: a", Container("a")), "docker::no_container", "no container `a`"),
            (
                of(404, "No such image: busybox:latest", Container("a")),
                "docker::no_image",
                "no image `busybox:latest` on the engine",
            ),
            (of(404, "network kind not found", Container("a")), "docker::no_network", "no network `kind`"),
            (of(404, "No such network: b", Network("b")), "docker::no_network", "no network `b`"),
            (of(404, "get v: no such volume", Volume("v")), "docker::no_volume", "no volume `v`"),
            (
                of(404, "Could not find the file /x in container a", Container("a")),
                "docker::no_path",
                "no `/x` in container `a`",
            ),
            (
                of(
                    409,
                    "Conflict. The container name \"/a\" is already in use by container \"0123456789abcdef\". You have to remove it",
                    Container("a"),
                ),
                "docker::name_taken",
                "the name `a` is taken by container 0123456789ab",
            ),
            (
                of(409, "network with name kind already exists", Network("kind")),
                "docker::name_taken",
                "the name `kind` is taken by a network",
            ),
            (
                of(
                    500,
                    "driver failed programming external connectivity on endpoint a (1): Bind for 127.0.0.1:80 failed: port is already allocated",
                    Container("a"),
                ),
                "docker::port_taken",
                "port 127.0.0.1:80 is already in use",
            ),
            (
                of(
                    500,
                    "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
                    Container("a"),
                ),
                "docker::port_taken",
                "port 0.0.0.0:80 is already in use",
            ),
            (
                of(403, "Pool overlaps with other one on this address space", Network("n")),
                "docker::subnet_taken",
                "the subnet of network `n` overlaps with another network's",
            ),
            (
                of(409, "Container 12 is not running", Container("a")),
                "docker::not_running",
                "container `a` is not running",
            ),
            (
                of(403, "error while removing network: network n id 1 has active endpoints", Network("n")),
                "docker::in_use",
                "`n` is still in use",
            ),
            (
                of(409, "conflict: unable to remove repository reference", Image("i")),
                "docker::in_use",
                "`i` is still in use",
            ),
            (of(500, "boom", Image("i")), "docker::engine", "cannot use image `i`"),
        ];
        for (error, code, text) in cases {
            assert_eq!((error.code().unwrap().to_string(), error.to_string()), (code.to_owned(), text.to_owned()));
        }
    }

    #[test]
    fn the_engines_own_words_are_chained_beneath() {
        let error = of(500, "boom", Subject::Image("i"));
        assert_eq!(error.source().unwrap().to_string(), "Docker responded with status code 500: boom");
    }

    #[test]
    fn a_missing_engine_names_every_place_and_the_way_out() {
        let attempt = |host: &str, error: io::Error| Attempt {
            host: host.to_owned(),
            origin: "default socket".to_owned(),
            source: Box::new(error.into()),
        };
        let none = || attempt("unix:///b", io::Error::from(io::ErrorKind::NotFound));
        let error =
            Error::no_engine(vec![attempt("unix:///a", io::Error::from(io::ErrorKind::PermissionDenied)), none()]);
        assert_eq!(
            error.to_string(),
            "no Docker engine answers; tried `unix:///a` (default socket): permission denied; `unix:///b` (default socket): entity not found"
        );
        assert!(error.help().unwrap().to_string().contains("group docker"));
        assert!(Error::no_engine(vec![none()]).help().unwrap().to_string().starts_with("start Docker"));
    }
}
