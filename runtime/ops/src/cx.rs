//! What an operation gets besides its request: the world and the call.

use std::sync::Arc;

use meshrun_host::Call;
use meshrun_terms::Steps;

use crate::World;

/// The world to act on, and the call under way.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Connections, environment and settings.
    pub world: Arc<World>,
    /// The call: its place in the script, its cancellation, whom it tells.
    pub call: Call,
}

impl Cx {
    /// Where to tell progress and changes.
    pub fn steps(&self) -> &Steps {
        &self.call.steps
    }

    /// Resolves when the call is cancelled, for operations that declare a grace period.
    pub async fn cancelled(&self) {
        self.call.context.cancel.cancelled().await;
    }
}
