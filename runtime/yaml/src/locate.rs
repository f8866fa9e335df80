//! Where in a text a value stands.

use granit_parser::{Event, Parser, Span};

/// The byte offset and length of the first line of the value at a path of keys and list indices; of the nearest thing that
/// holds it when the path leads nowhere. Aliases and merge keys are not followed.
pub(crate) fn locate(text: &str, path: &[String]) -> Option<(usize, usize)> {
    let mut search = Search { path, matched: 0, best: None, stack: Vec::new() };
    for event in Parser::new_from_str(text) {
        // The text has been read before, so there is no error; if there were one, the best place so far would do.
        let Ok((event, span)) = event else { break };
        if search.see(&event, span) {
            break;
        }
    }
    let span = search.best?;
    let start = span.start.byte_offset()?;
    let end = span.end.byte_offset()?.max(start);
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    Some((start, end.min(line_end) - start))
}

struct Search<'p> {
    path: &'p [String],
    /// How many segments of the path have been found.
    matched: usize,
    best: Option<Span>,
    /// The open lists and maps.
    stack: Vec<Open>,
}

struct Open {
    /// Whether all that leads to it is on the path.
    on_path: bool,
    is_map: bool,
    /// The key whose value comes next, or nothing when a key comes next.
    key: Option<(String, Span)>,
    index: usize,
}

impl Search<'_> {
    /// Take an event; true when the search is over.
    fn see(&mut self, event: &Event<'_>, span: Span) -> bool {
        match event {
            Event::Scalar(text, ..) => {
                if let Some(open) = self.stack.last_mut().filter(|open| open.is_map && open.key.is_none()) {
                    open.key = Some((text.to_string(), span));
                    return false;
                }
                self.child(span);
                self.done()
            }
            Event::Alias(_) => {
                self.child(span);
                self.done()
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let on_path = self.child(span);
                let is_map = matches!(event, Event::MappingStart(..));
                self.stack.push(Open { on_path, is_map, key: None, index: 0 });
                self.done()
            }
            Event::SequenceEnd | Event::MappingEnd => {
                // All of what was on the path has been seen.
                self.stack.pop().is_some_and(|open| open.on_path)
            }
            Event::DocumentEnd => true,
            _ => false,
        }
    }

    /// A value begins: whether it lies on the path.
    fn child(&mut self, span: Span) -> bool {
        let depth = self.stack.len();
        let Some(open) = self.stack.last_mut() else {
            self.best = Some(span);
            return true;
        };
        let (name, place) = if open.is_map {
            let Some((key, key_span)) = open.key.take() else {
                // A list or map as a key: the caller has refused it already.
                open.key = Some((String::new(), span));
                return false;
            };
            (key, key_span)
        } else {
            open.index += 1;
            ((open.index - 1).to_string(), span)
        };
        let hit = open.on_path && depth == self.matched + 1 && self.path.get(self.matched) == Some(&name);
        if hit {
            self.matched += 1;
            self.best = Some(if self.matched == self.path.len() { span } else { place });
        }
        hit
    }

    fn done(&self) -> bool {
        self.matched == self.path.len() && !self.path.is_empty()
    }
}
