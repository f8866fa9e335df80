//! The user's credentials for a registry, as `docker login` has stored them.

use std::{fs, path::Path};

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use meshrun_terms::Image;

use crate::{Environment, Error};

/// The name under which the client keeps the credentials for Docker Hub.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The registry that an image comes from: `docker.io`, `quay.io`, `127.0.0.1:5001`.
pub(crate) fn registry_of(image: &Image) -> String {
    let canonical = image.canonical();
    canonical.split('/').next().unwrap_or_default().to_owned()
}

/// The credentials for the image's registry from the client's `config.json`: written there, or asked from the credential
/// program that it names. None when there are none, so that the pull goes out anonymously.
pub(crate) async fn for_image(environment: &Environment, image: &Image) -> Result<Option<DockerCredentials>, Error> {
    let registry = registry_of(image);
    let Some(path) = environment.config_folder().map(|folder| folder.join("config.json")) else { return Ok(None) };
    let server = if registry == "docker.io" { DOCKER_HUB.to_owned() } else { registry.clone() };
    let asked = tokio::task::spawn_blocking(move || {
        ask(&path, &server).map(|found| found.map(|found| credentials(found, server)))
    })
    .await;
    // The task only fails to join when it panics or the runtime ends; then there is no answer.
    let found = asked.unwrap_or(Err(CredentialRetrievalError::HelperCommunicationError));
    found.map_err(|source| Error::Credentials { registry, source })
}

/// Runs the credential program, if there is one: blocks.
fn ask(path: &Path, server: &str) -> Result<Option<DockerCredential>, CredentialRetrievalError> {
    let Ok(text) = fs::read(path) else {
        return Ok(None); // no such file is the usual case, and a file that cannot be read was named when the engine was looked for
    };
    match docker_credential::get_credential_from_reader(&*text, server) {
        Ok(found) => Ok(Some(found)),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // A program that does not know the registry fails; the docker client goes on without credentials then.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn credentials(found: DockerCredential, server: String) -> DockerCredentials {
    let mut credentials = DockerCredentials { serveraddress: Some(server), ..DockerCredentials::default() };
    match found {
        DockerCredential::IdentityToken(token) => credentials.identitytoken = Some(token),
        DockerCredential::UsernamePassword(name, password) => {
            credentials.username = Some(name);
            credentials.password = Some(password);
        }
    }
    credentials
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn with_config(text: &str, image: &str) -> Result<Option<DockerCredentials>, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), text).unwrap();
        let environment = Environment { docker_config: Some(folder.path().to_owned()), ..Environment::default() };
        for_image(&environment, &image.parse().unwrap()).await
    }

    #[tokio::test]
    async fn stored_credentials_are_found_by_registry() {
        // ada:secret
        let config = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "YWRhOnNlY3JldA=="}, "quay.io": {"identitytoken": "t"}}}"#;
        let hub = with_config(config, "busybox").await.unwrap().unwrap();
        assert_eq!((hub.username.as_deref(), hub.password.as_deref()), (Some("ada"), Some("secret")));
        assert_eq!(with_config(config, "quay.io/a/b").await.unwrap().unwrap().identitytoken.as_deref(), Some("t"));
        assert_eq!(with_config(config, "127.0.0.1:5001/a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_credential_program_that_is_missing_is_an_error() {
        let config = r#"{"credHelpers": {"quay.io": "meshrun-test-missing"}}"#;
        let error = with_config(config, "quay.io/a/b").await.unwrap_err();
        assert_eq!(error.to_string(), "cannot get the credentials for registry `quay.io`");
    }
}
