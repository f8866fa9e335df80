//! Why a file could not be read or written.

use std::{
    io,
    path::{Path, PathBuf},
    string::FromUtf8Error,
};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// There is none of this name.
    #[error("there is no {path}", path = path.display())]
    #[diagnostic(code("file::not_found"), help("relative paths are taken from the folder that meshrun was started in"))]
    NotFound {
        /// The file.
        path: PathBuf,
    },

    /// It is there and cannot be read.
    #[error("cannot read {path}", path = path.display())]
    #[diagnostic(code("file::unreadable"))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// It cannot be written, made or removed.
    #[error("cannot write {path}", path = path.display())]
    #[diagnostic(code("file::unwritable"), help("check the permissions and the space there"))]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// Bytes that are no text.
    #[error("{path} is not UTF-8 text", path = path.display())]
    #[diagnostic(code("file::not_text"), help("read it with the option `base64: true`"))]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it ceases to be text.
        #[source]
        source: FromUtf8Error,
    },

    /// A pattern that is none.
    #[error("expected a pattern, found `{pattern}`")]
    #[diagnostic(code("file::pattern"))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: glob::PatternError,
    },

    /// A beginning of a name with a folder in it.
    #[error("expected the beginning of a name without `/`, found `{0}`")]
    #[diagnostic(code("file::prefix"))]
    Prefix(String),

    /// A folder that nobody wants to lose.
    #[error("{path} holds the home folder, the working folder or everything: it is not removed", path = _0.display())]
    #[diagnostic(code("file::too_much"), help("name what is in it; a variable in the path may be empty"))]
    TooMuch(PathBuf),
}

impl Error {
    /// The error of a look at this file.
    pub fn reading(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path: path.to_owned() },
            _ => Self::Unreadable { path: path.to_owned(), source },
        }
    }

    /// The error of a change of this file.
    pub fn writing(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Unwritable { path: path.to_owned(), source }
    }
}
