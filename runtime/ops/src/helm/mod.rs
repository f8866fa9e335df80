//! Operations `helm::*`: charts, rendered as Helm renders them.

mod show_chart;
mod show_values;
mod template;

use std::path::PathBuf;

use meshrun_helm::Chart;
use meshrun_host::Failure;

use crate::{Cx, catalogue::Catalogue};

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.add::<template::Template>();
    catalogue.add::<show_chart::ShowChart>();
    catalogue.add::<show_values::ShowValues>();
}

/// What reading a chart may fail with.
const CHART: &[&str] = &["helm::read", "helm::archive", "helm::chart", "helm::yaml", "helm::ignore", "helm::subchart"];

/// A chart from a folder or an archive.
async fn load(cx: &Cx, path: &str) -> Result<Chart, Failure> {
    let path: PathBuf = cx.world.environment.path(path);
    let loading = tokio::task::spawn_blocking(move || Chart::load(&path));
    Ok(loading.await.map_err(|error| Failure::bug(format!("loading a chart ended early: {error}")))??)
}
