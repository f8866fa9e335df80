//! What the operations that make containers share.

use meshrun_docker::{ContainerSpec, Docker, Error, Pull, Remove, containers, pull};
use meshrun_host::Failure;

use crate::Cx;

/// Make sure that there is a container of this specification, pulling its image when the engine has none. Returns its id and
/// whether it was created.
pub(super) async fn ensure(cx: &Cx, docker: &Docker, spec: &ContainerSpec) -> Result<(String, bool), Failure> {
    let (id, created) = match containers::ensure(docker, spec).await {
        Err(Error::NoImage { .. }) => {
            let how = Pull { platform: spec.platform.clone(), ..Pull::default() };
            pull(docker, &spec.image, &how, cx.steps()).await?;
            containers::ensure(docker, spec).await?
        }
        other => other?,
    };
    if created {
        cx.steps().changed(format!("created container {}", shown(spec, &id)));
    }
    Ok((id, created))
}

/// Start it; when that fails and it was made just now, remove it again, so that a mended script finds its name free.
pub(super) async fn start(
    cx: &Cx,
    docker: &Docker,
    spec: &ContainerSpec,
    id: &str,
    created: bool,
) -> Result<(), Failure> {
    match containers::start(docker, id).await {
        Ok(true) => cx.steps().changed(format!("started container {}", shown(spec, id))),
        Ok(false) => {}
        Err(error) => {
            if created {
                // The failed start is the failure to tell.
                let _ = containers::remove(docker, id, Remove { force: true, volumes: true }).await;
            }
            return Err(error.into());
        }
    }
    Ok(())
}

fn shown<'a>(spec: &'a ContainerSpec, id: &'a str) -> &'a str {
    spec.name.as_deref().unwrap_or_else(|| id.get(..12).unwrap_or(id))
}
