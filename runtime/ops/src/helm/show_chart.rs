//! `helm::show_chart`: what a chart says of itself.

use meshrun_helm::Metadata;
use meshrun_host::{Class, Effect, Failure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CHART, load};
use crate::{Cx, Operation};

/// Read the Chart.yaml of a chart. Returns it as a map, with the names that it has there; what it does not say is empty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowChart {
    /// The chart: a folder, or an archive.
    chart: String,
}

impl Operation for ShowChart {
    type Output = Metadata;

    const NAME: &'static str = "helm::show_chart";
    const POSITIONAL: &'static [&'static str] = &["chart"];
    const RETURNS: &'static str = "a map: name, version, appVersion, apiVersion, kubeVersion, type, description, home, icon, sources, keywords, maintainers, dependencies, annotations, condition, tags, deprecated";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = CHART;
    const EXAMPLE: &'static str = r#"let chart = `${release::istio()}/manifests/charts/base`;
print(helm::show_chart(chart).name);"#;

    fn subject(&self) -> String {
        self.chart.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(load(cx, &self.chart).await?.metadata().clone())
    }
}
