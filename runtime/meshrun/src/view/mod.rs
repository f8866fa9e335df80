//! What a run shows while it goes on: data on standard output, progress on standard error.

mod fancy;
mod json;
mod plain;
mod prints;
mod summary;

use std::{
    io::{IsTerminal, Write},
    sync::Arc,
    time::Duration,
};

use meshrun_host::Event;

use crate::cli::{Log, Options};

pub use plain::named;

/// A way to show a run. Told from many threads.
pub trait View: Send + Sync {
    /// Something happened.
    fn tell(&self, event: Event);
    /// The script has ended, well or not: show what it came to.
    fn finished(&self, elapsed: Duration, well: bool);
    /// Stop drawing: something else is written now.
    fn close(&self);
}

/// The view that the options and the terminal ask for. Of a simulated run it is told which releases it uses.
pub fn view(options: &Options, simulated: Option<String>) -> Arc<dyn View> {
    let terminal = std::io::stderr().is_terminal();
    match options.log {
        Some(Log::Json) => Arc::new(json::Json::new(simulated)),
        _ if options.quiet => Arc::new(plain::Plain::quiet()),
        Some(Log::Fancy) => Arc::new(fancy::Fancy::new(simulated)),
        None if terminal => Arc::new(fancy::Fancy::new(simulated)),
        Some(Log::Plain) | None => Arc::new(plain::Plain::new(simulated)),
    }
}

/// Write to standard output. A reader that has gone away ends the process quietly, as it does for other tools.
pub fn print_out(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if written.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// `3.2s`, `1m 04s`.
pub fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        format!("{}m {:02}s", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
    }
}
