//! Rendering: a chart and values to texts.

mod command;
mod hooks;
mod release;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value as Json};

pub use command::{TemplateOptions, template};
pub use release::{Capabilities, Release};

use crate::{
    Chart, Error,
    chart::File,
    functions::{Host, strip_no_value, undo_marks},
    template::{
        exec::{Engine, Limits},
        json::{Integers, from_json},
        parser::{self, Parsed},
        set::Set,
        value::{self, Map as Table, Value},
    },
    values::{Warnings, coalesce_with, process, validate},
};

/// The stack of the thread that renders: templates may include each other thousands of times deep.
const STACK: usize = 1 << 30;

/// Answers `lookup`: an object, a list when no name is asked for, or null when there is none.
pub type Lookup = dyn Fn(&Query) -> Result<Json, String> + Send + Sync;

/// Chooses templates by their full path, such as `istiod/templates/service.yaml`.
pub type Keep = dyn Fn(&str) -> bool + Send + Sync;

/// What a template asks of the cluster with `lookup`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Such as `v1` or `apps/v1`.
    pub api_version: String,
    /// Such as `Secret`.
    pub kind: String,
    /// The namespace; empty for all, and for kinds without one.
    pub namespace: String,
    /// The name; empty for a list.
    pub name: String,
}

/// How to render.
#[derive(Clone, Default)]
pub struct Options {
    /// The release.
    pub release: Release,
    /// The cluster.
    pub capabilities: Capabilities,
    /// What answers `lookup`; without it, nothing is found.
    pub lookup: Option<Arc<Lookup>>,
    /// Which templates there are; the others are taken away before anything is parsed, partials too.
    pub keep: Option<Arc<Keep>>,
    /// Whether integers in the values stay integers, as those of `--set` do. Otherwise they become floats, as all numbers do
    /// that Go reads from files.
    pub keep_integers: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("release", &self.release)
            .field("capabilities", &self.capabilities)
            .field("lookup", &self.lookup.is_some())
            .field("keep", &self.keep.is_some())
            .field("keep_integers", &self.keep_integers)
            .finish()
    }
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The texts of all templates but notes and partials, by path, sorted. Some are blank.
    pub files: Vec<(String, String)>,
    /// The chart's NOTES.txt.
    pub notes: String,
    /// What was noticed about the values.
    pub warnings: Vec<String>,
}

/// Render a chart: enable and import dependencies, coalesce and check values, run the templates.
///
/// # Errors
/// When the values do not fit, or a template fails.
pub fn render(chart: &Chart, values: &Json, options: &Options) -> Result<Rendered, Error> {
    let nothing = Map::new();
    let given = match values {
        Json::Object(values) => values,
        Json::Null => &nothing,
        other => return Err(Error::Values { message: format!("expected a map of values, found `{other}`") }),
    };
    let mut warnings = Warnings::new();
    let chart = process(chart, given, &mut warnings)?;
    let values = coalesce_with(&chart, given, false, &mut warnings)?;
    validate(&chart, &values)?;
    let integers = if options.keep_integers { Integers::Keep } else { Integers::Floats };
    let work = || Work { options, integers }.run(&chart, values);
    let mut rendered = on_deep_stack(work)?;
    let mut seen = Vec::new();
    for warning in warnings {
        if !seen.contains(&warning) {
            seen.push(warning);
        }
    }
    rendered.warnings = seen;
    Ok(rendered)
}

fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("helm".into()).stack_size(STACK).spawn_scoped(scope, work);
        let failed = |reason: String| Error::Thread { reason };
        let thread = thread.map_err(|error| failed(error.to_string()))?;
        thread.join().unwrap_or_else(|_| Err(failed("it panicked".into())))
    })
}

/// A template with what it is rendered with.
struct Template<'c> {
    path: Arc<str>,
    file: &'c File,
    base_path: Arc<str>,
    data: Table,
}

struct Work<'o> {
    options: &'o Options,
    integers: Integers,
}

impl Work<'_> {
    fn run(&self, chart: &Chart, values: Map<String, Json>) -> Result<Rendered, Error> {
        let capabilities = self.options.capabilities.value()?;
        let mut templates = Vec::new();
        let values = from_json(&Json::Object(values), self.integers);
        let scope = Scope { release: self.options.release.value(), capabilities };
        self.collect(chart, &chart.metadata.name, &scope, values.as_map().cloned(), true, &mut templates);
        if let Some(keep) = &self.options.keep {
            templates.retain(|template| keep(&template.path));
        }
        // Deepest first, otherwise from the end of the alphabet: of two definitions with one name the last one counts, and
        // it is the one of the chart above.
        let depth = |template: &Template<'_>| template.path.matches('/').count();
        templates.sort_by(|one, other| depth(other).cmp(&depth(one)).then_with(|| other.path.cmp(&one.path)));
        let mut parsed = Vec::with_capacity(templates.len());
        for template in &templates {
            parsed.push((template.path.clone(), parse(template)?));
        }
        self.execute(chart, &templates, &parsed)
    }

    fn execute(
        &self,
        chart: &Chart,
        templates: &[Template<'_>],
        parsed: &[(Arc<str>, Arc<Parsed>)],
    ) -> Result<Rendered, Error> {
        let mut set = Set::default();
        for (path, parsed) in parsed {
            set.add(path, parsed);
        }
        let host = Host::new(parsed, self.options.lookup.as_deref());
        let limits = Limits::default();
        let engine = Engine::new(&set, &host, &limits);
        let mut files = BTreeMap::new();
        for template in templates {
            let name = template.path.rsplit('/').next().unwrap_or(&template.path);
            if name.starts_with('_') {
                continue;
            }
            template.data.insert("Template", template_value(template));
            let text = engine
                .execute(&template.path, Value::Map(template.data.clone()))
                .map_err(|message| Error::template(&template.path, undo_marks(message)))?;
            files.insert(template.path.to_string(), strip_no_value(text));
        }
        let notes = files.remove(&format!("{}/templates/NOTES.txt", chart.metadata.name)).unwrap_or_default();
        let files = files.into_iter().filter(|(path, _)| !path.ends_with("NOTES.txt")).collect();
        Ok(Rendered { files, notes, warnings: Vec::new() })
    }

    /// Gather the templates of a chart and of those inside, each with its own view of the values.
    fn collect<'c>(
        &self,
        chart: &'c Chart,
        path: &str,
        scope: &Scope,
        values: Option<Table>,
        is_root: bool,
        templates: &mut Vec<Template<'c>>,
    ) -> Table {
        let values = values.unwrap_or_else(Table::empty).with_type(value::VALUES);
        let inside = Table::empty();
        let data = Table::empty();
        data.insert("Chart", release::chart_value(&chart.metadata, is_root));
        data.insert("Files", release::files_value(chart));
        data.insert("Release", scope.release.clone());
        data.insert("Capabilities", scope.capabilities.clone());
        data.insert("Values", Value::Map(values.clone()));
        data.insert("Subcharts", Value::Map(inside.clone()));
        for dependency in &chart.dependencies {
            let name = &dependency.metadata.name;
            let own = name.split('.').try_fold(values.clone(), |table, part| table.get(part)?.as_map().cloned());
            let path = format!("{path}/charts/{name}");
            let view = self.collect(dependency, &path, scope, own, false, templates);
            inside.insert(name.as_str(), Value::Map(view));
        }
        let base_path: Arc<str> = format!("{path}/templates").into();
        for file in &chart.templates {
            let name = file.name.rsplit('/').next().unwrap_or(&file.name);
            if chart.metadata.is_library() && !name.starts_with('_') {
                continue;
            }
            let path = format!("{path}/{}", file.name).into();
            templates.push(Template { path, file, base_path: base_path.clone(), data: data.clone() });
        }
        data
    }
}

struct Scope {
    release: Value,
    capabilities: Value,
}

fn template_value(template: &Template<'_>) -> Value {
    let entries = [("Name", &template.path), ("BasePath", &template.base_path)];
    let entries = entries.into_iter().map(|(key, text)| (Arc::from(key), Value::String(text.clone()))).collect();
    Value::Map(Table::new(value::VALUES, entries))
}

fn parse(template: &Template<'_>) -> Result<Arc<Parsed>, Error> {
    if let Some(parsed) = template.file.parsed.get() {
        return Ok(parsed.clone());
    }
    let text = String::from_utf8_lossy(&template.file.data).into();
    let parsed = parser::parse(&template.path, &text)
        .map_err(|message| Error::template(&template.path, crate::functions::parse_error(&template.path, &message)))?;
    Ok(template.file.parsed.get_or_init(|| Arc::new(parsed)).clone())
}
