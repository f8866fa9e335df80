//! Why a time could not be read or written.

/// Why a time could not be read or written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// Before the year -9999 or after 9999.
    #[error("the time is out of range")]
    #[diagnostic(code("time::range"))]
    Range(#[source] jiff::Error),

    /// A zone that nobody knows.
    #[error("expected a time zone such as `UTC` or `Europe/Berlin`, found `{zone}`")]
    #[diagnostic(code("time::zone"))]
    Zone {
        /// Its name.
        zone: String,
        /// Why.
        #[source]
        source: jiff::Error,
    },

    /// A format that is none.
    #[error("cannot write a time as `{format}`")]
    #[diagnostic(code("time::format"), help("formats are written with the signs of strftime, such as `%Y-%m-%d`"))]
    Format {
        /// The format.
        format: String,
        /// What is wrong with it.
        #[source]
        source: jiff::Error,
    },

    /// A text that is not of the format.
    #[error("expected a time of the form `{format}`, found `{text}`")]
    #[diagnostic(code("time::text"))]
    Text {
        /// The text.
        text: String,
        /// The format.
        format: String,
        /// Where they part.
        #[source]
        source: jiff::Error,
    },
}
