//! What can go wrong with certificates and keys. No text of it carries key material.

use std::{io, path::PathBuf};

use meshrun_terms::Timeout;
use x509_parser::error::X509Error;

/// Why a certificate or key could not be made, read, kept or trusted.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// Making a key or a certificate failed.
    #[error("cannot make {what}")]
    #[diagnostic(code("pki::generate"))]
    Generate {
        /// The thing: `a key of type ecdsa-p256`.
        what: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },

    /// A validity that no certificate can have.
    #[error("expected a validity of at least a second that ends before the year 9999, found `{0}`")]
    #[diagnostic(code("pki::validity"))]
    Validity(Timeout),

    /// A subject alternative name that is neither DNS name, address nor URI.
    #[error("expected a DNS name, an IP address or a URI, found `{0}`")]
    #[diagnostic(code("pki::name"))]
    Name(String),

    /// The text has no PEM block of the kind that was looked for.
    #[error("expected {expected} in PEM, found {found}")]
    #[diagnostic(code("pki::pem"), help("a PEM block begins with a line like `-----BEGIN CERTIFICATE-----`"))]
    Missing {
        /// `a certificate`, `a private key`.
        expected: &'static str,
        /// What the text has instead.
        found: String,
    },

    /// A PEM block that is cut off or is not base64.
    #[error("the PEM block `{label}` is broken: {reason}")]
    #[diagnostic(code("pki::pem"))]
    Broken {
        /// The block's label: `CERTIFICATE`.
        label: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A certificate that cannot be understood.
    #[error("cannot read the certificate")]
    #[diagnostic(code("pki::certificate"))]
    Certificate(#[source] X509Error),

    /// A certificate that rcgen cannot take as an issuer.
    #[error("cannot issue from the certificate `{subject}`")]
    #[diagnostic(code("pki::certificate"))]
    Issuer {
        /// Its subject.
        subject: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },

    /// A private key that cannot be understood.
    #[error("cannot read the private key")]
    #[diagnostic(
        code("pki::key"),
        help("keys may be PKCS#8, PKCS#1 or SEC1; ECDSA P-256, P-384, P-521, RSA or Ed25519")
    )]
    Key(#[source] rcgen::Error),

    /// A private key under a passphrase.
    #[error("the private key is encrypted")]
    #[diagnostic(code("pki::key"), help("decrypt it first: `openssl pkey -in KEY -out PLAIN_KEY`"))]
    EncryptedKey,

    /// Key and certificate are not a pair.
    #[error("the private key does not belong to the certificate `{subject}`")]
    #[diagnostic(code("pki::key_mismatch"), help("put the two files that were made together side by side"))]
    KeyMismatch {
        /// The certificate's subject.
        subject: String,
    },

    /// A certificate that may not issue others.
    #[error("`{subject}` is not a certificate authority: {reason}")]
    #[diagnostic(code("pki::not_an_authority"))]
    NotAuthority {
        /// Its subject.
        subject: String,
        /// Which extension says so.
        reason: String,
    },

    /// An authority that may issue certificates but no further authorities.
    #[error("`{subject}` may have at most {allowed} authorities beneath it in a chain, expected room for {wanted}")]
    #[diagnostic(
        code("pki::path_length"),
        help("issue from the root, or make the upper authority with a larger `path_length`")
    )]
    PathLength {
        /// The upper authority.
        subject: String,
        /// Its path length.
        allowed: u32,
        /// What would be needed.
        wanted: u32,
    },

    /// The certificate's time is over.
    #[error("the certificate `{subject}` expired at {at}")]
    #[diagnostic(code("pki::expired"), help("make it anew; what trusts the old one must then be given the new one"))]
    Expired {
        /// Its subject.
        subject: String,
        /// The end of its validity, RFC 3339.
        at: String,
    },

    /// The certificate's time has not come.
    #[error("the certificate `{subject}` is not valid before {at}")]
    #[diagnostic(code("pki::not_yet_valid"), help("check this machine's clock"))]
    NotYetValid {
        /// Its subject.
        subject: String,
        /// The begin of its validity, RFC 3339.
        at: String,
    },

    /// The chain does not lead to a trusted root.
    #[error("the certificate `{subject}` is not trusted: {reason}")]
    #[diagnostic(
        code("pki::untrusted"),
        help("clusters of one mesh need intermediates of the same root; compare `sha256` of `pki::inspect`")
    )]
    Untrusted {
        /// The certificate at which the chain breaks.
        subject: String,
        /// How.
        reason: String,
    },

    /// A critical extension that is not understood, so that nothing may be concluded from the certificate.
    #[error("the certificate `{subject}` has a critical extension that is not understood: {oid}")]
    #[diagnostic(code("pki::extension"))]
    Extension {
        /// Its subject.
        subject: String,
        /// The extension's object identifier.
        oid: String,
    },

    /// What lies in the folder is something else than what was asked for.
    #[error("{path}: expected {what} {expected}, found {found}", path = path.display())]
    #[diagnostic(code("pki::different"), help("leave the option out to use what is there, or name another folder"))]
    Different {
        /// The file.
        path: PathBuf,
        /// The property: `key type`.
        what: &'static str,
        /// Asked for, quoted.
        expected: String,
        /// There, quoted.
        found: String,
    },

    /// The certificate is there, its key is not.
    #[error("{cert} is there, but its key {key} is not", cert = cert.display(), key = key.display())]
    #[diagnostic(code("pki::key_missing"), help("put the key back; or remove the certificate to have both made anew"))]
    KeyMissing {
        /// The certificate's path.
        cert: PathBuf,
        /// The key's path.
        key: PathBuf,
    },

    /// Something is wrong with what lies in a file.
    #[error("cannot use {path}", path = path.display())]
    #[diagnostic(forward(source))]
    In {
        /// The file.
        path: PathBuf,
        /// What.
        source: Box<Error>,
    },

    /// A file could not be read.
    #[error("cannot read {path}", path = path.display())]
    #[diagnostic(code("pki::unreadable"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A file or folder could not be written.
    #[error("cannot write {path}", path = path.display())]
    #[diagnostic(code("pki::unwritable"))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// Another process keeps the folder.
    #[error("{path} is still locked by another process after {after}", path = path.display())]
    #[diagnostic(code("pki::locked"))]
    Locked {
        /// The lock's path.
        path: PathBuf,
        /// How long was waited.
        after: Timeout,
    },
}

impl Error {
    /// The same error, naming the file that it is about.
    pub(crate) fn in_file(self, path: impl Into<PathBuf>) -> Self {
        Self::In { path: path.into(), source: Box::new(self) }
    }
}
