//! Which addresses to try for the engine, in the docker client's order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{Environment, Error, Where};

/// One address to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address with its scheme.
    pub host: String,
    /// Who named it, for people: `DOCKER_HOST`.
    pub origin: String,
    /// The certificates to use, for TLS over TCP.
    pub tls: Option<Tls>,
}

/// The files of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// The addresses to try: the one that was asked for, or the sockets where engines usually are. As with the docker client
/// an explicit host comes first, then an explicit context, `DOCKER_HOST`, `DOCKER_CONTEXT` and the current context.
///
/// # Errors
/// When the client's files cannot be read, when a context does not exist, or when an address is none.
pub(crate) fn candidates(wanted: &Where) -> Result<Vec<Endpoint>, Error> {
    let environment = &wanted.environment;
    if let Some(host) = &wanted.host {
        return Ok(vec![addressed(host, "the host that was asked for", environment)?]);
    }
    if let Some(name) = &wanted.context {
        return of_context(name, &format!("context `{name}`"), environment);
    }
    if let Some(host) = &environment.docker_host {
        return Ok(vec![addressed(host, "DOCKER_HOST", environment)?]);
    }
    if let Some(name) = &environment.docker_context {
        return of_context(name, &format!("context `{name}` of DOCKER_CONTEXT"), environment);
    }
    match current_context(environment)? {
        Some(name) => of_context(&name, &format!("current context `{name}`"), environment),
        None => Ok(usual(environment)),
    }
}

/// The sockets where engines usually are: the system's, a rootless one, Docker Desktop's.
fn usual(environment: &Environment) -> Vec<Endpoint> {
    let socket = |path: String, origin: &str| Endpoint { host: path, origin: origin.to_owned(), tls: None };
    if cfg!(windows) {
        return vec![socket("npipe:////./pipe/docker_engine".to_owned(), "default pipe")];
    }
    let mut all = vec![socket("unix:///var/run/docker.sock".to_owned(), "default socket")];
    if let Some(folder) = &environment.xdg_runtime_dir {
        all.push(socket(format!("unix://{}", folder.join("docker.sock").display()), "rootless socket"));
    }
    if let Some(home) = &environment.home {
        for path in [".docker/run/docker.sock", ".docker/desktop/docker.sock"] {
            all.push(socket(format!("unix://{}", home.join(path).display()), "Docker Desktop's socket"));
        }
    }
    all
}

/// An address as it is written in `DOCKER_HOST`, completed with its port, and with the certificates of the environment.
fn addressed(host: &str, origin: &str, environment: &Environment) -> Result<Endpoint, Error> {
    let (scheme, rest) = host.split_once("://").ok_or_else(|| bad_host(host))?;
    let secure = scheme == "https" || environment.docker_tls_verify;
    let host = match scheme {
        "unix" | "npipe" | "ssh" if !rest.is_empty() => host.trim_end_matches('/').to_owned(),
        "tcp" | "http" | "https" if !rest.is_empty() => with_port(rest, if secure { 2376 } else { 2375 }),
        _ => return Err(bad_host(host)),
    };
    let folder = environment.docker_cert_path.clone().or_else(|| environment.config_folder());
    let tls = match (host.starts_with("tcp://") && secure, folder) {
        (false, _) => None,
        (true, Some(folder)) => Some(Tls::of_folder(&folder)?),
        (true, None) => return Err(Error::NoCertificate { path: "ca.pem".into() }),
    };
    Ok(Endpoint { host, origin: origin.to_owned(), tls })
}

fn bad_host(host: &str) -> Error {
    Error::BadHost { host: host.to_owned() }
}

/// `tcp://` and the address without a path, with this port unless it has one.
fn with_port(rest: &str, port: u16) -> String {
    let address = rest.trim_end_matches('/');
    let after_brackets = address.rsplit(']').next().unwrap_or(address);
    match after_brackets.contains(':') {
        true => format!("tcp://{address}"),
        false => format!("tcp://{address}:{port}"),
    }
}

impl Tls {
    /// The three files of a folder, all of which must be there.
    fn of_folder(folder: &Path) -> Result<Self, Error> {
        let file = |name: &str| {
            let path = folder.join(name);
            if path.is_file() { Ok(path) } else { Err(Error::NoCertificate { path }) }
        };
        Ok(Self { ca: file("ca.pem")?, cert: file("cert.pem")?, key: file("key.pem")? })
    }
}

#[derive(Deserialize)]
struct ClientConfig {
    #[serde(default, rename = "currentContext")]
    current_context: String,
}

/// The client's current context, unless it is the default one.
fn current_context(environment: &Environment) -> Result<Option<String>, Error> {
    let Some(path) = environment.config_folder().map(|folder| folder.join("config.json")) else { return Ok(None) };
    if !path.exists() {
        return Ok(None);
    }
    let config: ClientConfig = read_json(&path)?;
    Ok(Some(config.current_context).filter(|name| !name.is_empty() && name != "default"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    endpoints: ContextEndpoints,
}

#[derive(Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    #[serde(default)]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The address of a context. The client keeps it in `contexts/meta/<id>/meta.json` and its certificates in
/// `contexts/tls/<id>/docker/`, where the id is the SHA-256 of the name.
fn of_context(name: &str, origin: &str, environment: &Environment) -> Result<Vec<Endpoint>, Error> {
    if name == "default" {
        return match &environment.docker_host {
            Some(host) => Ok(vec![addressed(host, "DOCKER_HOST", environment)?]),
            None => Ok(usual(environment)),
        };
    }
    let missing = || Error::NoContext { name: name.to_owned() };
    let folder = environment.config_folder().ok_or_else(missing)?.join("contexts");
    let id = hex(&Sha256::digest(name.as_bytes()));
    let path = folder.join("meta").join(&id).join("meta.json");
    if !path.exists() {
        return Err(missing());
    }
    let endpoint = read_json::<ContextMeta>(&path)?.endpoints.docker.ok_or_else(missing)?;
    if endpoint.host.is_empty() {
        return Ok(usual(environment));
    }
    if endpoint.skip_tls_verify {
        return Err(Error::UnverifiedTls { name: name.to_owned() });
    }
    let certificates = folder.join("tls").join(&id).join("docker");
    let inside = Environment {
        docker_tls_verify: certificates.is_dir(),
        docker_cert_path: Some(certificates),
        ..Environment::default()
    };
    Ok(vec![addressed(&endpoint.host, origin, &inside)?])
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let text = fs::read(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| Error::Malformed { path: path.to_owned(), source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(wanted: &Where) -> Vec<String> {
        candidates(wanted)
            .unwrap()
            .into_iter()
            .map(|endpoint| format!("{} ({})", endpoint.host, endpoint.origin))
            .collect()
    }

    /// A client folder with a context `lab` that is the current one.
    fn client_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let id = hex(&Sha256::digest(b"lab"));
        let meta = folder.path().join("contexts/meta").join(&id);
        fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"lab","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.1.2.3:2376","SkipTLSVerify":false}}}"#;
        fs::write(meta.join("meta.json"), text).unwrap();
        let tls = folder.path().join("contexts/tls").join(&id).join("docker");
        fs::create_dir_all(&tls).unwrap();
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            fs::write(tls.join(name), "").unwrap();
        }
        fs::write(folder.path().join("config.json"), r#"{"auths":{},"currentContext":"lab"}"#).unwrap();
        folder
    }

    #[test]
    fn an_explicit_choice_comes_before_a_variable_before_the_current_context() {
        let folder = client_folder();
        let mut wanted = Where {
            host: Some("unix:///a.sock".into()),
            context: Some("lab".into()),
            environment: Environment {
                docker_config: Some(folder.path().to_owned()),
                docker_host: Some("unix:///b.sock".into()),
                docker_context: Some("lab".into()),
                ..Environment::default()
            },
        };
        assert_eq!(hosts(&wanted), ["unix:///a.sock (the host that was asked for)"]);
        wanted.host = None;
        assert_eq!(hosts(&wanted), ["tcp://10.1.2.3:2376 (context `lab`)"]);
        wanted.context = None;
        assert_eq!(hosts(&wanted), ["unix:///b.sock (DOCKER_HOST)"]);
        wanted.environment.docker_host = None;
        assert_eq!(hosts(&wanted), ["tcp://10.1.2.3:2376 (context `lab` of DOCKER_CONTEXT)"]);
        wanted.environment.docker_context = None;
        assert_eq!(hosts(&wanted), ["tcp://10.1.2.3:2376 (current context `lab`)"]);
        wanted.context = Some("default".into());
        assert_eq!(hosts(&wanted), ["unix:///var/run/docker.sock (default socket)"]);
    }

    #[test]
    fn a_context_brings_its_own_certificates() {
        let folder = client_folder();
        let environment = Environment { docker_config: Some(folder.path().to_owned()), ..Environment::default() };
        let found = candidates(&Where { environment, ..Where::default() }).unwrap();
        let tls = folder.path().join("contexts/tls").join(hex(&Sha256::digest(b"lab"))).join("docker");
        assert_eq!(found[0].tls, Some(Tls::of_folder(&tls).unwrap()));
    }

    #[test]
    fn without_any_choice_the_usual_sockets_are_tried() {
        let environment = Environment {
            home: Some("/nowhere/ada".into()),
            xdg_runtime_dir: Some("/run/user/1000".into()),
            ..Environment::default()
        };
        assert_eq!(
            hosts(&Where { environment, ..Where::default() }),
            [
                "unix:///var/run/docker.sock (default socket)",
                "unix:///run/user/1000/docker.sock (rootless socket)",
                "unix:///nowhere/ada/.docker/run/docker.sock (Docker Desktop's socket)",
                "unix:///nowhere/ada/.docker/desktop/docker.sock (Docker Desktop's socket)",
            ]
        );
    }

    #[test]
    fn addresses_get_their_port() {
        let plain = Environment::default();
        for (given, expected) in [
            ("tcp://engine", "tcp://engine:2375"),
            ("tcp://engine:1/", "tcp://engine:1"),
            ("http://[::1]", "tcp://[::1]:2375"),
            ("ssh://ada@engine", "ssh://ada@engine"),
        ] {
            assert_eq!(addressed(given, "", &plain).unwrap().host, expected);
        }
        for bad in ["/var/run/docker.sock", "tcp://", "ftp://a"] {
            assert!(matches!(addressed(bad, "", &plain), Err(Error::BadHost { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = client_folder();
        let environment = Environment { docker_config: Some(folder.path().to_owned()), ..Environment::default() };
        let wanted = Where { context: Some("other".into()), environment: environment.clone(), ..Where::default() };
        assert_eq!(candidates(&wanted).unwrap_err().to_string(), "no docker context `other`");
        let environment = Environment { docker_tls_verify: true, ..environment };
        let wanted = Where { host: Some("tcp://a".into()), environment, ..Where::default() };
        let expected = format!("no certificate at `{}`", folder.path().join("ca.pem").display());
        assert_eq!(candidates(&wanted).unwrap_err().to_string(), expected);
    }
}
