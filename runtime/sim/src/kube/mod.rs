//! A simulated Kubernetes API server for each cluster.

mod authority;
mod cluster;
mod fresh;
pub mod kinds;
pub mod object;
mod registry;
pub mod status;
pub mod store;
mod token;
mod user;

pub use cluster::{Cluster, Config, Node};
pub use kinds::Resource;
pub use registry::Known;
pub use status::{Cause, Status};
pub use store::{Change, Event, Object, Store};
pub use token::TokenRequest;
pub use user::User;

impl Cluster {
    /// Serve a connection to the API server: TLS, then HTTP/1.1 or HTTP/2. Returns when it is over.
    pub async fn serve(self: std::sync::Arc<Self>, stream: crate::stream::ByteStream) {
        drop(stream);
    }
}
