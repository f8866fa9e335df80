//! What is wrong with an encoded text.

/// Why base64 could not be decoded.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// A text that is no base64.
    #[error("expected base64")]
    #[diagnostic(code("base64::invalid"))]
    Invalid(#[source] base64::DecodeError),

    /// Bytes that are no text.
    #[error("what is encoded is not UTF-8 text")]
    #[diagnostic(code("base64::not_text"), help("write it to a file with `file::write` and its option `base64`"))]
    NotText(#[source] std::string::FromUtf8Error),
}
