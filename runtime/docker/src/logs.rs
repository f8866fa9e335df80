//! What containers have said, line by line: read, follow, wait for a line.

use std::{future, time::Duration};

use bollard::{container::LogOutput, query_parameters::LogsOptionsBuilder};
use futures::{Stream, StreamExt, stream};
use meshrun_terms::Timeout;
use serde::Serialize;

use crate::{
    Channel, Docker, Error,
    classify::Subject,
    containers::{self, checked_name},
    exec::channel_of,
    lines::{Splitter, Tail},
};

/// Which part of a log is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Only so many lines from the end; all when it is left out.
    pub tail: Option<u32>,
    /// Only what was said after this moment, in seconds since 1970.
    pub since: Option<i32>,
    /// Put the time before every line, in RFC 3339.
    pub timestamps: bool,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Which output it came from; a container with a terminal has only one.
    pub channel: Channel,
    /// The line without its end.
    pub text: String,
}

/// What a container has said until now.
///
/// # Errors
/// `docker::no_container`.
pub async fn read(docker: &Docker, container: &str, part: &Part) -> Result<Vec<LogLine>, Error> {
    let mut all = Vec::new();
    let mut lines = open(docker, container, part, false)?.boxed();
    while let Some(line) = lines.next().await {
        all.push(line?);
    }
    Ok(all)
}

/// What a container has said and says, as it comes, until it ends. Dropping the stream stops listening.
///
/// # Errors
/// `docker::no_container`, as the first item.
pub fn follow(
    docker: &Docker,
    container: &str,
    part: &Part,
) -> Result<impl Stream<Item = Result<LogLine, Error>> + Send + use<>, Error> {
    open(docker, container, part, true)
}

/// Follow a container's log from its beginning until a line matches, and return that line. `what` says in words what is
/// awaited, for errors: `the boot of node a`.
///
/// # Errors
/// `docker::container_ended` with its state and last lines when it ends before; `docker::timeout` with the last lines;
/// `docker::no_container`.
pub async fn wait_for(
    docker: &Docker,
    container: &str,
    what: &str,
    mut matches: impl FnMut(&str) -> bool + Send,
    timeout: Timeout,
) -> Result<String, Error> {
    let mut tail = Tail::default();
    let looking = async {
        loop {
            if let Some(line) = search(docker, container, &mut tail, &mut matches).await? {
                return Ok(Some(line));
            }
            // The log has ended: the container has too, unless the engine is starting it again.
            if !matches!(containers::inspect(docker, container).await?.state.as_str(), "running" | "restarting") {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    match tokio::time::timeout(timeout.duration(), looking).await {
        Ok(Ok(Some(line))) => Ok(line),
        Ok(Ok(None)) => Err(ended(docker, container, what, tail.take()).await?),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Timeout { what: what.to_owned(), timeout, last: tail.take() }),
    }
}

/// The first line of the log that matches, unless the log ends before.
async fn search(
    docker: &Docker,
    container: &str,
    tail: &mut Tail,
    matches: &mut (impl FnMut(&str) -> bool + Send),
) -> Result<Option<String>, Error> {
    let mut lines = follow(docker, container, &Part::default())?.boxed();
    while let Some(line) = lines.next().await {
        let text = line?.text;
        tail.push(&text);
        if matches(&text) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

async fn ended(docker: &Docker, container: &str, what: &str, last: Vec<String>) -> Result<Error, Error> {
    let found = containers::inspect(docker, container).await?;
    let state = match found.exit_code {
        Some(code) => format!("{} with code {code}", found.state),
        None => found.state,
    };
    Ok(Error::Ended { container: container.to_owned(), what: what.to_owned(), state, last })
}

/// The log as a stream of lines. A chunk of the engine is no line; with a terminal it is raw bytes, without one each output
/// has its own chunks.
fn open(
    docker: &Docker,
    container: &str,
    part: &Part,
    follow: bool,
) -> Result<impl Stream<Item = Result<LogLine, Error>> + Send + use<>, Error> {
    checked_name(container)?;
    let tail = part.tail.map_or_else(|| "all".to_owned(), |number| number.to_string());
    let mut options =
        LogsOptionsBuilder::new().stdout(true).stderr(true).follow(follow).timestamps(part.timestamps).tail(&tail);
    if let Some(since) = part.since {
        options = options.since(since);
    }
    let chunks = docker.patient().logs(container, Some(options.build()));
    Ok(split(chunks, container.to_owned()))
}

fn split(
    chunks: impl Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send,
    container: String,
) -> impl Stream<Item = Result<LogLine, Error>> + Send {
    let mut splitters = [(Channel::Stdout, Splitter::default()), (Channel::Stderr, Splitter::default())];
    // An end mark after the last chunk makes the rests come out.
    chunks.map(Some).chain(stream::once(future::ready(None))).flat_map(move |chunk| {
        let lines: Vec<Result<LogLine, Error>> = match chunk {
            Some(Ok(chunk)) => {
                let (channel, bytes) = channel_of(chunk);
                let splitter = splitters.iter_mut().filter(|(own, _)| *own == channel);
                splitter
                    .flat_map(|(_, splitter)| splitter.push(&bytes))
                    .map(|text| Ok(LogLine { channel, text }))
                    .collect()
            }
            Some(Err(error)) => vec![Err(Error::about("read the log of", Subject::Container(&container), error))],
            None => splitters
                .iter_mut()
                .filter_map(|(channel, splitter)| splitter.finish().map(|text| Ok(LogLine { channel: *channel, text })))
                .collect(),
        };
        stream::iter(lines)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_two_outputs_are_cut_into_lines_apart() {
        let out = |text: &'static str| Ok(LogOutput::StdOut { message: text.into() });
        let err = |text: &'static str| Ok(LogOutput::StdErr { message: text.into() });
        let chunks = stream::iter([out("a"), err("x\ny"), out("b\n"), out("c")]);
        let lines: Vec<LogLine> = split(chunks, "one".to_owned()).map(Result::unwrap).collect().await;
        let shown: Vec<(Channel, &str)> = lines.iter().map(|line| (line.channel, &*line.text)).collect();
        use Channel::{Stderr, Stdout};
        assert_eq!(shown, [(Stderr, "x"), (Stdout, "ab"), (Stdout, "c"), (Stderr, "y")]);
    }
}
