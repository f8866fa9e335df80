//! `fail` and `exit`: end with a message of the script's own, or at once.

use meshrun_host::Failure;
use rhai::{Dynamic, Engine, EvalAltResult, INT, Map, Position};

use super::{Entry, Options, Thrown, wrong};
use crate::{Ended, failure};

pub const TOPIC: Entry = Entry {
    name: "fail",
    signature: "fail(message, #{ … })",
    doc: "Fail with a message. Whoever calls may catch it like any other failure.\n\n\
          Options: `code` (string, default \"script::failed_by_script\"), to branch on; `help` (string), what the user can do.",
    example: "try { fail(\"too few clusters\", #{ help: \"give two or more\" }) } catch (e) { print(e.message) }",
};

pub const EXIT: Entry = Entry {
    name: "exit",
    signature: "exit(code?)",
    doc: "End the script at once with this exit code, 0 unless given. Handlers of `on_exit` are called; no `catch` sees it.",
    example: "if false { exit(1); }",
};

pub fn register(engine: &mut Engine) {
    engine.register_fn("exit", || exit(0));
    engine.register_fn("exit", exit);
    engine.register_fn("fail", |message: &str| fail(message, &Map::new()));
    engine.register_fn("fail", |message: &str, options: Map| fail(message, &options));
}

/// Rhai's own `exit` looks like a script that just returned; this one can be told apart.
fn exit(code: INT) -> Result<Dynamic, Thrown> {
    let ended = Ended::Exit(code.into());
    Err(EvalAltResult::ErrorTerminated(Dynamic::from(ended), Position::NONE).into())
}

fn fail(message: &str, options: &Map) -> Result<Dynamic, Thrown> {
    let options = Options::new("fail", options, &["code", "help"])?;
    let text = |key: &str| match options.map.get(key) {
        None => Ok(None),
        Some(value) => value
            .clone()
            .into_string()
            .map(Some)
            .map_err(|found| wrong("fail", &format!("`{key}`: expected a string, found {found}"))),
    };
    let code = text("code")?.unwrap_or_else(|| "script::failed_by_script".to_owned());
    let mut failure = Failure::new(code, message);
    failure.help = text("help")?;
    Err(failure::thrown(&failure))
}
