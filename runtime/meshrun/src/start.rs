//! From the command line to the work.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::CommandFactory;
use meshrun_host::{Context, Events, Failure, Permissions};
use meshrun_ops::{Environment, Settings, World, survey::Notes};
use meshrun_script::{Ended, Library, Runtime, Setup, Source};

use crate::{
    cli::{Cli, Command, From, Options},
    docs, eject, embedded,
    exit::Exit,
    interrupt::{self, Interrupt},
    plan::Plan,
    releases::Releases,
    repl, report, scripts,
    simulated::{Named, Simulated},
    suite,
    view::{self, View},
};

/// The stack of the script's thread: deep enough for the engine's call levels. It is reserved, not used.
const STACK: usize = 256 << 20;

/// Do what the command line says.
pub fn run(cli: Cli) -> Exit {
    let options = cli.options;
    match cli.command {
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "meshrun", &mut std::io::stdout());
            Exit::Done
        }
        Some(Command::Eject { folder, force }) => eject::eject(&folder, force),
        Some(Command::Script(words)) => run_script(&options, &words),
        Some(Command::Plan { json, from, words }) => run_plan(&options, &words, json, from),
        Some(Command::Test { scripts: paths, only }) => suite::run(&options, &paths, only.as_deref()),
        Some(Command::Sim { words }) => run_sim(options, &words),
        Some(Command::Check { scripts: paths }) => with_runtime(&options, &[], |bench| scripts::check(bench, &paths)),
        Some(Command::Docs { name, markdown, json }) => {
            with_runtime(&options, &[], |bench| docs::show(&bench.runtime, name.as_deref(), markdown, json))
        }
        Some(Command::Defs { folder }) => {
            with_runtime(&options, &[], |bench| docs::definitions(&bench.runtime, &folder))
        }
        None => match options.eval.clone() {
            Some(code) => {
                let source = Source { name: "-e".to_owned(), text: code };
                with_runtime(&options, &[], |bench| scripts::run(bench, &source, &[], true))
            }
            None => with_runtime(&options, &[], repl::run),
        },
    }
}

fn run_script(options: &Options, words: &[String]) -> Exit {
    with_script(options, words, |source, arguments| {
        with_runtime(options, arguments, |bench| scripts::run(bench, source, arguments, false))
    })
}

/// Do something with the script that stands first among the words, and its arguments.
fn with_script(options: &Options, words: &[String], work: impl FnOnce(&Source, &[String]) -> Exit) -> Exit {
    let Some((path, arguments)) = words.split_first() else { return Exit::Usage };
    if options.eval.is_some() {
        eprintln!("error: `-e` takes no script, found `{path}`");
        return Exit::Usage;
    }
    match source(path) {
        Ok(source) => work(&source, arguments),
        Err(failure) => {
            report::print(&failure, None, options.log);
            Exit::Usage
        }
    }
}

/// Rehearse a script and print what it would change.
fn run_plan(options: &Options, words: &[String], json: bool, from: From) -> Exit {
    let options = Options { sim: true, ..options.clone() };
    let plan = Arc::new(Plan::default());
    let view: Arc<dyn View> = Arc::clone(&plan) as Arc<dyn View>;
    with_script(&options, words, |source, arguments| {
        let is_named = |context: &str| names(source, context);
        let named: Option<Named<'_>> = (from == From::Peers).then_some(&is_named);
        let exit = with_view(&options, arguments, view, named, |bench| {
            let variables = bench.simulated.iter().flatten();
            let kubeconfig = variables.filter(|(name, _)| *name == "KUBECONFIG").map(|(_, path)| Path::new(path));
            kubeconfig.filter_map(Path::parent).for_each(|folder| plan.rehearsed_in(folder));
            plan.starts_from(bench.start.clone());
            scripts::run(bench, source, arguments, false)
        });
        if exit == Exit::Done {
            let text = if json { scripts::pretty(&plan.data()) } else { plan.text() };
            view::print_out(&text);
        } else {
            eprint!("{}", plan.start_text());
        }
        exit
    })
}

/// Whether a script names a context outright.
fn names(source: &Source, context: &str) -> bool {
    ['"', '`'].iter().any(|quote| source.text.contains(&format!("{quote}{context}{quote}")))
}

/// The words of arguments: `--contexts=a,b` has `a` and `b`.
fn words_of(arguments: &[String]) -> impl Iterator<Item = &str> {
    arguments.iter().flat_map(|argument| argument.rsplit('=').next().unwrap_or(argument).split(','))
}

/// Run a script, if one is named, against simulated peers, and keep them until Ctrl-C.
fn run_sim(options: Options, words: &[String]) -> Exit {
    let options = Options { sim: true, ..options };
    let keep = |bench: &Bench| {
        bench.view.close();
        let variables = bench.simulated.iter().flatten();
        view::print_out(&variables.map(|(name, value)| format!("export {name}='{value}'\n")).collect::<String>());
        eprintln!("simulated peers are up; Ctrl-C ends them");
        bench.interrupt.wait(&bench.handle);
        Exit::Done
    };
    if words.is_empty() {
        return with_runtime(&options, &[], keep);
    }
    with_script(&options, words, |source, arguments| {
        with_runtime(&options, arguments, |bench| match scripts::run(bench, source, arguments, false) {
            Exit::Done => keep(bench),
            other => other,
        })
    })
}

/// The text of the script: standard input, a file, or one that is built in; the file wins.
fn source(path: &str) -> Result<Source, Failure> {
    if path == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Failure::new("script::unreadable", format!("cannot read standard input: {error}")))?;
        return Ok(Source { name: "standard input".to_owned(), text });
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Source { name: path.to_owned(), text }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match embedded::script(path) {
            Some(text) => Ok(Source { name: format!("built-in:{path}"), text: text.to_owned() }),
            None => Err(no_such_script(path)),
        },
        Err(error) => Err(Failure::new("script::unreadable", format!("cannot read `{path}`: {error}"))),
    }
}

fn no_such_script(path: &str) -> Failure {
    let failure =
        Failure::new("script::no_such_script", format!("there is no script `{path}`, neither as a file nor built in"));
    let commands = ["check", "plan", "test", "sim", "docs", "defs", "eject", "completions", "help"].map(str::to_owned);
    let count = commands.len();
    let built_in = embedded::scripts().into_iter().map(|(file, _)| format!("scripts/{file}"));
    let known: Vec<String> = commands.into_iter().chain(built_in).collect();
    match meshrun_host::arguments::nearest(path, known.iter().map(String::as_str)) {
        Some(near) => failure.with_help(format!("did you mean `{near}`?")),
        None => failure.with_help(format!("built in are {}", known[count..].join(", "))),
    }
}

/// What a command works with.
pub struct Bench {
    pub runtime: Runtime,
    pub context: Context,
    pub view: Arc<dyn View>,
    pub interrupt: Interrupt,
    pub handle: tokio::runtime::Handle,
    pub options: Options,
    pub home: Option<PathBuf>,
    /// What other clients need to reach the simulated peers, when there are some.
    pub simulated: Option<Vec<(&'static str, String)>>,
    /// What simulated peers start from, when that is what real ones have.
    pub start: Option<Notes>,
}

/// Make the runtime with the view that the options ask for, and do the work on a thread of its own.
pub fn with_runtime(options: &Options, arguments: &[String], work: impl FnOnce(&Bench) -> Exit + Send) -> Exit {
    let simulated = options.sim.then(|| Releases::at_hand(&environment(), &settings(options)).words());
    with_view(options, arguments, view::view(options, simulated), None, work)
}

fn with_view(
    options: &Options,
    arguments: &[String],
    view: Arc<dyn View>,
    named: Option<Named<'_>>,
    work: impl FnOnce(&Bench) -> Exit + Send,
) -> Exit {
    let tokio = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(tokio) => tokio,
        Err(error) => return bug(&format!("cannot start the runtime: {error}")),
    };
    let mut environment = environment();
    let mut settings = settings(options);
    let permissions = permissions(options, arguments);
    let from = named.map(|named| (named, &permissions));
    let simulated = match simulated(options, &tokio, &mut environment, &mut settings, from) {
        Ok(simulated) => simulated,
        Err(failure) => {
            report::print(&failure, None, options.log);
            return Exit::Usage;
        }
    };
    let variables = simulated.as_ref().map(|peers| peers.variables().into());
    let start = simulated.as_ref().and_then(|peers| peers.start.clone());
    let told = Arc::clone(&view);
    let context = Context::new(Events::new(move |event| told.tell(event)), permissions);
    let interrupt = interrupt::watch(&tokio, &context);
    let home = environment.home.clone();
    let (own, handle) = (options.clone(), tokio.handle().clone());
    let on_thread = move || {
        let runtime = runtime(&own, environment, settings, context.clone(), handle.clone());
        work(&Bench { runtime, context, view, interrupt, handle, options: own, home, simulated: variables, start })
    };
    let joined = std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("script".to_owned()).stack_size(STACK).spawn_scoped(scope, on_thread);
        thread.map(std::thread::ScopedJoinHandle::join)
    });
    let unknown = simulated.map(|peers| ended(&tokio, peers)).unwrap_or_default();
    tokio.shutdown_background();
    match joined {
        Ok(Ok(Exit::Done)) if !unknown.is_empty() => unknown_to_simulator(&unknown, options.log),
        Ok(Ok(exit)) => {
            // Why it failed may be just that.
            if exit == Exit::Failed && !unknown.is_empty() {
                unknown_to_simulator(&unknown, options.log);
            }
            exit
        }
        Ok(Err(_)) => bug("the script's thread panicked"),
        Err(error) => bug(&format!("cannot start the script's thread: {error}")),
    }
}

fn settings(options: &Options) -> Settings {
    Settings {
        kubeconfig: options.kubeconfig.clone(),
        release_dir: options.release_dir.clone(),
        cache_dir: options.cache_dir.clone(),
        docker_host: options.docker_host.clone(),
        ..Settings::default()
    }
}

/// The simulated peers, when the options ask for them; environment and settings then lead to them.
fn simulated(
    options: &Options,
    tokio: &tokio::runtime::Runtime,
    environment: &mut Environment,
    settings: &mut Settings,
    from: Option<(Named<'_>, &Permissions)>,
) -> Result<Option<Simulated>, Failure> {
    if !options.sim {
        return Ok(None);
    }
    let peers = tokio.block_on(Simulated::start(&options.simulator, environment, settings, from))?;
    peers.furnish(environment, settings)?;
    Ok(Some(peers))
}

/// End the peers, and tell what they were asked that they do not know.
fn ended(tokio: &tokio::runtime::Runtime, peers: Simulated) -> Vec<String> {
    let unknown = peers.unknown();
    tokio.block_on(peers.stop());
    unknown
}

/// A run that asked what the simulator does not know proves nothing, even if the script went on.
fn unknown_to_simulator(unknown: &[String], log: Option<crate::cli::Log>) -> Exit {
    let message = format!("the simulator was asked what it does not know:\n  {}", unknown.join("\n  "));
    report::print(&Failure::new("sim::unknown", message), None, log);
    Exit::Failed
}

fn bug(message: &str) -> Exit {
    report::print(&Failure::bug(message), None, None);
    Exit::Bug
}

fn runtime(
    options: &Options,
    environment: Environment,
    settings: Settings,
    context: Context,
    handle: tokio::runtime::Handle,
) -> Runtime {
    let library = Library { folders: library_folders(options, &environment), embedded: embedded::modules() };
    let variables = environment.variables.clone();
    let world = Arc::new(World::new(environment, settings));
    let functions = meshrun_ops::catalogue(&world);
    Runtime::new(Setup { functions, context, handle, library, environment: variables })
}

fn library_folders(options: &Options, environment: &Environment) -> Vec<PathBuf> {
    let named = environment.variable("MESHRUN_LIB").map(std::env::split_paths).into_iter().flatten();
    let beside = Path::new("stdlib").is_dir().then(|| PathBuf::from("stdlib"));
    options.lib.iter().cloned().chain(named).chain(beside).collect()
}

fn environment() -> Environment {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let home = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    Environment { variables, home, directory }
}

/// What the flags allow. A context that stands among the script's arguments has been named by the user.
fn permissions(options: &Options, arguments: &[String]) -> Permissions {
    let permissions = Permissions::all().deny(options.deny.iter().copied());
    let permissions = if options.allow.is_empty() { permissions } else { permissions.only(&options.allow) };
    permissions
        .allow_contexts(options.allow_context.iter().cloned())
        .allow_contexts(words_of(arguments).map(str::to_owned))
}

/// What an end means for the exit code, after it has been shown.
pub fn exit_of(bench: &Bench, ended: &Ended) -> Exit {
    match ended {
        Ended::Failed(failure) => {
            bench.view.close();
            let exit = if bench.interrupt.happened() { Exit::Interrupted } else { Exit::of(failure) };
            report::print(failure, Some(bench.runtime.sources()), bench.options.log);
            exit
        }
        Ended::Exit(value) => match value.as_u64().and_then(|code| u8::try_from(code).ok()) {
            Some(0) => Exit::Done,
            Some(code) => Exit::Chosen(code),
            None => Exit::Failed,
        },
        Ended::Help(text) => {
            view::print_out(text);
            Exit::Done
        }
        Ended::Usage(text) => {
            bench.view.close();
            eprint!("{text}");
            Exit::Usage
        }
    }
}
