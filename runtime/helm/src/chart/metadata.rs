//! What a chart says of itself in Chart.yaml.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Error, semver::Version, template::float, text::is_print};

/// The contents of Chart.yaml, and of requirements.yaml for charts of API version v1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Metadata {
    /// The chart's name.
    pub name: String,
    /// The project's page.
    pub home: String,
    /// Where the source is.
    pub sources: Vec<String>,
    /// The chart's version, a semantic version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Who keeps it.
    pub maintainers: Vec<Maintainer>,
    /// The address of an icon.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// The path of the value that enables the chart.
    pub condition: String,
    /// Tags that enable the chart.
    pub tags: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Whatever others want to note.
    pub annotations: BTreeMap<String, String>,
    /// A constraint on the Kubernetes version.
    pub kube_version: String,
    /// The charts that this one depends on; none when Chart.yaml says nothing of dependencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<Dependency>>,
    /// `application` (or nothing) or `library`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Somebody who keeps a chart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// A page.
    pub url: String,
}

/// A chart that another one depends on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// The chart's name; after dependencies are processed, its alias if it has one.
    pub name: String,
    /// A version or a constraint.
    pub version: String,
    /// The repository's address.
    pub repository: String,
    /// Paths of values that enable it, separated by commas; the first that is there decides.
    pub condition: String,
    /// Tags that enable it.
    pub tags: Vec<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Values of the dependency that become the parent's: names below `exports`, or maps with `child` and `parent`.
    #[serde(rename = "import-values")]
    pub import_values: Vec<Json>,
    /// The name under which the chart is used.
    pub alias: String,
}

/// Read a YAML text over what is already known.
pub(super) fn read(file: &str, text: &str, known: Option<Metadata>) -> Result<Metadata, Error> {
    let parsed = meshrun_yaml::parse(text).map_err(|source| Error::Yaml { file: file.into(), source })?;
    let base = match known {
        Some(known) => serde_json::to_value(known).unwrap_or_default(),
        None => Json::Object(Default::default()),
    };
    let found = describe(&parsed);
    let Json::Object(fields) = textual(parsed) else {
        if found == "null" {
            return from_json(file, base);
        }
        return Err(Error::Shape { file: file.into(), expected: "a map", found });
    };
    let Json::Object(mut merged) = base else {
        return from_json(file, Json::Object(fields));
    };
    merged.extend(fields);
    from_json(file, Json::Object(merged))
}

fn from_json(file: &str, json: Json) -> Result<Metadata, Error> {
    serde_json::from_value(json).map_err(|error| Error::Chart { message: format!("cannot load {file}: {error}") })
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        other => format!("`{other}`"),
    }
}

/// The data as Go's reader sees it: null leaves a field as it is, and where a text is wanted, numbers and truth values become
/// one.
fn textual(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let kept =
                fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| match key.as_str() {
                    "deprecated" | "enabled" | "import-values" => (key, value),
                    _ => (key, textual(value)),
                });
            Json::Object(kept.collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(textual).collect()),
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => Json::String(float::display(float)),
            _ => Json::String(number.to_string()),
        },
        Json::Bool(value) => Json::String(value.to_string()),
        other => other,
    }
}

impl Metadata {
    /// Whether it is a chart that only helps others.
    pub fn is_library(&self) -> bool {
        self.kind.eq_ignore_ascii_case("library")
    }

    /// Clean texts and refuse what Helm refuses.
    pub(super) fn validate(&mut self) -> Result<(), Error> {
        let texts = [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ];
        texts.into_iter().chain(&mut self.sources).chain(&mut self.keywords).for_each(sanitize);
        for maintainer in &mut self.maintainers {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
        }
        let refuse = |message: String| Err(Error::Chart { message: format!("validation: {message}") });
        for (value, name) in [(&self.api_version, "apiVersion"), (&self.name, "name"), (&self.version, "version")] {
            if value.is_empty() {
                return refuse(format!("chart.metadata.{name} is required"));
            }
        }
        if Version::parse(&self.version).is_err() {
            let version = crate::text::quote(self.version.as_bytes());
            return refuse(format!("chart.metadata.version {version} is invalid"));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return refuse("chart.metadata.type must be application or library".into());
        }
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.sanitize();
            let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
            if !dependency.alias.chars().all(is_plain) {
                let name = crate::text::quote(dependency.name.as_bytes());
                return refuse(format!("dependency {name} has disallowed characters in the alias"));
            }
        }
        Ok(())
    }
}

impl Dependency {
    fn sanitize(&mut self) {
        let texts = [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition];
        texts.into_iter().chain(&mut self.tags).for_each(sanitize);
    }
}

fn sanitize(text: &mut String) {
    *text = text
        .chars()
        .filter_map(|character| match character {
            character if character.is_whitespace() => Some(' '),
            character => is_print(character).then_some(character),
        })
        .collect();
}
