//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use meshrun_host::Class;
use meshrun_sim::Pace;

/// Scripts for multi-cluster meshes: kind, Docker, Kubernetes, MetalLB and Istio as functions.
///
/// `meshrun SCRIPT [ARGS]` runs a script, `meshrun SCRIPT --help` tells what it takes. `meshrun -` reads one from standard
/// input, `meshrun` alone opens a session. The scripts of the project are built in: `meshrun scripts/multi-primary.rhai`.
#[derive(Debug, Parser)]
#[command(
    name = "meshrun",
    version,
    allow_external_subcommands = true,
    subcommand_value_name = "SCRIPT [ARGS]",
    subcommand_help_heading = "Commands",
    after_help = "Exit codes: 0 done, 1 the script failed, 2 usage, 3 not permitted, 130 interrupted, 70 a bug of meshrun.\n\
                  Scripts are trusted code, and whoever may talk to a Docker engine is root on its machine."
)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What holds for every run.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Run this code instead of a script, and print its value
    #[arg(short = 'e', long = "eval", value_name = "CODE")]
    pub eval: Option<String>,
    /// Show nothing but what the script prints, and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How to show progress [default: fancy on a terminal, else plain]
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log: Option<Log>,
    /// Use this kubeconfig file instead of KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Use this Docker engine instead of the one that the docker client would use
    #[arg(long, value_name = "URL")]
    pub docker_host: Option<String>,
    /// Folder with unpacked releases, such as istio-1.20.1/ [env: MESHRUN_RELEASES]
    #[arg(long, value_name = "DIR")]
    pub release_dir: Option<PathBuf>,
    /// Folder for downloads [env: MESHRUN_CACHE] [default: the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Look for imported modules here, before the built-in ones; may be repeated [env: MESHRUN_LIB]
    #[arg(long, value_name = "DIR")]
    pub lib: Vec<PathBuf>,
    /// Allow these classes of acts only: docker, kube, net, files, run
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub allow: Vec<Class>,
    /// Deny these classes of acts
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub deny: Vec<Class>,
    /// Allow to change this kubeconfig context although meshrun did not make it; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub allow_context: Vec<String>,
    /// Run against simulated peers: no Docker engine and no cluster is touched, and nothing is left
    #[arg(long)]
    pub sim: bool,
    #[command(flatten)]
    pub simulator: Simulator,
}

/// How the simulated peers are.
#[derive(Debug, Clone, Default, Args)]
pub struct Simulator {
    /// What chance follows from in a simulation: the same number, the same run
    #[arg(long, value_name = "NUMBER", default_value_t = 1, global = true)]
    pub seed: u64,
    /// What goes wrong in a simulation: pull=IMAGE, no-address=CLUSTER, crash=CLUSTER/NAMESPACE/DEPLOYMENT, silent-webhook=CLUSTER, slow-node=NAME; may be repeated
    #[arg(long = "fault", value_name = "FAULT", global = true)]
    pub faults: Vec<String>,
    /// How time passes in a simulation: automatic, fast (delays are over at once), or stepped (by `sim::step` only)
    #[arg(long = "time", value_name = "PACE", default_value_t = Pace::Automatic, global = true)]
    pub pace: Pace,
}

/// What a rehearsal starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// What the Docker engine, its kind clusters, and the clusters of contexts that the script names have now; nothing is changed there.
    Peers,
    /// An empty engine.
    Empty,
}

/// A way to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// Lines that move, with bars.
    Fancy,
    /// One line for each thing that happens.
    Plain,
    /// One JSON object a line.
    Json,
}

/// What to do besides running a script.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read scripts without running them
    Check {
        /// The scripts
        #[arg(required = true)]
        scripts: Vec<PathBuf>,
    },
    /// Rehearse a script on a simulated copy of what there is, and list what it would change
    Plan {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        /// What the rehearsal starts from
        #[arg(long, value_name = "START", default_value = "peers")]
        from: From,
        /// The script and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "SCRIPT [ARGS]")]
        words: Vec<String>,
    },
    /// Run the tests of scripts: each function `test_…` against simulated peers of its own
    Test {
        /// The scripts
        #[arg(required = true)]
        scripts: Vec<PathBuf>,
        /// Only tests whose names contain this
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Keep simulated peers running for other clients, after running a script against them
    Sim {
        /// The script and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "SCRIPT [ARGS]")]
        words: Vec<String>,
    },
    /// Show the manual: all functions, or one, or a module
    Docs {
        /// A function (`kind::create_cluster`) or a module (`kind`)
        name: Option<String>,
        /// Print everything as one Markdown page
        #[arg(long, conflicts_with = "name")]
        markdown: bool,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write definitions of all functions for editors (.d.rhai)
    Defs {
        /// Where to
        #[arg(default_value = "definitions")]
        folder: PathBuf,
    },
    /// Write the built-in scripts and library out for editing
    Eject {
        /// Where to
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Overwrite files that differ
        #[arg(long)]
        force: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    #[command(external_subcommand)]
    Script(Vec<String>),
}
