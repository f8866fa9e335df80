//! Logs of containers, of one pod or of all pods of a workload.

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt, future::try_join_all, stream};
use meshrun_terms::Timeout;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Client,
    error::Result,
    get::{Query, list, read},
    object::{Reference, name_of, namespace_of, resolve},
    pods::{newest_first, pods_of},
    request::{self, Request, encode, failure},
    wait::Subject,
};

/// Which part of a log.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The container; by default the pod's only one, the one its annotation `kubectl.kubernetes.io/default-container` names, or
    /// the first.
    pub container: Option<String>,
    /// Only so many lines from the end.
    pub tail: Option<i64>,
    /// Only what is younger than this.
    pub since: Option<Timeout>,
    /// The log of the run before the last restart.
    pub previous: bool,
    /// Each line with its time before it.
    pub timestamps: bool,
}

/// The log of one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// What it wrote.
    pub text: String,
}

/// Read the logs of a pod, or of all pods of a workload, a service, or a selection.
///
/// # Errors
/// When there is no such object, no such container, or no log yet.
pub async fn logs(client: &Client, subject: &Subject, options: &LogOptions) -> Result<Vec<Log>> {
    let pods = pods_behind(client, subject).await?;
    try_join_all(pods.iter().map(|pod| async move {
        let options = LogOptions { container: Some(container_of(pod, options)), ..options.clone() };
        let text = container_log(client, namespace_of(pod).unwrap_or("default"), name_of(pod), &options).await?;
        Ok(Log { pod: name_of(pod).to_owned(), container: options.container.unwrap_or_default(), text })
    }))
    .await
}

/// Hand over each line of these logs as it is written, with its pod's name, until the containers end or the future is
/// dropped.
///
/// # Errors
/// As [`logs`], and when the connection breaks.
pub async fn follow_logs(
    client: &Client,
    subject: &Subject,
    options: &LogOptions,
    line: impl Fn(&str, &str),
) -> Result<()> {
    let pods = pods_behind(client, subject).await?;
    let mut streams = Vec::new();
    for pod in &pods {
        let options = LogOptions { container: Some(container_of(pod, options)), ..options.clone() };
        let request =
            log_request(namespace_of(pod).unwrap_or("default"), name_of(pod), &options).query("follow", "true");
        let failed = |source| failure(client, request.subject(), source);
        let http = request.http().map_err(|source| failed(kube::Error::HttpError(source)))?;
        let reader = client.kube().request_stream(http).await.map_err(failed)?;
        let subject = request.subject().to_owned();
        let lines = reader.lines().map_err(move |source| failure(client, &subject, kube::Error::ReadEvents(source)));
        let name = name_of(pod).to_owned();
        streams.push(Box::pin(lines.map_ok(move |line| (name.clone(), line))));
    }
    let mut lines = stream::select_all(streams);
    while let Some(next) = lines.next().await {
        let (pod, text) = next?;
        line(&pod, &text);
    }
    Ok(())
}

/// The log of a container, in one piece.
pub(crate) async fn container_log(client: &Client, namespace: &str, pod: &str, options: &LogOptions) -> Result<String> {
    let answer = request::send(client, &log_request(namespace, pod, options)).await?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

fn log_request(namespace: &str, pod: &str, options: &LogOptions) -> Request {
    let path = format!("/api/v1/namespaces/{}/pods/{}/log", encode(namespace), encode(pod));
    let seconds = options.since.map(|since| since.duration().as_secs().max(1).to_string());
    let tail = options.tail.map(|tail| tail.to_string());
    let flag = |flag: bool| flag.then_some("true");
    Request::get(path, format!("the log of pod {namespace}/{pod}"))
        .accept("*/*")
        .query_if("container", options.container.as_deref().filter(|container| !container.is_empty()))
        .query_if("tailLines", tail.as_deref())
        .query_if("sinceSeconds", seconds.as_deref())
        .query_if("previous", flag(options.previous))
        .query_if("timestamps", flag(options.timestamps))
}

/// The container that is meant.
pub(crate) fn container_of(pod: &Value, options: &LogOptions) -> String {
    options.container.clone().unwrap_or_else(|| default_container(pod))
}

/// The container that kubectl takes when none is named.
pub(crate) fn default_container(pod: &Value) -> String {
    let named = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_str();
    named.or(pod["spec"]["containers"][0]["name"].as_str()).unwrap_or_default().to_owned()
}

/// The pods of a subject, the newest first.
pub(crate) async fn pods_behind(client: &Client, subject: &Subject) -> Result<Vec<Value>> {
    match subject {
        Subject::Object(reference) => {
            let object = read(client, &resolve(client, reference).await?).await?;
            pods_of(client, &object).await
        }
        Subject::Objects(query) if is_pods(&query.kind) => {
            let mut pods = list(client, query).await?;
            newest_first(&mut pods);
            Ok(pods)
        }
        Subject::Objects(query) => {
            let objects = list(client, query).await?;
            let pods = try_join_all(objects.iter().map(|object| pods_of(client, object))).await?;
            Ok(pods.into_iter().flatten().collect())
        }
    }
}

fn is_pods(kind: &str) -> bool {
    matches!(kind, "" | "pod" | "pods" | "po" | "Pod" | "v1/Pod")
}

/// The subject that a reference names.
impl From<Reference> for Subject {
    fn from(reference: Reference) -> Self {
        Self::Object(reference)
    }
}

/// The subject that a query describes.
impl From<Query> for Subject {
    fn from(query: Query) -> Self {
        Self::Objects(query)
    }
}
