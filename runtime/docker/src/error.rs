//! How work with the engine fails.

use std::{error::Error as StdError, io, path::PathBuf};

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

    /// Something of the name is there, but is not what it shall be.
    #[error("{subject} exists with {aspect} of its own: expected `{expected}`, found `{found}`")]
    #[diagnostic(code("docker::differs"), help("remove it first, or choose another name"))]
    Differs { subject: String, aspect: &'static str, expected: String, found: String },

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

    /// A container that runs is removed only by force.
    #[error("container `{container}` is running")]
    #[diagnostic(code("docker::running"), help("stop it first, or remove it with `force`"))]
    Running { container: String },

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
