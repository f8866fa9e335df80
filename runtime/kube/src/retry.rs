//! Which refusals pass by themselves, and how long to try again.

use std::time::Duration;

use meshrun_terms::{Steps, Timeout};
use tokio::time::{Instant, sleep};

use crate::{Error, error::Result};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a server may be out of sorts before it counts as broken.
const BRIEF: Duration = Duration::from_secs(30);

/// How long a connection may fail: a server that restarts is back by then, and one that is gone should be told soon.
const CONNECTION: Duration = Duration::from_secs(5);

/// How long a refusal may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// It will not pass.
    Never,
    /// It passes when something else in the cluster becomes ready.
    WithTime,
    /// It passes soon or not at all.
    Soon(Duration),
}

/// Try until it works, while the refusal may pass and the time lasts. `may_pass` judges an error.
pub(crate) async fn until_accepted<T, F: Future<Output = Result<T>>>(
    subject: &str,
    timeout: Timeout,
    steps: &Steps,
    may_pass: impl Fn(&Error) -> Passing,
    attempt: impl Fn() -> F,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let limit = match may_pass(&error) {
            Passing::Never => return Err(error),
            Passing::WithTime => timeout.duration(),
            Passing::Soon(limit) => limit.min(timeout.duration()),
        };
        if start.elapsed() + pause > limit {
            return Err(error);
        }
        let seen = in_short(&error);
        if seen != told {
            steps.waiting(subject, &seen);
            told = seen;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn in_short(error: &Error) -> String {
    let text = error.status().map_or_else(|| error.to_string(), |status| status.message.clone());
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether a refused write may be accepted later.
pub(crate) fn passing(error: &Error) -> Passing {
    match error {
        Error::Unreachable { .. } => Passing::Soon(CONNECTION),
        Error::Forbidden { status, .. } if status.message.contains("being terminated") => Passing::WithTime,
        Error::Refused { status, .. } | Error::Invalid { status, .. } if is_webhook_not_ready(&status.message) => {
            Passing::WithTime
        }
        Error::Refused { status, .. } if status.code == 409 || status.message.contains("is being deleted") => {
            Passing::WithTime
        }
        Error::Refused { status, .. } if status.code == 429 || status.code >= 500 => Passing::Soon(BRIEF),
        _ => Passing::Never,
    }
}

/// A webhook that does not serve yet, as opposed to one that says no.
fn is_webhook_not_ready(message: &str) -> bool {
    const NOT_YET: [&str; 12] = [
        "connection refused",
        "no endpoints available",
        "no route to host",
        "context deadline exceeded",
        "i/o timeout",
        "Timeout exceeded",
        "EOF",
        "connection reset",
        "certificate signed by unknown authority",
        "certificate is not valid",
        "no such host",
        "service unavailable",
    ];
    let called = message.contains("failed calling webhook") || message.contains("conversion webhook");
    let not_found = message.contains("service \"") && message.contains("not found");
    called && (not_found || NOT_YET.iter().any(|text| message.contains(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Status;

    fn refused(code: u16, message: &str) -> Error {
        let status = Box::new(Status::failure(message, "").with_code(code));
        Error::Refused { context: "a".into(), subject: "x".into(), status }
    }

    #[test]
    fn a_webhook_that_does_not_serve_yet_is_waited_for() {
        for text in [
            "Internal error occurred: failed calling webhook \"x\": failed to call webhook: Post \"https://a.b.svc:443/\": dial tcp 10.0.0.1:443: connect: connection refused",
            "Internal error occurred: failed calling webhook \"x\": failed to call webhook: no endpoints available for service \"a\"",
            "Internal error occurred: failed calling webhook \"x\": failed to call webhook: service \"a\" not found",
            "conversion webhook for a/v1, Kind=B failed: x509: certificate signed by unknown authority",
        ] {
            assert_eq!(passing(&refused(500, text)), Passing::WithTime, "{text}");
        }
        assert_eq!(passing(&refused(403, "admission webhook \"x\" denied the request: no")), Passing::Never);
        assert_eq!(passing(&refused(500, "etcdserver: leader changed")), Passing::Soon(BRIEF));
        assert_eq!(passing(&refused(409, "the object has been modified")), Passing::WithTime);
        assert_eq!(passing(&refused(404, "the server could not find the requested resource")), Passing::Never);
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_when_the_time_is_over_and_tells_each_state_once() {
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = told.clone();
        let steps = Steps::new(move |progress| sink.lock().unwrap().push(progress));
        let start = Instant::now();
        let attempt = || async { Err::<(), _>(refused(409, "busy")) };
        let error = until_accepted("pod a", Timeout::seconds(20), &steps, passing, attempt).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }));
        assert!(start.elapsed() > Duration::from_secs(15) && start.elapsed() <= Duration::from_secs(20));
        assert_eq!(told.lock().unwrap().len(), 1);
    }
}
