//! Jobs: pods that run to their end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Context,
    object::{self, Condition, JOB, POD, is_controlled_by, is_going, name, number, set_condition, text},
    pods,
};

/// One step of every job.
pub fn step(context: &Context<'_>) {
    let all = context.list(POD, None);
    for job in context.list(JOB, None) {
        if is_going(&job) || is_over(&job) {
            continue;
        }
        if label_pods(context, &job) {
            continue;
        }
        let mine: Vec<&Arc<Value>> = all.iter().filter(|pod| is_controlled_by(pod, &job)).collect();
        run(context, &job, &mine);
    }
}

fn is_over(job: &Value) -> bool {
    object::condition(job, "Complete") == "True" || object::condition(job, "Failed") == "True"
}

/// A job finds its pods by its own uid. Returns whether that had to be written.
fn label_pods(context: &Context<'_>, job: &Value) -> bool {
    if job.pointer("/spec/selector/matchLabels").is_some() {
        return false;
    }
    let (uid, job_name) = (object::uid(job).to_owned(), name(job).to_owned());
    context.modify(JOB, job, |one| {
        one["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &job_name),
            ("controller-uid", &uid),
            ("job-name", &job_name),
        ] {
            one["spec"]["template"]["metadata"]["labels"][key] = json!(value);
        }
        if one["metadata"]["labels"].is_null() {
            one["metadata"]["labels"] = one["spec"]["template"]["metadata"]["labels"].clone();
        }
        one["metadata"]["annotations"]["batch.kubernetes.io/job-tracking"] = json!("");
    });
    true
}

fn run(context: &Context<'_>, job: &Value, mine: &[&Arc<Value>]) {
    let count = |phase: &str| mine.iter().filter(|pod| text(pod, "/status/phase") == phase).count();
    let (succeeded, failed) = (count("Succeeded"), count("Failed"));
    let active = mine.iter().filter(|pod| pods::is_alive(pod)).count();
    let limit =
        |pointer: &str, otherwise| number(job, pointer).and_then(|one| usize::try_from(one).ok()).unwrap_or(otherwise);
    let (wanted, parallel, patience) =
        (limit("/spec/completions", 1), limit("/spec/parallelism", 1), limit("/spec/backoffLimit", 6));
    let given_up = failed > patience;
    let missing = parallel.min(wanted.saturating_sub(succeeded)).saturating_sub(active);
    if !given_up && job.pointer("/spec/suspend") != Some(&Value::Bool(true)) {
        for _ in 0..missing {
            let pod = pods::from_template(job, &format!("{}-", name(job)));
            if pods::create(context, job, JOB, pod).is_err() {
                break;
            }
        }
    }
    let mut next = json!({"status": {"startTime": job.pointer("/status/startTime").cloned().unwrap_or_else(|| json!(context.now))}});
    let ready = mine.iter().filter(|pod| pods::is_alive(pod) && pods::is_ready(pod)).count();
    for (key, value) in
        [("active", active + if given_up { 0 } else { missing }), ("succeeded", succeeded), ("failed", failed)]
    {
        if value != 0 {
            next["status"][key] = json!(value);
        }
    }
    next["status"]["ready"] = json!(ready);
    next["status"]["uncountedTerminatedPods"] = json!({});
    if succeeded >= wanted {
        next["status"]["completionTime"] = json!(context.now);
        end(context, job, &mut next, "Complete", "", "");
        context.event(job, "Normal", "Completed", "Job completed", "job-controller");
    } else if given_up {
        end(context, job, &mut next, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    context.set_status(JOB, job, &next["status"]);
}

fn end(context: &Context<'_>, _job: &Value, next: &mut Value, kind: &str, reason: &str, message: &str) {
    let condition = Condition { kind, status: "True", reason, message };
    set_condition(next, &condition, &context.now, &["lastProbeTime", "lastTransitionTime"]);
}
