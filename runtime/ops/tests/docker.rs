//! The operations of the Docker engine: what they declare, and, with MESHRUN_LAB=1, what they do.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside of test functions

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use meshrun_host::{Context, Events, Failure, Function, Happening, Permissions, dispatch};
use meshrun_ops::{Environment, Settings, World, catalogue};
use meshrun_terms::Progress;
use serde_json::{Value, json};

const IMAGE: &str = "lab/base:latest";

fn functions(settings: Settings) -> Vec<Function> {
    let environment = Environment {
        variables: std::env::vars().collect(),
        home: std::env::var_os("HOME").map(Into::into),
        directory: std::env::temp_dir(),
    };
    let world = Arc::new(World::new(environment, settings));
    catalogue(&world).into_iter().filter(|function| function.spec.module() == "docker").collect()
}

#[test]
fn every_operation_declares_itself_in_full() {
    for function in functions(Settings::default()) {
        let spec = &function.spec;
        assert!(spec.doc.len() > 20 && spec.doc.contains('.'), "{}: {}", spec.name, spec.doc);
        assert!(spec.example.contains(spec.name), "{}: its example does not call it", spec.name);
        for parameter in &spec.parameters {
            assert!(!parameter.doc.is_empty() && parameter.kind != "any", "{}: {parameter:?}", spec.name);
        }
        let mut codes = spec.failures.to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), spec.failures.len(), "{}: a code is declared twice", spec.name);
    }
}

#[test]
fn a_container_is_described_by_its_options() {
    let functions = functions(Settings::default());
    let run = functions.iter().find(|function| function.spec.name == "docker::run").unwrap();
    assert_eq!(run.spec.signature(), "docker::run(image, #{ … })");
    assert!(run.spec.summary().starts_with("Make sure that a container"), "{}", run.spec.summary());
    let kind = |name: &str| run.spec.parameters.iter().find(|parameter| parameter.name == name).unwrap().kind.clone();
    assert_eq!(
        ["image", "env", "ports", "memory", "cgroupns"].map(kind),
        ["image", "map of string", "list of map", "size", "\"private\" or \"host\""]
    );
}

/// A script's calls, and what they changed.
struct Session {
    functions: Vec<Function>,
    context: Context,
    changes: Arc<Mutex<Vec<String>>>,
    runtime: tokio::runtime::Runtime,
}

impl Session {
    fn new(settings: Settings) -> Self {
        let changes = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&changes);
        let events = Events::new(move |event| {
            if let Happening::Progress { progress: Progress::Changed(what), .. } = event.happening {
                seen.lock().unwrap().push(what);
            }
        });
        let context = Context::new(events, Permissions::all());
        Self { functions: functions(settings), context, changes, runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    fn attempt(&self, name: &str, given: Value) -> Result<Value, Failure> {
        let function = self.functions.iter().find(|function| function.spec.name == name).unwrap();
        let Value::Array(given) = given else { panic!("{given}") };
        let called = dispatch(function, &self.context, given);
        let within = self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(300), called).await });
        let result = within.unwrap();
        if let Err(failure) = &result {
            let known = failure.code.starts_with("script::") || function.spec.failures.contains(&&*failure.code);
            assert!(known, "{name} does not declare {failure:?}");
        }
        result
    }

    fn call(&self, name: &str, given: Value) -> Value {
        self.attempt(name, given).unwrap()
    }

    fn code(&self, name: &str, given: Value) -> String {
        self.attempt(name, given).unwrap_err().code
    }

    /// What has changed since this was asked last.
    fn changed(&self) -> Vec<String> {
        self.changes.lock().unwrap().drain(..).collect()
    }

    /// Make a call twice; the second one must change nothing and return the same.
    fn twice(&self, name: &str, given: Value) -> Value {
        let first = self.call(name, given.clone());
        assert_ne!(self.changed(), [""; 0], "{name} changed nothing");
        let second = self.call(name, given);
        assert_eq!(self.changed(), [""; 0], "{name} is not repeatable");
        if first.is_boolean() {
            assert_eq!((first.clone(), second), (json!(true), json!(false)), "{name}");
        }
        first
    }
}

#[test]
fn without_an_engine_the_failure_says_where_it_was_looked_for() {
    let settings = Settings { docker_host: Some("unix:///nowhere.sock".into()), ..Settings::default() };
    let failure = Session::new(settings).attempt("docker::version", json!([])).unwrap_err();
    assert_eq!(failure.code, "docker::no_engine");
    assert!(failure.message.contains("unix:///nowhere.sock"), "{failure:?}");
    assert!(failure.help.is_some());
}

#[test]
fn operations_make_it_so_and_say_when_they_found_it_so() {
    let Some(_lab) = meshrun_tests::lab("operations_make_it_so_and_say_when_they_found_it_so") else { return };
    let session = Session::new(Settings::default());
    let (name, network, volume, tag) = ("mrops-box", "mrops-net", "mrops-vol", "mrops/base:v1");
    session.call("docker::remove", json!([name, { "force": true, "volumes": true }]));
    session.call("docker::remove_network", json!([network]));
    session.call("docker::remove_volume", json!([volume]));
    session.call("docker::remove_image", json!([tag]));
    session.changed();

    let subnets = json!([{ "subnet": "10.214.0.0/24" }]);
    session.twice("docker::create_network", json!([network, { "subnets": subnets }]));
    assert_eq!(session.call("docker::subnets", json!([network])), json!({ "ipv4": ["10.214.0.0/24"], "ipv6": [] }));
    assert_eq!(session.code("docker::create_network", json!([network, { "internal": true }])), "docker::differs");
    session.twice("docker::create_volume", json!([volume]));
    session.twice("docker::tag_image", json!([IMAGE, tag]));
    // Others may have given it tags of their own.
    let tags = session.call("docker::pull", json!([tag]))["tags"].as_array().unwrap().clone();
    assert!(tags.contains(&json!(IMAGE)) && tags.contains(&json!(tag)), "{tags:?}");
    assert_eq!(session.changed(), [""; 0]);

    let options = json!({ "name": name, "command": ["sleep", "600"], "binds": [format!("{volume}:/data")], "labels": { "mrops": "1" } });
    session.twice("docker::create", json!([tag, options]));
    let running = session.twice("docker::run", json!([tag, options]));
    assert_eq!(running["state"], "running");
    session.twice("docker::connect_network", json!([network, name, { "ipv4": "10.214.0.9" }]));
    let found = session.call("docker::inspect", json!([name]));
    assert_eq!(found["networks"][network]["ipv4"], "10.214.0.9");
    assert_eq!(session.call("docker::inspect_network", json!([network]))["containers"][0]["name"], name);
    assert_eq!(session.call("docker::list", json!([{ "labels": { "mrops": "" } }])), json!([found]));
    assert_eq!(
        session.call("docker::inspect", json!([name, { "raw": true }]))["HostConfig"]["Binds"],
        json!([format!("{volume}:/data")])
    );
    let said = session.call("docker::exec", json!([name, ["cat"], { "stdin": "hello" }]));
    assert_eq!(said, json!({ "code": 0, "stdout": "hello", "stderr": "" }));
    assert_eq!(session.code("docker::exec", json!([name, ["false"]])), "docker::exec_failed");
    assert_eq!(session.call("docker::exec", json!([name, ["false"], { "check": false }]))["code"], 1);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "hello").unwrap();
    session.twice("docker::copy_to", json!([name, file, "/etc/"]));
    session.twice("docker::copy_from", json!([name, "/etc/a.txt", folder.path().join("b.txt")]));
    assert_eq!(std::fs::read_to_string(folder.path().join("b.txt")).unwrap(), "hello");

    session.twice("docker::pause", json!([name]));
    session.twice("docker::unpause", json!([name]));
    session.twice("docker::disconnect_network", json!([network, name]));
    session.twice("docker::stop", json!([name, { "grace": "1s" }]));
    session.twice("docker::start", json!([name]));
    assert_eq!(session.code("docker::wait", json!([name, { "timeout": "1s" }])), "docker::timeout");
    assert_eq!(session.code("docker::remove", json!([name])), "docker::running");
    assert_eq!(session.code("docker::remove_volume", json!([volume])), "docker::in_use");
    session.twice("docker::remove", json!([name, { "force": true }]));
    assert_eq!(session.call("docker::inspect", json!([name])), Value::Null);

    session.call("docker::run", json!([tag, { "name": name, "command": ["echo", "ready now"] }]));
    assert_eq!(session.call("docker::wait_log", json!([name, "^ready"])), "ready now");
    assert_eq!(session.code("docker::wait_log", json!([name, "^never"])), "docker::container_ended");
    assert_eq!(session.call("docker::wait", json!([name])), 0);
    assert_eq!(session.call("docker::logs", json!([name, { "tail": 1, "since": "1h" }])), json!(["ready now"]));
    session.call("docker::remove", json!([name]));
    session.changed();

    let archive = folder.path().join("images.tar");
    session.twice("docker::save", json!([[tag], archive]));
    assert_eq!(session.call("docker::load", json!([archive])), json!([tag]));
    assert_eq!(session.changed(), [""; 0]);
    session.twice("docker::remove_image", json!([tag]));
    assert_eq!(session.call("docker::load", json!([archive])), json!([tag]));
    assert_eq!(session.changed(), [format!("loaded images {tag}")]);
    session.call("docker::remove_image", json!([tag]));
    session.changed();
    session.twice("docker::remove_volume", json!([volume]));
    session.twice("docker::remove_network", json!([network]));
    assert_eq!(session.code("docker::run", json!([IMAGE, { "nmae": "x" }])), "script::unknown_option");
}
