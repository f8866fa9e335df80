//! Watches: what happens to objects, as it happens.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use super::{
    answer::{self, Answer},
    call::Call,
    cluster::Cluster,
    kinds::Resource,
    objects::{selector, shown},
    select::Selector,
    status::Status,
    store::{Change, Event},
    table::Form,
};

/// How often a watch that sees nothing is told how far it has got.
const BOOKMARK: Duration = Duration::from_secs(60);

/// How long a watch lasts that says nothing of it.
const LONGEST: Duration = Duration::from_secs(45 * 60);

struct Watch {
    cluster: Arc<Cluster>,
    resource: Resource,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    bookmarks: bool,
    seen: u64,
    changed: watch::Receiver<u64>,
    end: Instant,
    bookmark: Instant,
    lines: VecDeque<Bytes>,
    over: bool,
}

/// Answer with a stream.
pub(super) fn answer(
    cluster: Arc<Cluster>,
    resource: Resource,
    call: &Call,
    namespace: Option<&str>,
    name: Option<&str>,
    form: Form,
) -> Result<Answer, Status> {
    let mut selector = selector(call, &resource)?;
    if let Some(name) = name {
        selector = Selector::parse(
            call.query("labelSelector").unwrap_or_default(),
            &format!("metadata.name={name}"),
            &resource,
        )?;
    }
    let after = call.query("resourceVersion").unwrap_or_default().to_owned();
    let seen: u64 = match after.as_str() {
        "" | "0" => 0,
        text => text.parse().map_err(|_| {
            Status::bad_request(format!(
                "Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })?,
    };
    let lasts = call.number("timeoutSeconds")?.map_or(LONGEST, Duration::from_secs);
    let changed = cluster.store.changed();
    let now = Instant::now();
    let mut watch = Watch {
        namespace: namespace.map(str::to_owned),
        bookmarks: call.is_set("allowWatchBookmarks"),
        end: now + lasts,
        bookmark: now + BOOKMARK,
        lines: VecDeque::new(),
        over: false,
        cluster,
        resource,
        selector,
        form,
        seen,
        changed,
    };
    if seen == 0 {
        watch.begin(call.is_set("sendInitialEvents"));
    }
    let stream = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(line)), watch))
    });
    let mut answer = answer::json(200, &Value::Null);
    *answer.body_mut() = StreamBody::new(stream).boxed_unsync();
    Ok(answer)
}

impl Watch {
    /// What is there at the beginning.
    fn begin(&mut self, tells_end: bool) {
        let kind = (self.resource.api_version(), self.resource.kind.clone());
        let (revision, all) = self.cluster.store.list_at((&kind.0, &kind.1), self.namespace.as_deref());
        for one in all.iter().filter(|one| self.selector.matches(one)) {
            let line = self.line("ADDED", shown(one, &self.resource));
            self.lines.push_back(line);
        }
        self.seen = revision;
        if tells_end && self.bookmarks {
            let line = self.bookmark(true);
            self.lines.push_back(line);
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            self.read();
            if !self.lines.is_empty() || self.over {
                continue;
            }
            tokio::select! {
                changed = self.changed.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                }
                () = tokio::time::sleep_until(self.end) => return None,
                () = tokio::time::sleep_until(self.bookmark) => {
                    self.bookmark = Instant::now() + BOOKMARK;
                    if self.bookmarks {
                        let line = self.bookmark(false);
                        self.lines.push_back(line);
                    }
                }
            }
        }
    }

    /// What has happened since the last look.
    fn read(&mut self) {
        let revision = *self.changed.borrow_and_update();
        let kind = (self.resource.api_version(), self.resource.kind.clone());
        let Some(events) = self.cluster.store.events((&kind.0, &kind.1), self.seen) else {
            let status = Status::new(410, "Expired", format!("too old resource version: {} ({revision})", self.seen));
            self.lines.push_back(event("ERROR", &status.json()));
            self.over = true;
            return;
        };
        for one in &events {
            if let Some((word, value)) = self.seen_as(one) {
                let line = self.line(word, value);
                self.lines.push_back(line);
            }
        }
        self.seen =
            events.last().map_or(self.seen, |last| last.revision).max(revision.min(self.cluster.store.revision()));
    }

    /// What a change is for who selects objects.
    fn seen_as(&self, event: &Event) -> Option<(&'static str, Value)> {
        let fits = |value: &Value| {
            let namespace = self.namespace.as_deref();
            namespace.is_none_or(|namespace| super::object::namespace(value) == Some(namespace))
                && self.selector.matches(value)
        };
        let before = event.before.as_ref().is_some_and(|before| fits(before));
        let after = event.change != Change::Deleted && fits(&event.object);
        let word = match (before, after) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some((word, shown(&event.object, &self.resource)))
    }

    fn line(&self, word: &str, value: Value) -> Bytes {
        event(word, &self.form.one(&self.cluster, &self.resource, value))
    }

    fn bookmark(&self, ends_beginning: bool) -> Bytes {
        let mut metadata = json!({ "resourceVersion": self.seen.max(1).to_string(), "creationTimestamp": null });
        if ends_beginning {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        event(
            "BOOKMARK",
            &json!({ "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata }),
        )
    }
}

fn event(word: &str, value: &Value) -> Bytes {
    let mut text = json!({ "type": word, "object": value }).to_string();
    text.push('\n');
    text.into()
}
