//! How work with Kubernetes fails, and what to do about it.

use std::{fmt, io, path::PathBuf};

use meshrun_terms::Timeout;

use crate::{evidence::Evidence, request::Status};

/// Why a cluster could not be used or did not do what it was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// There is no kubeconfig to write to.
    #[error("no kubeconfig file is named")]
    #[diagnostic(code("kube::no_kubeconfig"), help("set KUBECONFIG or HOME, or give the option `kubeconfig`"))]
    NoKubeconfig,

    /// A kubeconfig without any context, and no cluster around this process.
    #[error("no kubeconfig leads to a cluster, and this is no pod; looked at {}", listed(files))]
    #[diagnostic(code("kube::no_kubeconfig"), help("create a cluster, or point KUBECONFIG at a kubeconfig file"))]
    NoCluster { files: Vec<PathBuf> },

    /// The context is in none of the files.
    #[error("no context `{context}`{}", nearest.as_ref().map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default())]
    #[diagnostic(code("kube::no_context"), help("{}", known_contexts(known, files)))]
    NoContext { context: String, nearest: Option<String>, known: Vec<String>, files: Vec<PathBuf> },

    /// No context was asked for and none is the current one.
    #[error("no current context is set")]
    #[diagnostic(code("kube::no_context"), help("name one of {}", words(known)))]
    NoCurrentContext { known: Vec<String> },

    /// The context names a cluster that has no entry.
    #[error("context `{context}` names the cluster `{cluster}`, which has no entry")]
    #[diagnostic(code("kube::bad_kubeconfig"))]
    NoClusterEntry { context: String, cluster: String },

    /// The name is taken by a context that leads elsewhere.
    #[error("a context `{context}` exists already")]
    #[diagnostic(code("kube::context_taken"), help("remove it first, or choose another name"))]
    ContextTaken { context: String },

    /// A text to merge that does not describe one cluster.
    #[error("the kubeconfig for `{context}` must have exactly one cluster, one user and one context")]
    #[diagnostic(code("kube::bad_kubeconfig"))]
    NotOneEntry { context: String },

    /// A file that is YAML but no kubeconfig.
    #[error("`{file}` is no kubeconfig: expected a map")]
    #[diagnostic(code("kube::bad_kubeconfig"))]
    NotAKubeconfig { file: String },

    /// The kubeconfig's entries are not what they should be.
    #[error("the kubeconfig entries of context `{context}` cannot be used")]
    #[diagnostic(code("kube::bad_kubeconfig"))]
    BadKubeconfig {
        context: String,
        #[source]
        source: serde_json::Error,
    },

    /// The connection cannot be set up from what the kubeconfig says.
    #[error("cannot connect as context `{context}` says")]
    #[diagnostic(
        code("kube::bad_kubeconfig"),
        help("check certificates, keys and the credential plugin of the context's user")
    )]
    BadConnection {
        context: String,
        #[source]
        source: Box<kube::Error>,
    },

    /// The proxy that leads to all clusters is none.
    #[error("expected the URL of an HTTP proxy, found `{proxy}`")]
    #[diagnostic(code("kube::bad_kubeconfig"))]
    BadProxy { proxy: String },

    /// Somebody else holds the lock of a kubeconfig.
    #[error("`{}` is still held after {timeout}", lock.display())]
    #[diagnostic(
        code("kube::locked"),
        help(
            "another kubectl, kind or meshrun writes the kubeconfig; if none is running, one has crashed: delete the lock file"
        )
    )]
    Locked { lock: PathBuf, timeout: Timeout },

    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code("kube::unreadable"))]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    #[diagnostic(code("kube::unwritable"))]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// A text that is no YAML.
    #[error("a file cannot be understood")]
    #[diagnostic(code("kube::malformed"))]
    Malformed {
        #[source]
        #[diagnostic_source]
        source: meshrun_yaml::Error,
    },

    /// A manifest cannot be fetched.
    #[error("cannot fetch `{url}`")]
    #[diagnostic(code("kube::fetch"), help("check the address and the network; behind a proxy set HTTPS_PROXY"))]
    Fetch {
        url: String,
        #[source]
        source: Box<reqwest::Error>,
    },

    /// Something in a manifest that is no Kubernetes object.
    #[error("{origin}: expected a Kubernetes object, but {missing}")]
    #[diagnostic(code("kube::bad_manifest"))]
    BadManifest { origin: String, missing: String },

    /// A place that holds no manifest.
    #[error("no manifest in `{}`", path.display())]
    #[diagnostic(code("kube::no_manifest"), help("expected a file, or a folder with .yaml, .yml or .json files"))]
    NoManifest { path: PathBuf },

    /// Text that is no label selector.
    #[error("expected a selector such as `app=web,tier in (a, b),!canary`, found `{selector}`")]
    #[diagnostic(code("kube::bad_selector"))]
    BadSelector { selector: String },

    /// Text that is no path into an object.
    #[error("expected a path such as `status.loadBalancer.ingress[0].ip`, found `{path}`")]
    #[diagnostic(code("kube::bad_path"))]
    BadPath { path: String },

    /// Text that is no regular expression.
    #[error("`{pattern}` is no regular expression")]
    #[diagnostic(code("kube::bad_pattern"))]
    BadPattern {
        pattern: String,
        #[source]
        source: Box<regex::Error>,
    },

    /// Text that is no condition to wait for.
    #[error(
        "expected a condition such as `ready`, `condition=Available` or `jsonpath={{.status.phase}}=Running`, found `{condition}`"
    )]
    #[diagnostic(
        code("kube::bad_condition"),
        help("words are ready, rolled_out, exists, deleted, established, endpoints, address, ca_bundle")
    )]
    BadCondition { condition: String },

    /// Text that names no object.
    #[error("expected an object as `kind/name`, found `{reference}`")]
    #[diagnostic(code("kube::bad_reference"))]
    BadReference { reference: String },

    /// The API server does not answer.
    #[error("the API server of `{context}` at {server} does not answer")]
    #[diagnostic(code("kube::unreachable"), help("{}", unreachable_help(server)))]
    Unreachable {
        context: String,
        server: String,
        #[source]
        source: Box<kube::Error>,
    },

    /// The API server took too long over a request.
    #[error("the API server of `{context}` has not answered {subject} within {timeout}")]
    #[diagnostic(
        code("kube::slow"),
        help("the API server is overloaded, or something between here and it drops packets")
    )]
    Slow { context: String, subject: String, timeout: Timeout },

    /// The kind is not served by the cluster.
    #[error("`{context}` knows no kind `{kind}`{}", nearest.as_ref().map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default())]
    #[diagnostic(code("kube::no_kind"), help("install its CustomResourceDefinition first, or check the name"))]
    NoKind { context: String, kind: String, nearest: Option<String> },

    /// The object does not exist.
    #[error("no {object} in `{context}`")]
    #[diagnostic(code("kube::not_found"))]
    NotFound { context: String, object: String },

    /// Somebody else owns fields that were to be set.
    #[error("{object} in `{context}`: {}", conflicts(status))]
    #[diagnostic(
        code("kube::conflict"),
        help("apply with `force: true` to take the fields over, or leave them out of the manifest")
    )]
    Conflict { context: String, object: String, status: Box<Status> },

    /// The user may not do this.
    #[error("not allowed in `{context}`: {}", status.message)]
    #[diagnostic(
        code("kube::forbidden"),
        help("the user of the context lacks the permission; ask with can_i what it may do")
    )]
    Forbidden { context: String, status: Box<Status> },

    /// The credentials are not accepted.
    #[error("`{context}` does not accept the credentials of its user")]
    #[diagnostic(
        code("kube::unauthorized"),
        help("the cluster was perhaps created anew: export its kubeconfig again; a token may have expired")
    )]
    Unauthorized { context: String },

    /// The object breaks a rule of the API.
    #[error("{object} is refused by `{context}`: {}", status.message)]
    #[diagnostic(code("kube::invalid"))]
    Invalid { context: String, object: String, status: Box<Status> },

    /// The API server refused for another reason.
    #[error("`{context}` refuses {subject}: {} ({}{})", status.message, status.code, reason(status))]
    #[diagnostic(code("kube::refused"))]
    Refused { context: String, subject: String, status: Box<Status> },

    /// A request failed in a way of its own.
    #[error("{subject} in `{context}` failed")]
    #[diagnostic(code("kube::failed"))]
    Failed {
        context: String,
        subject: String,
        #[source]
        source: Box<kube::Error>,
    },

    /// An answer that is not what the API promises.
    #[error("`{context}` answers {subject} with something unexpected")]
    #[diagnostic(code("kube::unexpected"))]
    Unexpected {
        context: String,
        subject: String,
        #[source]
        source: serde_json::Error,
    },

    /// A label or annotation that has another value.
    #[error("{object} in `{context}` has `{key}` among its {field} already, as `{value}`")]
    #[diagnostic(code("kube::labelled"), help("give `overwrite: true` to change it"))]
    Labelled { context: String, object: String, field: &'static str, key: String, value: String },

    /// A wait has ended without what was waited for.
    #[error("{what} in `{context}`: {}{}", ended(seen, hopeless, *timeout), indented(evidence))]
    #[diagnostic(code("kube::wait"), help("{}", wait_help(hopeless)))]
    Wait {
        context: String,
        what: String,
        seen: String,
        hopeless: Option<String>,
        timeout: Timeout,
        evidence: Box<Evidence>,
    },

    /// Nothing that could be executed in or read from.
    #[error("no ready pod behind {object} in `{context}`{}", seen.as_ref().map(|seen| format!(": {seen}")).unwrap_or_default())]
    #[diagnostic(code("kube::no_pod"), help("wait until it is rolled out"))]
    NoPod { context: String, object: String, seen: Option<String> },

    /// A command could not be started in a container.
    #[error("cannot execute in pod `{pod}` of `{context}`: {message}")]
    #[diagnostic(code("kube::exec"))]
    Exec { context: String, pod: String, message: String },

    /// A listener for a forwarded port cannot be opened.
    #[error("cannot listen on {address}")]
    #[diagnostic(code("kube::port_taken"), help("choose another local port, or 0 for any"))]
    Listen {
        address: String,
        #[source]
        source: io::Error,
    },

    /// A service or pod without the port that is wanted.
    #[error("{object} in `{context}` has no port {port}")]
    #[diagnostic(code("kube::no_port"))]
    NoPort { context: String, object: String, port: String },

    /// Several things went wrong side by side.
    #[error("{} of {total} objects could not be {verb}{}", errors.len(), lines(errors))]
    #[diagnostic(code("kube::several"), help("{}", helps(errors)))]
    Several { verb: &'static str, total: usize, errors: Vec<Error> },
}

/// A result of this crate.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What the API server said, when it was the server that refused.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Conflict { status, .. }
            | Self::Forbidden { status, .. }
            | Self::Invalid { status, .. }
            | Self::Refused { status, .. } => Some(status),
            _ => None,
        }
    }

    /// Whether it says that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

fn listed(files: &[PathBuf]) -> String {
    if files.is_empty() {
        return "nothing, for neither KUBECONFIG nor HOME is set".to_owned();
    }
    words(files.iter().map(|file| file.display()))
}

fn words<W: fmt::Display>(words: impl IntoIterator<Item = W>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn known_contexts(known: &[String], files: &[PathBuf]) -> String {
    if known.is_empty() {
        return format!("there is no context in {}", listed(files));
    }
    format!("there are {}", words(known))
}

fn unreachable_help(server: &str) -> &'static str {
    let local = ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"].iter().any(|host| server.contains(host));
    if local {
        "is the cluster running? After a restart of its container the port may have changed: export its kubeconfig again"
    } else {
        "is the cluster running and reachable from here? After a restart of its containers the address may have changed: export its kubeconfig again"
    }
}

fn reason(status: &Status) -> String {
    if status.reason.is_empty() { String::new() } else { format!(" {}", status.reason) }
}

/// `another manager, \`kubectl\`, owns .spec.replicas`, for each manager.
fn conflicts(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let mut managers: Vec<(&str, Vec<&str>)> = Vec::new();
    for cause in causes.filter(|cause| cause.reason == "FieldManagerConflict") {
        let manager = cause.message.split('"').nth(1).unwrap_or(&cause.message);
        match managers.iter_mut().find(|(known, _)| *known == manager) {
            Some((_, fields)) => fields.push(&cause.field),
            None => managers.push((manager, vec![&cause.field])),
        }
    }
    if managers.is_empty() {
        return status.message.clone();
    }
    let told = managers.iter().map(|(manager, fields)| format!("`{manager}` owns {}", fields.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

fn ended(seen: &str, hopeless: &Option<String>, timeout: Timeout) -> String {
    match hopeless {
        Some(reason) => format!("{reason}; last seen: {seen}"),
        None => format!("not so after {timeout}; last seen: {seen}"),
    }
}

/// Each line of the evidence on a line of its own.
fn indented(evidence: &Evidence) -> String {
    evidence.lines().iter().map(|line| format!("\n  {line}")).collect()
}

fn wait_help(hopeless: &Option<String>) -> &'static str {
    match hopeless {
        Some(_) => "waiting longer would not help; see the evidence above",
        None => "the evidence above shows why it is not ready; if it only needs more time, give a longer `timeout`",
    }
}

fn lines(errors: &[Error]) -> String {
    errors.iter().fold(String::new(), |mut lines, error| {
        lines.push_str("\n  ");
        lines.push_str(&error.to_string().replace('\n', "\n  "));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            lines.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        lines
    })
}

/// The different helps of several errors.
fn helps(errors: &[Error]) -> String {
    let mut helps: Vec<String> = Vec::new();
    for help in errors.iter().filter_map(miette::Diagnostic::help) {
        let help = help.to_string();
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    helps.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_managers_and_fields() {
        let status: Status = serde_json::from_value(serde_json::json!({
            "status": "Failure", "reason": "Conflict", "code": 409, "message": "Apply failed with 3 conflicts",
            "details": { "causes": [
                { "reason": "FieldManagerConflict", "message": "conflict with \"a\" using apps/v1", "field": ".spec.replicas" },
                { "reason": "FieldManagerConflict", "message": "conflict with \"b\"", "field": ".spec.x" },
                { "reason": "FieldManagerConflict", "message": "conflict with \"a\" using apps/v1", "field": ".data.y" },
            ] },
        }))
        .unwrap();
        assert_eq!(conflicts(&status), "`a` owns .spec.replicas, .data.y; `b` owns .spec.x");
    }
}
