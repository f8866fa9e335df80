//! The Rhai engine as scripts of meshrun see it: limits set, reserved words freed, output told as events.

use std::sync::Arc;

use meshrun_host::{Function, Happening, Level};
use rhai::{Dynamic, Engine, Token};

use crate::{Library, control, parameters, place, register, resolver::Resolver, shared::Shared};

/// Words that Rhai reserves and does not use. Kubernetes and Istio use many of them as field names (`match`,
/// `default`, `new`), so scripts may as well.
const FREED: [&str; 24] = [
    "match", "default", "static", "with", "use", "new", "is", "case", "module", "public", "package", "null", "spawn",
    "thread", "go", "async", "await", "yield", "shared", "sync", "void", "nil", "goto", "super",
];

/// How deep functions may call each other. The script's thread has a stack for it; Rhai's own limit differs between
/// debug and release builds.
const CALL_LEVELS: usize = 256;
const EXPRESSION_DEPTH: usize = 256;

/// How many operations of the interpreter pass between two looks at the cancellation.
const PROGRESS_EVERY: u64 = 64;

/// An engine with all functions and modules.
pub fn engine(shared: &Arc<Shared>, functions: Vec<Function>, library: Library) -> Engine {
    let mut engine = Engine::new();
    engine
        .set_max_call_levels(CALL_LEVELS)
        .set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true);
    #[allow(deprecated)] // the lint marks a volatile interface; the version of Rhai is pinned
    engine.on_parse_token(|token, _, _| match token {
        Token::Reserved(word) if FREED.contains(&&**word) => Token::Identifier(word),
        other => other,
    });
    engine.on_progress(|operations| {
        (operations % PROGRESS_EVERY == 0 && place::must_stop()).then(|| Dynamic::from(stop_reason()))
    });
    tell_output(&mut engine, shared);
    control::register(&mut engine, shared);
    parameters::register(&mut engine, shared);
    register::register(&mut engine, shared, functions);
    engine.set_module_resolver(Resolver::new(library, shared));
    engine
}

fn stop_reason() -> String {
    let cancelled = place::current().is_some_and(|context| context.cancel.is_cancelled());
    if cancelled { "cancelled".to_owned() } else { "deadline".to_owned() }
}

fn tell_output(engine: &mut Engine, shared: &Arc<Shared>) {
    let printing = Arc::clone(shared);
    engine.on_print(move |text| printing.here().tell(Happening::Printed(text.to_owned())));
    let debugging = Arc::clone(shared);
    engine.on_debug(move |text, source, position| {
        let message = format!("{}:{position:?}: {text}", source.unwrap_or("script"));
        debugging.here().tell(Happening::Log { level: Level::Debug, message });
    });
}
