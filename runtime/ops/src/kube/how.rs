//! What becomes of objects that belong to a deleted one.

use meshrun_kube::Propagation;
use schemars::JsonSchema;
use serde::Deserialize;

/// As scripts write it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    #[default]
    Background,
    Foreground,
    Orphan,
}

impl From<How> for Propagation {
    fn from(how: How) -> Self {
        match how {
            How::Background => Self::Background,
            How::Foreground => Self::Foreground,
            How::Orphan => Self::Orphan,
        }
    }
}
