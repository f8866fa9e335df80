//! What can go wrong when a simulation starts.

use std::{io, path::PathBuf};

/// Why a simulation does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket cannot be listened on.
    #[error("the simulated engine cannot listen on `{path}`")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No port of this machine can be listened on.
    #[error("the simulator cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// A fault that nobody knows.
    #[error("expected one of {known}, found `{found}`")]
    Fault {
        /// What was asked for.
        found: String,
        /// The forms that are known.
        known: String,
    },
    /// A way for time to pass that nobody knows.
    #[error("expected `automatic`, `fast` or `stepped`, found `{found}`")]
    Pace {
        /// What was asked for.
        found: String,
    },
    /// A key or certificate cannot be made.
    #[error("a certificate of a simulated cluster cannot be made")]
    Certificate {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
