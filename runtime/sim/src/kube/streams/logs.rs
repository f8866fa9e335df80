//! Logs of containers.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::{
    super::{
        answer::{self, Answer},
        call::{Call, Target},
        cluster::Cluster,
        status::Status,
    },
    container, pod, runs_somewhere,
};
use crate::pods::{self, Line};

/// Keys of the query.
pub(super) const KNOWN: [&str; 10] = [
    "container",
    "follow",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "tailLines",
    "limitBytes",
    "timestamps",
    "pretty",
    "insecureSkipTLSVerifyBackend",
];

/// Answer with the lines.
pub(super) fn answer(cluster: &Arc<Cluster>, call: &Call, target: &Target) -> Result<Answer, Status> {
    let pod = pod(cluster, target)?;
    if runs_somewhere(&pod).is_err() {
        return Ok(answer::text(204, "")); // nobody has begun to write
    }
    let container = container(&pod, call.query("container"))?;
    let previous = call.is_set("previous");
    let written = drain(pods::logs(cluster, &pod, &container, previous, false)?);
    let since = since(call)?;
    let timestamps = call.is_set("timestamps");
    let count = written.len();
    let mut shown: Vec<&Line> = written.iter().filter(|line| since.is_none_or(|since| line.time >= since)).collect();
    if let Some(tail) = call.number("tailLines")? {
        let tail = usize::try_from(tail).unwrap_or(usize::MAX);
        shown.drain(..shown.len().saturating_sub(tail));
    }
    let mut text: String = shown.into_iter().map(|line| write(line, timestamps)).collect();
    if let Some(limit) = call.number("limitBytes")? {
        let mut end = usize::try_from(limit).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    if !call.is_set("follow") {
        return Ok(answer::bytes(200, "text/plain", text));
    }
    // What comes later: the same log once more, without what was shown.
    let lines = pods::logs(cluster, &pod, &container, previous, true)?;
    let state = (lines, count, Some(text).filter(|text| !text.is_empty()));
    let stream = stream::unfold(state, move |(mut lines, mut skip, mut first)| async move {
        if let Some(text) = first.take() {
            return Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), (lines, skip, None)));
        }
        loop {
            let line = lines.recv().await?;
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let text = Bytes::from(write(&line, timestamps));
            return Some((Ok(Frame::data(text)), (lines, skip, None)));
        }
    });
    let mut answer = answer::text(200, "");
    *answer.body_mut() = StreamBody::new(stream).boxed_unsync();
    Ok(answer)
}

fn drain(mut lines: tokio::sync::mpsc::Receiver<Line>) -> Vec<Line> {
    let mut all = Vec::new();
    // Without following, everything is in the channel when it is given out.
    while let Ok(line) = lines.try_recv() {
        all.push(line);
    }
    all
}

fn write(line: &Line, timestamps: bool) -> String {
    if timestamps { format!("{:.9} {}\n", line.time, line.text) } else { format!("{}\n", line.text) }
}

fn since(call: &Call) -> Result<Option<jiff::Timestamp>, Status> {
    if let Some(seconds) = call.number("sinceSeconds")? {
        let seconds = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        return Ok(jiff::Timestamp::now().checked_sub(seconds).ok()); // longer ago than there is time: everything
    }
    let Some(text) = call.query("sinceTime").filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Status::bad_request(format!("parsing time \"{text}\"")))
}
