//! Lines out of chunks of bytes that know nothing of lines.

use std::collections::VecDeque;

use bytes::BytesMut;

/// How much of a line is kept before it is cut: a stream without line breaks must not fill the memory.
const LONGEST: usize = 256 * 1024;

/// Cuts a stream into lines. A line ends with a line feed; carriage returns before it are dropped, as a terminal writes them.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    rest: BytesMut,
}

impl Splitter {
    /// The lines that this chunk completes.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(chunk);
        let mut lines = Vec::new();
        while let Some(line) = self.next_line() {
            lines.push(line);
        }
        lines
    }

    /// What is left when the stream ends: a last line without its line feed.
    pub fn finish(&mut self) -> Option<String> {
        let rest = self.rest.split();
        (!rest.is_empty()).then(|| text(&rest))
    }

    fn next_line(&mut self) -> Option<String> {
        match self.rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => Some(text(&self.rest.split_to(end + 1))),
            None if self.rest.len() >= LONGEST => Some(text(&self.rest.split())),
            None => None,
        }
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}

/// The last lines of a stream, for evidence.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    const KEPT: usize = 20;

    /// Keep this line, and drop the oldest when there are too many. Empty lines tell nothing.
    pub fn push(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.lines.len() == Self::KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    /// The kept lines, oldest first.
    pub fn take(&mut self) -> Vec<String> {
        self.lines.drain(..).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The last lines of a whole text.
pub(crate) fn tail_of(text: &[u8]) -> Vec<String> {
    let mut tail = Tail::default();
    String::from_utf8_lossy(text).lines().for_each(|line| tail.push(line.trim_end_matches('\r')));
    tail.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_cut_at_line_feeds() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push(b"one\r\ntw"), ["one"]);
        assert_eq!(splitter.push(b"o\n\nthr\xc3"), ["two", ""]);
        assert_eq!(splitter.push(b"\xa9e"), Vec::<String>::new());
        assert_eq!(splitter.finish().as_deref(), Some("thr\u{e9}e"));
        assert_eq!(splitter.finish(), None);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut splitter = Splitter::default();
        let lines = splitter.push(&vec![b'x'; LONGEST + 1]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [LONGEST + 1]);
    }

    #[test]
    fn the_tail_keeps_the_last_lines_that_say_something() {
        let text: String = (0..30).map(|number| format!("{number}\r\n\n")).collect();
        let expected: Vec<String> = (10..30).map(|number| number.to_string()).collect();
        assert_eq!(tail_of(text.as_bytes()), expected);
    }
}
