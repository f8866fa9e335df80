//! What can go wrong with a chart.

use std::path::PathBuf;

/// A chart that cannot be read or rendered. Messages about templates and values are worded as Helm words them.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code("helm::read"))]
    Read {
        /// The file or folder.
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// An archive is none.
    #[error("the chart's archive cannot be read")]
    #[diagnostic(code("helm::archive"), help("a chart's archive is a gzipped tar file, as `helm package` makes it"))]
    Archive(#[source] std::io::Error),
    /// An archive holds what a chart's archive must not.
    #[error("{reason}")]
    #[diagnostic(code("helm::archive"))]
    Unsafe {
        /// What is wrong, in Helm's words.
        reason: String,
    },
    /// The chart has no Chart.yaml, or one that says too little.
    #[error("{message}")]
    #[diagnostic(code("helm::chart"))]
    Chart {
        /// What is wrong, in Helm's words.
        message: String,
    },
    /// A YAML file of the chart cannot be read.
    #[error("cannot load `{file}` of the chart")]
    #[diagnostic(code("helm::yaml"))]
    Yaml {
        /// The file in the chart.
        file: String,
        #[source]
        source: meshrun_yaml::Error,
    },
    /// A YAML file of the chart holds something else than expected.
    #[error("cannot load `{file}` of the chart: expected {expected}, found {found}")]
    #[diagnostic(code("helm::yaml"))]
    Shape {
        /// The file in the chart.
        file: String,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A pattern of `.helmignore` cannot be used.
    #[error("cannot use `{pattern}` of .helmignore: {reason}")]
    #[diagnostic(code("helm::ignore"))]
    Ignore {
        /// The line.
        pattern: String,
        /// Why not.
        reason: &'static str,
    },
    /// A chart inside the chart cannot be read.
    #[error("cannot unpack `{name}` of chart `{chart}`")]
    #[diagnostic(code("helm::subchart"))]
    Subchart {
        /// The file or folder in charts/.
        name: String,
        /// The chart that holds it.
        chart: String,
        #[source]
        source: Box<Error>,
    },
    /// An expression of `--set` and its relatives cannot be read.
    #[error("cannot read `{expression}`: {reason}")]
    #[diagnostic(
        code("helm::set"),
        help("write name=value, with dots for nesting, [n] for lists, and \\ before a comma that belongs to a value")
    )]
    Set {
        /// The expression.
        expression: String,
        /// What is wrong, in Helm's words.
        reason: String,
    },
    /// Values contradict the chart's structure.
    #[error("{message}")]
    #[diagnostic(code("helm::values"))]
    Values {
        /// What is wrong, in Helm's words.
        message: String,
    },
    /// Values break the chart's values.schema.json.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{report}")]
    #[diagnostic(code("helm::schema"))]
    Schema {
        /// For each chart its name and what is wrong.
        report: String,
    },
    /// A template cannot be parsed or executed.
    #[error("{message}")]
    #[diagnostic(code("helm::template"))]
    Template {
        /// The whole message, in Helm's words.
        message: String,
        /// The template that was being rendered when it happened, such as `istiod/templates/service.yaml`.
        file: String,
        /// The line in it, from 1; 0 when unknown.
        line: usize,
        /// The column in it, from 0 as Go counts.
        column: Option<usize>,
        /// The innermost place, where templates call each other: file, line and column.
        innermost: Option<(String, usize, usize)>,
    },
    /// What a template made is no YAML.
    #[error("YAML parse error on {file}")]
    #[diagnostic(code("helm::manifest"))]
    Manifest {
        /// The template.
        file: String,
        #[source]
        source: meshrun_yaml::Error,
    },
    /// What a template made is YAML, but no Kubernetes object.
    #[error("YAML parse error on {file}: {reason}")]
    #[diagnostic(code("helm::manifest"))]
    ManifestShape {
        /// The template.
        file: String,
        /// What is wrong, in Helm's words.
        reason: String,
    },
    /// A template that was asked for is not there.
    #[error("could not find template {name} in chart")]
    #[diagnostic(code("helm::show_only"), help("name a file by its path in the chart, such as templates/service.yaml"))]
    ShowOnly {
        /// The path or pattern.
        name: String,
    },
    /// The chart does not fit the Kubernetes version.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}")]
    #[diagnostic(code("helm::kube_version"))]
    KubeVersion {
        /// The chart's constraint.
        wanted: String,
        /// The version.
        found: String,
    },
    /// A version cannot be read.
    #[error("invalid kube version '{version}': {reason}")]
    #[diagnostic(code("helm::kube_version"))]
    Version {
        /// The version.
        version: String,
        /// What is wrong, in Helm's words.
        reason: String,
    },
    /// The release's name cannot be used.
    #[error("{message}")]
    #[diagnostic(code("helm::name"))]
    Name {
        /// What is wrong, in Helm's words.
        message: String,
    },
    /// The thread that renders could not be started or broke off.
    #[error("cannot run the renderer: {reason}")]
    #[diagnostic(code("bug::helm_thread"))]
    Thread {
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// An error of a template; place and file are read out of Helm's message.
    pub(crate) fn template(file: &str, message: String) -> Self {
        let places = places(&message);
        let (line, column) = match places.first() {
            Some((place, line, column)) if place == file => (*line, *column),
            _ => (0, None),
        };
        let innermost = places.last().and_then(|(place, line, column)| Some((place.clone(), *line, (*column)?)));
        Self::Template { file: file.to_owned(), line, column, innermost, message }
    }
}

/// The places that a message names, outermost first: file, line and column.
fn places(message: &str) -> Vec<(String, usize, Option<usize>)> {
    let mut found = Vec::new();
    for part in message.split(": ") {
        let part = match part.strip_suffix(')').and_then(|part| part.rsplit_once('(')) {
            Some((head, place)) if head.ends_with(" at ") => place,
            _ => part,
        };
        let mut numbers = part.rsplitn(3, ':');
        let (last, middle, head) = (numbers.next(), numbers.next(), numbers.next());
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
        match (head, number(middle), number(last)) {
            (Some(file), Some(line), Some(column)) => found.push((file.to_owned(), line, Some(column))),
            _ => {
                if let (Some((file, _)), Some(line)) = (part.rsplit_once(':'), number(last))
                    && !file.contains(' ')
                {
                    found.push((file.to_owned(), line, None));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_out_of_helms_messages() {
        let message = "template: c/templates/a.yaml:3:5: executing \"c/templates/a.yaml\" at <include \"x\" .>: error calling \
                       include: template: c/templates/_h.tpl:7:11: executing \"x\" at <.a.b>: nil pointer evaluating interface {}.b";
        match Error::template("c/templates/a.yaml", message.into()) {
            Error::Template { line: 3, column: Some(5), innermost: Some((file, 7, 11)), .. } => {
                assert_eq!(file, "c/templates/_h.tpl");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(
            places("parse error at (c/templates/a.yaml:9): unexpected EOF"),
            [("c/templates/a.yaml".to_owned(), 9, None)]
        );
    }
}
