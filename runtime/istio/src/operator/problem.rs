//! What is wrong with an input, at which path, and what may have been meant.

use std::fmt;

/// One mistake in an IstioOperator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: String,
    text: String,
    nearest: Option<String>,
}

impl Problem {
    /// A mistake at this place.
    pub fn new(at: &Trail<'_>, text: impl Into<String>) -> Self {
        Self::at(at.to_string(), text)
    }

    /// A mistake at this path, written with points.
    pub fn at(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), nearest: None }
    }

    /// The same with what may have been meant.
    pub fn hint(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    /// The known word that is most like this one, if one is at all.
    pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
        let lower = word.to_lowercase();
        let scored = known.map(|known| (strsim::jaro_winkler(&lower, &known.to_lowercase()), known));
        let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
        best.filter(|(score, _)| *score > 0.85).map(|(_, known)| known.to_owned())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_str(), self.text.starts_with("unknown field")) {
            ("", _) => formatter.write_str(&self.text)?,
            (path, true) => write!(formatter, "{} in `{path}`", self.text)?,
            (path, false) => write!(formatter, "`{path}`: {}", self.text)?,
        }
        match &self.nearest {
            Some(nearest) => write!(formatter, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// Several mistakes in one text.
pub fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Where in a tree something stands; costs nothing until it is written.
#[derive(Debug, Clone, Copy)]
pub enum Trail<'t> {
    Root(&'t str),
    Key(&'t Trail<'t>, &'t str),
    Index(&'t Trail<'t>, usize),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(path) => formatter.write_str(path),
            Self::Key(Self::Root(""), key) => formatter.write_str(key),
            Self::Key(parent, key) => write!(formatter, "{parent}.{key}"),
            Self::Index(parent, index) => write!(formatter, "{parent}[{index}]"),
        }
    }
}
