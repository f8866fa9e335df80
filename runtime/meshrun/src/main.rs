//! meshrun: scripts for multi-cluster meshes. The rim: it alone reads the environment, prints, and exits.

mod cli;
mod docs;
mod eject;
mod embedded;
mod exit;
mod interrupt;
mod plan;
mod releases;
mod repl;
mod report;
mod scripts;
mod simulated;
mod start;
mod suite;
mod view;

use clap::Parser;

fn main() -> std::process::ExitCode {
    // The TLS provider is chosen here, once; it is an error only if it was chosen before, which nothing does.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = cli::Cli::parse();
    exit::code(start::run(cli))
}
