//! Certificate authorities and certificates.
