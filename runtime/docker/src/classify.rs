//! What the engine's answers mean: its messages told apart by their words.

use std::fmt;

use bollard::errors::Error as Answer;

use crate::{Error, error::Api};

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

impl Subject<'_> {
    fn name(&self) -> &str {
        let (Self::Container(name) | Self::Image(name) | Self::Network(name) | Self::Volume(name)) = self;
        name
    }
}

impl Error {
    /// Tell from the engine's answer what went wrong. `act` and subject give the sentence for everything unexpected:
    /// `cannot start container ...`.
    pub(crate) fn about(act: &str, subject: Subject<'_>, source: Answer) -> Self {
        let (status, message) = match &source {
            Answer::DockerResponseServerError { status_code, message } => (*status_code, message.clone()),
            Answer::DockerStreamError { error } => (0, error.clone()),
            _ => return Self::engine(format!("{act} {subject}"), source),
        };
        missing(&message, status, subject)
            .or_else(|| taken(&message, subject))
            .unwrap_or_else(|| refused(&message, act, subject, Box::new(source)))
    }
}

/// Messages that name what is missing, which need not be the subject: a container wants an image and a network.
fn missing(message: &str, status: u16, subject: Subject<'_>) -> Option<Error> {
    let after = |marker: &str| message.split_once(marker).map(|(_, rest)| rest.trim().to_owned());
    if let Some(image) = after("No such image: ") {
        return Some(Error::NoImage { image });
    }
    if let Some(container) = after("No such container: ") {
        return Some(Error::NoContainer { container });
    }
    if let (Some(path), Subject::Container(container)) = (after("Could not find the file "), subject) {
        let path = path.split(" in container ").next().unwrap_or_default().to_owned();
        return Some(Error::NoPath { container: container.to_owned(), path });
    }
    let network = message.strip_suffix(" not found").and_then(|front| front.rsplit_once("network "));
    if let Some((_, network)) = network {
        return Some(Error::NoNetwork { network: network.to_owned() });
    }
    let name = subject.name().to_owned();
    (status == 404).then(|| match subject {
        Subject::Container(_) => Error::NoContainer { container: name },
        Subject::Image(_) => Error::NoImage { image: name },
        Subject::Network(_) => Error::NoNetwork { network: name },
        Subject::Volume(_) => Error::NoVolume { volume: name },
    })
}

/// Messages about a name or a port that something else has.
fn taken(message: &str, subject: Subject<'_>) -> Option<Error> {
    let name = subject.name().to_owned();
    if let Some((_, holder)) = message.split_once("is already in use by container ") {
        let id: String = holder.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        return Some(Error::NameTaken { name, by: format!("container {id}") });
    }
    if message.contains("network with name") && message.contains("already exists") {
        return Some(Error::NameTaken { name, by: "a network".to_owned() });
    }
    taken_port(message).map(|address| Error::PortTaken { address, holder: None })
}

/// Messages about a state that does not allow the act. Everything unknown keeps the engine's own words beneath.
fn refused(message: &str, act: &str, subject: Subject<'_>, source: Api) -> Error {
    let lower = message.to_lowercase();
    let has = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let name = subject.name().to_owned();
    if has(&["pool overlaps with other one", "networks have overlapping"]) {
        return Error::SubnetTaken { network: name, source };
    }
    if has(&["cannot read ipv6 setup for bridge"]) {
        return Error::NoIpv6 { network: name, source };
    }
    if has(&["cannot remove a running container", "container is running: stop"]) {
        return Error::Running { container: name };
    }
    if has(&["is not running", "is paused, unpause", "is restarting, wait"]) {
        return Error::NotRunning { container: name, source };
    }
    if has(&["has active endpoints", "volume is in use", "conflict: unable to", "image is being used"]) {
        return Error::InUse { subject: name, source };
    }
    Error::Engine { what: format!("{act} {subject}"), source }
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

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use miette::Diagnostic;

    use super::*;

    fn of(status_code: u16, message: &str, subject: Subject<'_>) -> Error {
        Error::about("use", subject, Answer::DockerResponseServerError { status_code, message: message.to_owned() })
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
}
