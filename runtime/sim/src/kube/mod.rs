//! A simulated Kubernetes API server for each cluster.

use std::sync::Arc;

/// A cluster.
pub struct Cluster {
    name: String,
}

impl Cluster {
    /// The name, as kind calls it: `west`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Serve a connection to the API server: TLS, then HTTP/1.1 or HTTP/2. Returns when it is over.
    pub async fn serve(self: Arc<Self>, stream: crate::stream::ByteStream) {
        drop(stream);
    }
}
