//! `helm::show_values`: the values that a chart brings.

use meshrun_host::{Class, Effect, Failure, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CHART, load};
use crate::{Cx, Operation};

/// Read the values that a chart brings, its values.yaml. Returns them as a map; what charts inside bring is not among them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowValues {
    /// The chart: a folder, or an archive.
    chart: String,
}

impl Operation for ShowValues {
    type Output = Value;

    const NAME: &'static str = "helm::show_values";
    const POSITIONAL: &'static [&'static str] = &["chart"];
    const RETURNS: &'static str = "a map";
    const EFFECT: Effect = Effect::Reads;
    const PERMISSIONS: &'static [Class] = &[Class::Files];
    const FAILURES: &'static [&'static str] = CHART;
    const EXAMPLE: &'static str = r#"let chart = `${release::istio()}/manifests/charts/base`;
print(helm::show_values(chart).keys());"#;

    fn subject(&self) -> String {
        self.chart.clone()
    }

    async fn run(self, cx: &Cx) -> Result<Self::Output, Failure> {
        Ok(Value::Object(load(cx, &self.chart).await?.values().clone()))
    }
}
