//! Why a program did not do what it was run for.

use std::io;

use meshrun_terms::Timeout;

/// Why a program did not do what it was run for.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// It is not there.
    #[error("there is no program `{program}`")]
    #[diagnostic(code("process::not_found"), help("install it, or give its path; arguments are a list of their own"))]
    NotFound {
        /// Its name.
        program: String,
    },

    /// It cannot be started, or its output cannot be read.
    #[error("cannot run `{program}`")]
    #[diagnostic(code("process::cannot_run"))]
    CannotRun {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// It ended with another code than 0.
    #[error("`{program}` ended with {how}{output}")]
    #[diagnostic(code("process::failed"), help("with the option `check: false` the code is returned and is no error"))]
    Failed {
        /// Its name.
        program: String,
        /// `code 1`, or the signal that ended it.
        how: String,
        /// The end of what it wrote, on lines of its own.
        output: String,
    },

    /// It ran too long.
    #[error("`{program}` was still running after {after} and was ended{output}")]
    #[diagnostic(code("process::timeout"), help("give it more time with `timeout`"))]
    Timeout {
        /// Its name.
        program: String,
        /// The limit.
        after: Timeout,
        /// The end of what it wrote, on lines of its own.
        output: String,
    },
}
