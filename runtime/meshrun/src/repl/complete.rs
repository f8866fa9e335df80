//! Completion: names of functions and variables, and inside `#{` the option keys of the call around it.

use meshrun_script::Topic;
use rustyline::{
    Context, Helper, Highlighter, Hinter, Validator,
    completion::{Completer, Pair},
};

/// What can be completed.
#[derive(Helper, Hinter, Highlighter, Validator)]
pub struct Complete {
    pub topics: Vec<Topic>,
    pub variables: Vec<String>,
}

impl Completer for Complete {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.candidates(&line[..position]))
    }
}

impl Complete {
    /// Where the word begins, and what it may become.
    fn candidates(&self, before: &str) -> (usize, Vec<Pair>) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let begin =
            before.char_indices().rev().take_while(|(_, c)| is_part(*c)).last().map_or(before.len(), |(at, _)| at);
        let word = &before[begin..];
        let keys = self.option_keys(&before[..begin]);
        if !keys.is_empty() {
            let matching = keys.into_iter().filter(|(key, _)| key.starts_with(word));
            return (
                begin,
                matching
                    .map(|(key, kind)| Pair { display: format!("{key}: {kind}"), replacement: format!("{key}: ") })
                    .collect(),
            );
        }
        let functions = self.topics.iter().filter(|topic| topic.name.starts_with(word));
        let functions =
            functions.map(|topic| Pair { display: topic.signature.clone(), replacement: format!("{}(", topic.name) });
        let variables = self.variables.iter().filter(|name| name.starts_with(word));
        let variables = variables.map(|name| Pair { display: name.clone(), replacement: name.clone() });
        (begin, functions.chain(variables).collect())
    }

    /// The option keys of the call whose map is open before the cursor, where a key is expected.
    fn option_keys(&self, before: &str) -> Vec<(String, String)> {
        let Some(open) = before.rfind("#{") else { return Vec::new() };
        let inside = &before[open + 2..];
        let expects_key = inside.trim().is_empty() || inside.trim_end().ends_with(',');
        if inside.contains('}') || !expects_key {
            return Vec::new();
        }
        let called = self.topics.iter().filter(|topic| before[..open].contains(&format!("{}(", topic.name)));
        let nearest = called.max_by_key(|topic| before[..open].rfind(&format!("{}(", topic.name)));
        let Some(spec) = nearest.and_then(|topic| topic.spec.as_ref()) else { return Vec::new() };
        spec.options().map(|parameter| (parameter.name.clone(), parameter.kind.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Topic {
        Topic {
            name: name.to_owned(),
            signature: format!("{name}()"),
            doc: String::new(),
            example: String::new(),
            spec: None,
        }
    }

    #[test]
    fn names_are_completed_from_the_word_before_the_cursor() {
        let complete =
            Complete { topics: vec![topic("kind::clusters"), topic("kube::get")], variables: vec!["kinds".to_owned()] };
        let (begin, found) = complete.candidates("let a = kin");
        let replacements: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
        assert_eq!((begin, replacements), (8, vec!["kind::clusters(", "kinds"]));
    }
}
