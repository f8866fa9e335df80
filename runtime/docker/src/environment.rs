//! Where to look for the engine: what the user asked for, and the surroundings that the docker client would look at.

use std::{ffi::OsString, path::PathBuf};

/// Which engine is wanted. The default is the one that the `docker` command would use.
#[derive(Debug, Clone, Default)]
pub struct Where {
    /// An address, as for `docker --host`: `unix:///run/docker.sock`, `tcp://10.0.0.1:2376`, `ssh://user@host`.
    pub host: Option<String>,
    /// The name of a docker context, as for `docker --context`.
    pub context: Option<String>,
    /// The surroundings.
    pub environment: Environment,
}

/// The variables and folders that decide where the engine and its credentials are. Empty variables count as unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The home folder (`HOME`, `USERPROFILE` on Windows).
    pub home: Option<PathBuf>,
    /// `DOCKER_HOST`: the engine's address.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`: the name of a context.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`: the client's folder, in place of `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// `DOCKER_TLS_VERIFY` is set to anything: speak TLS with a `tcp://` engine.
    pub docker_tls_verify: bool,
    /// `DOCKER_CERT_PATH`: the folder of `ca.pem`, `cert.pem` and `key.pem`, in place of the client's folder.
    pub docker_cert_path: Option<PathBuf>,
    /// `DOCKER_DEFAULT_PLATFORM`: the platform of pulled images, such as `linux/arm64`.
    pub docker_default_platform: Option<String>,
    /// `XDG_RUNTIME_DIR`: where a rootless engine has its socket.
    pub xdg_runtime_dir: Option<PathBuf>,
}

impl Environment {
    /// Take what matters from all the variables of a process, `std::env::vars_os()`.
    pub fn from_vars<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut found = Self::default();
        for (name, value) in vars {
            let (name, value) = (name.into(), value.into());
            if !value.is_empty() {
                found.take(&name.to_string_lossy(), value);
            }
        }
        found
    }

    /// The docker client's folder: `DOCKER_CONFIG`, else `~/.docker`; none without a home.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.docker_config.clone().or_else(|| self.home.as_ref().map(|home| home.join(".docker")))
    }

    fn take(&mut self, name: &str, value: OsString) {
        let text = || Some(value.to_string_lossy().into_owned());
        match name {
            "HOME" => self.home = Some(value.into()),
            "USERPROFILE" if cfg!(windows) => self.home = Some(value.into()),
            "DOCKER_HOST" => self.docker_host = text(),
            "DOCKER_CONTEXT" => self.docker_context = text(),
            "DOCKER_CONFIG" => self.docker_config = Some(value.into()),
            "DOCKER_TLS_VERIFY" => self.docker_tls_verify = true,
            "DOCKER_CERT_PATH" => self.docker_cert_path = Some(value.into()),
            "DOCKER_DEFAULT_PLATFORM" => self.docker_default_platform = text(),
            "XDG_RUNTIME_DIR" => self.xdg_runtime_dir = Some(value.into()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let found = Environment::from_vars([
            ("HOME", "/home/ada"),
            ("DOCKER_HOST", ""),
            ("DOCKER_CONTEXT", "lab"),
            ("DOCKER_TLS_VERIFY", "1"),
            ("PATH", "/bin"),
        ]);
        let expected = Environment {
            home: Some("/home/ada".into()),
            docker_context: Some("lab".into()),
            docker_tls_verify: true,
            ..Environment::default()
        };
        assert_eq!(found, expected);
        assert_eq!(found.config_folder(), Some("/home/ada/.docker".into()));
    }
}
