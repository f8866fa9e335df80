//! Why a text could not be worked on.

/// Why a text could not be worked on.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// A regular expression that is none.
    #[error("expected a regular expression, found `{pattern}`")]
    #[diagnostic(
        code("text::pattern"),
        help("in a script, write patterns between backticks: there `\\` needs no doubling")
    )]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it, and where.
        #[source]
        source: Box<regex::Error>,
    },

    /// Wider than anything.
    #[error("expected a width of at most {most}, found {found}")]
    #[diagnostic(code("text::width"))]
    Width {
        /// The limit.
        most: usize,
        /// What was asked for.
        found: usize,
    },
}
