//! Scripts as users write them: results, failures with their places, control functions, parameters.

#![allow(clippy::unwrap_used, clippy::panic)] // a broken bench is a failed test

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use meshrun_host::{Context, Event, Events, Failure, Happening, Permissions};
use meshrun_script::{Ended, Library, Runtime, Setup, Source};
use serde_json::{Value, json};

struct Bench {
    runtime: Runtime,
    context: Context,
    events: Arc<Mutex<Vec<Event>>>,
    _tokio: tokio::runtime::Runtime,
}

fn bench_with(modules: &[(&str, &'static str)], environment: &[(&str, &str)]) -> Bench {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let context = Context::new(Events::new(move |event| sink.lock().unwrap().push(event)), Permissions::all());
    let embedded: HashMap<String, &'static str> =
        modules.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let runtime = Runtime::new(Setup {
        functions: Vec::new(),
        context: context.clone(),
        handle: tokio.handle().clone(),
        library: Library { folders: Vec::new(), embedded },
        environment,
    });
    Bench { runtime, context, events, _tokio: tokio }
}

fn bench() -> Bench {
    bench_with(&[], &[])
}

impl Bench {
    fn run(&self, text: &str) -> Result<Value, Ended> {
        self.run_with(text, &[])
    }

    fn run_with(&self, text: &str, arguments: &[&str]) -> Result<Value, Ended> {
        let source = Source { name: "test.rhai".to_owned(), text: text.to_owned() };
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        std::thread::scope(|scope| {
            let run = || self.runtime.run(&source, &arguments);
            std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, run).unwrap().join().unwrap()
        })
    }

    fn value(&self, text: &str) -> Value {
        self.run(text).unwrap()
    }

    fn failure(&self, text: &str) -> Failure {
        match self.run(text) {
            Err(Ended::Failed(failure)) => *failure,
            other => panic!("expected a failure, found {other:?}"),
        }
    }

    fn printed(&self) -> Vec<String> {
        let printed = |event: &Event| match &event.happening {
            Happening::Printed(text) => Some(text.clone()),
            _ => None,
        };
        self.events.lock().unwrap().iter().filter_map(printed).collect()
    }
}

fn places(failure: &Failure) -> Vec<String> {
    let show = |place: &meshrun_host::Place| {
        let function = place.function.as_deref().unwrap_or("script");
        format!("{}:{}:{} {function}", place.source, place.line, place.column)
    };
    failure.trace.iter().map(show).collect()
}

#[test]
fn the_fields_of_kubernetes_are_usable_as_names() {
    let value = bench().value("let m = #{ match: [#{ default: 1, new: 2 }], use: 3 }; m.match[0].new + m.use");
    assert_eq!(value, json!(5));
}

#[test]
fn a_failure_names_every_frame_through_an_imported_module() {
    let module = "/// Fails.\nfn inner() { fail(\"no luck\", #{ code: \"test::luck\", help: \"try again\" }) }\nfn outer() {\n    inner()\n}";
    let bench = bench_with(&[("lib", module)], &[]);
    let failure = bench.failure("import \"lib\" as lib;\nlet x = 1;\nlib::outer();");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("test::luck", "no luck"));
    assert_eq!(failure.help.as_deref(), Some("try again"));
    assert_eq!(places(&failure), ["stdlib:lib:2:14 inner", "stdlib:lib:4:5 outer", "test.rhai:3:6 script"]);
}

#[test]
fn a_failure_in_a_branch_keeps_its_place_and_names_its_branch() {
    let failure =
        bench().failure("each_parallel([\"a\", \"b\"], |name| {\n    if name == \"b\" { fail(\"broken\") }\n});");
    assert_eq!((failure.message.as_str(), failure.branch.as_deref()), ("broken", Some("b")));
    assert!(places(&failure)[0].starts_with("test.rhai:2:22"), "{:?}", places(&failure));
}

#[test]
fn all_failures_of_branches_are_reported() {
    let failure = bench().failure("parallel([|| fail(\"one\"), || 2, || fail(\"three\")])");
    assert_eq!(failure.message, "2 of 3 branches failed: 1, 3");
    let messages: Vec<&str> = failure.related.iter().map(|failure| failure.message.as_str()).collect();
    assert_eq!(messages, ["one", "three"]);
}

#[test]
fn branches_return_in_order_whoever_ends_first() {
    let value = bench().value("each_parallel([3, 2, 1], |n| { sleep(\"200ms\"); n * 2 })");
    assert_eq!(value, json!([6, 4, 2]));
    assert_eq!(bench().value("parallel(#{ a: || 1, b: || 2 })"), json!({ "a": 1, "b": 2 }));
}

#[test]
fn captured_variables_are_copied_into_branches() {
    let value =
        bench().value("let m = #{ n: 1 }; let r = each_parallel([1, 2, 3, 4], |i| { m.n += i; m.n }); [r, m.n]");
    assert_eq!(value, json!([[2, 3, 4, 5], 1]));
}

#[test]
fn a_closure_of_a_module_that_uses_its_import_and_constant_runs_in_branches() {
    let helper = "fn twice(x) { x * 2 }";
    let module = "import \"helper\" as helper;\nexport const BASE = 10;\nfn all(items) { each_parallel(items, |x| helper::twice(x) + global::BASE) }";
    let bench = bench_with(&[("helper", helper), ("lib", module)], &[]);
    assert_eq!(bench.value("import \"lib\" as lib; lib::all([1, 2])"), json!([12, 14]));
}

#[test]
fn cancelling_siblings_is_on_request() {
    // The second branch would take a day, and its failure to the end would be told as well.
    let failure = bench().failure("parallel([|| fail(\"first\"), || sleep(\"24h\")], #{ cancel: true })");
    assert_eq!(failure.message, "first");
}

#[test]
fn caught_failures_are_maps() {
    let value = bench().value(
        "let seen = (); try { fail(\"x\", #{ code: \"a::b\" }) } catch (e) { seen = [e.code, e.message]; } seen",
    );
    assert_eq!(value, json!(["a::b", "x"]));
    let failure = bench().failure("try { fail(\"x\", #{ code: \"a::b\" }) } catch (e) { throw e; }");
    assert_eq!(failure.code, "a::b");
    assert_eq!(bench().failure("throw \"plain\"").message, "plain");
}

#[test]
fn what_is_unknown_is_named_with_the_nearest() {
    let failure = bench().failure("let x = 1;\nparalel([|| 1]);");
    assert_eq!(failure.code, "script::unknown_function");
    assert_eq!(failure.help.as_deref(), Some("did you mean `parallel`?"));
    assert_eq!(places(&failure), ["test.rhai:2:1 script"]);
    let failure = bench().failure("retry(|| 1, #{ tmies: 2 })");
    assert_eq!(failure.help.as_deref(), Some("did you mean `times`?"));
    assert_eq!(bench().failure("y + 1").code, "script::unknown_variable");
    assert_eq!(bench().failure("let x = ;").code, "script::syntax");
    assert_eq!(bench().failure("import \"nothing\" as n;").code, "script::unknown_module");
}

#[test]
fn modules_that_import_each_other_are_named() {
    let bench = bench_with(&[("a", "import \"b\" as b;"), ("b", "import \"a\" as a;")], &[]);
    let failure = bench.failure("import \"a\" as a;");
    assert!(
        failure
            .message
            .contains("modules import each other in a circle: `stdlib:a` imports `stdlib:b` imports `stdlib:a`"),
        "{failure:?}"
    );
}

#[test]
fn a_script_named_like_a_module_of_the_library_imports_that_one() {
    let bench = bench_with(&[("mesh", "fn one() { 1 }")], &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.rhai");
    let text = "import \"mesh\" as mesh; mesh::one()";
    std::fs::write(&path, text).unwrap();
    let source = Source { name: path.to_string_lossy().into_owned(), text: text.to_owned() };
    assert_eq!(bench.runtime.run(&source, &[]).unwrap(), json!(1));
}

#[test]
fn a_syntax_error_in_a_module_has_its_place_in_the_module() {
    let bench = bench_with(&[("bad", "fn a() {\n  let x = ;\n}")], &[]);
    let failure = bench.failure("import \"bad\" as bad;");
    assert_eq!(failure.code, "script::syntax");
    assert_eq!(failure.trace[0].source, "stdlib:bad");
    assert_eq!(failure.trace[0].line, 2);
    assert_eq!(failure.trace.last().unwrap().source, "test.rhai");
}

#[test]
fn timeouts_end_pauses_and_loops_and_can_be_caught() {
    let failure = bench().failure("timeout(\"50ms\", || sleep(\"10s\"))");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("script::timeout", "not done after 50ms"));
    let value = bench().value("let c = (); try { timeout(\"50ms\", || { loop { } }) } catch (e) { c = e.code; } c");
    assert_eq!(value, json!("script::timeout"));
    assert!(bench().failure("sleep(5)").message.contains("with its unit"));
}

#[test]
fn retry_and_wait_until_ask_again() {
    let script = "let n = #{ n: 0 }; retry(|| { n.n += 1; if n.n < 3 { fail(\"not yet\") } n.n }, #{ times: 5, pause: \"1ms\" })";
    assert_eq!(bench().value(script), json!(3));
    assert_eq!(
        bench().failure("retry(|| fail(\"no\"), #{ times: 2, pause: \"1ms\" })").message,
        "no (after 2 attempts)"
    );
    assert_eq!(bench().failure("retry(|| nope(), #{ pause: \"10s\" })").code, "script::unknown_function");
    let script =
        "let n = #{ n: 0 }; wait_until(\"n\", || { n.n += 1; if n.n > 2 { n.n } else { false } }, #{ every: \"1ms\" })";
    assert_eq!(bench().value(script), json!(3));
    let failure = bench()
        .failure("wait_until(\"rain\", || #{ done: false, seen: \"sun\" }, #{ timeout: \"20ms\", every: \"5ms\" })");
    assert_eq!(failure.message, "rain: not so after 20ms; last seen: sun");
}

#[test]
fn handlers_run_at_the_end_in_reverse_and_hide_nothing() {
    let bench = bench();
    let failure = bench.failure(
        "on_exit(|| print(\"first\"));\non_exit(|| fail(\"cleanup\"));\non_exit(|| print(\"third\"));\nfail(\"main\")",
    );
    assert_eq!(failure.message, "main");
    assert_eq!(failure.related[0].message, "cleanup");
    assert_eq!(bench.printed(), ["third", "first"]);
}

#[test]
fn a_cancelled_script_ends_at_once_and_still_runs_its_handlers() {
    let bench = bench();
    let cancel = bench.context.cancel.clone();
    let events = Arc::clone(&bench.events);
    std::thread::spawn(move || {
        let started = |event: &Event| matches!(&event.happening, Happening::Printed(text) if text == "here");
        while !events.lock().unwrap().iter().any(started) {
            std::thread::sleep(Duration::from_millis(10));
        }
        cancel.cancel();
    });
    let failure = bench.failure(
        "on_exit(|| print(\"bye\")); print(\"here\"); try { sleep(\"24h\") } catch (e) { print(\"caught\"); } loop { }",
    );
    assert!(failure.is_cancelled(), "{failure:?}");
    assert_eq!(bench.printed(), ["here", "bye"]);
}

#[test]
fn exit_ends_the_script_with_a_value() {
    assert_eq!(bench().run("exit(3); 4"), Err(Ended::Exit(json!(3))));
}

const DECLARED: &str = "//! Make clusters.\n//!\n//! More about it.\nlet o = parameters([\n#{ name: \"clusters\", type: \"int\", default: 2, min: 1, env: \"NUM_CLUSTERS\", doc: \"How many\" },\n#{ name: \"wait-for\", type: \"duration\", default: \"5m\" },\n#{ name: \"context\", type: \"list\" }, #{ name: \"force\", type: \"bool\", short: \"f\" }]);\no";

#[test]
fn declared_parameters_come_from_the_line_the_environment_or_the_default() {
    let bench = bench_with(&[], &[("NUM_CLUSTERS", "3")]);
    assert_eq!(bench.value(DECLARED), json!({ "clusters": 3, "wait_for": "5m", "context": [], "force": false }));
    let given = bench.run_with(DECLARED, &["--clusters", "4", "--wait-for=30s", "--context", "a,b", "-f"]).unwrap();
    assert_eq!(given, json!({ "clusters": 4, "wait_for": "30s", "context": ["a", "b"], "force": true }));
    // The last one counts, as with other command lines of the field; lists add up.
    let again = ["--clusters=4", "--clusters=5", "--context=a", "--context=b", "--force", "--force=false"];
    let given = bench.run_with(DECLARED, &again).unwrap();
    assert_eq!(given, json!({ "clusters": 5, "wait_for": "5m", "context": ["a", "b"], "force": false }));
}

#[test]
fn wrong_parameters_are_usage_errors() {
    let bench = bench();
    let usage = |arguments: &[&str]| match bench.run_with(DECLARED, arguments) {
        Err(Ended::Usage(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(usage(&["--clusters", "0"]).contains("expected a number from 1, found 0"));
    assert!(usage(&["--wait-for", "5"]).contains("with its unit"));
    assert!(usage(&["--clsters", "2"]).contains("--clusters"));
    assert!(usage(&["--force=perhaps"]).contains("perhaps"));
    let Err(Ended::Help(help)) = bench.run_with(DECLARED, &["--help"]) else { panic!() };
    assert!(help.contains("Make clusters.") && help.contains("[env: NUM_CLUSTERS] [default: 2]"), "{help}");
}

#[test]
fn a_session_keeps_variables_functions_and_imports() {
    let bench = bench_with(&[("lib", "fn one() { 1 }")], &[]);
    let mut session = bench.runtime.session();
    assert!(session.is_incomplete("let x = #{ a: 1,"));
    assert!(session.is_incomplete("fn f() {"));
    assert!(session.is_incomplete("let s = `abc"));
    assert!(!session.is_incomplete("let x = ;"));
    session.eval("let x = 2;", &bench.context).unwrap();
    session.eval("fn double(n) { n * 2 }", &bench.context).unwrap();
    session.eval("import \"lib\" as lib;", &bench.context).unwrap();
    assert_eq!(session.eval("double(x) + lib::one()", &bench.context).unwrap(), json!(5));
    assert_eq!(session.eval("x += 1; x", &bench.context).unwrap(), json!(3));
    assert_eq!(session.variables(), ["x"]);
}
