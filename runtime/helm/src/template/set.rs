//! The templates that can call each other: those of a chart's files, and on top of them those of a `tpl` text.

use std::{collections::HashMap, sync::Arc};

use super::{
    ast::{Body, is_empty},
    parser::Parsed,
};

/// A template by its name.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) name: Arc<str>,
    /// The file that it stands in, for error messages.
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) body: Arc<Body>,
    empty: bool,
}

/// Templates by name. Where `base` has a name as well, its template wins, unless it is empty: `tpl` parses its own text
/// first and the chart's files after it, and the later definition counts.
#[derive(Debug, Default)]
pub(crate) struct Set<'b> {
    own: HashMap<Arc<str>, Template>,
    base: Option<&'b Set<'b>>,
}

impl<'b> Set<'b> {
    /// A set on top of another one.
    pub(crate) fn over(base: &'b Set<'b>) -> Self {
        Self { own: HashMap::new(), base: Some(base) }
    }

    /// Take in a file's templates. A later template replaces an earlier one of the same name, unless it is empty.
    pub(crate) fn add(&mut self, file: &Arc<str>, parsed: &Parsed) {
        for (name, body) in &parsed.defines {
            self.add_one(name, file, &parsed.text, body);
        }
        self.add_one(file, file, &parsed.text, &parsed.root);
    }

    fn add_one(&mut self, name: &Arc<str>, file: &Arc<str>, text: &Arc<str>, body: &Arc<Body>) {
        let empty = is_empty(body);
        if empty && self.own.contains_key(name) {
            return;
        }
        let template =
            Template { name: name.clone(), file: file.clone(), text: text.clone(), body: body.clone(), empty };
        self.own.insert(name.clone(), template);
    }

    /// The template of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Template> {
        match self.base.and_then(|base| base.find(name)) {
            Some(template) if !template.empty => Some(template),
            other => self.own.get(name).or(other),
        }
    }
}
