//! Volumes: create, inspect, list, remove.

use std::collections::BTreeMap;

use bollard::{
    errors::Error as Api,
    models::VolumeCreateRequest,
    query_parameters::{ListVolumesOptions, RemoveVolumeOptions},
};
use serde::Serialize;

use crate::{Docker, Error, classify::Subject, containers::checked_name};

/// A volume as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// The name.
    pub name: String,
    /// The driver.
    pub driver: String,
    /// The path on the engine's machine.
    pub path: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}

impl From<bollard::models::Volume> for Volume {
    fn from(found: bollard::models::Volume) -> Self {
        Self {
            name: found.name,
            driver: found.driver,
            path: found.mountpoint,
            labels: found.labels.into_iter().collect(),
            options: found.options.into_iter().collect(),
        }
    }
}

/// Make sure that there is a volume of this name. Returns it and whether it was created; labels of one that exists are left alone.
///
/// # Errors
/// When the engine refuses.
pub async fn create(docker: &Docker, name: &str, labels: &BTreeMap<String, String>) -> Result<(Volume, bool), Error> {
    if let Some(there) = find(docker, name).await? {
        return Ok((there, false));
    }
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(labels.clone().into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    let created = docker.api().create_volume(request).await;
    created.map(|created| (created.into(), true)).map_err(|error| Error::about("create", Subject::Volume(name), error))
}

/// A volume as it is.
///
/// # Errors
/// `docker::no_volume`.
pub async fn inspect(docker: &Docker, name: &str) -> Result<Volume, Error> {
    checked_name(name)?;
    let found = docker.api().inspect_volume(name).await;
    found.map(Volume::from).map_err(|error| Error::about("inspect", Subject::Volume(name), error))
}

/// As [`inspect`], but a volume that does not exist is no error.
///
/// # Errors
/// When the engine does not answer.
pub async fn find(docker: &Docker, name: &str) -> Result<Option<Volume>, Error> {
    match inspect(docker, name).await {
        Err(Error::NoVolume { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// All volumes, sorted by name.
///
/// # Errors
/// When the engine does not answer.
pub async fn list(docker: &Docker) -> Result<Vec<Volume>, Error> {
    let found = docker.api().list_volumes(None::<ListVolumesOptions>).await;
    let found = found.map_err(|error| Error::engine("list volumes", error))?;
    let mut all: Vec<Volume> = found.volumes.unwrap_or_default().into_iter().map(Volume::from).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// All volumes in the engine's own words.
///
/// # Errors
/// When the engine does not answer.
pub async fn list_raw(docker: &Docker) -> Result<Vec<serde_json::Value>, Error> {
    let found = docker.api().list_volumes(None::<ListVolumesOptions>).await;
    let found = found.map_err(|error| Error::engine("list volumes", error))?;
    let raw: Result<Vec<serde_json::Value>, _> =
        found.volumes.unwrap_or_default().into_iter().map(serde_json::to_value).collect();
    raw.map_err(|error| Error::engine("list volumes", error.into()))
}

/// Remove a volume; one that does not exist is no error. Returns whether there was one.
///
/// # Errors
/// `docker::in_use` while a container uses it.
pub async fn remove(docker: &Docker, name: &str) -> Result<bool, Error> {
    checked_name(name)?;
    match docker.api().remove_volume(name, None::<RemoveVolumeOptions>).await {
        Ok(()) => Ok(true),
        Err(Api::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(Error::about("remove", Subject::Volume(name), error)),
    }
}
