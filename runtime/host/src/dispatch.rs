//! The one way to make a call: permission, arguments, events, deadline and cancellation, for every operation.

use std::time::Instant;

use crate::{Call, Context, Effect, Failure, Function, Happening, Outcome, Value, arguments};

/// Call the function from this place with these arguments. Pure functions are called without a word: they have no
/// effect to tell and nothing to wait for.
///
/// # Errors
/// What the operation fails with; `host::not_permitted`, `script::arguments`, `script::unknown_option` before it begins;
/// `host::cancelled` and `host::deadline` when it is ended from outside.
pub async fn dispatch(function: &Function, context: &Context, given: Vec<Value>) -> Result<Value, Failure> {
    let spec = &function.spec;
    context.permissions.check(spec.name, spec.permissions)?;
    let named = arguments::bind(spec, given)?;
    let shown = arguments::shown(spec, &named);
    let call = Call::new(context);
    let (subject, running) = function.prepare(call.clone(), named)?;
    if spec.effect == Effect::Pure {
        return running.await.map_err(|failure| failure.of(spec.name, &subject));
    }
    let operation = spec.name.to_owned();
    let started = Instant::now();
    context.tell(Happening::CallStarted {
        call: call.id,
        operation: operation.clone(),
        subject: subject.clone(),
        arguments: shown,
    });
    let result = bounded(function, context, running).await.map_err(|failure| failure.of(spec.name, &subject));
    context.tell(Happening::CallEnded {
        call: call.id,
        operation,
        subject,
        outcome: Outcome::from(&result),
        elapsed: started.elapsed(),
        changes: call.changes(),
    });
    result
}

/// Run it until it ends, its place is cancelled or the deadline has come. A cancelled operation that declares a grace
/// period sees the cancellation itself and may clean up for that long.
async fn bounded(
    function: &Function,
    context: &Context,
    running: impl Future<Output = Result<Value, Failure>>,
) -> Result<Value, Failure> {
    let grace = function.spec.grace;
    let cancelled = async {
        context.cancel.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    let deadline = async {
        match context.deadline {
            Some(at) => {
                tokio::time::sleep_until(at).await;
                context.cancel.cancel();
                tokio::time::sleep(grace).await;
            }
            None => std::future::pending().await,
        }
    };
    let overdue = || context.deadline.is_some_and(|at| tokio::time::Instant::now() >= at);
    tokio::select! {
        biased;
        result = running => match result {
            Err(failure) if failure.is_cancelled() && overdue() => Err(past_deadline()),
            other => other,
        },
        () = deadline => Err(past_deadline()),
        () = cancelled => Err(Failure::cancelled()),
    }
}

fn past_deadline() -> Failure {
    Failure::new("host::deadline", "the call was still running when the time of its surrounding `timeout` had passed")
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::{Class, Events, Permissions, function::Declared};

    /// Greet somebody.
    #[derive(Debug, Deserialize, Serialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Greet {
        /// Whom.
        name: String,
        /// How often.
        #[serde(default = "once")]
        times: u32,
        /// How to wait.
        #[serde(default)]
        pause: Option<meshrun_terms::Timeout>,
        /// The password.
        #[serde(default)]
        password: meshrun_terms::Secret,
    }

    fn once() -> u32 {
        1
    }

    fn greet() -> Function {
        let declared = Declared {
            name: "test::greet",
            positional: &["name"],
            returns: "a string",
            effect: Effect::Runs,
            permissions: &[Class::Run],
            failures: &[],
            example: "test::greet(\"x\")",
            grace: Duration::ZERO,
        };
        Function::new::<Greet>(declared, |spec, call, named| {
            let request: Greet = arguments::parse(spec, named)?;
            let subject = request.name.clone();
            let work = async move {
                call.steps.changed("greeted");
                if let Some(pause) = request.pause {
                    tokio::time::sleep(pause.0).await;
                }
                Ok(json!(format!("hello {}", request.name).repeat(request.times as usize)))
            };
            Ok((subject, Box::pin(work)))
        })
    }

    fn run(given: Vec<Value>) -> (Result<Value, Failure>, Vec<Happening>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let context =
            Context::new(Events::new(move |event| sink.lock().unwrap().push(event.happening)), Permissions::all());
        let context = context.with_deadline(tokio::time::Instant::now() + Duration::from_millis(50));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let result = runtime.block_on(async { dispatch(&greet(), &context, given).await });
        let told = told.lock().unwrap().clone();
        (result, told)
    }

    #[test]
    fn positionals_and_options_become_one_request() {
        let (result, told) = run(vec![json!("x"), json!({ "times": 2, "password": "p" })]);
        assert_eq!(result.unwrap(), json!("hello xhello x"));
        let Happening::CallStarted { arguments, subject, .. } = &told[0] else { panic!("{told:?}") };
        assert_eq!((subject.as_str(), arguments), ("x", &json!({ "name": "x", "times": 2, "password": "<secret>" })));
        let Happening::CallEnded { changes, .. } = &told[2] else { panic!("{told:?}") };
        assert_eq!(changes, &["greeted"]);
    }

    #[test]
    fn wrong_arguments_name_the_parameter_and_the_nearest_key() {
        let message = |given| {
            let failure = run(given).0.unwrap_err();
            (failure.code, failure.message, failure.help.unwrap_or_default())
        };
        let (code, text, help) = message(vec![json!("x"), json!({ "tmies": 2 })]);
        assert_eq!((code.as_str(), text.as_str()), ("script::unknown_option", "`test::greet` has no option `tmies`"));
        assert_eq!(help, "did you mean `times`?");
        let (_, text, _) = message(vec![json!("x"), json!({ "pause": 5 })]);
        assert!(text.contains("`pause`") && text.contains("duration with its unit"), "{text}");
        let (_, text, _) = message(vec![]);
        assert_eq!(text, "`test::greet` needs `name`: string");
        let (_, text, _) = message(vec![json!("x"), json!("y")]);
        assert_eq!(text, "`test::greet` takes 1 positional argument, found 2");
    }

    #[test]
    fn a_call_past_its_deadline_is_ended() {
        let (result, _) = run(vec![json!("x"), json!({ "pause": "5s" })]);
        let failure = result.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.operation.as_deref()), ("host::deadline", Some("test::greet")));
    }
}
