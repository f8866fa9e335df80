//! Images on the engine: inspect, list, tag, remove.

use std::collections::BTreeMap;

use bollard::{
    errors::Error as Api,
    models::ImageInspect,
    query_parameters::{ListImagesOptions, RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use meshrun_terms::Image;
use serde::Serialize;

use crate::{Docker, Error, classify::Subject};

/// An image as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageInfo {
    /// The id, `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Its names with tags.
    pub tags: Vec<String>,
    /// Its names with digests, as registries know it; none for an image that was loaded or imported.
    pub digests: Vec<String>,
    /// The operating system and the processor it is made for: `linux/amd64`.
    pub platform: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was made, in RFC 3339.
    pub created: Option<String>,
    /// Its entrypoint, word by word.
    pub entrypoint: Vec<String>,
    /// Its command, word by word.
    pub command: Vec<String>,
    /// Its environment, `NAME=value`.
    pub env: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// An image as it is, by any of its names or its id.
///
/// # Errors
/// `docker::no_image`.
pub async fn inspect(docker: &Docker, image: &str) -> Result<ImageInfo, Error> {
    checked_reference(image)?;
    let found = docker.api().inspect_image(image).await;
    found.map(ImageInfo::from).map_err(|error| Error::about("inspect", Subject::Image(image), error))
}

/// As [`inspect`], but an image that the engine does not have is no error.
///
/// # Errors
/// When the engine does not answer.
pub async fn find(docker: &Docker, image: &str) -> Result<Option<ImageInfo>, Error> {
    match inspect(docker, image).await {
        Err(Error::NoImage { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// An image in the engine's own words, everything it tells, as `docker inspect` prints it.
///
/// # Errors
/// `docker::no_image`.
pub async fn inspect_raw(docker: &Docker, image: &str) -> Result<serde_json::Value, Error> {
    checked_reference(image)?;
    let found = docker.api().inspect_image(image).await;
    let found = found.map_err(|error| Error::about("inspect", Subject::Image(image), error))?;
    serde_json::to_value(found).map_err(|error| Error::about("inspect", Subject::Image(image), error.into()))
}

/// One line of the list of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageSummary {
    /// The id.
    pub id: String,
    /// Its names with tags.
    pub tags: Vec<String>,
    /// Its names with digests.
    pub digests: Vec<String>,
    /// Its size in bytes.
    pub size: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// All images of the engine, sorted by name.
///
/// # Errors
/// When the engine does not answer.
pub async fn list(docker: &Docker) -> Result<Vec<ImageSummary>, Error> {
    let found = docker.api().list_images(None::<ListImagesOptions>).await;
    let found = found.map_err(|error| Error::engine("list images", error))?;
    let real = |name: &String| !name.starts_with("<none>");
    let mut all: Vec<ImageSummary> = found
        .into_iter()
        .map(|one| ImageSummary {
            id: one.id,
            tags: one.repo_tags.into_iter().filter(real).collect(),
            digests: one.repo_digests.into_iter().filter(real).collect(),
            size: one.size.try_into().unwrap_or(0),
            labels: one.labels.into_iter().collect(),
        })
        .collect();
    all.sort_by(|a, b| (&a.tags, &a.id).cmp(&(&b.tags, &b.id)));
    Ok(all)
}

/// Give an image one more name. Returns whether the name did not stand for the image before; if it stood for another one, it
/// is taken from that.
///
/// # Errors
/// `docker::no_image`; `docker::bad_spec` when the name carries a digest.
pub async fn tag(docker: &Docker, image: &str, name: &Image) -> Result<bool, Error> {
    if name.digest().is_some() {
        let expected = "a name without digest";
        return Err(Error::BadSpec { field: "name", expected, found: name.to_string() });
    }
    let from = inspect(docker, image).await?;
    if find(docker, name.as_str()).await?.is_some_and(|there| there.id == from.id) {
        return Ok(false);
    }
    let options = TagImageOptionsBuilder::new().repo(name.repository()).tag(name.tag().unwrap_or("latest")).build();
    let done = docker.api().tag_image(&from.id, Some(options)).await;
    done.map(|()| true).map_err(|error| Error::about("tag", Subject::Image(image), error))
}

/// Remove a name of an image, and the image with its last name; one that does not exist is no error. Returns whether there was one.
///
/// # Errors
/// `docker::in_use` while a container uses it, unless `force` is given.
pub async fn remove(docker: &Docker, image: &str, force: bool) -> Result<bool, Error> {
    checked_reference(image)?;
    let options = RemoveImageOptionsBuilder::new().force(force).build();
    match docker.patient().remove_image(image, Some(options), None).await {
        Ok(_) => Ok(true),
        Err(Api::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(Error::about("remove", Subject::Image(image), error)),
    }
}

/// The reference becomes part of a path: only a name or an id goes there.
pub(crate) fn checked_reference(image: &str) -> Result<(), Error> {
    let is_id =
        image.strip_prefix("sha256:").unwrap_or(image).chars().all(|c| c.is_ascii_hexdigit()) && !image.is_empty();
    if (is_id || image.parse::<Image>().is_ok()) && !image.split('/').any(|part| part == "..") {
        return Ok(());
    }
    let expected = "a name, such as \"kindest/node:v1.27.3\", or an id";
    Err(Error::BadSpec { field: "image", expected, found: image.to_owned() })
}

impl From<ImageInspect> for ImageInfo {
    fn from(found: ImageInspect) -> Self {
        let config = found.config.unwrap_or_default();
        let parts = [found.os, found.architecture, found.variant];
        let platform: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Self {
            id: found.id.unwrap_or_default(),
            tags: found.repo_tags.unwrap_or_default(),
            digests: found.repo_digests.unwrap_or_default(),
            platform: platform.join("/"),
            size: found.size.and_then(|size| size.try_into().ok()).unwrap_or(0),
            created: found.created,
            entrypoint: config.entrypoint.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            env: config.env.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_ids_become_part_of_a_path() {
        for good in ["busybox", "127.0.0.1:5001/a/b:v1", "0123abcd", &format!("sha256:{}", "0".repeat(64))] {
            checked_reference(good).unwrap();
        }
        for bad in ["", "..", "../containers", "a/../b", "a b", "Up/case", "a?x=1"] {
            assert!(matches!(checked_reference(bad), Err(Error::BadSpec { .. })), "{bad}");
        }
    }
}
