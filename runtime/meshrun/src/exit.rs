//! Exit codes.

use std::process::ExitCode;

use meshrun_host::Failure;

/// How a run of meshrun ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// The script failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Something was not permitted.
    NotPermitted,
    /// Ctrl-C.
    Interrupted,
    /// A bug of meshrun.
    Bug,
    /// The script called `exit`.
    Chosen(u8),
}

impl Exit {
    /// The exit code that a failure deserves.
    pub fn of(failure: &Failure) -> Self {
        match failure.code.as_str() {
            "host::not_permitted" => Self::NotPermitted,
            "host::cancelled" => Self::Interrupted,
            code if code.starts_with("bug::") => Self::Bug,
            _ => Self::Failed,
        }
    }
}

/// The code of the process.
pub fn code(exit: Exit) -> ExitCode {
    ExitCode::from(match exit {
        Exit::Done => 0,
        Exit::Failed => 1,
        Exit::Usage => 2,
        Exit::NotPermitted => 3,
        Exit::Bug => 70,
        Exit::Interrupted => 130,
        Exit::Chosen(code) => code,
    })
}
